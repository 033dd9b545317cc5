"""Settings of builds from the page; part of `settings.Settings`."""

from dataclasses import dataclass
from pathlib import Path

from attentionviz.settings import parsing
from attentionviz.settings.parsing import setting as _setting

EMBEDDED = ("demo-bert", "demo-gpt2", "demo-vit")


@dataclass(frozen=True)
class JobSettings:
    """Limits of uploads and builds."""

    job_models: tuple[str, ...] = _setting(
        "names",
        parsing.model_names,
        EMBEDDED,
        "Models for builds from the page, as --model takes them.",
    )
    job_text_mb: int = _setting(
        "MB", parsing.whole_number(1, 256), 50, "Largest uploaded text, in MB."
    )
    job_images_mb: int = _setting(
        "MB", parsing.whole_number(1, 4096), 200, "All uploaded images of a build, in MB."
    )
    job_images: int = _setting(
        "number", parsing.whole_number(1, 10_000), 1000, "Maximum number of images of a build."
    )
    job_memory_mb: int = _setting(
        "MB",
        parsing.whole_number(0, 2**20),
        0,
        "Memory of each process of a build, in MB; 0: no limit.",
    )
    job_minutes: int = _setting(
        "minutes",
        parsing.whole_number(0, 10**6),
        720,
        "Minutes until a build is ended; 0: no limit.",
    )
    job_silent_seconds: int = _setting(
        "seconds",
        parsing.whole_number(2, 3600),
        60,
        "Seconds without a heartbeat after which a build ends.",
    )
    scheduler: str | Path = _setting(
        "address",
        parsing.scheduler,
        "",
        "Address or scheduler file of a Dask cluster that does the work of builds from the page.",
    )
    job_downloads: bool = _setting(
        "switch", parsing.boolean, False, "Allow these builds to download models from a hub."
    )
