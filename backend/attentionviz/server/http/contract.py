"""Types of the requests and answers of the API, read by Pydantic.

Each route names its own (`operations.operation`). The OpenAPI document and the types of the page
(``scripts/make_types.py``) follow from them, and the clients of the tests hold every answer to its
type. Responses are plain dicts and are not validated while the server runs.
"""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from attentionviz.core.methods import Nearness
from attentionviz.core.types import DIMS, METHODS, KeepChoice, Modality, TokenType
from attentionviz.jobs.records import Estimate, State
from attentionviz.store.manifest import (
    Account,
    Count,
    DatasetId,
    Fidelity,
    ModelFacts,
    PartialManifest,
    SimilarityFacts,
    doc,
)

MAX_MAPS = len(METHODS) * len(DIMS)
Numbers = list[int]
AtLeastOne = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Distance = Annotated[
    float,
    doc(
        "Root of the mean Jensen-Shannon divergence of rows, in bits; after Clark et "
        "al. 2019, who sum over rows and documents."
    ),
]
Maps = Annotated[
    list[str],
    Field(
        min_length=1,
        max_length=MAX_MAPS,
        description="Maps of the dataset to place into; all of them if left out.",
        json_schema_extra={"uniqueItems": True},
    ),
]


class ErrorFacts(TypedDict):
    """An error: a code for programs, a message for people."""

    code: str
    message: str


class ErrorAnswer(TypedDict):
    """The body of every response with a status from 400."""

    error: ErrorFacts


@with_config(ConfigDict(strict=True, extra="allow"))
class OpenApiDocument(TypedDict):
    """The OpenAPI document of this API."""

    openapi: str


class Health(TypedDict):
    """Health of the server; its version only for authenticated clients."""

    status: Literal["ok"]
    version: NotRequired[str]


class Session(TypedDict):
    """Role and session of the client."""

    has_sign_in: Annotated[bool, doc("Whether this server requires tokens.")]
    role: Literal["read", "jobs"]
    name: str | None
    has_session: Annotated[bool, doc("Whether the client signed in on the page.")]


class MethodWords(TypedDict):
    """Label and description of a projection method."""

    name: str
    label: str
    help: str


class HeadName(TypedDict):
    """When a head is named after a score."""

    label: str
    threshold: Annotated[float, doc("Least value of the score.")]
    reason: str
    min_rows: Annotated[int, doc("Least rows that the value rests on.")]


class ScoreFacts(TypedDict):
    """Label, definition and range of a head score."""

    name: str
    label: str
    help: str
    formula: str
    source: str
    modality: Annotated[Modality | None, doc("Null for both.")]
    low: Annotated[float | None, doc("Null if unbounded.")]
    high: float | None
    unit: str
    until: Annotated[
        str | None,
        doc("Last version that computed it; null for a current score."),
    ]
    scale: Annotated[Literal["linear", "log"], doc("Of colours and histograms.")]
    head_name: Annotated[HeadName | None, doc("Of heads that do this above all; null: none.")]
    texts: Annotated[
        Literal[1, 2] | None,
        doc(
            "Of encoder-decoder models, 1: not defined for cross heads, since queries and keys "
            "must be of one text; 2: defined for cross heads only; null: for all heads."
        ),
    ]


class Cluster(TypedDict):
    """The workers of a Dask cluster that do the work of a build."""

    n_workers: int
    hosts: Annotated[list[str], doc("Names of their machines.")]
    dashboard: Annotated[str | None, doc("Address of Dask's dashboard, for a browser.")]


class Progress(TypedDict):
    """Progress of a build."""

    phase: str
    message: str
    n_units_done: int
    n_units: int
    remaining_seconds: float | None
    heartbeat_utc: str
    cluster: Annotated[Cluster | None, doc("Null without one.")]


DatasetState = Annotated[
    Literal["building", "complete", "damaged", "failed", "outdated", "stopped"],
    doc("failed: the build ended with an error; stopped: the same command resumes it."),
]


