"""Images are taken from a folder with care, labelled, and refused by name."""

import os
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.support.malformed_images import noise, png, saved, tiff

from attentionviz.core.image_kinds import READ_KINDS, UPLOAD_KINDS
from attentionviz.core.images import ImageError, decode_image
from attentionviz.errors import CorpusError
from attentionviz.pipeline.corpora.account import LeftOut
from attentionviz.pipeline.corpus import ImageCorpus, open_image, read_image_corpus

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
SMALL = noise(40, 30)
TURNED = Image.Exif()
TURNED[0x0112] = 6  # by a quarter


def save(path: Path, colour: str = "red", size: tuple[int, int] = (6, 4)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def beside_a_png(folder: Path, name: str, content: bytes) -> ImageCorpus:
    save(folder / "a.png")
    (folder / name).write_bytes(content)
    return read_image_corpus(folder)


def problem(folder: Path) -> str:
    with pytest.raises(CorpusError) as caught:
        read_image_corpus(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_images_of_a_folder_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b.PNG", "a.jpeg", "c.webp", "d/a.jpg", "__MACOSX/x.png"):
        save(tmp_path / "cats" / name)
    corpus = read_image_corpus(tmp_path / "cats")
    assert corpus.names == ["a.jpeg", "b.PNG", "c.webp", "d/a.jpg"]
    assert corpus.name == "cats"
    assert [path.name for path in corpus.paths] == ["a.jpeg", "b.PNG", "c.webp", "a.jpg"]
    assert corpus.account.summary() == "4 files read, all taken"


def test_images_are_recognised_by_content_not_by_name(tmp_path: Path) -> None:
    kinds = {
        **{"a": "PNG", "b.txt": "PNG", "c.jpg": "PNG", "d.png": "JPEG", "e.jfif": "JPEG"},
        **{"f.jpe": "JPEG", "g.tif": "TIFF", "h.gif": "GIF", "i.bmp": "BMP", "j.avif": "AVIF"},
    }
    for name, kind in kinds.items():
        (tmp_path / name).write_bytes(saved(SMALL, kind))
    corpus = read_image_corpus(tmp_path)
    assert corpus.names == list(kinds)
    assert {open_image(path).size for path in corpus.paths} == {(40, 30)}


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("photo.heic", HEIC, "HEIC, which is not read; convert it to PNG or JPEG"),
        ("photo.jpg", HEIC, "HEIC, which is not read; convert it to PNG or JPEG"),
        ("a.svg", b"<?xml version='1.0'?>\n<svg/>", "SVG, which is not read; convert it"),
        ("a.pdf", b"%PDF-1.7", "PDF, which is not read; convert it"),
        ("a.psd", b"8BPS\0\1", "PSD, which is not read; convert it"),
        ("a.mp4", b"\0\0\0\x18ftypisom", "video, which is not read; convert it"),
        ("a.nef", saved(SMALL, "TIFF"), "camera raw, which is not read; convert it"),
        ("a.jpg", b"\n<!DOCTYPE html><p>Sign in<svg ></svg>", "HTML, not an image"),
        ("b.png", b"", "empty"),
        ("b.png", b"hello", "not an image, despite its extension"),
        ("b.png", bytes(1000), "not an image, despite its extension"),
        ("README.txt", b"BMW and other makers", "not an image"),
        ("labels/labels.csv", b"file,label\n", "not an image"),
        ("b.png", b"\x89PNG\r\n\x1a\n", "damaged, or a kind of PNG that is not read"),
        ("b.png", saved(SMALL, "PNG")[:500], "cut off"),
        ("b.jpg", saved(SMALL, "JPEG")[:-300], "cut off"),
        ("b.bmp", saved(SMALL, "BMP")[:-300], "cut off"),
        ("b.gif", saved(SMALL, "GIF")[:-300], "cut off"),
        ("b.webp", saved(SMALL, "WEBP")[:-300], "damaged"),
        ("b.png", png(5001, 5000), "of more than 25 million pixels; make it smaller"),
        ("b.png", png(2**31 - 1, 2**31 - 1), "of more than 25 million pixels; make it smaller"),
        ("b.tif", tiff(bytes(4), bits=32, more={339: 3}), "in numbers whose black and white"),
        ("b.tif", tiff(bytes(4), bits=32), "in numbers whose black and white"),
        ("b.tif", tiff(bytes(2), bits=16, more={339: 2}), "in numbers whose black and white"),
        ("b.tif", tiff(bytes(1), more={339: 2}), "in numbers whose black and white"),
        ("b.tif", tiff(bytes(3), photometric=8, n_samples=3), "in Lab colours"),
        ("b.tif", tiff(bytes(1), more={254: 1}), "camera raw, or begins with a preview"),
        (".hidden.png", saved(SMALL, "PNG"), "hidden, or a back-up copy"),
        ("b.png~", saved(SMALL, "PNG"), "hidden, or a back-up copy"),
    ],
)
def test_files_that_are_not_complete_images_are_left_out_with_the_reason(
    name: str, content: bytes, reason: str, tmp_path: Path
) -> None:
    (tmp_path / "labels").mkdir()
    corpus = beside_a_png(tmp_path, name, content)
    assert corpus.names == ["a.png"]
    (part,) = corpus.account.left_out
    assert part.reason.startswith(reason)
    assert (part.n, part.examples, corpus.account.n_read) == (1, (name,), 2)


