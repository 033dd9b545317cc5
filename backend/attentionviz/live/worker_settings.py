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
        Holds the datasets.
    local_models : Path
        Holds the embedded models.
    model_folders : tuple of Path
        Hold further models, each in a folder of its own name.
    max_characters : int
        What is beyond is cut off before a text is tokenised.
    max_tokens : int
        Most tokens of a sequence.
    memory_mb : int
        What the process may allocate; more fails there.
    cache_mb : int
        Vectors of datasets that are kept.
    n_threads : int
    max_answer_bytes : int
        Longer texts are cut where an answer would be larger.
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
        """Return all of it as text."""
        return json.dumps(asdict(self), default=str)

    @staticmethod
    def from_json(text: str) -> "WorkerSettings":
        """Return what `to_json` wrote."""
        found = json.loads(text)
        return WorkerSettings(
            Path(found.pop("data_dir")),
            Path(found.pop("local_models")),
            tuple(Path(folder) for folder in found.pop("model_folders")),
            **found,
        )
