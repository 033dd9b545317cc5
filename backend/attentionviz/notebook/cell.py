"""The page of a dataset in a cell of a notebook, and the server behind it."""

import functools
import re
import secrets
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

from attentionviz.notebook.page_address import PageAddress, address_of, frame_origins
from attentionviz.settings.settings import Settings

DEFAULT_HEIGHT_PX = 720
SECRET_BYTES = 24


class PageCell:
    """The page of a dataset, which a notebook displays in the output of a cell.

    Attributes
    ----------
    url : str
        Address for the browser that shows the notebook, valid while the process runs; without
        scheme and host if they are those of the notebook.
    advice : str or None
        What to do before the address works, if the notebook runs on another machine.
    """

    def __init__(self, address: PageAddress, query: str, height_px: int) -> None:
        self.url = f"{address.url}?{query}"
        self.advice = address.advice
        self._has_link = address.has_link
        self._height_px = height_px

    def __repr__(self) -> str:
        lines = [f"AttentionViz at {self.url}"] if self._has_link else []
        return "\n".join([*lines, *([self.advice] if self.advice else [])])

    def _repr_html_(self) -> str:
        address = escape(self.url, quote=True)
        link = f'<p><a href="{address}" target="_blank" rel="noopener">Open it in a window</a></p>'
        if self.advice is not None:
            advice = re.sub("`([^`]*)`", r"<code>\1</code>", escape(self.advice))
            return f"<p>{advice}</p>{link if self._has_link else ''}"
        return (
            f'<iframe src="{address}" title="AttentionViz" width="100%" '
            f'height="{self._height_px}" style="border: 0"></iframe>{link}'
        )


def page_address(data_dir: Path) -> PageAddress:
    """Return the address of the page for a data folder; its server starts on first use.

    Parameters
    ----------
    data_dir : Path

    Raises
    ------
    ConfigError
        If the server cannot listen on any port.
    """
    return address_of(*_server(data_dir))


@functools.cache
def _server(data_dir: Path) -> tuple[int, str]:
    """Return port and path of a server that ends with this process."""
    from attentionviz.server.app import serve_in_background

    # A secret path, since other users may reach the port, on this machine or through a proxy.
    path = secrets.token_urlsafe(SECRET_BYTES)
    settings = Settings(data_dir=data_dir, port=0, frame_origins=frame_origins())
    return urlsplit(serve_in_background(settings, path)).port or 0, f"{path}/"
