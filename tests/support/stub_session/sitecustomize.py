"""Replaces the session of the real worker by one that answers without a model.

Python imports this file at startup if this folder is on its path. The worker's loop, pipes and
limits are the real ones.
"""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any


class Session:
    """Stands in for `attentionviz.live.worker.session.Session`."""

    def __init__(self, settings: Any) -> None:
        pass

    def answer(self, question: dict[str, Any], body: bytes, on_load: Callable[[], None]) -> bytes:
        """Return the text of the question."""
        return question["text"].encode()

    def prepare_ahead(self) -> bool:
        """Say that nothing is left to do."""
        return False


if "attentionviz.live.worker" in sys.orig_argv:
    stand_in = ModuleType("attentionviz.live.worker.session")
    vars(stand_in).update(Session=Session)
    sys.modules[stand_in.__name__] = stand_in
