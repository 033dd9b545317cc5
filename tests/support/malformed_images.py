"""More than a hundred malformed images, by seed: truncated, corrupted, wrong headers, huge or rare.

Each has the expected result of an upload, and of a command on its folder: rejected, accepted
because it is a valid image, or either, if a decoder may repair it.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from functools import cache
from typing import Literal, NamedTuple

import numpy as np
from PIL import Image

SEED = 20
Fate = Literal["taken", "refused", "either"]


class Odd(NamedTuple):
    """One image, and what must become of it."""

    name: str
    content: bytes
    fate: Fate
    fate_in_folder: Fate | None = None

    @property
    def in_folder(self) -> Fate:
        """What must become of it in a folder of images, which may hold more kinds."""
        return self.fate_in_folder or self.fate


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """Return the bytes of an image file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def noise(width: int, height: int, seed: int = SEED) -> Image.Image:
    """Return a picture of random pixels."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return one chunk of a PNG."""
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def png(  # noqa: PLR0917 - as the header has them
    width: int, height: int, depth: int = 8, colour: int = 2, body: bytes = b"", more: bytes = b""
) -> bytes:
    """Return a PNG whose header says what is asked for, whatever its pixels are."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(body))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + more + data + chunk(b"IEND", b"")


def tiff(  # noqa: PLR0917 - as its tags have them
    pixels: bytes,
    width: int = 1,
    bits: int = 8,
    photometric: int = 1,
    n_samples: int = 1,
    order: str = "<",
    more: dict[int, int] | None = None,
) -> bytes:
    """Return a TIFF of one row without compression, whose tags say what is asked for.

    Parameters
    ----------
    pixels : bytes
    width : int
    bits : int
        Of a sample.
    photometric : int
        0: white is zero, 1: black is zero, 2: RGB, 8: Lab.
    n_samples : int
        Of a pixel.
    order : str
        Of bytes: "<" or ">".
    more : dict of int to int
        Further tags, such as 339: 3 for numbers with a point.
    """
    once = {256: width, 257: 1, 259: 1, 262: photometric, 277: n_samples, 278: 1, **(more or {})}
    tags = {tag: (value,) for tag, value in once.items()}
    tags |= {258: (bits,) * n_samples, 273: (0,), 279: (len(pixels),)}
    behind = 8 + 2 + 12 * len(tags) + 4
    long = struct.pack(f"{order}{n_samples}H", *tags[258]) if n_samples > 2 else b""
    tags[273] = (behind + len(long),)
    entries = b""
    for tag, values in sorted(tags.items()):
        value = struct.pack(f"{order}{len(values)}H", *values).ljust(4, b"\0")
        if len(values) > 2:
            value = struct.pack(f"{order}I", behind)
        entries += struct.pack(f"{order}HHI", tag, 3, len(values)) + value
    mark = b"II*\0" if order == "<" else b"MM\0*"
    head = mark + struct.pack(f"{order}IH", 8, len(tags))
    return head + entries + bytes(4) + long + pixels


@cache
def malformed_images() -> tuple[Odd, ...]:
    """Return all of them, always the same."""
    makers = (cut, flipped, lying_heads, bombs, odd_modes, wrong_formats, polyglots, odd_notes)
    return tuple(odd for maker in (*makers, folder_kinds) for odd in maker())


def cut() -> Iterator[Odd]:
    """Files that end too early."""
    rng = np.random.default_rng(SEED)
    for kind in ("PNG", "JPEG", "WEBP"):
        whole = saved(noise(96, 80), kind)
        for share in (0.0, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95):
            n_bytes = int(len(whole) * share)
            yield Odd(f"{kind} cut after {n_bytes} bytes", whole[:n_bytes], "refused")
        start = int(rng.integers(100, len(whole) // 2))
        missing = whole[:start] + whole[start + 400 :]
        yield Odd(f"{kind} without its middle", missing, "either")


def flipped() -> Iterator[Odd]:
    """Files with single bits turned over."""
    rng = np.random.default_rng(SEED + 1)
    for kind in ("PNG", "JPEG", "WEBP"):
        whole = np.frombuffer(saved(noise(96, 80), kind), np.uint8)
        for n_flips in (1, 3, 10, 100, 1000):
            for region in (60, len(whole)):
                changed = whole.copy()
                places = rng.integers(2, region, n_flips)
                changed[places] ^= np.uint8(1) << rng.integers(0, 8, n_flips).astype(np.uint8)
                yield Odd(
                    f"{kind}, {n_flips} bits of the first {region} bytes",
                    changed.tobytes(),
                    "either",
                )


def lying_heads() -> Iterator[Odd]:
    """Files whose head promises what does not follow."""
    for width, height in ((0, 10), (10, 0), (2**31 - 1, 2**31 - 1), (2**31, 1), (50_000, 50_000)):
        yield Odd(f"PNG of {width} x {height}", png(width, height), "refused")
    yield Odd("PNG of 5000 x 5000 with one row", png(5000, 5000, body=b"\0" * 15_001), "either")
    yield Odd("PNG of 25,000,001 pixels", png(25_000_001, 1), "refused")
    for depth, colour in ((3, 0), (16, 3), (8, 5), (255, 255)):
        yield Odd(f"PNG of depth {depth}, colour {colour}", png(8, 8, depth, colour), "refused")
    huge = bytearray(saved(noise(16, 16), "JPEG"))
    size = huge.index(b"\xff\xc0") + 5
    huge[size : size + 4] = b"\xff\xff\xff\xff"
    yield Odd("JPEG of 65535 x 65535", bytes(huge), "refused")
    huge[size : size + 4] = b"\x13\x88\x13\x88"
    yield Odd("JPEG of 5000 x 5000 with 256 pixels", bytes(huge), "either")
    huge[size : size + 4] = b"\0\0\0\0"
    yield Odd("JPEG of 0 x 0", bytes(huge), "refused")
    webp = bytearray(saved(noise(16, 16), "WEBP", lossless=True))
    webp[4:8] = b"\xff\xff\xff\xff"
    yield Odd("WebP that says it is 4 GB long", bytes(webp), "refused")


def bombs() -> Iterator[Odd]:
    """Small files of many pixels, and of much else."""
    for mode in ("1", "L", "P", "RGB", "RGBA", "LA"):
        yield Odd(f"PNG bomb, {mode}", saved(Image.new(mode, (5000, 5000)), "PNG"), "taken")
    for mode in ("L", "RGB", "CMYK"):
        yield Odd(f"JPEG bomb, {mode}", saved(Image.new(mode, (5000, 5000)), "JPEG"), "taken")
    yield Odd("WebP bomb", saved(Image.new("RGB", (5000, 5000)), "WEBP"), "refused", "taken")
    yield Odd("WebP bomb, 7 million", saved(Image.new("RGBA", (3500, 2000)), "WEBP"), "taken")
    yield Odd("PNG bomb beyond the limit", saved(Image.new("1", (9000, 9000)), "PNG"), "refused")
    yield Odd("PNG bomb, 200 million", png(20_000, 10_000, body=b"\0" * 10**7), "refused")
    text = b"Comment\0\0" + zlib.compress(b"\0" * 200_000_000, 9)
    yield Odd("PNG with a text of 200 MB", png(1, 1, more=chunk(b"zTXt", text)), "refused")
    profile = b"icc\0\0" + zlib.compress(b"\0" * 200_000_000, 9)
    yield Odd("PNG with a profile of 200 MB", png(1, 1, more=chunk(b"iCCP", profile)), "refused")
    texts = chunk(b"tEXt", b"a\0" + b"b" * 900) * 9000
    whole = png(1, 1, body=b"\0\0\0\0", more=texts)
    yield Odd("PNG with 9,000 texts", whole, "either")
    yield Odd("JPEG of a thousand passes", passes(1000), "refused")
    yield Odd("JPEG of sixty passes of 20 million pixels", passes(60, 4500), "either")


def passes(n_passes: int, side: int = 512) -> bytes:
    """Return a JPEG whose last pass is repeated."""
    whole = saved(Image.new("L", (side, side), 100), "JPEG", progressive=True)
    last = whole.rindex(b"\xff\xda")
    end = whole.rindex(b"\xff\xd9")
    return whole[:end] + whole[last:end] * n_passes + whole[end:]


def odd_modes() -> Iterator[Odd]:
    """Sound pictures of kinds that are seldom met."""
    small = noise(40, 30)
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA"):
        yield Odd(f"PNG, {mode}", saved(small.convert(mode), "PNG"), "taken")
    deep = np.arange(1200, dtype=np.uint16).reshape(30, 40) * 50
    yield Odd("PNG, 16 bits", saved(Image.fromarray(deep), "PNG"), "taken")
    shade = chunk(b"tRNS", struct.pack(">H", 60_000))
    body = b"".join(b"\0" + row.astype(">u2").tobytes() for row in deep)
    yield Odd("PNG, 16 bits and a transparent shade", png(40, 30, 16, 0, body, shade), "taken")
    for mode in ("L", "CMYK"):
        yield Odd(f"JPEG, {mode}", saved(small.convert(mode), "JPEG"), "taken")
    yield Odd("JPEG, progressive", saved(small, "JPEG", progressive=True), "taken")
    yield Odd("JPEG, turned", saved(small, "JPEG", exif=turned(6)), "taken")
    yield Odd("WebP, lossless", saved(small.convert("RGBA"), "WEBP", lossless=True), "taken")
    frames = [noise(40, 30, seed) for seed in range(5)]
    for kind in ("PNG", "WEBP"):
        moving = saved(frames[0], kind, save_all=True, append_images=frames[1:])
        yield Odd(f"{kind}, animated", moving, "taken")
    long = [Image.new("RGB", (400, 400), (i, 0, 0)) for i in range(200)]
    moving = saved(long[0], "WEBP", save_all=True, append_images=long[1:])
    yield Odd("WebP, 200 frames", moving, "taken")
    yield Odd("PNG, 1 x 1", saved(Image.new("RGB", (1, 1)), "PNG"), "taken")
    yield Odd("PNG, 20000 x 1", saved(Image.new("RGB", (20_000, 1)), "PNG"), "taken")
    yield Odd("PNG, 1 x 20000", saved(Image.new("RGB", (1, 20_000)), "PNG"), "taken")


def turned(orientation: int) -> bytes:
    """Return the note of a camera that was held otherwise."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def wrong_formats() -> Iterator[Odd]:
    """Sound files of formats that are not read, whatever their names say."""
    small = noise(40, 30)
    for kind in ("PPM", "ICO", "TGA", "PCX", "DDS", "JPEG2000", "EPS"):
        yield Odd(kind, saved(small, kind), "refused")
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><rect width="9"/></svg>'
    entities = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>' + svg
    script = b"%!PS\n(/etc/passwd) (r) file"
    for name, content in (
        ("SVG", svg),
        ("SVG with entities", entities),
        ("PostScript", script),
        ("PDF", b"%PDF-1.4\n1 0 obj<</Type /Catalog>>endobj\n%%EOF"),
        ("HTML", b"<!doctype html><script>alert(1)</script>"),
        ("zip", b"PK\x03\x04" + bytes(100)),
        ("gzip", zlib.compress(bytes(1000))),
        ("nothing but zeros", bytes(100_000)),
        ("noise", np.random.default_rng(SEED).bytes(100_000)),
        ("one byte", b"\x89"),
        ("the first letters of a PNG", b"\x89PNG\r\n\x1a\n"),
        ("the first letters of a JPEG", b"\xff\xd8\xff\xe0"),
        ("the first letters of a WebP", b"RIFF\x00\x00\x00\x00WEBPVP8 "),
    ):
        yield Odd(name, content, "refused")


