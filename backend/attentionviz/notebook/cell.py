"""The page of a dataset in a cell of a notebook, and the server behind it."""

import functools
import re
import secrets
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

from attentionviz.notebook.place import Place, frame_origins, place_of
from attentionviz.settings.settings import Settings

DEFAULT_HEIGHT_PX = 720
SECRET_BYTES = 24


class Shown:
    """The page of a dataset; a notebook draws it in the cell.

    Attributes
    ----------
    url : str
        Opens in the browser that shows the notebook, while the process lives; without scheme and
        host where they are those of the notebook.
    advice : str or None
        What has to be done before it opens, where the notebook runs on another machine.
    """

    def __init__(self, place: Place, query: str, height_px: int) -> None:
        self.url = f"{place.url}?{query}"
        self.advice = place.advice
        self._has_link = place.has_link
        self._height_px = height_px

    def __repr__(self) -> str:
        said = [f"AttentionViz at {self.url}"] if self._has_link else []
        return "\n".join([*said, *([self.advice] if self.advice else [])])

    def _repr_html_(self) -> str:
        address = escape(self.url, quote=True)
        link = f'<p><a href="{address}" target="_blank" rel="noopener">Open it in a window</a></p>'
        if self.advice is not None:
            words = re.sub("`([^`]*)`", r"<code>\1</code>", escape(self.advice))
            return f"<p>{words}</p>{link if self._has_link else ''}"
        return (
            f'<iframe src="{address}" title="AttentionViz" width="100%" '
            f'height="{self._height_px}" style="border: 0"></iframe>{link}'
        )


def page_place(data_dir: Path) -> Place:
    """Return where the page over a data folder is found; its server starts on first use.

    Parameters
    ----------
    data_dir : Path

    Raises
    ------
    ConfigError
        When no port can be listened on.
    """
    return place_of(*_server(data_dir))


@functools.cache
def _server(data_dir: Path) -> tuple[int, str]:
    """Return port and path of a server that ends with this process."""
    from attentionviz.server.app import serve_in_background

    # Whoever reaches the port, through a proxy or on this machine, has to know the path.
    path = secrets.token_urlsafe(SECRET_BYTES)
    settings = Settings(data_dir=data_dir, port=0, frame_origins=frame_origins())
    return urlsplit(serve_in_background(settings, path)).port or 0, f"{path}/"
