"""The address at which the browser of a notebook reaches a server of its kernel.

On one machine that is ``localhost``. A kernel elsewhere is behind what brings the notebook to the
browser, which may bring more: the proxy of a Jupyter server, of Colab, of an editor.
"""

import getpass
import json
import os
import platform
import sys
from collections.abc import Mapping
from http.client import HTTPException
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, build_opener

# Where notebooks run that a page on this machine may be shown in.
LOCAL_ORIGINS = ("http://localhost:*", "http://127.0.0.1:*", "vscode-webview:")
PROBE_SECONDS = 3
LOOPBACK = ("localhost", "127.0.0.1", "::1")
# Variables of hosts that bring nothing but the notebook itself to a browser.
CLOSED_HOSTS = {
    "KAGGLE_KERNEL_RUN_TYPE": "Kaggle",
    "DEEPNOTE_PROJECT_ID": "Deepnote",
    "DATABRICKS_RUNTIME_VERSION": "Databricks",
    "SAGEMAKER_INTERNAL_IMAGE_URI": "SageMaker",
}
INSTALL = (
    "run `pip install jupyter-server-proxy` where the Jupyter server is installed, and restart it"
)


class Place(NamedTuple):
    """Where a page of this process is found.

    Attributes
    ----------
    url : str
        Of its start; without scheme and host where the notebook's own page has the same.
    advice : str or None
        What has to be done before it is found; commands stand in backticks.
    has_link : bool
        Whether the address opens once that is done.
    """

    url: str
    advice: str | None = None
    has_link: bool = True


class JupyterServer(NamedTuple):
    """The Jupyter server that started this kernel.

    Attributes
    ----------
    prefix : str
        Path of its start, with both slashes.
    url : str or None
        Where this process reaches it.
    is_open : bool
        Whether other machines may reach it.
    """

    prefix: str
    url: str | None
    is_open: bool


def frame_origins(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return the origins whose pages may show the page in a frame, as a policy names them.

    Notes
    -----
    Editors in a browser and Colab nest frames of several hosts, whose names change. Whoever frames
    the page has to know its address, which cannot be guessed.
    """
    is_web = "google.colab" in sys.modules or "VSCODE_PROXY_URI" in environment
    return ("'self'", *LOCAL_ORIGINS, *(["https:"] if is_web else []))


def place_of(port: int, path: str, environment: Mapping[str, str] = os.environ) -> Place:
    """Return where a server of this process is found.

    Parameters
    ----------
    port : int
        That it listens on, on this machine only.
    path : str
        Of its start, with a slash at the end and none before.
    environment : mapping
    """
    local = f"http://localhost:{port}/{path}"
    if "google.colab" in sys.modules:
        address = _colab_address(port)
        return Place(f"{address}/{path}") if address else _closed("Colab", local)
    editor = environment.get("VSCODE_PROXY_URI", "").replace("{{port}}", str(port))
    if editor.startswith(("https://", "http://")) and "{{" not in editor:
        return Place(f"{editor.rstrip('/')}/{path}")
    server, is_hub = _jupyter_server(environment), "JUPYTERHUB_SERVICE_PREFIX" in environment
    if not is_hub and not _is_remote(server, environment):
        return Place(local)
    if server is not None and _has_proxy(server, port):
        return Place(f"{server.prefix.rstrip('/')}/proxy/{port}/{path}")
    return _without_proxy(port, local, environment)


def _without_proxy(port: int, local: str, environment: Mapping[str, str]) -> Place:
    """Return what to do where nothing brings a page to the browser."""
    for variable, name in CLOSED_HOSTS.items():
        if variable in environment:
            return _closed(name, local)
    if "JUPYTERHUB_SERVICE_PREFIX" in environment:
        advice = f"The JupyterHub of this notebook shows no other pages yet: {INSTALL}."
        return Place(local, advice, has_link=False)
    command = f"ssh -N -L {port}:localhost:{port} {_ssh_address(environment)}"
    return Place(
        local,
        f"This notebook runs on another machine: run `{command}` on yours and open the link "
        f"below; or {INSTALL}.",
    )


def _closed(name: str, local: str) -> Place:
    return Place(
        local,
        f"{name} shows no page that a notebook serves. Write the dataset as a site, "
        "`attentionviz export ID FOLDER`, and open that on your machine.",
        has_link=False,
    )


def _is_remote(server: JupyterServer | None, environment: Mapping[str, str]) -> bool:
    """Say whether the browser is on another machine, as far as can be known.

    Visual Studio Code forwards the ports of a machine that it works on.
    """
    is_forwarded = any(name.startswith("VSCODE_") for name in environment)
    is_ssh = "SSH_CONNECTION" in environment and not is_forwarded
    is_open = server is not None and server.is_open
    return is_ssh or is_open or any(name in environment for name in CLOSED_HOSTS)


def _ssh_address(environment: Mapping[str, str]) -> str:
    """Return user and machine, as the user came by where that is known."""
    parts = environment.get("SSH_CONNECTION", "").split()
    return f"{getpass.getuser()}@{parts[2] if len(parts) == 4 else platform.node()}"


def _jupyter_server(environment: Mapping[str, str]) -> JupyterServer | None:
    """Return the server that started this kernel, from the file that it keeps of itself."""
    hub_prefix = environment.get("JUPYTERHUB_SERVICE_PREFIX")
    hub_url = environment.get("JUPYTERHUB_SERVICE_URL")
    known = JupyterServer(hub_prefix, hub_url, is_open=True) if hub_prefix else None
    try:
        from jupyter_core.paths import jupyter_runtime_dir

        pid = int(environment.get("JPY_PARENT_PID", ""))
        path = Path(jupyter_runtime_dir()) / f"jpserver-{pid}.json"
        facts = json.loads(path.read_text(encoding="utf-8"))
        is_open = facts["hostname"] not in LOOPBACK
        return JupyterServer(str(facts["base_url"]), str(facts["url"]), is_open)
    except (ImportError, OSError, ValueError, KeyError, TypeError):
        return known


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow nothing: that the server asks to sign in is the answer."""


def _has_proxy(server: JupyterServer, port: int) -> bool:
    """Ask a Jupyter server, without signing in, whether it forwards ports.

    One that does asks to sign in, or forwards the question, which is refused; else it is 404.
    """
    if server.url is not None:
        opener = build_opener(_NoRedirect)
        try:
            address = f"{server.url.rstrip('/')}/proxy/{port}/health"
            with opener.open(address, timeout=PROBE_SECONDS):
                return True
        except HTTPError as error:
            with error:
                return error.code != 404
        except (OSError, HTTPException, ValueError):
            pass  # it is not reached from here
    return find_spec("jupyter_server_proxy") is not None


def _colab_address(port: int) -> str | None:
    from google.colab.output import eval_js

    try:
        return str(eval_js(f"google.colab.kernel.proxyPort({port})")).rstrip("/")
    except Exception:  # of Colab's own; no browser answers, as when a notebook runs by itself
        return None