def polyglots() -> Iterator[Odd]:
    """Files that are two things at once."""
    small = noise(40, 30)
    page = b"<script>alert(1)</script>"
    for kind in ("PNG", "JPEG", "WEBP"):
        yield Odd(f"{kind} with a page behind it", saved(small, kind) + page * 100, "taken")
    both = saved(small, "GIF") + saved(small, "PNG")
    yield Odd("GIF with a PNG behind it", both, "refused", "taken")
    yield Odd("a page with a PNG behind it", page + saved(small, "PNG"), "refused")
    archive = b"PK\x05\x06" + bytes(18)
    yield Odd("JPEG that is an archive as well", saved(small, "JPEG") + archive, "taken")
    yield Odd("JPEG with a page in its comment", saved(small, "JPEG", comment=page), "taken")


def odd_notes() -> Iterator[Odd]:
    """Sound pictures with notes that are not."""
    small = noise(40, 30)
    circle = b"II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x08\0\0\0\x08\0\0\0"
    for name, note in (
        ("cut", turned(6)[:20]),
        ("in a circle", b"Exif\0\0" + circle),
        ("of a turn that does not exist", turned(99)),
        ("of noise", b"Exif\0\0" + np.random.default_rng(SEED).bytes(60_000)),
        ("of a million entries", b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + bytes(60_000)),
    ):
        yield Odd(f"JPEG with notes {name}", saved(small, "JPEG", exif=note), "either")


