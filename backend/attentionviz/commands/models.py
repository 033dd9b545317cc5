"""What ``attentionviz models`` prints: the model types that are captured exactly, and the others.

``known_models.json`` is what ``scripts/try_models.py`` measured on small seeded models of the types
of transformers; no line of it is written by hand.
"""

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from typing import Any

from attentionviz.errors import InvalidRequestError

WIDTH = 100


def known_models() -> dict[str, Any]:
    """Return what was measured.

    Returns
    -------
    dict
        ``transformers``: its version; ``models``: by type ``result`` ("exact", "refused" or "not
        tried"), and with the first ``reads`` (modalities), ``terms`` and ``max_abs_error`` (of
        attention weights, in float64), else ``reason``.
    """
    text = files("attentionviz").joinpath("known_models.json").read_text(encoding="utf-8")
    known: dict[str, Any] = json.loads(text)
    return known


def table(known: Mapping[str, Any], part_of_name: str = "") -> str:
    """Return the lines for people.

    Parameters
    ----------
    known : mapping
        As of `known_models`.
    part_of_name : str
        Only types with this in their name, then all with their reasons; empty for all types.

    Raises
    ------
    InvalidRequestError
        If no type has it in its name.
    """
    wanted = part_of_name.lower()
    chosen = {name: facts for name, facts in known["models"].items() if wanted in name.lower()}
    if not chosen:
        raise InvalidRequestError(
            f"no model type of transformers {known['transformers']} has {part_of_name!r} in its "
            "name; the type is the model_type of its config.json"
        )
    lines = [
        f"Small models of {len(known['models'])} types of transformers {known['transformers']}, "
        "each compared with its own attention in float64."
    ]
    for result in ("exact", "refused", "not tried"):
        found = {name: facts for name, facts in chosen.items() if facts["result"] == result}
        if not found:
            continue
        lines += ["", f"{result} ({len(found)})"]
        if result == "exact":
            lines += _exact_rows(found)
        elif result == "refused" or part_of_name:
            lines += _reasons(found)
        else:
            lines[-1] += ": no small model of it could be made here; yours may work"
            lines += _wrapped(", ".join(found), "  ")
    return "\n".join(lines)


def _exact_rows(found: Mapping[str, Any]) -> Iterator[str]:
    rows = [("type", "reads", "largest difference", "terms besides q·k")]
    for name, facts in found.items():
        terms = ", ".join(facts["terms"])
        rows.append((name, ", ".join(facts["reads"]), f"{facts['max_abs_error']:.0e}", terms))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()


def _reasons(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield each reason after the types that have it."""
    types: dict[str, list[str]] = {}
    for name, facts in found.items():
        types.setdefault(facts["reason"], []).append(name)
    for reason, names in types.items():
        yield from _wrapped(", ".join(names), "  ")
        yield from _wrapped(reason, "      ")


def _wrapped(text: str, indent: str) -> Iterable[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent)
