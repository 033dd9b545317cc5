"""A dropped image is answered as if it had been one of the corpus."""

import io

import numpy as np
import pytest
from PIL import Image
from tests.live.worker.conftest import Live
from tests.support.malformed_images import saved, turned

from attentionviz.core.types import HeadId
from attentionviz.errors import InvalidImageError
from attentionviz.store import layout


def picture(seed: int = 0, size: tuple[int, int] = (48, 36)) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (3, 3, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size)


def test_an_image_of_the_corpus_has_its_patches_and_vectors(live_image: Live, tiny_images) -> None:
    content = (tiny_images / "2.png").read_bytes()
    answer = live_image.ask(content)
    start, stop = live_image.span(2)
    tokens = live_image.reader.tokens.document()
    for name in ("text", "token_type", "position", "row", "column", "hue", "brightness"):
        assert answer.sequence["tokens"][name] == tokens[name][start:stop]
    patches = live_image.reader.array(layout.PATCHES)[start:stop]
    assert np.array_equal(answer.tensors["sprites"], patches)
    stored_picture = Image.open(io.BytesIO(live_image.reader.read(layout.image_path(2))))
    assert np.array_equal(answer.tensors["picture"], np.asarray(stored_picture))
    for layer in range(2):
        for head in range(2):
            kept = live_image.reader.queries(HeadId(layer, head), start, stop)
            assert np.allclose(answer.tensors["queries"][layer, head], kept, rtol=1e-3, atol=1e-4)
    for name, facts in answer.maps.items():
        assert facts["placed"] == ("exact" if name[:3] in ("pca", "bip") else "neighbours")
        assert answer.tensors[f"place:{name}"].shape == (2, 2, 2 * (stop - start), int(name[-2]))


def test_every_encoding_of_an_image_gives_the_same_patches_and_vectors(live_image: Live) -> None:
    whole = picture()
    expected = live_image.ask(saved(whole, "PNG"), maps=["pca-2d"]).tensors
    upright = whole.transpose(Image.Transpose.ROTATE_90)
    for content in (
        saved(whole, "WEBP", lossless=True),
        saved(whole.convert("RGBA"), "PNG"),
        saved(upright, "PNG", exif=turned(6)),
    ):
        found = live_image.ask(content, maps=["pca-2d"]).tensors
        assert np.array_equal(found["sprites"], expected["sprites"])
        assert np.array_equal(found["queries"], expected["queries"])


def test_an_enlarged_image_gives_nearly_the_same_patches(live_image: Live) -> None:
    small = live_image.ask(saved(picture(size=(480, 360)), "PNG"), maps=["pca-2d"])
    large = live_image.ask(saved(picture(size=(4800, 3600)), "PNG"), maps=["pca-2d"])
    difference = small.tensors["sprites"].astype(int) - large.tensors["sprites"]
    assert np.abs(difference).max() <= 12
    assert np.abs(difference).mean() < 1
    assert large.tensors["picture"].shape == (512, 512, 3)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"GIF89a", "the file is GIF, which is not read; convert it to PNG or JPEG"),
        (
            saved(Image.new("1", (5001, 5000)), "PNG"),
            "more than 25 million pixels; make it",
        ),
        (
            saved(Image.new("L", (3001, 2400)), "WEBP"),
            "more than 7 million pixels; make it",
        ),
    ],
)
def test_an_invalid_image_is_refused_with_its_reason(
    content: bytes, words: str, live_image: Live
) -> None:
    with pytest.raises(InvalidImageError) as caught:
        live_image.ask(content)
    assert words in str(caught.value)
