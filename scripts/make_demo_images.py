"""Draw the picture sets of data/corpora/images, the same pixels every time.

python scripts/make_demo_images.py [--output data/corpora/images]
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

from PIL import Image

from attentionviz.core.terminal import write_any_text
from demo_model_training import picture_sets, pictures

DEFAULT_OUTPUT = Path(__file__).resolve().parents[1] / "data" / "corpora" / "images"


def write_set(folder: Path, drawn: list[tuple[str, picture_sets.DrawnPicture]]) -> None:
    """Write pictures, each with the name of its set, and labels.csv into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, picture_sets.COLUMNS, lineterminator="\n")
        table.writeheader()
        for set_name, picture in drawn:
            row = picture.row(set_name)
            pixels = Image.fromarray(pictures.to_pixels(picture.rgb))
            pixels.save(folder / row["file"], optimize=True)
            table.writerow(row)


def main() -> None:
    """Draw every set and the mixed folder that the demo uses."""
    write_any_text()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT)
    output = parser.parse_args().output
    mixed: list[tuple[str, picture_sets.DrawnPicture]] = []
    for name in picture_sets.SETS:
        drawn = picture_sets.draw_set(name)
        write_set(output / name, [(name, picture) for picture in drawn])
        chosen = picture_sets.choose_for_demo(drawn, picture_sets.DEMO_COUNTS[name])
        mixed.extend((name, picture) for picture in chosen)
        print(f"{output / name}: {len(drawn)} pictures")
    write_set(output / "demo", mixed)
    print(f"{output / 'demo'}: {len(mixed)} pictures")


if __name__ == "__main__":
    main()
