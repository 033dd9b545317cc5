"""How large a picture may be; apart from what decodes it, since the server does not."""

MAX_PIXELS = 25_000_000
# Of a WebP that somebody sends: its decoder takes 16 bytes a pixel.
MAX_SENT_WEBP_PIXELS = 7_000_000
