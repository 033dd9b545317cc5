"""Parsing of settings, from TOML values or from text of the environment."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import field
from pathlib import Path
from typing import Any

from attentionviz.core.file_names import native

# First path components of our own routes; a URL prefix must differ from them.
OWN_ROUTES = ("api", "health", "login", "logout", "page")
_LABEL = "[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")
_ORIGIN = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?")
_PREFIX = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,63}){1,8}")
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def setting(
    type_name: str, parse: Callable[[Any], Any], default: Any, text: str, flag: str | None = None
) -> Any:
    """Return a dataclass field of a setting, with its description as metadata.

    Parameters
    ----------
    type_name : str
        Kind of value, for the help.
    parse : callable
        Parses and validates a value, such as the functions below.
    default : object
    text : str
        One sentence: what it is for.
    flag : str or None
        Command-line option; None for ``--`` and the name.
    """
    facts = {"type_name": type_name, "parse": parse, "help": text, "flag": flag}
    return field(default=default, metadata=facts)


def names(value: Any) -> tuple[str, ...]:
    """Return names in lower case, from a list or a comma-separated text.

    Raises
    ------
    ValueError
        If the value is neither. All parsers of this module raise it for invalid values.
    """
    parts = [value] if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise ValueError("expected a comma-separated list")
    pieces = (piece.strip().lower() for part in parts for piece in part.split(","))
    return tuple(dict.fromkeys(piece for piece in pieces if piece))


def host_names(value: Any) -> tuple[str, ...]:
    """Return names of hosts, without scheme and port."""
    found = names(value)
    for name in found:
        if not _HOST_NAME.fullmatch(name) and not is_address(name):
            raise ValueError(f"{name!r} is not a host name; give it without scheme and port")
    return found


def origins(value: Any) -> tuple[str, ...]:
    """Return exact origins, such as ``https://lab.example``."""
    found = names(value)
    for origin in found:
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(
                f"{origin!r} is not an origin such as https://lab.example; * is not allowed"
            )
    return found


def networks(value: Any) -> tuple[str, ...]:
    """Return addresses and networks, such as ``127.0.0.1`` and ``10.0.0.0/24``."""
    found = names(value)
    for network in found:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            raise ValueError(
                f"{network!r} is not an address such as 127.0.0.1 or 10.0.0.0/24"
            ) from None
    return found


def url_prefix(value: Any) -> str:
    """Return a URL path such as ``/lab/attentionviz``, or ""; a trailing slash is removed."""
    if not isinstance(value, str):
        raise ValueError("expected a path such as /lab/attentionviz")
    path = value.strip().rstrip("/")
    if path and not _PREFIX.fullmatch(path):
        raise ValueError("expected a path such as /lab/attentionviz")
    if path and path.split("/")[1] in OWN_ROUTES:
        raise ValueError(f"it may not begin with one of {', '.join(OWN_ROUTES)}")
    return path


def whole_number(low: int, high: int) -> Callable[[Any], int]:
    """Return a parser of whole numbers from `low` to `high`."""

    def parse(value: Any) -> int:
        is_text = isinstance(value, str) and re.fullmatch("[0-9]{1,12}", value)
        if not is_text and type(value) is not int:
            raise ValueError("expected a whole number")
        number = int(value)
        if not low <= number <= high:
            raise ValueError(f"{number} is outside {low}..{high}")
        return number

    return parse


def one_of(*choices: str) -> Callable[[Any], str]:
    """Return a parser that accepts one of these words."""

    def parse(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"expected one of {', '.join(choices)}")
        return str(value)

    return parse


def boolean(value: Any) -> bool:
    """Return a boolean, from TOML or a word such as true, yes, on or 1."""
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else None
    if word not in (*_TRUE, *_FALSE):
        raise ValueError("expected true or false")
    return word in _TRUE


def model_names(value: Any) -> tuple[str, ...]:
    """Return values of ``--model``: presets, hub ids or folders."""
    parts = [value] if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise ValueError("expected a comma-separated list of names")
    found = [name.strip() for part in parts for name in part.split(",") if name.strip()]
    if any(name.startswith("-") for name in found):
        raise ValueError("the name of a model cannot begin with a dash")
    return tuple(dict.fromkeys(found))


def non_empty_text(value: Any) -> str:
    """Return a text without surrounding whitespace; it must not be empty."""
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise ValueError("expected non-empty text")
    return value.strip()


def path(value: Any) -> Path:
    """Return a path; ``~`` is the home folder of this user."""
    return Path(value if isinstance(value, Path) else native(non_empty_text(value))).expanduser()


def scheduler(value: Any) -> str | Path:
    """Return the address of a Dask scheduler as text, or the path of its file; "" for none."""
    if isinstance(value, Path) or value == "":
        return value
    text = non_empty_text(value)
    if re.fullmatch(r"(tcp|tls)://[^\s/]+:[0-9]+", text):
        return text
    if "://" in text or text.startswith("-") or re.fullmatch("[^/]*:[0-9]+", text):
        raise ValueError("expected an address such as tcp://node1:8786, or a path")
    return path(text)


def optional_path(value: Any) -> Path | None:
    """Return a path, or None if none is set."""
    return None if value is None else path(value)


def is_address(text: str) -> bool:
    """Return whether a text is an IP address, with or without brackets."""
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True


def is_this_machine(host: str) -> bool:
    """Return whether a host name or address is the loopback interface of this machine."""
    if host.lower() == "localhost":
        return True
    return is_address(host) and ipaddress.ip_address(host.strip("[]")).is_loopback
