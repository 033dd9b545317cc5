"""What a unit of work returns; apart from the engines, whose libraries workers do not need."""

from dataclasses import dataclass

from attentionviz.store.writer import FileRecord


@dataclass(frozen=True)
class Result:
    """The result of a unit: its finished files. Those of some kinds of units say more."""

    records: tuple[FileRecord, ...] = ()
