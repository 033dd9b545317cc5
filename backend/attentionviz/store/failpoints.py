"""Fault injection: points at which tests kill the process, to prove that a build can resume."""

import os
from collections import Counter

VARIABLE = "TEST_FAILPOINT"  # not ATTENTIONVIZ_…: unknown settings are refused
EXIT_STATUS = 137
_passed: Counter[str] = Counter()


def failpoint(name: str) -> None:
    """End the process at once, as SIGKILL would, if the environment names this failpoint.

    Parameters
    ----------
    name : str
        Of the failpoint; set by ``TEST_FAILPOINT=name``, or ``name:3`` for the third time.
    """
    wanted, _, count = os.environ.get(VARIABLE, "").partition(":")
    if wanted != name:
        return
    _passed[name] += 1
    if _passed[name] == int(count or 1):
        os._exit(EXIT_STATUS)
