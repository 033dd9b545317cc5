"""A picture file opened without trusting it: which formats, how large, upright and on white.

A picture of many pixels is made smaller right after it is decoded: models see a few hundred pixels
a side, and every copy of 25 million takes 100 MB.
"""

import warnings
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from attentionviz.core.picture_limits import MAX_PIXELS

FORMATS = ("PNG", "JPEG", "WEBP")
# Beyond this, boxes of 2 x 2, 3 x 3 … pixels become one.
MAX_KEPT_PIXELS = 1 << 22
STRIP_PIXELS = 1 << 20
# A JPEG may be stored in many passes, each over all pixels; cameras and programs use about ten.
MAX_PASSES = 64
PASS_MARK = b"\xff\xda"
ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class PictureError(Exception):
    """Why a picture is not taken, to be put behind its name.

    Attributes
    ----------
    is_large : bool
        Whether it only has too many pixels.
    """

    def __init__(self, message: str, *, is_large: bool = False) -> None:
        super().__init__(message)
        self.is_large = is_large


def decode_picture(source: Path | BinaryIO, max_webp_pixels: int = MAX_PIXELS) -> Image.Image:
    """Return a picture, upright, in RGB, on white where it is transparent.

    Parameters
    ----------
    source : Path or file
        PNG, JPEG or WebP of at most 25 million pixels; of an animation, the first frame.
    max_webp_pixels : int
        Of a WebP, whose decoder takes four times the memory of the others.

    Returns
    -------
    Image
        Of at most 4 million pixels.

    Raises
    ------
    PictureError
        If it is another format, larger, or damaged.
    """
    with _opened(source) as image:
        if image.format == "WEBP" and image.width * image.height > max_webp_pixels:
            raise _too_large(max_webp_pixels)
        try:
            _require_few_passes(image)
            image.load()
            turn = TURNS.get(image.getexif().get(ORIENTATION, 1))
            flat = _flattened(image)
            return flat if turn is None else flat.transpose(turn)
        except (MemoryError, PictureError):
            raise
        # Damaged files fail anywhere inside the decoders, with many kinds of errors.
        except Exception as error:
            raise _unreadable(error) from error


def require_head(source: Path | BinaryIO) -> None:
    """Raise PictureError unless format and size are allowed; reads the head only."""
    with _opened(source):
        pass


def _opened(source: Path | BinaryIO) -> Image.Image:
    try:
        with warnings.catch_warnings():
            # Pillow warns at 89 million pixels; the limit below is lower and an error.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(source, formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise _too_large() from error
    # As above: a hostile head can raise anything, and the user needs one sentence.
    except Exception as error:
        raise _unreadable(error) from error
    if image.width * image.height > MAX_PIXELS:
        image.close()
        raise _too_large()
    return image


def _require_few_passes(image: Image.Image) -> None:
    file = getattr(image, "fp", None)
    if file is None or image.format not in ("JPEG", "MPO"):
        return
    begin = file.tell()
    file.seek(0)
    n_passes = file.read().count(PASS_MARK)
    file.seek(begin)
    if n_passes > MAX_PASSES:
        raise PictureError(f"is stored in {n_passes} passes; save it as a plain JPEG")


def _flattened(image: Image.Image) -> Image.Image:
    """Return the picture in RGB on white, made smaller where it is large; strip by strip."""
    width, height = image.size
    factor = 1
    while -(-width // factor) * -(-height // factor) > MAX_KEPT_PIXELS:
        factor += 1
    flat = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    n_rows = max(STRIP_PIXELS // width // factor, 1) * factor
    for top in range(0, height, n_rows):
        strip = _on_white(image.crop((0, top, width, min(top + n_rows, height))))
        flat.paste(strip.reduce(factor) if factor > 1 else strip, (0, top // factor))
    return flat


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits a channel, which a plain conversion would clip
        image.info.pop("transparency", None)  # a shade of 16 bits, which has no meaning below
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    layered = image.convert("RGBA")
    white = Image.new("RGBA", layered.size, "white")
    return Image.alpha_composite(white, layered).convert("RGB")


def _too_large(max_pixels: int = MAX_PIXELS) -> PictureError:
    return PictureError(f"has more than {max_pixels // 10**6} million pixels", is_large=True)


def _unreadable(error: Exception) -> PictureError:
    reason = "not a PNG, JPEG or WebP image" if isinstance(error, OSError) else "damaged"
    if isinstance(error, OSError) and error.strerror:
        reason = error.strerror
    elif "truncated" in str(error):
        reason = "cut off"
    return PictureError(f"cannot be read ({reason})")
