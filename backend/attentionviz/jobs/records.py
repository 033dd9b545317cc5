"""What is known of a job: what was asked for, and how far it is; both as checked JSON."""

import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Literal, NotRequired, get_args

import jsonschema
from pydantic import Field
from typing_extensions import TypedDict

from attentionviz.core.types import DATASET_ID_PATTERN, DIMS, METHODS
from attentionviz.errors import DamagedDatasetError
from attentionviz.store.columns import parse_json
from attentionviz.store.manifest import Account, DatasetId
from attentionviz.store.schema import ACCOUNT_SCHEMA, canonical_json, object_schema

State = Literal[
    "uploaded", "estimating", "estimated", "waiting", "running", "done", "failed", "cancelled"
]
JOB_STATES: tuple[State, ...] = get_args(State)
PENDING = ("uploaded", "estimating", "estimated", "waiting")
ENDED = ("done", "failed", "cancelled")
JOB_ID = re.compile("[0-9a-f]{16}")
MAX_RECORD_BYTES = 256 * 1024
MAX_WORDS = 2000
BigCount = Annotated[int, Field(ge=0, le=2**53)]
Seconds = Annotated[float, Field(ge=0, le=1e12)]


@dataclass(frozen=True)
class JobRequest:
    """What was asked for; never changes.

    Attributes
    ----------
    model : str
        As ``--model`` takes it.
    model_name : str
        As the page knows it.
    modality : "text" or "image"
    dataset_id : str
    methods : tuple of str
    dims : tuple of int
    max_tokens : int or None
    text_column : str or None
    skip_bad_sequences : bool
    corpus : str
        Name of the file or folder in the upload; chosen by the server.
    title : str
        What the user sees of the upload, such as the name that the file had.
    n_files, n_bytes : int
        Of the upload.
    created : float
        Seconds since 1970.
    """

    model: str
    model_name: str
    modality: Literal["text", "image"]
    dataset_id: str
    methods: tuple[str, ...]
    dims: tuple[int, ...]
    max_tokens: int | None
    text_column: str | None
    corpus: str
    title: str
    n_files: int
    n_bytes: int
    skip_bad_sequences: bool = False
    created: float = field(default_factory=time.time)

    def to_json(self) -> bytes:
        """Return the content of ``request.json``."""
        return canonical_json(asdict(self))

    @classmethod
    def parse(cls, content: bytes) -> "JobRequest":
        """Return a request; DamagedDatasetError when the bytes are none."""
        found = _checked(content, "request.json", _REQUEST_SCHEMA)
        return cls(**{**found, "methods": tuple(found["methods"]), "dims": tuple(found["dims"])})


@dataclass(frozen=True)
class JobStatus:
    """How far a job is.

    Attributes
    ----------
    state : str
    since : float
        Seconds since 1970.
    message : str or None
        Why it failed, or was cancelled.
    place : int
        Jobs wait in the order of this number.
    estimate : mapping or None
        As ``attentionviz build --estimate --json`` prints it.
    version : str or None
        Of the finished dataset.
    can_resume : bool
        Whether a job that ended may be started again, and goes on.
    pid, pid_start : int or None
        The process, and when the system started it, so that it is known again.
    """

    state: State
    since: float = field(default_factory=time.time)
    message: str | None = None
    place: int = 0
    estimate: Mapping[str, Any] | None = None
    version: str | None = None
    can_resume: bool = False
    pid: int | None = None
    pid_start: int | None = None

    def to_json(self) -> bytes:
        """Return the content of ``state.json``."""
        return canonical_json(asdict(self))

    @classmethod
    def parse(cls, content: bytes) -> "JobStatus":
        """Return a status; DamagedDatasetError when the bytes are none."""
        return cls(**_checked(content, "state.json", _STATUS_SCHEMA))


@dataclass
class Job:
    """A job as the server that runs it knows it.

    Attributes
    ----------
    request : JobRequest or None
        None where its file is damaged.
    is_cancelling : bool
        Whether its process was asked to end.
    """

    job_id: str
    request: JobRequest | None
    status: JobStatus
    is_cancelling: bool = False

    @property
    def state(self) -> State:
        """State of now."""
        return self.status.state

    @property
    def created(self) -> float:
        """When it came, in seconds since 1970; of a damaged one, what is known."""
        return self.request.created if self.request else self.status.since


def parse_estimate(text: str) -> dict[str, Any]:
    """Return the estimate that a process printed; DamagedDatasetError when it is none."""
    return _checked(text.encode(), "the estimate", ESTIMATE_SCHEMA)


def _checked(content: bytes, name: str, schema: dict[str, Any]) -> dict[str, Any]:
    found = parse_json(content, name)
    try:
        jsonschema.validate(found, schema)
        canonical_json(found)  # which infinity, written as 1e999, is not
    except (jsonschema.ValidationError, ValueError) as error:
        raise DamagedDatasetError(f"{name} is damaged: {str(error).splitlines()[0]}") from error
    result: dict[str, Any] = found
    return result


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [{"type": "null"}, schema]}


_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": 2**53}
_SECONDS: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": 1e12}
_WORDS: dict[str, Any] = {"type": "string", "maxLength": MAX_WORDS}
ID_SCHEMA: dict[str, Any] = {"type": "string", "pattern": f"^(?:{DATASET_ID_PATTERN})$"}
# One part of a path, beginning with a letter or digit.
_NAME = {"type": "string", "pattern": r"^[a-z0-9][a-z0-9._-]{0,99}\Z"}


class Estimate(TypedDict):
    """As ``attentionviz build --estimate --json`` prints it."""

    # Jobs that were estimated by an earlier version lack it.
    account: NotRequired[Account]
    dataset_id: DatasetId
    n_sequences: BigCount
    n_sequences_total: BigCount
    n_tokens: BigCount
    n_heads: BigCount
    n_maps: BigCount
    seconds: Seconds
    n_bytes: BigCount
    n_bytes_building: BigCount


ESTIMATE_SCHEMA = object_schema(
    "account",  # jobs that were estimated by an earlier version lack it
    account=ACCOUNT_SCHEMA,
    dataset_id=ID_SCHEMA,
    **dict.fromkeys(("n_sequences", "n_sequences_total", "n_tokens", "n_heads", "n_maps"), _COUNT),
    seconds=_SECONDS,
    n_bytes=_COUNT,
    n_bytes_building=_COUNT,
)
_REQUEST_SCHEMA = object_schema(
    "skip_bad_sequences",  # jobs of earlier versions lack it
    model={"type": "string", "minLength": 1, "maxLength": 1000},
    model_name=_WORDS,
    modality={"enum": ["text", "image"]},
    dataset_id=ID_SCHEMA,
    methods={"type": "array", "items": {"enum": list(METHODS)}, "minItems": 1},
    dims={"type": "array", "items": {"enum": list(DIMS)}, "minItems": 1},
    max_tokens=_or_null(_COUNT),
    text_column=_or_null(_WORDS),
    skip_bad_sequences={"type": "boolean"},
    corpus=_NAME,
    title=_WORDS,
    n_files=_COUNT,
    n_bytes=_COUNT,
    created=_SECONDS,
)
_STATUS_SCHEMA = object_schema(
    state={"enum": list(JOB_STATES)},
    since=_SECONDS,
    message=_or_null(_WORDS),
    place=_COUNT,
    estimate=_or_null(ESTIMATE_SCHEMA),
    version=_or_null({"type": "string", "pattern": "^[0-9a-f]{12}$"}),
    can_resume={"type": "boolean"},
    pid=_or_null({"type": "integer", "minimum": 2}),
    pid_start=_or_null(_COUNT),
)
