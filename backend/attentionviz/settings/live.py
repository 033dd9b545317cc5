"""Settings of live texts and images; part of `settings.Settings`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attentionviz.settings import parsing as values_of
from attentionviz.settings.parsing import setting as _setting


def _paths(value: Any) -> tuple[Path, ...]:
    """Return folders given as a list, or as one text with commas."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise ValueError("expected folders with commas between them")
    return tuple(values_of.path(part) for part in parts)


@dataclass(frozen=True)
class LiveSettings:
    """What may be typed in or dropped, and what the process that runs the model may use."""

    live: bool = _setting(
        "switch", values_of.yes_or_no, True, "Allow texts to be typed and images to be dropped."
    )
    live_models: tuple[Path, ...] = _setting(
        "paths",
        _paths,
        (),
        "Folders with models that were local folders at the build.",
        "--live-model-folder",
    )
    live_characters: int = _setting(
        "number",
        values_of.whole(1, 20_000),
        2000,
        "Maximum characters of a typed text; the rest is cut.",
    )
    live_tokens: int = _setting(
        "number", values_of.whole(1, 4096), 512, "Maximum tokens of a typed text; the rest is cut."
    )
    live_seconds: int = _setting(
        "seconds",
        values_of.whole(1, 3600),
        20,
        "Time limit of one typed text or image, in seconds.",
    )
    live_load_seconds: int = _setting(
        "seconds",
        values_of.whole(1, 3600),
        60,
        "Time limit of the first one of a model, in seconds.",
    )
    live_idle_seconds: int = _setting(
        "seconds",
        values_of.whole(1, 86_400),
        600,
        "Idle seconds until the model process ends.",
    )
    live_threads: int = _setting("number", values_of.whole(1, 64), 2, "Cores of the model process.")
    live_memory_mb: int = _setting(
        "number",
        values_of.whole(512, 1_048_576),
        4096,
        "Memory of the model process, in MB.",
    )
    live_cache_mb: int = _setting(
        "number", values_of.whole(1, 1_048_576), 512, "Of that, cache of dataset vectors, in MB."
    )
