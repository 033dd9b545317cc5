"""The table of settings: type, default and meaning.

The environment overrides a file, and the command line overrides both. Nothing is read at import.
"""

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

from attentionviz.errors import ConfigError
from attentionviz.settings import installation, parsing
from attentionviz.settings.jobs import JobSettings
from attentionviz.settings.live import LiveSettings
from attentionviz.settings.parsing import setting as _setting

ENVIRONMENT_PREFIX = "ATTENTIONVIZ_"
# Variables with this prefix that are not settings.
OTHER_VARIABLES = {ENVIRONMENT_PREFIX + name for name in ("CONFIG", "FAILPOINT")}


class Setting(NamedTuple):
    """One row of the table of settings.

    Attributes
    ----------
    flag : str
        Option of the command line, such as ``--data-dir``.
    """

    name: str
    type_name: str
    default: Any
    help: str
    parse: Callable[[Any], Any]
    flag: str

    @property
    def is_repeatable(self) -> bool:
        """Whether the option may be given several times."""
        return isinstance(self.default, tuple)

    @property
    def is_switch(self) -> bool:
        """Whether the option takes no value; ``--no-…`` turns it off."""
        return isinstance(self.default, bool)


@dataclass(frozen=True)
class Settings(JobSettings, LiveSettings):
    """All settings of the server, one per field; `SETTINGS` describes them as a table."""

    data_dir: Path = _setting(
        "path", parsing.path, installation.data_dir(), "Folder of the built datasets."
    )
    host: str = _setting(
        "text",
        parsing.non_empty_text,
        "127.0.0.1",
        "Address to listen on; any but this machine's own needs token_file and allowed_hosts.",
    )
    port: int = _setting(
        "number", parsing.whole_number(0, 65535), 8561, "Port; 0 lets the system choose."
    )
    allowed_hosts: tuple[str, ...] = _setting(
        "names",
        parsing.host_names,
        (),
        "Host names served in addition to localhost, as in the browser's address bar.",
        "--allowed-host",
    )
    token_file: Path | None = _setting(
        "path",
        parsing.optional_path,
        None,
        "File of access tokens, one per line; with it, the API requires one.",
    )
    url_prefix: str = _setting(
        "path", parsing.url_prefix, "", "Path prefix below which a proxy serves the page."
    )
    trusted_proxies: tuple[str, ...] = _setting(
        "addresses",
        parsing.networks,
        (),
        "Addresses or networks of proxies whose X-Forwarded headers are trusted.",
    )
    read_only: bool = _setting(
        "switch", parsing.boolean, False, "Remove all routes that write, whatever else is set."
    )
    allow_jobs: bool = _setting(
        "switch", parsing.boolean, False, "Allow datasets to be built from the page."
    )
    access_log: str = _setting(
        "word",
        parsing.one_of("auto", "on", "off"),
        "auto",
        "Log a line per request to standard error; auto: if tokens are required.",
    )
    cors_origins: tuple[str, ...] = _setting(
        "origins",
        parsing.origins,
        (),
        "Exact origins whose pages may read the API.",
        "--cors-origin",
    )
    frame_origins: tuple[str, ...] = _setting(
        "origins",
        parsing.origins,
        (),
        "Exact origins whose pages may embed this one in a frame.",
        "--frame-origin",
    )
    threads: int = _setting(
        "number", parsing.whole_number(1, 64), 8, "Requests that are handled concurrently."
    )
    connection_limit: int = _setting(
        "number", parsing.whole_number(10, 10_000), 1000, "Maximum number of open connections."
    )
    channel_timeout: int = _setting(
        "seconds", parsing.whole_number(1, 3600), 20, "Seconds until an idle connection is closed."
    )
    cache_mb: int = _setting(
        "number", parsing.whole_number(1, 16_384), 64, "Cache of files and results, in MB."
    )
    frontend_dir: Path = _setting(
        "path",
        parsing.path,
        installation.PAGE,
        "Folder of the built page, from make page.",
    )

    @property
    def is_shared(self) -> bool:
        """Whether users of other machines may reach the server.

        That is the case if it listens to them, has a public host name or is behind a proxy.
        """
        names = (self.host, *self.allowed_hosts)
        return bool(self.trusted_proxies) or not all(map(parsing.is_this_machine, names))

    @property
    def has_jobs(self) -> bool:
        """Whether the routes for building datasets exist."""
        return self.allow_jobs and not self.read_only

    @property
    def has_access_log(self) -> bool:
        """Whether each request is logged."""
        return self.access_log == "on" or (self.access_log == "auto" and bool(self.token_file))


SETTINGS: tuple[Setting, ...] = tuple(
    Setting(
        one.name,
        one.metadata["type_name"],
        one.default,
        one.metadata["help"],
        one.metadata["parse"],
        one.metadata["flag"] or "--" + one.name.replace("_", "-"),
    )
    for one in sorted(fields(Settings), key=lambda one: one.name.startswith("live"))
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
        Name of a setting to its value on the command line; None if it was not given.

    Raises
    ------
    ConfigError
        If a setting is unknown or malformed, naming where it was given, or if the combination is
        unsafe.
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
    """Raise ConfigError if users of other machines would get access without authentication.

    Notes
    -----
    Behind a proxy, a server on 127.0.0.1 is as public as the proxy, so a public name in
    `allowed_hosts` or an address in `trusted_proxies` has the same requirements as an open port. A
    proxy with its own authentication can add a token of this server to requests.
    """
    if not settings.is_shared:
        return
    missing = []
    if settings.token_file is None:
        missing.append("--token-file FILE (`attentionviz token` makes its lines)")
    if not any(not parsing.is_this_machine(name) for name in settings.allowed_hosts):
        missing.append("--allowed-host NAME (the host name in the browser's address bar)")
    if missing:
        raise ConfigError(f"{_exposure(settings)}; add {' and '.join(missing)}")


def _exposure(settings: Settings) -> str:
    """Return which setting makes the server reachable by others."""
    if not parsing.is_this_machine(settings.host):
        return f"host {settings.host} lets other machines connect"
    proxy = "trusted_proxies" if settings.trusted_proxies else "allowed_hosts"
    return f"{proxy} gives access to everyone who can reach the proxy"


def _from_file(path: Path) -> dict[str, Any]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read the settings in {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    values = _parse_all({name: (value, f"{name} in {path}") for name, value in found.items()})
    folder = path.resolve().parent
    return {name: _below(folder, value) for name, value in values.items()}


def _below(folder: Path, value: Any) -> Any:
    """Return a value with its paths, if any, relative to a folder."""
    if isinstance(value, tuple):
        return tuple(_below(folder, one) for one in value)
    return folder / value if isinstance(value, Path) else value


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
    return next((one.flag for one in SETTINGS if one.name == name), f"--{name.replace('_', '-')}")