def test_files_left_by_systems_are_ignored_silently(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    (tmp_path / "about.json").write_text("{}")
    for name in (".DS_Store", "._photo.jpg", "Thumbs.db", "desktop.ini", ".gitignore"):
        (tmp_path / name).write_bytes(b"\0\5\x16\7")
    account = read_image_corpus(tmp_path).account
    assert (account.summary(), account.notes) == ("1 file read, all taken", ())


def test_further_frames_and_hidden_folders_are_noted(tmp_path: Path) -> None:
    two = {"save_all": True, "append_images": [noise(40, 30, 1)]}
    for name, kind in {"a.gif": "GIF", "b.tif": "TIFF", "c.jpg": "MPO"}.items():
        (tmp_path / name).write_bytes(saved(SMALL, kind, **two))
    for name in (".git", "@eaDir", ".AppleDouble"):
        save(tmp_path / name / "x.png")
    assert read_image_corpus(tmp_path).account.notes == (
        "several frames or pages, of which the first is taken: a.gif, b.tif",
        "folders that are not searched: .git, @eaDir",
    )


def test_a_folder_without_images_is_refused_with_its_content(tmp_path: Path) -> None:
    assert "has no readable images; formats are PNG, JPEG" in problem(tmp_path)
    assert "is not a folder" in problem(tmp_path / "none")
    (tmp_path / "photo.heic").write_bytes(HEIC)
    assert "1 left out: 1 HEIC, which is not read; convert it to PNG or JPEG" in problem(tmp_path)


def test_a_folder_that_cannot_be_listed_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "a.png")
    save(tmp_path / "b" / "c.png")
    scan = os.scandir

    def refuses(path: str) -> object:
        if str(path).endswith("b"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuses)
    assert "b cannot be listed (Permission denied)" in problem(tmp_path)


def test_labels_are_columns_in_the_order_of_the_images(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "sub/c.png"):
        save(tmp_path / name)
    (tmp_path / "labels.csv").write_text("label,file,year\ncat,c.png,1\ndog,a.png,2\n")
    assert read_image_corpus(tmp_path).columns == {
        "label": ["dog", "", "cat"],
        "year": ["2", "", "1"],
    }


def test_rows_of_the_labels_that_name_no_file_are_noted(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    (tmp_path / "labels.csv").write_text("file,label\na.png,cat\n,dog\n")
    note = read_image_corpus(tmp_path).account.notes[-1]
    assert note == "labels.csv: 2 rows read, 1 taken, 1 left out: 1 blank (line 3)"


def test_without_a_labels_file_subfolders_are_labels(tmp_path: Path) -> None:
    for name in ("a.png", "cat/b.png", "dog/c.png"):
        save(tmp_path / name)
    assert read_image_corpus(tmp_path).columns == {"label": ["", "cat", "dog"]}


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ("file,label\nnone.png,cat\n", "labels.csv, line 2: 'none.png' is not in the folder"),
        ("file,label\na.png,x\nb/a.png,x\nb/a.png,y\n", "line 4: 'b/a.png' already has a row"),
        ("file,label\n.d/a.png,cat\n", "line 2: '.d/a.png' is hidden and therefore skipped"),
        (f"file,label\n{'x' * 900},cat\n", "is not in the folder"),
        ("file,label\nc.png,cat\n", "line 2: 'c.png' is in several subfolders"),
        ("name,label\na.png,cat\n", "has no column 'file'"),
        ("file,label\n", "names no image"),
    ],
)
def test_a_wrong_label_is_named_with_its_line(labels: str, words: str, tmp_path: Path) -> None:
    for name in ("a.png", "b/a.png", "b/c.png", "d/c.png", ".d/a.png"):
        save(tmp_path / name)
    (tmp_path / "labels.csv").write_text(labels)
    assert words in problem(tmp_path)


