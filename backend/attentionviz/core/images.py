"""Safe opening of image files: allowed formats, size, orientation, white background.

A large image is downscaled right after decoding: models use a few hundred pixels per side, and
every copy of 25 million pixels takes 100 MB.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError, features
from PIL.TiffImagePlugin import TiffImageFile

from attentionviz.core.image_kinds import HEAD_BYTES, kind_of, read_head, refusal_reason
from attentionviz.core.image_limits import MAX_PIXELS

# Larger images are reduced by an integer factor: boxes of 2 x 2, 3 x 3 … pixels become one.
MAX_KEPT_PIXELS = 1 << 22
STRIP_PIXELS = 1 << 20
# A progressive JPEG has many scans, each over all pixels; cameras and programs use about ten.
MAX_SCANS = 64
SCAN_MARKER = b"\xff\xda"
OPTIONAL_DECODERS = ("WebP", "AVIF")  # a Pillow built from source may lack them
SUBFILE_TYPE, BITS_PER_SAMPLE, PHOTOMETRIC, SAMPLE_FORMAT = 254, 258, 262, 339  # tags of TIFF
IS_PREVIEW = 1
WHITE_IS_ZERO = 0
UNSIGNED = {1, 4}  # 4: undefined format
UNKNOWN_RANGE = "in numbers whose black and white are not known; save it with 8 or 16 bits a colour"
ORIENTATION = 0x0112
TRANSPOSES = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class ImageError(Exception):
    """Why an image is refused, to complete "a.png is …"."""


def decode_image(
    source: Path | BinaryIO, kinds: tuple[str, ...], max_webp_pixels: int = MAX_PIXELS
) -> Image.Image:
    """Return an image, upright, in RGB, with transparent parts on white.

    Parameters
    ----------
    source : Path or file
        At most 25 million pixels; of an animation, or of several pages, the first.
    kinds : tuple of str
        Accepted formats, see `image_kinds`.
    max_webp_pixels : int
        Limit for a WebP, whose decoder takes four times the memory of the others.

    Returns
    -------
    Image
        Of at most 4 million pixels.

    Raises
    ------
    ImageError
        If the file is of another format, too large, damaged, or of an unsupported color mode.
    """
    with _loaded(source, kinds, max_webp_pixels) as image:
        turn = TRANSPOSES.get(image.getexif().get(ORIENTATION, 1))
        flat = _flattened(image, _grey_scale(image))
        return flat if turn is None else flat.transpose(turn)


def require_image(source: Path, kinds: tuple[str, ...]) -> bool:
    """Return whether the file has further frames or pages; ImageError as `decode_image`."""
    with _loaded(source, kinds, MAX_PIXELS) as image:
        image.getexif()
        # The second image in the JPEG of a phone is a smaller copy or a depth map.
        return image.format not in ("JPEG", "MPO") and getattr(image, "is_animated", False)


@contextmanager
def _loaded(
    source: Path | BinaryIO, kinds: tuple[str, ...], max_webp_pixels: int
) -> Iterator[Image.Image]:
    """Yield the decoded image; any error, also in the ``with`` block, becomes an ImageError."""
    try:
        # Pillow warns of harmless irregularities; whatever matters raises an error below.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with _opened(source, kinds) as image:
                limit = max_webp_pixels if image.format == "WEBP" else MAX_PIXELS
                if image.width * image.height > limit:
                    raise _too_large(limit)
                _require_known_samples(image)
                _require_few_scans(image)
                image.load()
                yield image
    except (MemoryError, ImageError):
        raise
    except Image.DecompressionBombError as error:
        raise _too_large() from error
    # Damaged files make the decoders raise many kinds of errors.
    except Exception as error:
        raise ImageError(_decoding_error(error)) from error


def _opened(source: Path | BinaryIO, kinds: tuple[str, ...]) -> Image.Image:
    if isinstance(source, Path):
        head, name = read_head(source), source.name
    else:
        head, name = source.read(HEAD_BYTES), ""
        source.seek(0)
    reason = refusal_reason(head, name, kinds)
    if reason is not None:
        raise ImageError(reason)
    kind = str(kind_of(head, name))
    if kind in OPTIONAL_DECODERS and not features.check(kind.lower()):
        raise ImageError(f"{kind}, which this Pillow cannot read; convert it to PNG or JPEG")
    try:
        return Image.open(source, formats=(kind.upper(),))
    except UnidentifiedImageError as error:
        raise ImageError(f"damaged, or a kind of {kind} that is not read") from error


def _require_known_samples(image: Image.Image) -> None:
    """Refuse previews, and signed or floating-point samples, which would be decoded wrongly."""
    if image.mode in ("I", "F"):
        raise ImageError(UNKNOWN_RANGE)
    if image.mode == "LAB":
        raise ImageError("in Lab colours, which are not read; save it in RGB")
    if not isinstance(image, TiffImageFile):
        return
    if image.tag_v2.get(SUBFILE_TYPE, 0) & IS_PREVIEW:
        raise ImageError("camera raw, or begins with a preview; convert it to PNG or JPEG")
    if set(image.tag_v2.get(SAMPLE_FORMAT, (1,))) - UNSIGNED:
        raise ImageError(UNKNOWN_RANGE)


def _require_few_scans(image: Image.Image) -> None:
    file = getattr(image, "fp", None)
    if file is None or image.format not in ("JPEG", "MPO"):
        return
    begin = file.tell()
    file.seek(0)
    n_scans = file.read().count(SCAN_MARKER)
    file.seek(begin)
    if n_scans > MAX_SCANS:
        raise ImageError(f"stored in more than {MAX_SCANS} scans; save it as a plain JPEG")


def _flattened(image: Image.Image, shades: tuple[float, float]) -> Image.Image:
    """Return the image in RGB on white, downscaled if it is large; works strip by strip."""
    width, height = image.size
    factor = 1
    while -(-width // factor) * -(-height // factor) > MAX_KEPT_PIXELS:
        factor += 1
    flat = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    n_rows = max(STRIP_PIXELS // width // factor, 1) * factor
    for top in range(0, height, n_rows):
        strip = _on_white(image.crop((0, top, width, min(top + n_rows, height))), shades)
        flat.paste(strip.reduce(factor) if factor > 1 else strip, (0, top // factor))
    return flat


def _grey_scale(image: Image.Image) -> tuple[float, float]:
    """Return scale and offset that map grey levels of more than 8 bits to 0…255."""
    if isinstance(image, TiffImageFile):
        if image.tag_v2.get(BITS_PER_SAMPLE) == (12,):
            return 1 / 16, 0
        if image.tag_v2.get(PHOTOMETRIC) == WHITE_IS_ZERO:
            return -1 / 256, 65535 / 256
    return 1 / 256, 0


def _on_white(image: Image.Image, shades: tuple[float, float]) -> Image.Image:
    if image.mode.startswith("I"):  # more than 8 bits, which `convert` would clip
        image.info.pop("transparency", None)  # a 16-bit value, invalid after scaling
        image = image.convert("I").point(lambda grey: grey * shades[0] + shades[1]).convert("L")
    if image.mode == "La":
        image = image.convert("LA")
    if not image.has_transparency_data:
        return image.convert("RGB")
    layered = image.convert("RGBA")
    white = Image.new("RGBA", layered.size, "white")
    return Image.alpha_composite(white, layered).convert("RGB")


def _too_large(max_pixels: int = MAX_PIXELS) -> ImageError:
    return ImageError(f"of more than {max_pixels // 10**6} million pixels; make it smaller")


def _decoding_error(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"not readable ({error.strerror})"
    return "cut off" if "truncated" in str(error) else "damaged"