def folder_kinds() -> Iterator[Odd]:
    """Files of the kinds that are read where a command names the folder, and never when sent."""
    rng = np.random.default_rng(SEED + 2)
    forms: tuple[tuple[str, str, dict[str, object]], ...] = (
        ("GIF", "RGB", {}),
        ("BMP", "1", {}),
        ("AVIF", "RGB", {}),
        ("TIFF", "1", {}),
        ("TIFF", "RGB", {"compression": "tiff_lzw"}),
        ("TIFF", "RGB", {"compression": "jpeg"}),
    )
    for kind, mode, options in forms:
        name = f"{kind} {options.get('compression', '')}".strip()
        whole = saved(noise(96, 80), kind, **options)
        yield Odd(name, whole, "refused", "taken")
        for share in (0.01, 0.2, 0.8):
            yield Odd(f"{name} cut to {share}", whole[: int(len(whole) * share)], "refused")
        for n_flips in (1, 10, 100):
            for region in (200, len(whole)):
                changed = np.frombuffer(whole, np.uint8).copy()
                places = rng.integers(4, region, n_flips)
                changed[places] ^= np.uint8(1) << rng.integers(0, 8, n_flips).astype(np.uint8)
                words = f"{name}, {n_flips} bits of the first {region} bytes"
                yield Odd(words, changed.tobytes(), "refused", "either")
        bomb = saved(Image.new(mode, (5000, 5000)), kind, **options)
        yield Odd(f"{name} bomb", bomb, "refused", "taken")
    bomb = saved(Image.new("1", (9000, 9000)), "TIFF", compression="group4")
    yield Odd("TIFF bomb beyond the limit", bomb, "refused")
    lying = saved(Image.new("L", (8, 8)), "BMP")
    lying = lying[:18] + struct.pack("<ii", 2**31 - 1, 2**31 - 1) + lying[26:]
    yield Odd("BMP that says it is huge", lying, "refused")
    yield Odd(
        "TIFF in a circle", tiff(b"\0")[:-5] + struct.pack("<I", 8) + b"\0", "refused", "taken"
    )
    yield Odd("TIFF of a million samples", tiff(b"\0", more={277: 65535}), "refused")
