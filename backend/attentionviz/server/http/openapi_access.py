"""What the description of the API says of signing in."""

from typing import Any

from attentionviz.server.access.sessions import COOKIE
from attentionviz.store.schema import object_schema

Json = dict[str, Any]

REASONS = {
    401: "A token is asked for, and none was given, or a wrong one.",
    403: "The token that was given does not allow this, or another page sent it.",
    429: "Sign-in failed too often of late; Retry-After says after how many seconds to try again.",
}
RETRY_AFTER: Json = {"Retry-After": {"schema": {"type": "integer", "minimum": 1}}}
# A server for one person on one machine asks for nothing, so that may be enough.
SECURITY: list[Json] = [{}, {"token": []}, {"session": []}]
SCHEMES: Json = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of the server's token file.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "What the page has after signing in.",
    },
}


def session_schema() -> Json:
    """Describe who looks at the page."""
    return object_schema(
        has_sign_in={"type": "boolean", "description": "Whether this server asks for tokens."},
        role={"enum": ["read", "jobs"]},
        name={"type": ["string", "null"]},
        has_session={"type": "boolean", "description": "Whether one signed in by the page."},
    )
