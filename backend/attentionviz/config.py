"""Every setting once: its type, its default and what it is for.

A file is overruled by the environment, and that by the command line. Nothing is read at import.
"""

import ipaddress
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple

from attentionviz.errors import ConfigError

CHECKOUT = Path(__file__).resolve().parents[2]
ENVIRONMENT_PREFIX = "ATTENTIONVIZ_"
# Variables of the same family that are no settings.
OTHER_VARIABLES = {ENVIRONMENT_PREFIX + name for name in ("CONFIG", "FAILPOINT")}
_LABEL = "[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")
_ORIGIN = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?")


def _words(value: Any) -> tuple[str, ...]:
    """Return a list of words given as a list, or as one text with commas."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise ValueError("expected words with commas between them")
    return tuple(part.strip().lower() for part in parts if part.strip())


def _host_names(value: Any) -> tuple[str, ...]:
    names = _words(value)
    for name in names:
        if not _HOST_NAME.fullmatch(name) and not _is_address(name):
            raise ValueError(f"{name!r} is no host name; give it without scheme and port")
    return names


def _origins(value: Any) -> tuple[str, ...]:
    origins = _words(value)
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(f"{origin!r} is no origin such as https://lab.example; never * here")
    return origins


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        is_text = isinstance(value, str) and re.fullmatch("[0-9]{1,12}", value)
        if not is_text and type(value) is not int:
            raise ValueError("expected a whole number")
        number = int(value)
        if not low <= number <= high:
            raise ValueError(f"{number} is outside {low}..{high}")
        return number

    return parse


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise ValueError("expected some text")
    return value.strip()


def _path(value: Any) -> Path:
    return Path(value if isinstance(value, Path) else _text(value)).expanduser()


class Setting(NamedTuple):
    """One row of the table of settings."""

    name: str
    type_name: str
    default: Any
    help: str
    parse: Callable[[Any], Any]

    @property
    def environment_name(self) -> str:
        """Return the environment variable, such as ``ATTENTIONVIZ_DATA_DIR``."""
        return ENVIRONMENT_PREFIX + self.name.upper()

    @property
    def flag(self) -> str:
        """Return the option of the command line, such as ``--data-dir``."""
        return "--" + self.name.replace("_", "-")


def _setting(type_name: str, parse: Callable[[Any], Any], default: Any, text: str) -> Any:
    facts = {"type_name": type_name, "parse": parse, "help": text}
    return field(default=default, metadata=facts)


@dataclass(frozen=True)
class Settings:
    """How the server runs. Every field is a setting; `SETTINGS` is the same as a table."""

    data_dir: Path = _setting(
        "path", _path, CHECKOUT / "data" / "built", "Folder that holds the built datasets."
    )
    host: str = _setting(
        "text", _text, "127.0.0.1", "Address to listen on; only this machine's own for now."
    )
    port: int = _setting("number", _whole(0, 65535), 8561, "Port; 0 lets the system choose.")
    allowed_hosts: tuple[str, ...] = _setting(
        "names", _host_names, (), "Host names served besides localhost, such as a proxy's."
    )
    cors_origins: tuple[str, ...] = _setting(
        "origins", _origins, (), "Exact origins whose pages may read the API."
    )
    frame_origins: tuple[str, ...] = _setting(
        "origins", _origins, (), "Exact origins whose pages may show this one inside of them."
    )
    threads: int = _setting("number", _whole(1, 64), 8, "Requests that are worked on at once.")
    connection_limit: int = _setting(
        "number", _whole(10, 10_000), 1000, "Connections that may be open at once."
    )
    channel_timeout: int = _setting(
        "seconds", _whole(1, 3600), 20, "After how long an idle connection is closed."
    )
    cache_mb: int = _setting(
        "number", _whole(1, 16_384), 64, "Memory for what was read or computed last."
    )
    frontend_dir: Path = _setting("path", _path, CHECKOUT / "frontend", "Folder of the page.")
    node_modules_dir: Path = _setting(
        "path",
        _path,
        CHECKOUT / "node_modules",
        "Folder of the page's modules, from npm ci.",
    )


SETTINGS: tuple[Setting, ...] = tuple(
    Setting(
        one.name,
        one.metadata["type_name"],
        one.default,
        one.metadata["help"],
        one.metadata["parse"],
    )
    for one in fields(Settings)
)


def load_settings(
    *,
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> Settings:
    """Return the settings from a file, the environment and the command line.

    Parameters
    ----------
    file : Path or None
        TOML; by default the file that ``ATTENTIONVIZ_CONFIG`` names, if any. Paths in it are
        relative to its folder.
    environment : mapping or None
        By default the environment of this process.
    flags : mapping or None
        Name of a setting to its value; None stands for an option that was not given.

    Raises
    ------
    ConfigError
        For a setting that is unknown or malformed, naming where it was given, and for settings
        that are unsafe together.
    """
    environment = os.environ if environment is None else environment
    named = environment.get(ENVIRONMENT_PREFIX + "CONFIG")
    file = file or (Path(named) if named else None)
    values = _from_file(file) if file else {}
    values |= _from_environment(environment)
    values |= _parse_all(
        {name: (value, _flag(name)) for name, value in (flags or {}).items() if value is not None}
    )
    settings = Settings(**values)
    require_safe(settings)
    return settings


def require_safe(settings: Settings) -> None:
    """Raise ConfigError when the server would listen to other machines.

    Notes
    -----
    Serving a lab needs tokens, so that an open port is not an open door; until those exist, a
    proxy on the same machine that asks for a password can be put in front, and named with
    `allowed_hosts`.
    """
    if settings.host.lower() == "localhost" or _is_loopback(settings.host):
        return
    raise ConfigError(
        f"host {settings.host} would let other machines connect, and serving them is not there "
        "yet; use 127.0.0.1, and to share it a tunnel, or a proxy with a password on this machine "
        "whose name is in allowed_hosts"
    )


def _from_file(path: Path) -> dict[str, Any]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read the settings in {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    values = _parse_all({name: (value, f"{name} in {path}") for name, value in found.items()})
    folder = path.resolve().parent
    return {
        name: folder / value if isinstance(value, Path) else value for name, value in values.items()
    }


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    given = {
        key.removeprefix(ENVIRONMENT_PREFIX).lower(): (value, key)
        for key, value in environment.items()
        if key.startswith(ENVIRONMENT_PREFIX) and key not in OTHER_VARIABLES
    }
    return _parse_all(given)


def _parse_all(given: Mapping[str, tuple[Any, str]]) -> dict[str, Any]:
    table = {setting.name: setting for setting in SETTINGS}
    values = {}
    for name, (value, place) in given.items():
        if name not in table:
            known = ", ".join(table)
            raise ConfigError(f"{place} is not a setting; settings are {known}")
        try:
            values[name] = table[name].parse(value)
        except ValueError as error:
            raise ConfigError(f"{place} cannot be {value!r}: {error}") from error
    return values


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return _is_address(host) and ipaddress.ip_address(host.strip("[]")).is_loopback
