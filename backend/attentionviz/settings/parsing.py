"""Parsing of settings, from TOML values or from text of the environment."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import field
from pathlib import Path
from typing import Any

from attentionviz.core.file_names import native

# First parts of our own addresses; a prefix like one of them could not be told from it.
OWN_ADDRESSES = ("api", "health", "login", "logout", "page")
_LABEL = "[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")
_ORIGIN = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?")
_PREFIX = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,63}){1,8}")
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def setting(
    type_name: str, parse: Callable[[Any], Any], default: Any, text: str, flag: str | None = None
) -> Any:
    """Return a field of a class of settings, with all that is known of it.

    Parameters
    ----------
    type_name : str
        As help names the kind of value.
    parse : callable
        Reads a value that was given; one of those below.
    default : object
    text : str
        What it is for, in one sentence.
    flag : str or None
        Its option, where that is not its name.
    """
    facts = {"type_name": type_name, "parse": parse, "help": text, "flag": flag}
    return field(default=default, metadata=facts)


def words(value: Any) -> tuple[str, ...]:
    """Return a list of words given as a list, or as one text with commas.

    Raises
    ------
    ValueError
        When the value is neither; so do all functions of this module.
    """
    parts = [value] if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise ValueError("expected words with commas between them")
    pieces = (piece.strip().lower() for part in parts for piece in part.split(","))
    return tuple(dict.fromkeys(piece for piece in pieces if piece))


def host_names(value: Any) -> tuple[str, ...]:
    """Return names of hosts, without scheme and port."""
    names = words(value)
    for name in names:
        if not _HOST_NAME.fullmatch(name) and not is_address(name):
            raise ValueError(f"{name!r} is no host name; give it without scheme and port")
    return names


def origins(value: Any) -> tuple[str, ...]:
    """Return exact origins, such as ``https://lab.example``."""
    found = words(value)
    for origin in found:
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(f"{origin!r} is no origin such as https://lab.example; never * here")
    return found


def networks(value: Any) -> tuple[str, ...]:
    """Return addresses and networks, such as ``127.0.0.1`` and ``10.0.0.0/24``."""
    found = words(value)
    for one in found:
        try:
            ipaddress.ip_network(one)
        except ValueError:
            raise ValueError(f"{one!r} is no address such as 127.0.0.1 or 10.0.0.0/24") from None
    return found


def url_prefix(value: Any) -> str:
    """Return a path such as ``/lab/attentionviz``, or nothing; a last slash is dropped."""
    if not isinstance(value, str):
        raise ValueError("expected a path such as /lab/attentionviz")
    path = value.strip().rstrip("/")
    if path and not _PREFIX.fullmatch(path):
        raise ValueError("expected a path such as /lab/attentionviz")
    if path and path.split("/")[1] in OWN_ADDRESSES:
        raise ValueError(f"it may not begin with one of {', '.join(OWN_ADDRESSES)}")
    return path


def whole(low: int, high: int) -> Callable[[Any], int]:
    """Return a reader of whole numbers from `low` to `high`."""

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
    """Return a reader of one of these words."""

    def parse(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"expected one of {', '.join(choices)}")
        return str(value)

    return parse


def yes_or_no(value: Any) -> bool:
    """Return a truth value, in TOML or as a word such as true, yes, on or 1."""
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else None
    if word not in (*_TRUE, *_FALSE):
        raise ValueError("expected true or false")
    return word in _TRUE


def model_names(value: Any) -> tuple[str, ...]:
    """Return names of models as a command takes them: presets, hub ids or folders."""
    parts = [value] if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise ValueError("expected names with commas between them")
    names = [name.strip() for part in parts for name in part.split(",") if name.strip()]
    if any(name.startswith("-") for name in names):
        raise ValueError("no model has a name that begins with a dash")
    return tuple(dict.fromkeys(names))


def some_text(value: Any) -> str:
    """Return a text that is not empty."""
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise ValueError("expected some text")
    return value.strip()


def path(value: Any) -> Path:
    """Return a path; ``~`` is the home of this user."""
    return Path(value if isinstance(value, Path) else native(some_text(value))).expanduser()


def optional_path(value: Any) -> Path | None:
    """Return a path, or None where none is set."""
    return None if value is None else path(value)


def is_address(text: str) -> bool:
    """Whether a text is an IP address, which may stand in brackets."""
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True


def is_this_machine(host: str) -> bool:
    """Whether a name or address of a host leads to this machine and to no other."""
    if host.lower() == "localhost":
        return True
    return is_address(host) and ipaddress.ip_address(host.strip("[]")).is_loopback
