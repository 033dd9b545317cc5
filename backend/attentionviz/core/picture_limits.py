"""How large a picture may be; apart from what decodes it, since the server does not."""

MAX_PIXELS = 25_000_000
