"""Limits of the size of images, separate from the decoders, which the server does not import."""

MAX_PIXELS = 25_000_000
# Limit of an uploaded WebP, whose decoder takes 16 bytes per pixel.
MAX_UPLOADED_WEBP_PIXELS = 7_000_000
