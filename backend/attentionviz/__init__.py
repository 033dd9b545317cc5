"""AttentionViz: joint maps of the queries and keys of every attention head of a transformer."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from attentionviz.notebook.dataset import Dataset

__version__ = "0.3.1"


def open(path: "str | Path") -> "Dataset":
    """Return a built dataset: its arrays under their names, and its page for a notebook.

    Parameters
    ----------
    path : str or Path
        Its folder, with or without its version, or its id alone.

    Returns
    -------
    attentionviz.notebook.dataset.Dataset

    Raises
    ------
    AppError
        With one sentence on what is wrong; see `attentionviz.notebook.dataset.open_dataset`.
    """
    from attentionviz.notebook.dataset import open_dataset

    return open_dataset(path)
