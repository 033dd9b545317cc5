"""Detection of image formats by their first bytes, without decoding: safe for the server."""

import re
from pathlib import Path

UPLOAD_KINDS = ("PNG", "JPEG", "WebP")
"""Accepted from uploads and from folders."""

READ_KINDS = (*UPLOAD_KINDS, "GIF", "BMP", "TIFF", "AVIF")
"""Accepted from a folder given to a command; the additional decoders are not used for uploads."""

HEAD_BYTES = 4096

_SIGNATURES = (
    ("PNG", rb"\x89PNG\r\n\x1a\n"),
    ("JPEG", rb"\xff\xd8\xff"),
    ("WebP", rb"RIFF.{4}WEBP"),
    ("GIF", rb"GIF8[79]a"),
    ("BMP", rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0"),
    ("camera raw", rb"(?:II\*\0|MM\0\*).{4}CR|FUJIFILMCCD-RAW|II(?:RO|RS|U\0)|MMOR|FOVb|\0MRM"),
    ("camera raw", rb".{4}ftypcrx "),
    ("TIFF", rb"II[*+]\0|MM\0[*+]"),
    ("AVIF", rb".{4}ftyp(?:avi[fs]|(?:mif1|msf1).{4}(?:.{4})*?avi[fs])"),
    ("HEIC", rb".{4}ftyp(?:he[iv][cmsx]|mif1|msf1)"),
    ("video", rb".{4}ftyp|\x1a\x45\xdf\xa3|RIFF.{4}AVI "),
    ("JPEG 2000", rb"\0\0\0\x0cjP  \r\n|\xff\x4f\xff\x51"),
    ("JPEG XL", rb"\xff\x0a|\0\0\0\x0cJXL \r\n"),
    ("PSD", rb"8BPS"),
    ("PDF", rb"%PDF-"),
    ("PostScript", rb"%!PS|\xc5\xd0\xd3\xc6"),
    ("ICO", rb"\0\0[\x01\x02]\0[^\0]\0"),
    ("XCF", rb"gimp xcf"),
    ("DDS", rb"DDS "),
    ("OpenEXR", rb"v/1\x01"),
    ("Radiance HDR", rb"#\?R(?:ADIANCE|GBE)"),
    ("PNM", rb"P[1-7]\s+[\d#W]"),
    ("FITS", rb"SIMPLE  ="),
    ("DICOM", rb".{128}DICM"),
    ("HTML", rb"(?i)(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|head|body|script|meta)[\s>]"),
    ("SVG", rb"(?:\xef\xbb\xbf)?\s*<(?:svg[\s/>]|[?!].*?<svg[\s/>])"),
)
_KINDS = tuple((kind, re.compile(pattern, re.DOTALL)) for kind, pattern in _SIGNATURES)

# Camera raw: most are TIFF by content, with a preview that would be taken for the photograph.
_RAW_ENDINGS = (
    *(".3fr", ".arw", ".cr2", ".cr3", ".dcr", ".dng", ".erf", ".iiq", ".kdc", ".mef", ".mos"),
    *(".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".sr2", ".srf", ".srw"),
)
_IMAGE_ENDINGS = (
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".pjpeg", ".pjp", ".webp", ".gif"),
    *(".bmp", ".dib", ".tif", ".tiff", ".avif", ".heic", ".heif", ".jp2", ".jxl", ".psd", ".svg"),
    *(".ico", ".tga", ".pcx", ".exr", ".hdr", ".eps"),
)


def kind_of(head: bytes, name: str = "") -> str | None:
    """Return the kind of an image, video or document file, or None if it is not recognized.

    Parameters
    ----------
    head : bytes
        First bytes of the file; at most 4,096 are used.
    name : str
        Its suffix distinguishes camera raw files from other TIFF files.
    """
    head = head[:HEAD_BYTES]
    kind = next((kind for kind, form in _KINDS if form.match(head)), None)
    if kind in ("TIFF", None) and name.lower().endswith(_RAW_ENDINGS):
        return "camera raw"
    return kind


def refusal_reason(head: bytes, name: str, kinds: tuple[str, ...]) -> str | None:
    """Return why a file is not decoded, to complete "a.png is …"; None if it is accepted.

    Parameters
    ----------
    head, name
        As for `kind_of`.
    kinds : tuple of str
        Accepted kinds: `UPLOAD_KINDS` or `READ_KINDS`.
    """
    kind = kind_of(head, name)
    if kind in kinds:
        return None
    if not head:
        return "empty"
    if kind == "HTML":
        return "HTML, not an image"
    if kind is not None:
        return f"{kind}, which is not read; convert it to PNG or JPEG"
    has_image_ending = name.lower().endswith(_IMAGE_ENDINGS)
    return "not an image, despite its extension" if has_image_ending else "not an image"


def read_head(path: Path) -> bytes:
    """Return the first `HEAD_BYTES` of a file; OSError if it cannot be read."""
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)
