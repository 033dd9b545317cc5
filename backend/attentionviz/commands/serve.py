"""The commands ``attentionviz serve`` and ``attentionviz token``, and options that are settings."""

import argparse
import re
import secrets
import sys
from pathlib import Path

from attentionviz.errors import InvalidRequestError
from attentionviz.settings.defaults_file import default_toml
from attentionviz.settings.settings import SETTINGS, Setting, Settings, load_settings

TOKEN_BYTES = 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,39}")


def add_settings(parser: argparse.ArgumentParser, *names: str) -> None:
    """Add an option for each named setting.

    Parameters
    ----------
    parser : ArgumentParser
    *names : str
        Names of settings; without any, all settings.
    """
    for setting in SETTINGS:
        if not names or setting.name in names:
            _add_setting(parser, setting)


def _add_setting(parser: argparse.ArgumentParser, setting: Setting) -> None:
    has_default = setting.default not in ((), None, "")
    default = f" (default: {setting.default})" if has_default and not setting.is_switch else ""
    text = (setting.help + default).replace("%", "%%")
    if setting.is_switch:
        switch = argparse.BooleanOptionalAction
        parser.add_argument(setting.flag, dest=setting.name, action=switch, default=None, help=text)
        return
    if setting.is_repeatable:
        text = f"{text} Repeatable."
    parser.add_argument(
        setting.flag,
        dest=setting.name,
        metavar=setting.type_name.upper(),
        action="append" if setting.is_repeatable else "store",
        help=text,
    )


def settings_of(arguments: argparse.Namespace) -> Settings:
    """Return the settings of a command from its options, the environment and a file.

    Parameters
    ----------
    arguments : Namespace
        From a parser with options of `add_settings`.

    Raises
    ------
    ConfigError
        If a setting is unknown, malformed or unsafe.
    """
    flags = {s.name: getattr(arguments, s.name) for s in SETTINGS if hasattr(arguments, s.name)}
    return load_settings(file=getattr(arguments, "config", None), flags=flags)


def add_serve(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``attentionviz serve``."""
    add = parser.add_argument
    add("--config", type=Path, metavar="FILE", help="settings in TOML; options override them")
    add("--dump-default-config", action="store_true", help="print such a file with all defaults")
    add_settings(parser)
    parser.set_defaults(run=_serve, interrupted="stopped")


def add_token(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``attentionviz token``."""
    add = parser.add_argument
    add("role", nargs="?", default="read", choices=("read", "jobs"), help="what it permits")
    add("name", nargs="?", metavar="NAME", help="name of its user in the log")
    parser.set_defaults(run=_token, interrupted="stopped")


def _serve(arguments: argparse.Namespace) -> None:
    if arguments.dump_default_config:
        print(default_toml(), end="")
        return
    from attentionviz.server.app import serve

    settings = settings_of(arguments)
    serve(settings, lambda url: print(f"open {url}; stop with Ctrl-C", file=sys.stderr, flush=True))


def _token(arguments: argparse.Namespace) -> None:
    name = arguments.name
    if name is not None and not _NAME.fullmatch(name):
        raise InvalidRequestError(
            f"the name {name!r} is not 1 to 40 letters, digits, dots, dashes, underscores or @"
        )
    parts = [arguments.role, secrets.token_urlsafe(TOKEN_BYTES), *([name] if name else [])]
    print(" ".join(parts))
