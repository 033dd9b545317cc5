"""Settings that the server passes to the model process: paths and limits."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class WorkerSettings:
    """Folders and limits of the process that runs models for live texts and images.

    Attributes
    ----------
    data_dir : Path
        Of the datasets.
    local_models : Path
        Of the embedded models.
    model_folders : tuple of Path
        Of further models, each in a subfolder of its name.
    max_characters : int
        A text is truncated to this length before it is tokenized.
    max_tokens : int
        Most tokens of a sequence.
    memory_mb : int
        Memory limit of the process; allocations beyond it fail.
    cache_mb : int
        Size of the cache of datasets' vectors.
    n_threads : int
    max_answer_bytes : int
        A text is truncated so that its answer does not exceed this size.
    """

    data_dir: Path
    local_models: Path
    model_folders: tuple[Path, ...] = ()
    max_characters: int = 2000
    max_tokens: int = 512
    memory_mb: int = 4096
    cache_mb: int = 512
    n_threads: int = 2
    max_answer_bytes: int = 128 * 2**20

    def to_json(self) -> str:
        """Return the settings as JSON."""
        return json.dumps(asdict(self), default=str)

    @staticmethod
    def from_json(text: str) -> "WorkerSettings":
        """Parse the output of `to_json`."""
        values = json.loads(text)
        return WorkerSettings(
            Path(values.pop("data_dir")),
            Path(values.pop("local_models")),
            tuple(Path(folder) for folder in values.pop("model_folders")),
            **values,
        )
