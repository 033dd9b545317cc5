"""The limits of jobs, from the settings."""

from pathlib import Path
from typing import Literal, NamedTuple

from attentionviz.jobs.process import ProcessLimits
from attentionviz.jobs.uploads import UploadLimits
from attentionviz.settings.settings import Settings

IMAGE_MODELS = ("demo-vit", "vit-16", "vit-32")
TEXT_MODELS = ("demo-bert", "demo-gpt2", "bert", "gpt2")
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "vocab.json")
IMAGE_PROCESSOR_FILE = "preprocessor_config.json"
ESTIMATE_SECONDS = 900.0


class AllowedModel(NamedTuple):
    """A model that jobs may use.

    Attributes
    ----------
    name : str
        Shown on the page; for a folder, only the last part of its path.
    argument : str
        Value of ``--model``.
    modality : "text", "image" or None
        None if it is not known before the model is loaded.
    """

    name: str
    argument: str
    modality: Literal["text", "image"] | None


class JobLimits(NamedTuple):
    """All limits of jobs."""

    models: tuple[AllowedModel, ...]
    uploads: UploadLimits
    build: ProcessLimits
    estimate: ProcessLimits
    scheduler: str | Path = ""

    @property
    def max_bytes(self) -> int:
        """Bytes of the largest upload that is accepted."""
        return max(self.uploads.text_bytes, self.uploads.image_bytes)


def job_limits(settings: Settings) -> JobLimits:
    """Return the limits from the settings."""
    build = ProcessLimits(
        memory_mb=settings.job_memory_mb,
        silent_seconds=float(settings.job_silent_seconds),
        wall_seconds=60.0 * settings.job_minutes,
        downloads=settings.job_downloads,
    )
    return JobLimits(
        models=tuple(allowed_model(name) for name in settings.job_models),
        uploads=UploadLimits(
            text_bytes=settings.job_text_mb * 10**6,
            image_bytes=settings.job_images_mb * 10**6,
            n_images=settings.job_images,
        ),
        build=build,
        estimate=build._replace(wall_seconds=ESTIMATE_SECONDS),
        scheduler=settings.scheduler,
    )


def allowed_model(argument: str) -> AllowedModel:
    """Return the entry of a model without loading it."""
    folder = Path(argument).expanduser()
    if argument in (*IMAGE_MODELS, *TEXT_MODELS) or not folder.is_dir():
        modality: Literal["text", "image"] | None = None
        if argument in IMAGE_MODELS:
            modality = "image"
        elif argument in TEXT_MODELS:
            modality = "text"
        return AllowedModel(argument, argument, modality)
    reads_text = any((folder / name).is_file() for name in TOKENIZER_FILES)
    reads_images = (folder / IMAGE_PROCESSOR_FILE).is_file()
    if reads_text != reads_images:
        modality = "text" if reads_text else "image"
    else:
        modality = None
    return AllowedModel(folder.name, str(folder.resolve()), modality)
