"""The address under which the browser of a notebook reaches a server in its kernel.

On one machine that is ``localhost``. If the kernel runs on another machine, it is the address of a
proxy: that of a Jupyter server, of Colab or of an editor.
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

# Origins of notebooks on this machine.
LOCAL_ORIGINS = ("http://localhost:*", "http://127.0.0.1:*", "vscode-webview:")
PROBE_SECONDS = 3
LOOPBACK = ("localhost", "127.0.0.1", "::1")
# Environment variables of notebook hosts without a proxy for other ports.
HOSTS_WITHOUT_PROXY = {
    "KAGGLE_KERNEL_RUN_TYPE": "Kaggle",
    "DEEPNOTE_PROJECT_ID": "Deepnote",
    "DATABRICKS_RUNTIME_VERSION": "Databricks",
    "SAGEMAKER_INTERNAL_IMAGE_URI": "SageMaker",
}
INSTALL = (
    "run `pip install jupyter-server-proxy` where the Jupyter server is installed, and restart it"
)


class PageAddress(NamedTuple):
    """The address of a page of this process.

    Attributes
    ----------
    url : str
        Without scheme and host if they are those of the notebook.
    advice : str or None
        What to do before the address works, with commands in backticks.
    has_link : bool
        Whether the address works after that.
    """

    url: str
    advice: str | None = None
    has_link: bool = True


class JupyterServer(NamedTuple):
    """The Jupyter server that started this kernel.

    Attributes
    ----------
    prefix : str
        Path of its URL, with both slashes.
    url : str or None
        For requests of this process.
    is_open : bool
        Whether it listens to other machines.
    """

    prefix: str
    url: str | None
    is_open: bool


def frame_origins(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return the origins that may embed the page, as in a content security policy.

    Notes
    -----
    Editors in a browser and Colab nest frames of several hosts, whose names change, so any HTTPS
    origin is allowed there: without the secret path of the page, none can embed it.
    """
    is_web = "google.colab" in sys.modules or "VSCODE_PROXY_URI" in environment
    return ("'self'", *LOCAL_ORIGINS, *(["https:"] if is_web else []))


def address_of(port: int, path: str, environment: Mapping[str, str] = os.environ) -> PageAddress:
    """Return the address of the page that this process serves.

    Parameters
    ----------
    port : int
        On this machine.
    path : str
        Of the page, with a trailing and without a leading slash.
    environment : mapping
    """
    local = f"http://localhost:{port}/{path}"
    if "google.colab" in sys.modules:
        address = _colab_address(port)
        return PageAddress(f"{address}/{path}") if address else _not_supported("Colab", local)
    editor = environment.get("VSCODE_PROXY_URI", "").replace("{{port}}", str(port))
    if editor.startswith(("https://", "http://")) and "{{" not in editor:
        return PageAddress(f"{editor.rstrip('/')}/{path}")
    server, is_hub = _jupyter_server(environment), "JUPYTERHUB_SERVICE_PREFIX" in environment
    if not is_hub and not _is_remote(server, environment):
        return PageAddress(local)
    if server is not None and _has_proxy(server, port):
        return PageAddress(f"{server.prefix.rstrip('/')}/proxy/{port}/{path}")
    return _without_proxy(port, local, environment)


def _without_proxy(port: int, local: str, environment: Mapping[str, str]) -> PageAddress:
    """Return an address with advice, for a kernel that the browser cannot reach."""
    for variable, name in HOSTS_WITHOUT_PROXY.items():
        if variable in environment:
            return _not_supported(name, local)
    if "JUPYTERHUB_SERVICE_PREFIX" in environment:
        advice = f"The JupyterHub of this notebook has no proxy for other pages: {INSTALL}."
        return PageAddress(local, advice, has_link=False)
    command = f"ssh -N -L {port}:localhost:{port} {_ssh_address(environment)}"
    return PageAddress(
        local,
        f"This notebook runs on another machine: run `{command}` on yours and open the link "
        f"below; or {INSTALL}.",
    )


def _not_supported(name: str, local: str) -> PageAddress:
    return PageAddress(
        local,
        f"{name} cannot show pages that a notebook serves. Export the dataset as a site, "
        "`attentionviz export ID FOLDER`, and open that on your machine.",
        has_link=False,
    )


def _is_remote(server: JupyterServer | None, environment: Mapping[str, str]) -> bool:
    """Return whether the browser is probably on another machine.

    Visual Studio Code forwards the ports of a remote machine.
    """
    is_forwarded = any(name.startswith("VSCODE_") for name in environment)
    is_ssh = "SSH_CONNECTION" in environment and not is_forwarded
    is_open = server is not None and server.is_open
    return is_ssh or is_open or any(name in environment for name in HOSTS_WITHOUT_PROXY)


def _ssh_address(environment: Mapping[str, str]) -> str:
    """Return user and host, by the address of the user's SSH connection if there is one."""
    parts = environment.get("SSH_CONNECTION", "").split()
    return f"{getpass.getuser()}@{parts[2] if len(parts) == 4 else platform.node()}"


def _jupyter_server(environment: Mapping[str, str]) -> JupyterServer | None:
    """Return the server that started this kernel, from its file in the runtime folder."""
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
        """Do not follow redirects, such as that to a sign-in page."""


def _has_proxy(server: JupyterServer, port: int) -> bool:
    """Return whether a Jupyter server forwards ports, by a request without signing in.

    With a proxy, the server redirects to its sign-in page or forwards the request; else it is 404.
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
            pass  # not reachable from here
    return find_spec("jupyter_server_proxy") is not None


def _colab_address(port: int) -> str | None:
    from google.colab.output import eval_js

    try:
        return str(eval_js(f"google.colab.kernel.proxyPort({port})")).rstrip("/")
    except Exception:  # any error of Colab, such as in a notebook that runs without a browser
        return None
