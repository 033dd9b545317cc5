"""The request of a build, validated before anything is loaded."""

import os
import re
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import get_args

from attentionviz.core.alignment import AlignmentRule
from attentionviz.core.file_names import readable
from attentionviz.core.methods import METHOD_FACTS
from attentionviz.core.types import DIMS, METHODS, KeepChoice, MapName
from attentionviz.errors import InvalidRequestError
from attentionviz.store import layout
from attentionviz.store.kept_vectors import KEEP_CHOICES

PRECISIONS = ("float32", "float16")
DEVICES = ("auto", "cpu", "cuda", "mps")
PARTS = ("text", "vision", "encoder")
DTYPES = ("float32", "bfloat16", "float16", "auto")
MAX_TARGET_LENGTH = 4096
GB = 10**9
MAX_SEED = 2**31 - 1


@dataclass(frozen=True)
class BuildRequest:
    """The request of a build: model, corpus and options.

    Attributes
    ----------
    model : str
        Preset, hub id with optional ``@revision``, local folder, or embedded model.
    text, images, audio : Path or None
        Exactly one of them: a file of text, or a folder of images or of WAV files.
    output : Path
        The data folder.
    dataset_id : str or None
        None: derived from the names of model and corpus.
    methods : tuple of str
        Projection methods.
    dims : tuple of int
        2, 3 or both.
    max_tokens : int or None
        Whole sequences are taken, in the order of the corpus, while their tokens fit.
    seed : int
    precision : str
        "float32" or "float16": how queries and keys are stored.
    keep_vectors : "all", "sample" or "none"
        Which queries and keys the finished dataset has, see `store.kept_vectors`. Maps, scores,
        fidelity and similarity are of all in any case.
    device : str
        Where the model runs, and maps of `GPU_METHODS` are computed.
    dtype : str
        In which the model runs; "auto" for the dtype of its weights.
    device_map : str or None
        "auto": distribute the weights over GPUs, memory and disk; None: all on `device`.
    max_memory : float or None
        With a `device_map`, GB of main memory for weights; None for what is free.
    max_length : int or None
        Tokens of a text, more are cut; None for 512. The model's own limit applies if lower.
    part : str or None
        "text" or "vision": which model of a pair of a text and an image model, such as CLIP;
        "encoder": of a model with encoder and decoder, the encoder alone.
    layers : tuple of int or None
        Layers to capture; the others are layers without heads. None for all.
    n_workers : int
        Processes that compute maps; does not affect the files.
    alignment : str
        "norm ratio" or "search": how the relative scale of queries and keys is found.
    text_column : str or None
        Column of a table that holds the text.
    pairs : Path or None
        A table of labelled pairs of positions in the sequences of a text.
    target : str or None
        Column of a table that holds the target texts of a model with encoder and decoder; None:
        the model generates them.
    max_target : int or None
        Tokens of a generated target text; None for 128.
    skip_bad_sequences : bool
        Leave out sequences whose vectors are not finite; otherwise they are an error.
    local_models : Path or None
        Folder of the embedded models.
    scheduler : str or None
        Address of a Dask scheduler, such as ``tcp://node1:8786``, whose workers do the work.
    scheduler_file : Path or None
        File in which a Dask scheduler has written its address.
    """

    model: str
    output: Path
    text: Path | None = None
    images: Path | None = None
    audio: Path | None = None
    dataset_id: str | None = None
    methods: tuple[str, ...] = METHODS
    dims: tuple[int, ...] = DIMS
    max_tokens: int | None = None
    seed: int = 0
    precision: str = "float32"
    keep_vectors: KeepChoice = "all"
    device: str = "auto"
    dtype: str = "float32"
    device_map: str | None = None
    max_memory: float | None = None
    max_length: int | None = None
    part: str | None = None
    layers: tuple[int, ...] | None = None
    n_workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    alignment: AlignmentRule = "norm ratio"
    text_column: str | None = None
    pairs: Path | None = None
    target: str | None = None
    max_target: int | None = None
    skip_bad_sequences: bool = False
    local_models: Path | None = None
    scheduler: str | None = None
    scheduler_file: Path | None = None

    def __post_init__(self) -> None:
        if [self.text, self.images, self.audio].count(None) != 2:
            raise InvalidRequestError(
                "name one corpus: --text FILE, --images FOLDER or --audio FOLDER"
            )
        if self.pairs is not None and self.text is None:
            raise InvalidRequestError("--pairs needs --text; images have no labelled pairs")
        self._require_target()
        if self.dataset_id is not None:
            layout.require_dataset_id(self.dataset_id)
        for method in self.methods:
            MapName.parse(f"{method}-2d")  # raises MethodNotFoundError
        if not self.methods:
            raise InvalidRequestError("--method is empty; leave it out for all methods")
        if not self.dims or not set(self.dims) <= set(DIMS):
            raise InvalidRequestError(f"--dims is {list(self.dims)}, expected 2, 3 or 2,3")
        _require_among("--precision", self.precision, PRECISIONS)
        _require_among("--keep-vectors", self.keep_vectors, KEEP_CHOICES)
        _require_among("--device", self.device, DEVICES)
        _require_among("--dtype", self.dtype, DTYPES)
        if self.part is not None:
            _require_among("--part", self.part, PARTS)
        self._require_placement()
        _require_among("--alignment", self.alignment, get_args(AlignmentRule))
        _require_in("--seed", self.seed, 0, MAX_SEED)
        _require_in("--workers", self.n_workers, 1, 1024)
        if self.max_tokens is not None:
            _require_in("--max-tokens", self.max_tokens, 1, MAX_SEED)
        if self.max_length is not None:
            _require_in("--max-length", self.max_length, 2, MAX_SEED)

    def _require_target(self) -> None:
        if self.max_target is not None:
            _require_in("--max-target", self.max_target, 1, MAX_TARGET_LENGTH)
        for name, value in (("--target", self.target), ("--max-target", self.max_target)):
            if value is not None and self.images is not None:
                raise InvalidRequestError(f"{name} needs --text; images have no target text")
            if value is not None and self.part is not None:
                raise InvalidRequestError(f"{name} has no effect with --part {self.part}")
        if self.target is not None and self.max_target is not None:
            raise InvalidRequestError("--max-target has no effect on the texts of --target")
        if self.target is not None and self.target == self.text_column:
            raise InvalidRequestError(f"--target and --text-column both name {self.target!r}")

    def _require_placement(self) -> None:
        if self.scheduler is not None and self.scheduler_file is not None:
            raise InvalidRequestError("name one scheduler: --scheduler or --scheduler-file")
        if self.device_map is not None:
            _require_among("--device-map", self.device_map, ("auto",))
        if self.max_memory is None:
            return
        if self.device_map is None:
            raise InvalidRequestError("--max-memory needs --device-map auto")
        if not 0 < self.max_memory < MAX_SEED:
            raise InvalidRequestError(
                f"--max-memory is {self.max_memory}, expected a number of GB above 0"
            )

    @property
    def uses_cluster(self) -> bool:
        """Whether the workers of a Dask cluster do the work."""
        return self.scheduler is not None or self.scheduler_file is not None

    @property
    def corpus_file(self) -> str:
        """Name of the text file, or of the folder of images or audio."""
        folder = self.images or self.audio
        path = self.text if folder is None else folder.resolve()
        return readable(path.name) if path else ""

    def task_groups(self) -> list[tuple[MapName, ...]]:
        """Return the maps in viewing order, grouped by task."""
        methods = [method for method in METHODS if method in self.methods]
        groups: list[tuple[MapName, ...]] = []
        for dims in sorted(set(self.dims)):
            for is_quick, together in groupby(methods, _is_quick):
                maps = tuple(MapName(method, dims) for method in together)
                groups += [maps] if is_quick else [(name,) for name in maps]
        return groups


def _is_quick(method: str) -> bool:
    """Return whether a map takes milliseconds, too little for a task of its own."""
    return METHOD_FACTS[method].relative_cost <= 1.0


def parse_layers(text: str) -> tuple[int, ...]:
    """Return the layers that a text such as ``0,5-10`` names, ascending; InvalidRequestError."""
    layers: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*([0-9]{1,4})\s*(?:-\s*([0-9]{1,4})\s*)?", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if first > last:
            raise InvalidRequestError(
                f"--layers has {part!r}, expected numbers and ascending ranges such as 0,5-10"
            )
        layers.update(range(first, last + 1))
    return tuple(sorted(layers))


def default_id(model_name: str, corpus_name: str) -> str:
    """Return a valid dataset id such as ``bert-base-uncased-sentences``."""
    short = model_name.partition("@")[0].rstrip("/").rsplit("/", 1)[-1]
    slug = re.sub(r"[^a-z0-9._-]+", "-", f"{short}-{corpus_name}".lower()).strip("-._")
    return slug[:64].rstrip("-._") or "dataset"


def _require_among(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InvalidRequestError(f"{name} is {value!r}, expected one of {', '.join(known)}")


def _require_in(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise InvalidRequestError(f"{name} is {value}, expected {low} to {high}")
