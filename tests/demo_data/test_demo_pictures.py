import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "data" / "corpora" / "images"
COUNTS = {
    "hue": 24,
    "brightness": 24,
    "waves": 36,
    "digits": 30,
    "shapes": 30,
    "mosaics": 24,
    "demo": 40,
}


def labels_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def pixels_of(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"), np.int16)


@pytest.fixture(scope="module")
def drawn_again(tmp_path_factory):
    output = tmp_path_factory.mktemp("images")
    script = str(ROOT / "scripts" / "make_demo_images.py")
    subprocess.run([sys.executable, script, "--output", str(output)], check=True)
    return output


@pytest.mark.parametrize("name", COUNTS)
def test_labels_name_exactly_the_pictures_of_a_set(name):
    rows = labels_of(IMAGES / name)
    assert list(rows[0])[:2] == ["file", "label"]
    assert sorted(row["file"] for row in rows) == sorted(
        p.name for p in IMAGES.glob(f"{name}/*.png")
    )
    assert len(rows) == COUNTS[name]


@pytest.mark.parametrize("name", COUNTS)
def test_pictures_are_128_pixels_square_and_rgb(name):
    for path in (IMAGES / name).glob("*.png"):
        with Image.open(path) as image:
            assert (image.size, image.mode) == ((128, 128), "RGB"), path.name


@pytest.mark.parametrize("name", COUNTS)
def test_the_script_draws_the_committed_pixels(name, drawn_again):
    committed, again = IMAGES / name, drawn_again / name
    assert (again / "labels.csv").read_bytes() == (committed / "labels.csv").read_bytes()
    for path in committed.glob("*.png"):
        # One level of 255: the last bit of a sine may differ between processors.
        assert np.abs(pixels_of(path) - pixels_of(again / path.name)).max() <= 1, path.name


def test_the_mixed_folder_has_some_of_every_set():
    assert {row["set"] for row in labels_of(IMAGES / "demo")} == set(COUNTS) - {"demo"}


def test_brightness_in_the_table_is_that_of_the_pixels():
    for row in labels_of(IMAGES / "demo"):
        luma = pixels_of(IMAGES / "demo" / row["file"]) / 255 @ np.array([0.299, 0.587, 0.114])
        assert float(row["brightness"]) == pytest.approx(luma.mean(), abs=0.01), row["file"]


def test_frequency_and_angle_in_the_table_are_those_of_the_wave():
    for row in labels_of(IMAGES / "waves"):
        grey = pixels_of(IMAGES / "waves" / row["file"]).mean(axis=-1)
        spectrum = np.abs(
            np.fft.rfft2((grey - grey.mean()) * np.outer(*2 * [np.hanning(128)]), (512, 512))
        )
        down, right = np.unravel_index(spectrum.argmax(), spectrum.shape)
        down = (down + 256) % 512 - 256
        assert np.hypot(down, right) / 4 == pytest.approx(float(row["frequency"]), abs=0.4)
        angle = np.degrees(np.arctan2(-down, right)) % 180
        apart = abs(angle - float(row["angle"]))
        assert min(apart, 180 - apart) < 8, row["file"]


def test_hue_in_the_table_is_that_of_the_even_pictures():
    for row in labels_of(IMAGES / "hue"):
        if "even" in row["file"]:
            with Image.open(IMAGES / "hue" / row["file"]) as image:
                hue = image.convert("HSV").getpixel((64, 64))[0] / 255 * 360
            apart = abs(hue - float(row["hue"])) % 360
            assert min(apart, 360 - apart) < 3, row["file"]
