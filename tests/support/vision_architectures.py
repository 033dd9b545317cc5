"""Small configurations of the image architectures: grids of any form, class tokens, registers."""

from dataclasses import dataclass
from typing import Any

SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 48,
}
TEXT_SIDE = {**SIZES, "vocab_size": 50, "max_position_embeddings": 8}


@dataclass(frozen=True)
class VisionCase:
    """An architecture, the size of its pictures, and the tokens that it must make."""

    prefix: str
    arguments: dict[str, Any]
    image_px: tuple[int, int]
    n_rows: int
    n_columns: int
    n_prefix_tokens: int
    n_registers: int = 0
    suffix: str = ""
    part: str | None = None


def _sized(image_size: Any, patch_size: int = 8, **more: Any) -> dict[str, Any]:
    return {**SIZES, "image_size": image_size, "patch_size": patch_size, **more}


VISION_ARCHITECTURES: dict[str, VisionCase] = {
    "vit": VisionCase("ViT", _sized(32), (32, 32), 4, 4, 1),
    "vit not square": VisionCase("ViT", _sized((16, 40)), (16, 40), 2, 5, 1),
    "deit": VisionCase("DeiT", _sized(32), (32, 32), 4, 4, 2),
    "dinov2": VisionCase("Dinov2", _sized(32), (32, 32), 4, 4, 1),
    "dinov2 on another grid": VisionCase("Dinov2", _sized(32), (24, 48), 3, 6, 1),
    "dinov2 with registers": VisionCase(
        "Dinov2WithRegisters", _sized(32, num_register_tokens=3), (32, 32), 4, 4, 4, 3
    ),
    "dinov3": VisionCase("DINOv3ViT", _sized(32, num_register_tokens=2), (32, 24), 4, 3, 3, 2),
    "clip vision": VisionCase("CLIP", _sized(36), (36, 36), 4, 4, 1, suffix="Vision"),
    "clip": VisionCase(
        "CLIP",
        {"vision_config": _sized(32), "text_config": TEXT_SIDE, "projection_dim": 8},
        (32, 32),
        4,
        4,
        1,
        part="vision",
    ),
    "beit": VisionCase("Beit", _sized(32), (32, 32), 4, 4, 1),
    "data2vec vision, with code of its own": VisionCase(
        "Data2VecVision", _sized(32), (32, 32), 4, 4, 1
    ),
    "mlcd, whose positions come before its images": VisionCase(
        "MLCD", _sized(32), (32, 32), 4, 4, 1, suffix="Vision"
    ),
    "siglip vision": VisionCase("Siglip", _sized(32), (32, 32), 4, 4, 0, suffix="Vision"),
    "siglip": VisionCase(
        "Siglip",
        {"vision_config": _sized(32), "text_config": TEXT_SIDE},
        (32, 32),
        4,
        4,
        0,
        part="vision",
    ),
}
"""By name; the pictures of "clip vision" have a margin that belongs to no patch."""