class CorpusSummary(TypedDict):
    """The corpus of a dataset."""

    name: str
    license: str | None
    account: Account | None


class DatasetEntry(TypedDict):
    """A dataset in the list; null for values that are not known yet or cannot be read."""

    id: str
    state: DatasetState
    version: str
    model: ModelFacts | None
    modality: Modality | None
    corpus: CorpusSummary | None
    maps: list[str] | None
    n_bytes: Annotated[int | None, doc("Size of its files; null while it is built.")]
    published_at: Annotated[str | None, doc("When its manifest was written, in UTC.")]
    n_layers: int | None
    n_heads: Annotated[int | None, doc("The largest number of a layer.")]
    n_heads_total: Annotated[int | None, doc("Of all layers.")]
    n_sequences: int | None
    n_tokens: int | None
    progress: Progress | None
    reason: Annotated[str | None, doc("Why it is damaged, outdated, failed or stopped.")]


class DatasetList(TypedDict):
    """Every dataset, and the descriptions of all methods and scores."""

    datasets: list[DatasetEntry]
    methods: list[MethodWords]
    scores: list[ScoreFacts]


class Manifest(PartialManifest):
    """The manifest without ``files``; during a build without fidelity and similarity."""

    fidelity: NotRequired[dict[str, Fidelity]]
    similarity: NotRequired[SimilarityFacts]


class Description(TypedDict):
    """State, manifest and maps of a dataset."""

    id: str
    state: DatasetState
    version: str
    manifest: Annotated[Manifest | None, doc("Null before the model was captured.")]
    maps_ready: Annotated[dict[str, int], doc("Number of heads that have each map.")]
    nearness: Annotated[
        dict[str, Nearness],
        doc(
            "Definition of nearness in each map: small distance, or large dot product of the "
            "coordinates of a query and a key."
        ),
    ]
    best_maps: Annotated[
        dict[str, str | None],
        doc(
            "The map with the highest recall@10, mean over the heads, by the number of its "
            "dimensions: best-2d, best-3d; null without one, and while a build runs."
        ),
    ]
    progress: Progress | None


class CorpusSequences(TypedDict):
    """One row per sequence: first token, number of tokens, text, and metadata.

    Only of encoder-decoder models: the number of source tokens, which come first, and the target
    text.
    """

    start: Numbers
    length: Numbers
    text: list[str]
    n_source: NotRequired[Numbers]
    target_text: NotRequired[list[str]]
    columns: dict[str, list[Any]]


class TokenPairs(TypedDict):
    """Labelled pairs: two tokens of a sequence, and a name, which may be empty."""

    first: Numbers
    second: Numbers
    name: list[str]


class CorpusTokens(TypedDict):
    """One row per token; the last four columns only for images, null for tokens without a patch."""

    text: Annotated[
        list[str],
        doc(
            "Display text. A token with some bytes of a character names these bytes and their "
            "total: '你 1⁄3', or with bytes 1 and 2 '你 1–2⁄3'; parts are joined by ' + '."
        ),
    ]
    surface: NotRequired[
        Annotated[
            list[str | None],
            doc("Word of the text for an unknown token, else null; absent without any."),
        ]
    ]
    token_id: Numbers
    sequence: Numbers
    position: Annotated[Numbers, doc("From 0, in each text of the sequence.")]
    token_type: list[TokenType]
    row: NotRequired[list[int | None]]
    column: NotRequired[list[int | None]]
    hue: NotRequired[list[float | None]]
    brightness: NotRequired[list[float | None]]
    sequences: CorpusSequences
    pairs: NotRequired[Annotated[TokenPairs, doc("Absent without a file of labelled pairs.")]]


class Vocabulary(TypedDict):
    """One row per distinct token of the corpus, as in `CorpusTokens`."""

    text: list[str]
    token_id: Numbers
    token_type: list[TokenType]
    surface: NotRequired[list[str | None]]
    pair_name: NotRequired[Annotated[list[str], doc("The distinct names of labelled pairs.")]]
    columns: Annotated[list[str], doc("Addresses of the arrays of tokens and of sequences.")]


