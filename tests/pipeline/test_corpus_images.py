"""Images are taken from a folder with care, labelled, and refused by name."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from attentionviz.errors import CorpusError
from attentionviz.pipeline.corpora import pictures
from attentionviz.pipeline.corpus import open_image, read_image_corpus


def save(path: Path, colour: str = "red", size: tuple[int, int] = (6, 4)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def problem(folder: Path) -> str:
    with pytest.raises(CorpusError) as caught:
        read_image_corpus(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_images_of_a_folder_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in (
        "b.PNG",
        "a.jpeg",
        "c.webp",
        "d/a.jpg",
        ".hidden.png",
        "__MACOSX/x.png",
        "@eaDir/x.png",
    ):
        save(tmp_path / "cats" / name)
    (tmp_path / "cats" / "notes.txt").write_text("no image")
    corpus = read_image_corpus(tmp_path / "cats")
    assert corpus.names == ["a.jpeg", "b.PNG", "c.webp", "d/a.jpg"]
    assert corpus.name == "cats"
    assert [path.name for path in corpus.paths] == ["a.jpeg", "b.PNG", "c.webp", "a.jpg"]


def test_an_empty_folder_or_none_is_refused(tmp_path: Path) -> None:
    assert "has no PNG, JPEG or WebP images" in problem(tmp_path)
    assert "is not a folder" in problem(tmp_path / "none")


def test_labels_are_columns_in_the_order_of_the_images(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "sub/c.png"):
        save(tmp_path / name)
    (tmp_path / "labels.csv").write_text("label,file,year\ncat,c.png,1\ndog,a.png,2\n")
    assert read_image_corpus(tmp_path).columns == {
        "label": ["dog", "", "cat"],
        "year": ["2", "", "1"],
    }


def test_subfolders_are_labels_where_there_is_no_list(tmp_path: Path) -> None:
    for name in ("a.png", "cat/b.png", "dog/c.png"):
        save(tmp_path / name)
    assert read_image_corpus(tmp_path).columns == {"label": ["", "cat", "dog"]}


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ("file,label\nnone.png,cat\n", "labels.csv, line 2: 'none.png' is not in the folder"),
        ("file,label\na.png,x\nb/a.png,x\nb/a.png,y\n", "line 4: 'b/a.png' has a row already"),
        ("file,label\nc.png,cat\n", "line 2: 'c.png' is in several subfolders"),
        ("name,label\na.png,cat\n", "has no column 'file'"),
        ("file,label\n", "names no image"),
    ],
)
def test_a_wrong_label_is_named_with_its_line(labels: str, words: str, tmp_path: Path) -> None:
    for name in ("a.png", "b/a.png", "b/c.png", "d/c.png"):
        save(tmp_path / name)
    (tmp_path / "labels.csv").write_text(labels)
    assert words in problem(tmp_path)


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "outside.png")
    save(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "b.png").symlink_to(tmp_path / "outside.png")
    assert "b.png is a link out of in" in problem(tmp_path / "in")


def test_a_link_to_a_folder_is_passed_over(tmp_path: Path) -> None:
    save(tmp_path / "elsewhere" / "x.png")
    save(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in" / "same").symlink_to(tmp_path / "in")
    assert read_image_corpus(tmp_path / "in").names == ["a.png"]


def test_a_pipe_is_no_image(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    os.mkfifo(tmp_path / "b.png")
    assert read_image_corpus(tmp_path).names == ["a.png"]


@pytest.mark.parametrize("content", [b"", b"hello", b"GIF89a" + b"\0" * 60, b"<svg/>", b"\x89PNG"])
def test_what_is_no_image_is_named(content: bytes, tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(content)
    message = problem(tmp_path)
    assert message.startswith("b.png cannot be read")
    assert "replace or remove it" in message


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"])
def test_only_three_formats_are_decoded_whatever_the_ending_says(kind: str, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(buffer, kind)
    path = tmp_path / "a.png"
    path.write_bytes(buffer.getvalue())
    if kind in pictures.FORMATS:
        assert open_image(path).size == (8, 8)
    else:
        with pytest.raises(CorpusError, match="not a PNG, JPEG or WebP image"):
            open_image(path)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_a_file_that_is_cut_off_is_named(suffix: str, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = tmp_path / f"a{suffix}"
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(CorpusError, match=r"^a\.\w+ cannot be read"):
        open_image(path)


def png_head(width: int, height: int) -> bytes:
    """Return a PNG that claims a size and has no pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content))
            + kind
            + content
            + struct.pack(">I", zlib.crc32(kind + content))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(5001, 5000), (10_000, 10_000), (2**31 - 1, 2**31 - 1)])
def test_too_many_pixels_are_refused_before_they_are_decoded(
    size: tuple[int, int], tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(png_head(*size))
    assert "a.png has more than 25 million pixels" in problem(tmp_path)


def test_the_turn_that_a_camera_noted_is_made(tmp_path: Path) -> None:
    picture = Image.new("RGB", (6, 4), "red")
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn by a quarter
    picture.save(tmp_path / "a.jpg", exif=exif)
    assert open_image(tmp_path / "a.jpg").size == (4, 6)


def test_transparent_pixels_lie_on_white(tmp_path: Path) -> None:
    Image.new("RGBA", (2, 2), (255, 0, 0, 0)).save(tmp_path / "a.png")
    assert open_image(tmp_path / "a.png").getpixel((0, 0)) == (255, 255, 255)


def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path) -> None:
    grey = np.full((2, 2), 32_768, dtype=np.uint16)
    Image.fromarray(grey).save(tmp_path / "a.png")
    assert open_image(tmp_path / "a.png").getpixel((0, 0)) == (128, 128, 128)


def test_of_an_animation_the_first_picture_is_taken(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:])
    assert open_image(tmp_path / "a.png").getpixel((0, 0)) == (255, 0, 0)


def test_the_hash_is_that_of_names_pixels_and_labels(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    first = read_image_corpus(tmp_path).sha256
    assert read_image_corpus(tmp_path).sha256 == first
    (tmp_path / "labels.csv").write_text("file,label\na.png,cat\n")
    second = read_image_corpus(tmp_path).sha256
    save(tmp_path / "a.png", "blue")
    assert len({first, second, read_image_corpus(tmp_path).sha256}) == 3


def test_source_and_licence_come_from_the_folder(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    (tmp_path / "about.json").write_text('{"source": "ours", "license": "CC0-1.0"}')
    corpus = read_image_corpus(tmp_path)
    assert (corpus.source, corpus.license) == ("ours", "CC0-1.0")


def test_a_name_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    os.rename(tmp_path / "a.png", os.fsencode(tmp_path) + b"/caf\xe9.png")
    assert "is not UTF-8; rename the file" in problem(tmp_path)


def test_a_link_to_itself_is_named(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    (tmp_path / "b.png").symlink_to(tmp_path / "b.png")
    assert "b.png" in problem(tmp_path)
