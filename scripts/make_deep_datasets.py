"""Write synthetic datasets of deep models, to look at: 12 x 12 to 80 x 64 heads.

``python scripts/make_deep_datasets.py [--output FOLDER] [--only 32x32,80x64]``, then
``attentionviz serve --data-dir FOLDER``. Maps, scores and fidelity are seeded random numbers.
"""

import argparse
import sys
from pathlib import Path

from attentionviz.core.terminal import write_any_text

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.fake_dataset import FakeSpec, write_fake_dataset  # noqa: E402

DEFAULT_OUTPUT = ROOT / "build" / "deep_datasets"
# Layers, heads, key heads and tokens of each.
SIZES = {
    "12x12": (12, 12, 12, 1500),
    "30x9": (30, 9, 3, 1500),
    "32x32": (32, 32, 8, 800),
    "80x64": (80, 64, 8, 300),
}


def deep_spec(size: str) -> FakeSpec:
    """Return what the dataset of a size consists of."""
    n_layers, n_heads, n_key_heads, n_tokens = SIZES[size]
    return FakeSpec(
        f"deep-{size}",
        n_layers=n_layers,
        n_heads=n_heads,
        n_key_heads=n_key_heads,
        n_tokens=n_tokens,
        maps=("attention-tsne-2d", "pca-2d", "pca-3d"),
        is_causal=True,
        precision="float16",
        has_shapes=True,
    )


def main() -> None:
    """Write the chosen datasets."""
    write_any_text()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT)
    parser.add_argument("--only", default=",".join(SIZES), help="sizes, separated by commas")
    arguments = parser.parse_args()
    for size in arguments.only.split(","):
        print(write_fake_dataset(arguments.output, deep_spec(size)))


if __name__ == "__main__":
    main()