class SequenceColumns(TypedDict):
    """The distinct values of each further column of the corpus."""

    values: dict[str, list[Any]]


class ScoreColumn(TypedDict):
    """A score of every head, and the number of attention rows from which each was computed."""

    value: Annotated[list[float | None], doc("Null if undefined.")]
    n_rows: Annotated[list[Count | None], doc("Null until the build has computed it.")]


class MapColumns(TypedDict):
    """Fidelity of one map of every head; null if undefined."""

    is_ready: Annotated[list[bool], doc("Whether the head has this map yet.")]
    recall_at_10: list[float | None]
    recall_at_100: list[float | None]
    rank_correlation: list[float | None]
    trustworthiness: list[float | None]
    fallback: Annotated[
        list[str | None],
        doc("Why another method than requested was used; null where it was not."),
    ]


BestMaps = Annotated[
    dict[str, list[str | None]],
    doc("The map with the highest recall@10 by the name of the choice, such as best-2d."),
]


class HeadList(TypedDict):
    """Columns of one value per head, layer by layer."""

    layer: list[int]
    head: list[int]
    alignment_scale: list[float | None]
    scores: dict[str, ScoreColumn]
    maps: dict[str, MapColumns]
    best_maps: BestMaps


class HeadMapFacts(TypedDict):
    """One map of one head; `fallback` is the reason if another method than requested was used."""

    offset: list[float]
    scale: float
    fidelity: Fidelity
    details: dict[str, Any]
    fallback: str | None


class HeadScore(TypedDict):
    """A score of one head, and the number of attention rows from which it is computed."""

    value: float | None
    n_rows: Count


class OffsetProfile(TypedDict):
    """Mean weight by offset of the key from the query; null if no row has such a key."""

    offsets: Numbers
    weights: list[float | None]
    n_rows: list[Count]


class HeadDetails(TypedDict):
    """Everything that is known of one head."""

    layer: int
    head: int
    alignment_scale: float | None
    vector_rank_correlation: float | None
    maps: dict[str, HeadMapFacts]
    best_maps: Annotated[dict[str, str | None], doc("As of all heads.")]
    scores: Annotated[dict[str, HeadScore], doc("Empty until the build has computed them.")]
    profile: OffsetProfile | None


class Partner(TypedDict):
    """A token, and its score with the given point."""

    token: int
    score: float


class Partners(TypedDict):
    """The strongest partners of a point, strongest first."""

    partners: list[Partner]


class NearHead(TypedDict):
    """A head, and its distance from another."""

    layer: int
    head: int
    distance: Distance


class HeadOnMap(TypedDict):
    """Position of a head on the map of heads."""

    layer: int
    head: int
    x: float
    y: float
    nearest: Annotated[
        list[NearHead],
        doc("The five nearest heads by distance, not on the map; those of the same part."),
    ]


class HeadsMap(SimilarityFacts):
    """The map of heads, layer by layer."""

    heads: list[HeadOnMap]


class SimilarHead(NearHead):
    """A head similar to another; `alignment` compares their vectors (unbiased CKA)."""

    alignment: float | None


# Functional syntax, since `with` is a Python keyword.
_With = TypedDict("_With", {"with": str})


class SimilarHeads(_With):
    """The heads most similar to a head, nearest first."""

    compared_by: Literal["token", "word", "patch"]
    n_rows: int
    n_sequences: int | None
    heads: list[SimilarHead]
    others: list[str]


class PairWish(TypedDict):
    """A query and a key by their tokens, and whether their score should be strong or weak."""

    query: int
    key: int
    wish: Literal["strong", "weak"]
    is_same_sequence: bool


