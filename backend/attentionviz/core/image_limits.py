"""Limits of the size of images, separate from the decoders, which the server does not import."""

MAX_PIXELS = 25_000_000
# Of an uploaded WebP, whose decoder takes 16 bytes a pixel.
MAX_SENT_WEBP_PIXELS = 7_000_000
