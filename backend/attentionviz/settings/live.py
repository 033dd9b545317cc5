"""Settings of live texts and images; part of `settings.Settings`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attentionviz.settings import parsing
from attentionviz.settings.parsing import setting as _setting


def _paths(value: Any) -> tuple[Path, ...]:
    """Return folders from a list or a comma-separated text."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise ValueError("expected a comma-separated list of folders")
    return tuple(parsing.path(part) for part in parts)


@dataclass(frozen=True)
class LiveSettings:
    """Limits of typed texts and dropped images, and of the process that runs the model."""

    live: bool = _setting(
        "switch", parsing.boolean, True, "Allow texts to be typed and images to be dropped."
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
        parsing.whole_number(1, 20_000),
        2000,
        "Maximum characters of a typed text; the rest is cut.",
    )
    live_tokens: int = _setting(
        "number",
        parsing.whole_number(1, 4096),
        512,
        "Maximum tokens of a typed text; the rest is cut.",
    )
    live_seconds: int = _setting(
        "seconds",
        parsing.whole_number(1, 3600),
        20,
        "Time limit of one typed text or image, in seconds.",
    )
    live_load_seconds: int = _setting(
        "seconds",
        parsing.whole_number(1, 3600),
        60,
        "Time limit of the first text or image of a model, which loads it, in seconds.",
    )
    live_idle_seconds: int = _setting(
        "seconds",
        parsing.whole_number(1, 86_400),
        600,
        "Idle seconds after which the model process ends.",
    )
    live_threads: int = _setting(
        "number", parsing.whole_number(1, 64), 2, "Cores of the model process."
    )
    live_memory_mb: int = _setting(
        "number",
        parsing.whole_number(512, 1_048_576),
        4096,
        "Memory of the model process, in MB.",
    )
    live_cache_mb: int = _setting(
        "number",
        parsing.whole_number(1, 1_048_576),
        512,
        "Cache of dataset vectors, part of live_memory_mb, in MB.",
    )