class PairScore(TypedDict):
    """Score of one pair in one head."""

    score: Annotated[float, doc("scaling * q·k.")]
    percentile: Annotated[Share, doc("Share of keys with a lower score; ties count half.")]
    rank: Annotated[int, doc("1 + number of keys with a higher score.")]
    weight: Annotated[
        float | None,
        doc("In the pattern; null where the query does not see the key."),
    ]


class HeadPairs(TypedDict):
    """Scores of all pairs in one head, and how well the head fits them."""

    layer: int
    head: int
    fit: Annotated[Share, doc("Mean of percentile if strong, 1 - percentile if weak.")]
    pairs: list[Annotated[PairScore | None, doc("Null where the head has no such query or key.")]]


class PairAnswer(TypedDict):
    """Scores of some pairs in every head that has a query and a key of one of them."""

    pairs: list[PairWish]
    n_keys: Annotated[int, doc("Number of keys with which a pair is compared.")]
    n_keys_total: int
    heads: list[HeadPairs]


class Limits(TypedDict):
    """Whether texts and images can be added, and how large they may be."""

    is_enabled: bool
    max_characters: AtLeastOne
    max_image_bytes: AtLeastOne
    max_pixels: AtLeastOne
    max_tokens: AtLeastOne


class TextBody(TypedDict):
    """A text for the model of a dataset."""

    text: Annotated[str, doc("Not empty; cut where it is too long.")]
    maps: NotRequired[Maps]


class TokensBody(TypedDict):
    """Tokens for the model of a dataset."""

    tokens: Annotated[
        list[str | int],
        Field(
            min_length=1,
            description="Exactly these tokens of the model's vocabulary, including special tokens, "
            "each as display text of the dataset or token_id; the id is unambiguous if two tokens "
            "have the same text.",
        ),
    ]
    maps: NotRequired[Maps]


class ImageForm(TypedDict):
    """An image for the model of a dataset."""

    image: Annotated[bytes, doc("PNG, JPEG or WebP.")]
    maps: NotRequired[Annotated[str, doc("As for a text, separated by commas.")]]


class JobRequest(TypedDict):
    """The request of a job."""

    model: str
    modality: Modality
    dataset_id: DatasetId
    methods: list[str]
    dims: Numbers
    max_tokens: Count | None
    text_column: str | None
    skip_bad_sequences: bool
    keep_vectors: KeepChoice
    title: str
    n_files: Count
    n_bytes: Annotated[int, Field(ge=0)]


class Job(TypedDict):
    """A build from the page, and its progress."""

    id: str
    state: State
    since_utc: str
    message: Annotated[str | None, doc("Why it failed, or was cancelled.")]
    is_cancelling: bool
    can_resume: Annotated[bool, doc("Whether a restart resumes it.")]
    n_before: Annotated[Count | None, doc("Number of jobs before it in the queue.")]
    estimate: Estimate | None
    progress: Progress | None
    version: str | None
    request: Annotated[JobRequest | None, doc("Null where the job's files are damaged.")]


class JobList(TypedDict):
    """All jobs, the newest first."""

    jobs: list[Job]


class NoJobs(TypedDict):
    """Building from the page is disabled."""

    is_enabled: Literal[False]


class JobModel(TypedDict):
    """A model that jobs may use; `modality` is null if it is not known before loading."""

    name: str
    modality: Modality | None


class JobEndings(TypedDict):
    """Suffixes of accepted files."""

    text: list[str]
    table: Annotated[list[str], doc("Those of text whose files have columns.")]
    image: list[str]


class KeepOption(TypedDict):
    """Which queries and keys a dataset can store."""

    choice: KeepChoice
    effect: Annotated[str, doc("What it takes away.")]


class JobOptions(TypedDict):
    """Models, files and sizes that jobs accept."""

    is_enabled: Literal[True]
    models: list[JobModel]
    methods: list[str]
    default_methods: Annotated[list[str], doc("Methods that a form selects initially.")]
    dims: Numbers
    keep_vectors: list[KeepOption]
    endings: JobEndings
    max_text_bytes: int
    max_image_bytes: int
    max_images: int
    max_waiting: int
