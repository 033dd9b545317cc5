"""The account of a corpus: counts of what was read, taken, cut and left out, with reasons."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

N_EXAMPLES = 5
N_NAMED = 3
"""Examples in a message; the manifest keeps a few more."""

Unit = Literal["line", "row", "element", "record", "file"]


@dataclass(frozen=True)
class LeftOut:
    """Some sequences that were left out for the same reason.

    Attributes
    ----------
    reason : str
        Such as "blank"; follows the count in "3 lines left out: 3 blank".
    n : int
    examples : tuple of str
        Locations of the first few: "line 4", "photos/a.tif".
    """

    reason: str
    n: int
    examples: tuple[str, ...] = ()

    def summary(self) -> str:
        """Return the count, reason and examples: "9 blank (line 4, line 9, …)"."""
        if not self.examples:
            return f"{self.n:,} {self.reason}"
        more = ", …" if self.n > len(self.examples[:N_NAMED]) else ""
        return f"{self.n:,} {self.reason} ({', '.join(self.examples[:N_NAMED])}{more})"


@dataclass(frozen=True)
class Account:
    """Every line, row, element, record or file of a corpus, counted once.

    Attributes
    ----------
    unit : str
    n_read : int
        Items taken and left out.
    n_cut : int
        Items taken whose text or tokens were truncated.
    left_out : tuple of LeftOut
        One entry a reason.
    notes : tuple of str
        Detected properties of the file, such as its delimiter; one sentence each.
    """

    unit: Unit
    n_read: int
    n_cut: int = 0
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def n_taken(self) -> int:
        """Number of sequences in the dataset."""
        return self.n_read - sum(part.n for part in self.left_out)

    def leave_out(self, reason: str, which: Iterable[str]) -> "Account":
        """Return this account with more sequences left out for a reason.

        Parameters
        ----------
        which : iterable of str
            Locations of the sequences; if empty, the account is unchanged.
        """
        examples, n = [], 0
        for name in which:
            n += 1
            if n <= N_EXAMPLES:
                examples.append(name)
        if n == 0:
            return self
        return replace(self, left_out=(*self.left_out, LeftOut(reason, n, tuple(examples))))

    def summary(self) -> str:
        """Return all counts: "412 rows read, 400 taken (3 cut), 12 left out: …"."""
        plural = "" if self.n_read == 1 else "s"
        taken = f"{self.n_taken:,}" if self.left_out else "all"
        cut = f" ({self.n_cut:,} cut)" if self.n_cut else ""
        summary = f"{self.n_read:,} {self.unit}{plural} read, {taken} taken{cut}"
        if not self.left_out:
            return summary
        parts = ", ".join(part.summary() for part in self.left_out)
        return f"{summary}, {self.n_read - self.n_taken:,} left out: {parts}"

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

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Account":
        """Return the account of a manifest."""
        left_out = (
            LeftOut(part["reason"], part["n"], tuple(part["examples"]))
            for part in facts["left_out"]
        )
        counts = {name: facts[name] for name in ("unit", "n_read", "n_cut")}
        return cls(**counts, left_out=tuple(left_out), notes=tuple(facts["notes"]))
