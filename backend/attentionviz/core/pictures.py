"""A picture file opened without trusting it: which formats, how large, upright and on white."""

import warnings
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageOps

from attentionviz.core.picture_limits import MAX_PIXELS

FORMATS = ("PNG", "JPEG", "WEBP")
Source = Path | BinaryIO


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


def decode_picture(source: Source) -> Image.Image:
    """Return a picture, upright, in RGB, on white where it is transparent.

    Parameters
    ----------
    source : Path or file
        PNG, JPEG or WebP of at most 25 million pixels; of an animation, the first frame.

    Raises
    ------
    PictureError
        If it is another format, larger, or damaged.
    """
    with _opened(source) as image:
        try:
            return _on_white(ImageOps.exif_transpose(image))
        # Damaged files fail anywhere inside the decoders, with many kinds of errors.
        except Exception as error:
            raise _unreadable(error) from error


def require_head(source: Source) -> None:
    """Raise PictureError unless format and size are allowed; reads the head only."""
    with _opened(source):
        pass


def _opened(source: Source) -> Image.Image:
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


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits a channel, which a plain conversion would clip
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    layered = image.convert("RGBA")
    white = Image.new("RGBA", layered.size, "white")
    return Image.alpha_composite(white, layered).convert("RGB")


def _too_large() -> PictureError:
    return PictureError(f"has more than {MAX_PIXELS // 10**6} million pixels", is_large=True)


def _unreadable(error: Exception) -> PictureError:
    reason = "not a PNG, JPEG or WebP image" if isinstance(error, OSError) else "damaged"
    if isinstance(error, OSError) and error.strerror:
        reason = error.strerror
    elif "truncated" in str(error):
        reason = "cut off"
    return PictureError(f"cannot be read ({reason})")
