"""Memory of a device: heads in a batch, and what to do when it is not enough."""

from collections.abc import Callable, Sequence

import torch

from attentionviz.errors import BuildError
from attentionviz.projections.vectors import HeadVectors, Projection

# Elements of a matrix of pairs that is in memory at once: a CPU's cache, or enough to fill a GPU.
BLOCK_ELEMENTS = {"cpu": 2**18}
GPU_BLOCK_ELEMENTS = 2**25
# Copies of such a matrix, of 4 bytes an element: differences, weights and the next block.
BLOCK_BYTES = 4 * 4
# For a point and a neighbour: two indices, weight, differences and forces, twice while sorted.
PAIR_BYTES = 128


class DeviceMemoryError(BuildError):
    """The device has not enough memory for one head."""

    code = "device_memory"


def block_rows(n_heads: int, n_columns: int, device: torch.device) -> int:
    """Return how many rows of matrices with so many columns are computed at once, at least 1."""
    n_elements = BLOCK_ELEMENTS.get(device.type, GPU_BLOCK_ELEMENTS)
    return max(1, n_elements // max(1, n_heads * n_columns))


def head_bytes(vectors: HeadVectors, n_neighbours: int) -> int:
    """Return an estimate of the memory of one head, in bytes.

    Parameters
    ----------
    vectors : HeadVectors
    n_neighbours : int
        Of each point, for which something is stored.
    """
    n_floats = 4 * vectors.queries.shape[1]  # raw and aligned, once more while they are normalised
    return vectors.n_points * (4 * n_floats + PAIR_BYTES * n_neighbours)


def free_bytes(device: torch.device) -> int | None:
    """Return the free memory of a device; None for the memory of this machine."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return None


def heads_per_batch(
    vectors: HeadVectors, n_neighbours: int, device: torch.device, n_sharing: int
) -> int:
    """Return how many heads like this one are computed at once, at least 1.

    Parameters
    ----------
    vectors : HeadVectors
    n_neighbours : int
    device : torch.device
    n_sharing : int
        Processes that use the device.
    """
    free = free_bytes(device)
    if free is None:
        return 1 if device.type == "cpu" else 4
    return max(
        1,
        (free // n_sharing - BLOCK_BYTES * GPU_BLOCK_ELEMENTS) // head_bytes(vectors, n_neighbours),
    )


def in_batches(
    compute: Callable[[Sequence[HeadVectors]], list[Projection]],
    heads: Sequence[HeadVectors],
    n_at_once: int,
    device: torch.device,
) -> list[Projection]:
    """Return the maps of all heads, computed in batches that are halved if memory runs out.

    Parameters
    ----------
    compute : callable
        Returns the maps of some heads.
    heads : sequence of HeadVectors
    n_at_once : int
        Heads of the first batch.
    device : torch.device

    Raises
    ------
    DeviceMemoryError
        If one head does not fit.
    """
    done: list[Projection] = []
    while len(done) < len(heads):
        batch = heads[len(done) : len(done) + n_at_once]
        made = _unless_out_of_memory(compute, batch)
        if made is not None:
            done += made
            continue
        # Here, since the tensors of a failed batch live as long as its exception.
        release(device.type)
        if len(batch) == 1:
            raise DeviceMemoryError(
                f"the memory of the {device.type} device is not enough for the map of one head of "
                f"{batch[0].n_points:,} points; use --device cpu, or end other programs that use it"
            )
        n_at_once = len(batch) // 2
    return done


def _unless_out_of_memory(
    compute: Callable[[Sequence[HeadVectors]], list[Projection]], batch: Sequence[HeadVectors]
) -> list[Projection] | None:
    try:
        return compute(batch)
    except RuntimeError as error:
        # Apple's devices raise a plain RuntimeError.
        if isinstance(error, torch.OutOfMemoryError) or "out of memory" in str(error):
            return None
        raise


def release(kind: str) -> None:
    """Return the memory that PyTorch keeps for later to a kind of device, such as "cuda"."""
    if kind == "cuda":
        torch.cuda.empty_cache()
    elif kind == "mps":
        torch.mps.empty_cache()
