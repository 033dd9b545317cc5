"""A settings file with all defaults, as a starting point."""

import json
from pathlib import Path
from textwrap import wrap
from typing import Any

from attentionviz.settings.settings import ENVIRONMENT_PREFIX, SETTINGS, Setting

EXAMPLES = {"token_file": "/etc/attentionviz/tokens"}
_HEAD = f"""\
# Settings of AttentionViz, all with their defaults. `attentionviz serve --config FILE` reads them.
# The environment ({ENVIRONMENT_PREFIX}PORT=9000) overrides it, the command line overrides both.
# Paths are relative to the folder of this file.
"""


def default_toml() -> str:
    """Return TOML with a comment for every setting, which loads back to the defaults."""
    return "\n".join([_HEAD, *map(_entry, SETTINGS)])


def _entry(setting: Setting) -> str:
    comment = "\n".join(f"# {line}" for line in wrap(f"{setting.help} ({setting.type_name})", 98))
    if setting.default is None:
        return f"{comment}\n# {setting.name} = {_toml(EXAMPLES[setting.name])}\n"
    return f"{comment}\n{setting.name} = {_toml(setting.default)}\n"


def _toml(value: Any) -> str:
    """Return a value as TOML in ASCII, which is valid in every encoding of a terminal."""
    plain = str(value) if isinstance(value, Path) else value
    text = json.dumps(plain, ensure_ascii=False)  # JSON strings and lists are valid TOML
    return "".join(one if one.isascii() else f"\\U{ord(one):08x}" for one in text)
