"""What became of everything that a corpus holds: read, taken, cut, and left out with its reason."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

N_EXAMPLES = 5
Unit = Literal["line", "row", "object", "file"]


@dataclass(frozen=True)
class LeftOut:
    """Some sequences that were left out for the same reason.

    Attributes
    ----------
    reason : str
        Such as "blank"; completes "3 lines left out: …".
    n : int
    examples : tuple of str
        The first few, as a user finds them: "line 4", "photos/a.tif".
    """

    reason: str
    n: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Account:
    """Every line, row, object or file of a corpus, counted once.

    Attributes
    ----------
    unit : str
    n_read : int
        All that could have been a sequence: those taken and those left out.
    n_cut : int
        Of those taken, how many are shorter than in the corpus.
    left_out : tuple of LeftOut
        One entry a reason.
    notes : tuple of str
        What was found out about the file, such as its delimiter, a sentence each.
    """

    unit: Unit
    n_read: int
    n_cut: int = 0
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def n_taken(self) -> int:
        """Sequences that are in the dataset."""
        return self.n_read - sum(part.n for part in self.left_out)

    def leave_out(self, reason: str, which: Iterable[str]) -> "Account":
        """Return this account with further sequences left out; unchanged where there are none."""
        names = list(which)
        if not names:
            return self
        part = LeftOut(reason, len(names), tuple(names[:N_EXAMPLES]))
        return replace(self, left_out=(*self.left_out, part))

    def facts(self) -> dict[str, Any]:
        """Return the entry ``corpus.account`` of a manifest."""
        return {
            "unit": self.unit,
            "n_read": self.n_read,
            "n_taken": self.n_taken,
            "n_cut": self.n_cut,
            "left_out": [
                {"reason": part.reason, "n": part.n, "examples": list(part.examples)}
                for part in self.left_out
            ],
            "notes": list(self.notes),
        }
