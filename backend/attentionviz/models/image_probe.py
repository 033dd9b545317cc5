"""Detection of the patch grid of an image model, by changing single patches of an image."""

from typing import Any

import torch
from transformers import PreTrainedModel

from attentionviz.errors import UnsupportedModelError
from attentionviz.models.batches import PatchGrid
from attentionviz.models.images import ImageInputs, fix_size, pair
from attentionviz.models.probe import Findings, probe


def probe_images(
    network: PreTrainedModel, processor: Any, device: torch.device, *, is_traced: bool = False
) -> tuple[ImageInputs, Findings]:
    """Return the inputs of an image model and the properties of its attention.

    Raises
    ------
    UnsupportedModelError
        If the tokens are not prefix tokens followed by a grid of patches.
    """
    config = network.config
    if getattr(config, "num_channels", 3) != 3 or not getattr(config, "patch_size", None):
        raise UnsupportedModelError(f"{config.model_type} does not divide RGB images into patches")
    height, width = fix_size(processor, config)
    patch_px = pair(config.patch_size)
    n_rows, n_columns = height // patch_px[0], width // patch_px[1]
    corners = [(0, 0), (0, n_columns - 1), (n_rows - 1, 0), (n_rows - 1, n_columns - 1)]
    pixels = _with_changed_patches(corners, (height, width), patch_px)
    findings = probe(
        network,
        {"pixel_values": pixels},
        device,
        lengths=None,
        max_length=None,
        is_traced=is_traced,
    )
    if not bool(torch.isfinite(findings.first_keys).all()):
        raise UnsupportedModelError(
            f"the keys of {config.model_type} are not finite numbers: its weights may be damaged"
        )
    n_prefix = findings.n_positions - n_rows * n_columns
    expected = [n_prefix + row * n_columns + column for row, column in corners]
    if n_prefix < 0 or _changed_tokens(findings.first_keys) != expected:
        raise UnsupportedModelError(
            f"the tokens of {config.model_type} are not the patches of an image, row by row"
        )
    n_registers = int(getattr(config, "num_register_tokens", 0) or 0)
    grid = PatchGrid(
        n_rows=n_rows,
        n_columns=n_columns,
        n_prefix_tokens=n_prefix,
        has_class_token=n_prefix > n_registers,
        n_registers=n_registers,
        image_width_px=width,
        image_height_px=height,
    )
    return ImageInputs(processor, grid, patch_px), findings


def _with_changed_patches(
    places: list[tuple[int, int]], size: tuple[int, int], patch_px: tuple[int, int]
) -> torch.Tensor:
    """Return a seeded image and copies of it with one patch changed, (1 + n, 3, H, W)."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randn(1, 3, *size, generator=generator).repeat(1 + len(places), 1, 1, 1)
    for i, (row, column) in enumerate(places, start=1):
        top, left = row * patch_px[0], column * patch_px[1]
        pixels[i, :, top : top + patch_px[0], left : left + patch_px[1]] *= -1
    return pixels


def _changed_tokens(keys: torch.Tensor) -> list[int]:
    """Return the token whose key changed with each changed patch, -1 if several did.

    Parameters
    ----------
    keys : Tensor, shape (1 + n, n_key_heads, n_tokens, d_head)
        The unchanged image comes first.
    """
    change = (keys[1:] - keys[:1]).abs().amax(dim=(1, 3))  # (image, token)
    largest, token = change.max(dim=1)
    is_alone = (change > largest[:, None] * 1e-3).sum(dim=1) == 1
    return torch.where(is_alone, token, -1).tolist()
