"""Request and state of a job, as validated JSON."""

import json
import re
import time
from collections.abc import Set
from dataclasses import asdict, dataclass, field, fields
from typing import Annotated, Literal, NotRequired, cast

from pydantic import Field, ValidationError
from typing_extensions import TypedDict

from attentionviz.core.types import Dims, KeepChoice, Modality
from attentionviz.errors import DamagedDatasetError
from attentionviz.store.columns import parse_json
from attentionviz.store.manifest import (
    Account,
    DatasetId,
    Method,
    Version,
    adapter,
    first_problem,
)
from attentionviz.store.schema import canonical_json

State = Literal[
    "uploaded", "estimating", "estimated", "waiting", "running", "done", "failed", "cancelled"
]
PENDING = ("uploaded", "estimating", "estimated", "waiting")
ENDED = ("done", "failed", "cancelled")
JOB_ID = re.compile("[0-9a-f]{16}")
MAX_RECORD_BYTES = 256 * 1024
MAX_MESSAGE = 2000
ShortText = Annotated[str, Field(max_length=MAX_MESSAGE)]
BigCount = Annotated[int, Field(ge=0, le=2**53)]
Seconds = Annotated[float, Field(ge=0, le=1e12)]
# One path component, beginning with a letter or digit.
FileName = Annotated[str, Field(pattern="^[a-z0-9][a-z0-9._-]{0,99}$")]


class Estimate(TypedDict):
    """As ``attentionviz build --estimate --json`` prints it."""

    # Missing in jobs that an earlier version estimated.
    account: NotRequired[Account]
    lost: NotRequired[Annotated[str, Field(max_length=1000)] | None]
    n_workers: NotRequired[BigCount]
    assumed: NotRequired[Annotated[str, Field(max_length=1000)]]
    dataset_id: DatasetId
    n_sequences: BigCount
    n_sequences_total: BigCount
    n_tokens: BigCount
    n_heads: BigCount
    n_maps: BigCount
    seconds: Seconds
    n_bytes: BigCount
    n_bytes_building: BigCount


@dataclass(frozen=True)
class JobRequest:
    """The request of a job; never changes.

    Attributes
    ----------
    model : str
        Value of ``--model``.
    model_name : str
        Shown on the page.
    modality : "text" or "image"
    dataset_id : str
    methods : tuple of str
    dims : tuple of int
    max_tokens : int or None
    text_column : str or None
    skip_bad_sequences : bool
    keep_vectors : "all", "sample" or "none"
    corpus : str
        Name of the file or folder in the upload; chosen by the server.
    title : str
        Shown for the upload, such as the original name of the file.
    n_files, n_bytes : int
        Of the upload.
    created : float
        Seconds since 1970.
    """

    model: Annotated[str, Field(min_length=1, max_length=1000)]
    model_name: ShortText
    modality: Modality
    dataset_id: DatasetId
    methods: Annotated[tuple[Method, ...], Field(min_length=1)]
    dims: Annotated[tuple[Dims, ...], Field(min_length=1)]
    max_tokens: BigCount | None
    text_column: ShortText | None
    corpus: FileName
    title: ShortText
    n_files: BigCount
    n_bytes: BigCount
    # Missing in jobs of earlier versions.
    skip_bad_sequences: bool = False
    keep_vectors: KeepChoice = "all"
    created: Seconds = field(default_factory=time.time)

    def to_json(self) -> bytes:
        """Return the content of ``request.json``."""
        return canonical_json(asdict(self))

    @classmethod
    def parse(cls, content: bytes) -> "JobRequest":
        """Parse a request; DamagedDatasetError if it is invalid."""
        request = _checked(content, "request.json", cls, {"created"})
        return cast("JobRequest", request)


@dataclass(frozen=True)
class JobStatus:
    """State and progress of a job.

    Attributes
    ----------
    state : str
    since : float
        Seconds since 1970.
    message : str or None
        Why it failed or was cancelled.
    place : int
        Order in the queue.
    estimate : mapping or None
        As ``attentionviz build --estimate --json`` prints it.
    version : str or None
        Of the finished dataset.
    can_resume : bool
        Whether a job that ended can be restarted and then resumes.
    pid, pid_start : int or None
        Process id and start time, which together identify the process.
    """

    state: State
    since: Seconds = field(default_factory=time.time)
    message: ShortText | None = None
    place: BigCount = 0
    estimate: Estimate | None = None
    version: Version | None = None
    can_resume: bool = False
    pid: Annotated[int, Field(ge=2)] | None = None
    pid_start: BigCount | None = None

    def to_json(self) -> bytes:
        """Return the content of ``state.json``."""
        return canonical_json(asdict(self))

    @classmethod
    def parse(cls, content: bytes) -> "JobStatus":
        """Parse a status; DamagedDatasetError if it is invalid."""
        status = _checked(content, "state.json", cls, {field.name for field in fields(cls)})
        return cast("JobStatus", status)


@dataclass
class Job:
    """A job in the memory of the server that runs it.

    Attributes
    ----------
    request : JobRequest or None
        None if its file is damaged.
    is_cancelling : bool
        Whether it was cancelled and its process has not ended yet.
    """

    job_id: str
    request: JobRequest | None
    status: JobStatus
    is_cancelling: bool = False

    @property
    def state(self) -> State:
        """Present state."""
        return self.status.state

    @property
    def created(self) -> float:
        """Creation time in seconds since 1970; time of the last state if the request is damaged."""
        return self.request.created if self.request else self.status.since


def parse_estimate(text: str) -> Estimate:
    """Parse the estimate that a process printed; DamagedDatasetError if it is invalid."""
    return cast("Estimate", _checked(text.encode(), "the estimate", Estimate))


def _checked(content: bytes, name: str, kind: type, needed: Set[str] = frozenset()) -> object:
    """Parse and validate JSON as a type; the entries in `needed` must be present."""
    value = parse_json(content, name)
    try:
        (checked,) = adapter(kind).validate_json(json.dumps([value]))
    except ValidationError as error:
        raise DamagedDatasetError(f"{name} is damaged: {first_problem(error)}") from error
    for missing in sorted(needed - value.keys()):
        raise DamagedDatasetError(f"{name} is damaged: {missing} is missing")
    return cast("object", checked)
