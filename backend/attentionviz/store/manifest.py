"""Types of the manifest, validated by Pydantic; `schema` reads one."""

import functools
import reprlib
from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from attentionviz.core.rule import Part
from attentionviz.core.types import DATASET_ID_PATTERN, METHODS, Dims, KeepChoice, Modality
from attentionviz.store import layout

SCORE_PATTERN = "[a-z][a-z0-9_]{0,63}"

# Strict: no type conversion, no unknown fields, and only finite numbers.
STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
_PROBLEMS = {"missing": "is missing", "extra_forbidden": "is not known"}
_MAX = 2**31 - 1
_MAX_OFFSETS = 2**18
_MAX_TERM = 1e6
OWN_SIZE = "If it differs from that of the manifest."


@functools.cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    """Return the cached validator of a list with one value of a type."""
    return TypeAdapter(list[kind], config=STRICT)


def first_problem(error: ValidationError) -> str:
    """Return the location and the reason of the first validation error."""
    first = error.errors(include_url=False)[0]
    location = "/".join(map(str, first["loc"][1:]))[:200] or "it"
    if first["type"] in _PROBLEMS:
        return f"{location} {_PROBLEMS[first['type']]}"
    reason = first["msg"][0].lower() + first["msg"][1:]
    return f"{location} is {reprlib.repr(first['input'])}; {reason}"


def doc(text: str) -> Any:
    """Return the description of an entry, for `Annotated`."""
    return Field(description=text)


Text = Annotated[str, Field(max_length=2000)]
Texts = Annotated[list[Text], Field(max_length=1000)]
Positive = Annotated[int, Field(ge=1, le=_MAX)]
Count = Annotated[int, Field(ge=0, le=_MAX)]
NHeads = Annotated[int, Field(ge=1, le=9999)]
ScoreTerm = Annotated[float, Field(ge=-_MAX_TERM, le=_MAX_TERM)]
NotNegative = Annotated[float, Field(ge=0)]
Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Version = Annotated[str, Field(pattern=f"^{layout.VERSION_PATTERN}$")]
DatasetId = Annotated[str, Field(pattern=f"^{DATASET_ID_PATTERN}$")]
MapKey = Annotated[str, Field(pattern=f"^{layout.MAP_PATTERN}$")]
ScoreName = Annotated[str, Field(pattern=f"^{SCORE_PATTERN}$")]
Library = Annotated[str, Field(pattern="^[A-Za-z0-9._-]{1,64}$")]
Method = Annotated[str, Field(pattern=f"^({'|'.join(METHODS)})$")]


class ModelFacts(TypedDict):
    """The model as it was loaded."""

    name: Text
    source: Text
    revision: Text | None
    weights_sha256: Hash
    family: Text
    architecture: Text
    modality: Modality
    license: Text | None
    dtype: NotRequired[Text]
    part: NotRequired[
        Annotated[Text, doc("Text or vision of a pair such as CLIP; encoder without its decoder.")]
    ]


class OffsetBias(TypedDict):
    """A number added to scores, by the offset of the key: its position minus the query's."""

    offsets: Annotated[
        list[int],
        Field(min_length=1, max_length=_MAX_OFFSETS, description="Increasing; constant beyond."),
    ]
    values: Annotated[
        list[Annotated[list[ScoreTerm], Field(min_length=1, max_length=_MAX_OFFSETS)]],
        Field(description="[head][offset]; linear between two offsets."),
    ]


class LayerRule(TypedDict):
    """Scaling and masking of one layer, what else its scores have, and its own sizes."""

    scaling: float
    is_causal: bool
    max_distance: Annotated[int, Field(ge=0)] | None
    max_ahead: NotRequired[
        Annotated[int, Field(ge=0, description="Largest distance of keys after the query.")]
    ]
    part: NotRequired[Annotated[Part, doc("Only of encoder-decoder models.")]]
    chunk: NotRequired[Annotated[Positive, doc("Positions of a chunk; others' keys are hidden.")]]
    block: NotRequired[
        Annotated[
            list[Count],
            Field(min_length=2, max_length=2, description="Positions that see each other: ends."),
        ]
    ]
    softcap: NotRequired[
        Annotated[float, Field(gt=0, le=_MAX_TERM, description="c of c·tanh(scaling·q·k / c).")]
    ]
    bias: NotRequired[OffsetBias]
    sinks: NotRequired[
        Annotated[list[ScoreTerm], doc("Score of the sink in each head: one more key.")]
    ]
    n_heads: NotRequired[Annotated[int, Field(ge=0, le=9999, description=OWN_SIZE + " 0: none.")]]
    n_key_heads: NotRequired[Annotated[NHeads, doc(OWN_SIZE)]]
    d_head: NotRequired[Annotated[Positive, doc(OWN_SIZE)]]
    absent: NotRequired[Annotated[Text, doc("Why the layer has no heads.")]]


class LeftOut(TypedDict):
    """Sequences that were left out for the same reason."""

    reason: Text
    n: Positive
    examples: Annotated[list[Text], Field(max_length=5)]


class Account(TypedDict):
    """Numbers of sequences of the corpus that were read, taken, cut and left out."""

    unit: Literal["line", "row", "element", "record", "file"]
    n_read: Positive
    n_taken: Positive
    n_cut: Count
    left_out: Annotated[list[LeftOut], Field(max_length=100)]
    notes: Texts


class LabelledPairs(TypedDict):
    """The file of labelled pairs, and how many of them are pairs of tokens."""

    file: Text
    sha256: Hash
    unit: Annotated[Literal["letter", "word"], doc("What its positions count, from 1.")]
    n_read: Positive
    n_taken: Count
    left_out: Annotated[list[LeftOut], Field(max_length=10)]


