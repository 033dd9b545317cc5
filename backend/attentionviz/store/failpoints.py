"""Fault injection: points at which tests kill the process, to check that a build can resume."""

import os
from collections import Counter

VARIABLE = "TEST_FAILPOINT"  # not ATTENTIONVIZ_…: unknown settings are refused
EXIT_STATUS = 137
_passed: Counter[str] = Counter()


def failpoint(name: str) -> None:
    """End the process immediately, as SIGKILL would, if ``TEST_FAILPOINT`` names this failpoint.

    ``TEST_FAILPOINT=name`` ends it the first time, ``name:3`` the third time.
    """
    active, _, count = os.environ.get(VARIABLE, "").partition(":")
    if active != name:
        return
    _passed[name] += 1
    if _passed[name] == int(count or 1):
        os._exit(EXIT_STATUS)
