"""The page of a dataset in a cell of a notebook, and the server behind it."""

import functools
from html import escape
from pathlib import Path

from attentionviz.config import Settings

# Where notebooks run that a page on this machine may be shown in.
NOTEBOOK_ORIGINS = ("http://localhost:*", "http://127.0.0.1:*", "vscode-webview:")
DEFAULT_HEIGHT_PX = 720


class Shown:
    """The page of a dataset; a notebook draws it in the cell.

    Attributes
    ----------
    url : str
        Opens in any browser on this machine while the process lives.
    """

    def __init__(self, url: str, height_px: int) -> None:
        self.url = url
        self._height_px = height_px

    def __repr__(self) -> str:
        return f"AttentionViz at {self.url}"

    def _repr_html_(self) -> str:
        address = escape(self.url, quote=True)
        return (
            f'<iframe src="{address}" title="AttentionViz" width="100%" '
            f'height="{self._height_px}" style="border: 0"></iframe>'
            f'<p><a href="{address}" target="_blank" rel="noopener">Open it in a window</a></p>'
        )


@functools.cache
def page_address(data_dir: Path) -> str:
    """Return the address of the page over a data folder; its server starts on first use.

    Parameters
    ----------
    data_dir : Path

    Raises
    ------
    ConfigError
        When no port can be listened on.
    """
    from attentionviz.app import serve_in_background

    settings = Settings(data_dir=data_dir, port=0, frame_origins=NOTEBOOK_ORIGINS)
    return serve_in_background(settings)
