"""Formats of text corpora: one file per format, registered in `attentionviz.core.text_formats`.

A format is a function ``read(file, text_column) -> Records`` over an already decoded file; see
`lines` for the shortest one.
"""

from collections.abc import Callable
from importlib import import_module

from attentionviz.core.text_formats import TEXT_FORMATS
from attentionviz.pipeline.corpora.records import Records, TextFile

Reader = Callable[[TextFile, str | None], Records]

READERS: dict[str, Reader] = {
    ending: import_module(f"{__name__}.{facts.reader}").read
    for ending, facts in TEXT_FORMATS.items()
}
"""The reader of each file name ending."""
