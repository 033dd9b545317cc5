"""The heads of a model, whose layers may have different numbers of heads, or none."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.types import HeadId
from attentionviz.errors import HeadOutOfRangeError

SIZES = ("n_heads", "n_key_heads", "d_head")
NO_ATTENTION = "no softmax attention here"
NOT_CAPTURED = "not captured"


class LayerHeads(NamedTuple):
    """The heads of one layer.

    Attributes
    ----------
    n_heads, n_key_heads, d_head : int
        0 if the layer has no heads.
    absent : str or None
        Why the layer has no heads, such as "no softmax attention here"; None if it has some.
    """

    n_heads: int
    n_key_heads: int
    d_head: int
    absent: str | None = None

    @classmethod
    def of(cls, manifest: Mapping[str, Any], layer: int) -> Self:
        """Return the heads of a layer; what its entry leaves out is that of the manifest."""
        entry = manifest["layers"][layer]
        if entry.get("n_heads") == 0:
            return cls(0, 0, 0, entry.get("absent"))
        return cls(*(entry.get(name, manifest[name]) for name in SIZES))

    def key_head(self, head: int) -> int:
        """Return the index of the key head that a head uses."""
        return head * self.n_key_heads // self.n_heads

    def facts(self, largest: Mapping[str, int]) -> dict[str, Any]:
        """Return what the manifest's entry of the layer says: the sizes that are not the largest.

        Parameters
        ----------
        largest : mapping
            From `largest_sizes`: the entries of the manifest itself.
        """
        if self.n_heads == 0:
            return {"n_heads": 0, "absent": self.absent}
        return {name: getattr(self, name) for name in SIZES if getattr(self, name) != largest[name]}


def without_heads(reason: str) -> LayerHeads:
    """Return the entry of a layer without heads."""
    return LayerHeads(0, 0, 0, reason)


def largest_sizes(layers: Iterable[LayerHeads]) -> dict[str, int]:
    """Return the largest number of heads and of key heads of a layer, and the largest head size."""
    every = list(layers)
    return {name: max(getattr(layer, name) for layer in every) for name in SIZES}


def layers_of(manifest: Mapping[str, Any]) -> list[LayerHeads]:
    """Return the heads of every layer of a dataset."""
    return [LayerHeads.of(manifest, layer) for layer in range(len(manifest["layers"]))]


def rules_with_heads(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the manifest's entries of the layers that have heads."""
    return [entry for entry in manifest["layers"] if entry.get("n_heads") != 0]


def iterate_heads(layers: Iterable[LayerHeads]) -> Iterator[HeadId]:
    """Yield every head, layer by layer."""
    for layer, heads in enumerate(layers):
        for head in range(heads.n_heads):
            yield HeadId(layer, head)


def heads_of(manifest: Mapping[str, Any]) -> list[HeadId]:
    """Return every head of a dataset, layer by layer: the order in which heads are numbered."""
    return list(iterate_heads(layers_of(manifest)))


def head_number(manifest: Mapping[str, Any], head: HeadId) -> int:
    """Return the number of a head among all heads of a dataset."""
    return sum(LayerHeads.of(manifest, i).n_heads for i in range(head.layer)) + head.head


def require_head(manifest: Mapping[str, Any], head: HeadId) -> None:
    """Raise HeadOutOfRangeError, with the reason, unless the dataset has this head."""
    n_layers = len(manifest["layers"])
    if not 0 <= head.layer < n_layers:
        raise HeadOutOfRangeError(f"layer {head.layer} is outside 0..{n_layers - 1}")
    heads = LayerHeads.of(manifest, head.layer)
    if heads.n_heads == 0:
        raise HeadOutOfRangeError(f"layer {head.layer} has no heads: {heads.absent}")
    if not 0 <= head.head < heads.n_heads:
        of_layer = "" if heads.n_heads == manifest["n_heads"] else f" of layer {head.layer}"
        raise HeadOutOfRangeError(f"head {head.head} is outside 0..{heads.n_heads - 1}{of_layer}")


def by_layer(
    manifest: Mapping[str, Any], values: Sequence[Any] | NDArray[Any], missing: float = 0
) -> NDArray[Any]:
    """Return the values of all heads by layer and head.

    Parameters
    ----------
    manifest : mapping
    values : sequence of array_like
        One of each head, in the order of `heads_of`, all of one shape and dtype.
    missing : number
        In the place of a head that there is not.

    Returns
    -------
    ndarray, shape (n_layers, n_heads, ...)
    """
    stacked = np.asarray(values)  # (all heads, ...)
    layers = layers_of(manifest)
    shape = (len(layers), manifest["n_heads"])
    if len(stacked) == shape[0] * shape[1]:
        return stacked.reshape(*shape, *stacked.shape[1:])
    placed = np.full((*shape, *stacked.shape[1:]), missing, dtype=stacked.dtype)
    placed[tuple(np.array(list(iterate_heads(layers))).T)] = stacked
    return placed


def has_heads(manifest: Mapping[str, Any]) -> NDArray[np.bool_]:
    """Return in which places of the grid there is a head, bool (n_layers, n_heads)."""
    n_heads = np.array([heads.n_heads for heads in layers_of(manifest)])
    exists: NDArray[np.bool_] = np.arange(manifest["n_heads"]) < n_heads[:, None]
    return exists
