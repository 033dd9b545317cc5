"""Points at which tests can kill the process, to prove that builds survive it."""

import os
from collections import Counter

VARIABLE = "TEST_FAILPOINT"  # not ATTENTIONVIZ_…: those are settings, and unknown ones refused
EXIT_STATUS = 137
_passed: Counter[str] = Counter()


def failpoint(name: str) -> None:
    """End the process at once, as a kill would, if the environment asks for it here.

    Parameters
    ----------
    name : str
        The place. ``TEST_FAILPOINT=name`` or ``name:3`` (the third time) asks for it.
    """
    wanted, _, count = os.environ.get(VARIABLE, "").partition(":")
    if wanted != name:
        return
    _passed[name] += 1
    if _passed[name] == int(count or 1):
        os._exit(EXIT_STATUS)