def test_a_label_of_a_file_that_is_left_out_is_left_out_with_it(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    (tmp_path / "photo.heic").write_bytes(HEIC)
    (tmp_path / "labels.csv").write_text("file,label\nphoto.heic,cat\na.png,dog\n")
    assert read_image_corpus(tmp_path).columns == {"label": ["dog"]}
    (tmp_path / "labels.csv").write_text("file,label\nphoto.heic,cat\n")
    assert "names no image: photo.heic is HEIC, which is not read" in problem(tmp_path)


def test_links_that_are_not_followed_are_left_out_with_their_reason(tmp_path: Path) -> None:
    outside, inside = save(tmp_path / "outside.png"), save(tmp_path / "in" / "a.png")
    folder = tmp_path / "in"
    links = {"b.png": outside, "c": tmp_path, "d": folder, "e.png": folder / "e.png", "f": inside}
    for name, target in links.items():
        (folder / name).symlink_to(target)
    os.mkfifo(folder / "g.png")
    corpus = read_image_corpus(folder)
    assert corpus.names == ["a.png", "f"]
    assert set(corpus.account.left_out) == {
        LeftOut("a link out of the folder; copy the file itself", 2, ("b.png", "c")),
        LeftOut("a link to a folder; copy the folder itself", 1, ("d",)),
        LeftOut("a broken link", 1, ("e.png",)),
        LeftOut("not a regular file", 1, ("g.png",)),
    }


@pytest.mark.parametrize("kind", READ_KINDS)
def test_only_three_formats_of_uploads_are_decoded(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(saved(SMALL, kind.upper()))
    assert decode_image(path, READ_KINDS).size == (40, 30)
    if kind not in UPLOAD_KINDS:
        with pytest.raises(ImageError, match=f"{kind}, which is not read"):
            decode_image(path, UPLOAD_KINDS)


@pytest.mark.parametrize(
    ("content", "colours"),
    [
        (tiff(struct.pack("<3H", 0, 32_768, 65_535), 3, bits=16), [0, 128, 255]),
        (tiff(struct.pack(">3H", 0, 32_768, 65_535), 3, bits=16, order=">"), [0, 128, 255]),
        (tiff(struct.pack("<2H", 0, 65_535), 2, bits=16, photometric=0), [255, 0]),
        (tiff(b"\x00\x08\x00", 2, bits=12), [0, 128]),
        (tiff(b"\x00\xc8", 2, photometric=0), [255, 55]),
        (tiff(struct.pack("<3H", 51_200, 25_600, 12_800), 1, 16, 2, 3), [(200, 100, 50)]),
        (saved(Image.new("CMYK", (1, 1), (0, 255, 255, 0)), "TIFF"), [(255, 0, 0)]),
        (saved(Image.new("LA", (1, 1), (9, 0)), "TIFF"), [255]),
        (tiff(bytes(2), n_samples=2, more={338: 1}), [255]),
        (saved(Image.new("RGB", (1, 1), (200, 100, 50)).quantize(), "TIFF"), [(200, 100, 50)]),
        (saved(Image.new("1", (1, 1), 1), "TIFF", compression="group4"), [255]),
        (saved(Image.new("RGB", (1, 1), (200, 100, 50)), "BMP"), [(200, 100, 50)]),
        (saved(Image.new("P", (1, 1)), "GIF", transparency=0), [255]),
    ],
)
def test_colours_are_decoded_correctly(
    content: bytes, colours: list[int | tuple[int, ...]], tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(content)
    pixels = np.asarray(open_image(tmp_path / "a"))[0]
    expected = [one if isinstance(one, tuple) else (one,) * 3 for one in colours]
    np.testing.assert_array_equal(pixels, expected)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_the_exif_orientation_is_applied_once(kind: str, tmp_path: Path) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    (tmp_path / "a").write_bytes(saved(SMALL, kind, exif=TURNED, **options))
    upright = SMALL.transpose(Image.Transpose.ROTATE_270)
    np.testing.assert_array_equal(open_image(tmp_path / "a"), upright)


def test_transparent_pixels_become_white(tmp_path: Path) -> None:
    Image.new("RGBA", (2, 2), (255, 0, 0, 0)).save(tmp_path / "a.png")
    assert open_image(tmp_path / "a.png").getpixel((0, 0)) == (255, 255, 255)


def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path) -> None:
    grey = np.full((2, 2), 32_768, dtype=np.uint16)
    Image.fromarray(grey).save(tmp_path / "a.png")
    assert open_image(tmp_path / "a.png").getpixel((0, 0)) == (128, 128, 128)


def test_the_first_frame_of_an_animation_is_used(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:])
    assert open_image(tmp_path / "a.png").getpixel((0, 0)) == (255, 0, 0)


def test_the_corpus_hash_covers_names_pixels_and_labels(tmp_path: Path) -> None:
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


def test_a_name_that_is_not_utf8_is_written_with_its_bytes(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    os.rename(tmp_path / "a.png", os.fsencode(tmp_path) + b"/caf\xe9.png")
    assert read_image_corpus(tmp_path).names == ["caf\\xe9.png"]