class Target(TypedDict):
    """Where the target texts of an encoder-decoder model are from."""

    column: Annotated[Text | None, doc("Column of the corpus; null: greedy decoding.")]
    max_length: Annotated[Positive | None, doc("Tokens that were decoded at most.")]


class Corpus(TypedDict):
    """The corpus that was read: sentences or images."""

    name: Text
    source: Text | None
    license: Text | None
    sha256: Hash
    columns: Texts
    n_sequences: Positive
    n_sequences_cut: Count
    account: NotRequired[Annotated[Account, doc("Format 2 has none.")]]
    pairs: NotRequired[LabelledPairs]
    target: NotRequired[Annotated[Target, doc("Only of encoder-decoder models.")]]


class ExactCheck(TypedDict, total=False):
    """Difference of attention from the model's own in float64; missing in format 2."""

    exact_max_abs_error: NotNegative
    exact_tolerance: NotNegative
    exact_n_sequences: Positive
    worst_layer: Count
    worst_head: Count


EXACT_CHECK = tuple(ExactCheck.__annotations__)


class AttentionCheck(ExactCheck):
    """Difference between attention from the stored queries and keys and the model's own."""

    max_abs_error: NotNegative
    n_sequences: Positive
    tolerance: NotRequired[Annotated[NotNegative, doc("Format 2: tolerance for float32 rounding.")]]


class PatchGrid(TypedDict):
    """Grid of patches of an image, and the prefix tokens before them.

    Of images and texts it is the part of a sequence that its image takes, without prefix tokens.
    """

    n_rows: Positive
    n_columns: Positive
    n_prefix_tokens: Count
    has_class_token: bool
    n_registers: Count
    image_width_px: Positive
    image_height_px: Positive


class MapFacts(TypedDict):
    """One projection method in two or three dimensions."""

    method: Method
    dims: Dims
    parameters: dict[str, Any]
    device: NotRequired[
        Annotated[Literal["cuda", "mps"], doc("GPU on which it was computed; none: the CPU.")]
    ]


class FileFacts(TypedDict):
    """One file; arrays have dtype and shape."""

    bytes: Annotated[int, Field(ge=0)]
    sha256: Hash
    dtype: NotRequired[Literal["float16", "float32", "int32", "uint8", "uint16", "uint32"]]
    shape: NotRequired[Annotated[list[Positive], Field(max_length=4)]]


class Fidelity(TypedDict):
    """Fidelity of a map to the vectors: of one head, or means over heads; null if undefined."""

    recall_at_10: float | None
    recall_at_100: float | None
    rank_correlation: float | None
    trustworthiness: float | None


LATER_MEASURES: dict[str, None] = {"recall_at_100": None}
"""Measures that datasets of format 3 do not have."""


class SimilarityFacts(TypedDict):
    """How heads were compared, and how the map of heads was computed."""

    n_rows: Count
    n_tokens: Count
    seed: Count
    smoothing: NotNegative
    log_base: NotNegative
    stress: NotNegative
    map_method: Text
    n_nearest: NotRequired[Annotated[Positive, doc("Stored for each head; none: all pairs.")]]
    n_landmarks: NotRequired[Annotated[Positive, doc("Heads that the map of heads rests on.")]]


@with_config(ConfigDict(strict=True, extra="allow"))
class Alignment(TypedDict):
    """How queries and keys were aligned; further entries are allowed."""

    scale: Text


class Probe(TypedDict):
    """Repeated random tokens for the induction scores; `reason` is given if there are none."""

    n_sequences: Count
    period: Count
    reason: Text | None


class PrefixProbe(Probe):
    """Repeated random tokens for the prefix matching score."""

    n_repeats: Count
    start: Texts


class KeepVectors(TypedDict):
    """Which queries and keys are stored: all, those of a sample of whole sequences, or none."""

    choice: KeepChoice
    n_sequences: Count
    n_tokens: Count


class Grid(TypedDict):
    """The sample that the grid draws."""

    n_tokens: Positive
    n_points: Positive


class PartialManifest(TypedDict):
    """``manifest.partial.json``: everything known when the capture is complete."""

    schema_version: Literal[2, 3, 4]
    id: DatasetId
    attentionviz_version: Text
    model: ModelFacts
    n_layers: NHeads
    n_heads: Annotated[NHeads, doc("The largest number of a layer.")]
    n_key_heads: Annotated[NHeads, doc("The largest number of a layer.")]
    d_head: Annotated[Positive, doc("The largest of a layer.")]
    n_sequences: Positive
    n_tokens: Positive
    layers: Annotated[list[LayerRule], Field(min_length=1, max_length=9999)]
    bias_terms: Texts
    corpus: Corpus
    patch_grid: PatchGrid | None
    precision: Literal["float32", "float16"]
    keep_vectors: KeepVectors
    seed: Annotated[int, Field(ge=0)]
    alignment: Alignment
    maps: Annotated[dict[MapKey, MapFacts], Field(min_length=1)]
    scores: Annotated[list[ScoreName], Field(max_length=1000, description="Computed scores.")]
    probe: Probe
    prefix_probe: NotRequired[PrefixProbe]
    grid: Grid
    attention_check: AttentionCheck
    build_key: Version
    library_versions: dict[Library, Text]


class Manifest(PartialManifest):
    """``manifest.json``."""

    fidelity: dict[MapKey, Fidelity]
    similarity: SimilarityFacts
    files: Annotated[FileFacts, doc("Of files.npy: size and hash of every file.")]


class FormerManifest(PartialManifest):
    """``manifest.json`` of formats up to 3, which lists every file itself."""

    fidelity: dict[MapKey, Fidelity]
    similarity: SimilarityFacts
    files: dict[str, FileFacts]
