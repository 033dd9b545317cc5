"""Synthetic sentences and images, including markup and bidirectional text."""

import colorsys
import hashlib
import io
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from attentionviz.pipeline.corpora.account import Account
from attentionviz.store.columns import Sequences
from attentionviz.store.token_files import CodedColumn, CodedCorpus

WORDS = (
    "april rain river stone green seven music paper light winter garden engine market letter "
    "window silver doctor island bridge copper forest summer kitchen teacher planet castle "
    "bottle painter harbour thunder ladder orange velvet compass lantern orchard violin meadow "
    "pepper saddle tunnel whistle anchor basket candle dragon feather glacier hammer jacket"
).split()
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\u202eevil",
    "עברית",
    "日本語",
    "&amp;",
    "it's",
    '"quoted"',
    "__proto__",
    "\U0001f40d",
)
TOPICS = ("weather", "travel", "music", "<b>bold</b>")
LABELS = ("red", "green", "blue")
PATCH_PX = 32
PATCH_COLUMNS = ("row", "column", "hue", "brightness")
IMAGE_START = 2
"""Position of the first patch in a sequence of an image and a text."""


@dataclass
class FakeCorpus:
    """Columns as in ``tokens.json``, and other contents of a dataset from its corpus."""

    tokens: dict[str, Any]
    facts: dict[str, Any]
    patch_grid: dict[str, Any] | None = None
    patches: np.ndarray | None = None
    pictures: dict[str, bytes] = field(default_factory=dict)

    def files(self) -> dict[str, np.ndarray | bytes]:
        """Return the files of tokens and sequences."""
        return token_files_of(self.tokens, self.facts["columns"])

    @property
    def n_tokens(self) -> int:
        """Number of tokens."""
        return len(self.tokens["text"])

    @property
    def starts(self) -> list[int]:
        """First token of every sequence."""
        return self.tokens["sequences"]["start"]

    @property
    def lengths(self) -> list[int]:
        """Number of tokens of every sequence."""
        return self.tokens["sequences"]["length"]

    @property
    def sequences(self) -> Sequences:
        """Every sequence as a reader of the dataset returns it."""
        return Sequences.of(self.lengths, self.tokens["sequences"].get("n_source"))


def token_files_of(document: dict[str, Any], columns: list[str]) -> dict[str, np.ndarray | bytes]:
    """Return the files of a dataset from columns as in ``tokens.json``."""
    coded, sequences = CodedColumn(), document["sequences"]
    surface = document.get("surface", [None] * len(document["text"]))
    names = ("text", "token_id", "token_type")
    coded.extend(zip(*(document[name] for name in names), surface, strict=True))
    return CodedCorpus(
        coded,
        {name: document[name] for name in PATCH_COLUMNS if name in document},
        sequences["length"],
        {name: sequences[name] for name in ("text", "target_text") if name in sequences},
        [sequences["columns"][name] for name in columns],
        sequences.get("n_source"),
        document.get("pairs"),
    ).files()


def text_corpus(n_tokens: int, *, seed: int, lengths: tuple[int, int] = (7, 40)) -> FakeCorpus:
    """Return sentences with exactly n_tokens tokens in total."""
    rng = np.random.default_rng(seed)
    vocabulary = ("[CLS]", "[SEP]", ".", *WORDS, *HOSTILE)
    tokens: dict[str, list[Any]] = {
        name: [] for name in ("text", "token_id", "sequence", "position", "token_type")
    }
    start, length, text = [], [], []
    while (left := n_tokens - len(tokens["text"])) > 0:
        n = min(left, int(rng.integers(lengths[0], lengths[1] + 1)))
        n = left if left - n < 3 else n
        words = [0, *(rng.zipf(1.3, max(n - 3, 0)) % (len(vocabulary) - 3) + 3), 2, 1][:n]
        start.append(len(tokens["text"]))
        length.append(len(words))
        text.append(" ".join(vocabulary[word] for word in words if word > 2) + ".")
        tokens["text"] += [vocabulary[word] for word in words]
        tokens["token_id"] += [int(word) for word in words]
        tokens["sequence"] += [len(start) - 1] * len(words)
        tokens["position"] += list(range(len(words)))
        tokens["token_type"] += ["special" if word < 2 else "text" for word in words]
    topic = [TOPICS[i % len(TOPICS)] for i in range(len(start))]
    sequences = {"start": start, "length": length, "text": text, "columns": {"topic": topic}}
    facts = corpus_facts("synthetic sentences", ["topic"], text)
    return FakeCorpus({**tokens, "sequences": sequences}, facts)


def with_pairs(corpus: FakeCorpus) -> FakeCorpus:
    """Return the corpus with pairs of every fourth token of a sentence and the sixth after it."""
    pairs: dict[str, list[Any]] = {"first": [], "second": [], "name": []}
    for start, length in zip(corpus.starts, corpus.lengths, strict=True):
        for position in range(1, length - 7, 4):
            pairs["first"].append(start + position)
            pairs["second"].append(start + position + 6)
            pairs["name"].append("contact" if position % 8 == 1 else "<b>bond</b>")
    facts = {
        "file": "contacts.csv",
        "sha256": "0" * 64,
        "unit": "word",
        "n_read": len(pairs["first"]),
        "n_taken": len(pairs["first"]),
        "left_out": [],
    }
    return FakeCorpus({**corpus.tokens, "pairs": pairs}, {**corpus.facts, "pairs": facts})


def with_targets(corpus: FakeCorpus) -> FakeCorpus:
    """Return the corpus with the last two fifths of each sentence as its target text."""
    tokens = {name: list(values) for name, values in corpus.tokens.items() if name != "sequences"}
    n_source, texts, target_texts = [], [], []
    for start, length in zip(corpus.starts, corpus.lengths, strict=True):
        n = max(1, 3 * length // 5)
        marks = {start + n: ("[CLS]", 0)} | ({start + n - 1: ("[SEP]", 1)} if n > 2 else {})
        for i, (text, token_id) in marks.items():
            tokens["text"][i], tokens["token_id"][i], tokens["token_type"][i] = (
                text,
                token_id,
                "special",
            )
        tokens["position"][start + n : start + length] = range(length - n)
        n_source.append(n)
        for found, span in (
            (texts, (start, start + n)),
            (target_texts, (start + n, start + length)),
        ):
            words = zip(
                tokens["text"][slice(*span)], tokens["token_type"][slice(*span)], strict=True
            )
            found.append(" ".join(text for text, kind in words if kind == "text"))
    sequences = {**corpus.tokens["sequences"], "text": texts}
    sequences |= {"n_source": n_source, "target_text": target_texts}
    facts = {**corpus.facts, "target": {"column": None, "max_length": 64}}
    return FakeCorpus({**tokens, "sequences": sequences}, facts)


def cut_again(corpus: FakeCorpus) -> FakeCorpus:
    """Return the same sentences split as by a byte-level tokenizer, with long words in two."""
    old, texts = corpus.tokens, corpus.tokens["sequences"]["text"]
    tokens: dict[str, list[Any]] = {
        name: [] for name in ("text", "token_id", "sequence", "position", "token_type")
    }
    start, length = [], []
    for sequence, (first, n) in enumerate(zip(corpus.starts, corpus.lengths, strict=True)):
        kept = [i for i in range(first, first + n) if old["token_type"][i] == "text"]
        pieces = [
            piece
            for i in kept
            for piece in cut_word(old["text"][i], is_first=i == kept[0])
        ]  # fmt: skip
        start.append(len(tokens["text"]))
        length.append(len(pieces))
        tokens["text"] += pieces
        tokens["token_id"] += [sum(piece.encode()) for piece in pieces]
        tokens["sequence"] += [sequence] * len(pieces)
        tokens["position"] += list(range(len(pieces)))
    tokens["token_type"] = ["text"] * len(tokens["text"])
    columns = old["sequences"]["columns"]
    sequences = {"start": start, "length": length, "text": texts, "columns": columns}
    return FakeCorpus({**tokens, "sequences": sequences}, corpus.facts)


def cut_word(word: str, *, is_first: bool) -> list[str]:
    """Return a word with its leading space, one of more than five letters in two."""
    space = "" if is_first or word == "." else " "
    middle = len(word) // 2
    return [space + word[:middle], word[middle:]] if len(word) > 5 else [space + word]


def image_corpus(
    n_tokens: int, *, seed: int, grid: tuple[int, int] = (7, 7), n_registers: int = 0
) -> FakeCorpus:
    """Return pictures of rows x columns patches after a class token and registers.

    At least one picture, at most n_tokens tokens.
    """
    rng = np.random.default_rng(seed)
    n_rows, n_columns = grid
    n_patches, n_prefix = n_rows * n_columns, 1 + n_registers
    per_image = n_prefix + n_patches
    n_images = max(1, n_tokens // per_image)
    names = [f"picture {i}.png" for i in range(n_images)]
    images = [_picture(rng, n_columns * PATCH_PX, n_rows * PATCH_PX) for _ in range(n_images)]
    patches = np.zeros((n_images, per_image, 8, 8, 3), dtype=np.uint8)
    pictures = {}
    for i, image in enumerate(images):
        small = np.asarray(image.resize((n_columns * 8, n_rows * 8)))  # (row px, column px, rgb)
        tiles = small.reshape(n_rows, 8, n_columns, 8, 3).swapaxes(1, 2)
        patches[i, n_prefix:] = tiles.reshape(n_patches, 8, 8, 3)
        pictures[f"images/{i:05d}.png"] = _png(image)
        pictures[f"images/{i:05d}.thumbnail.png"] = _png(image.resize((96, 96)))
    colours = patches.reshape(n_images * per_image, -1, 3).mean(axis=1) / 255
    hsv = np.array([colorsys.rgb_to_hsv(*colour) for colour in colours])
    row, column = np.divmod(np.arange(n_patches), n_columns)
    tokens = {
        "text": (["[CLS]"] + ["[REG]"] * n_registers + [""] * n_patches) * n_images,
        "token_id": list(range(per_image)) * n_images,
        "sequence": np.repeat(np.arange(n_images), per_image).tolist(),
        "position": list(range(per_image)) * n_images,
        "token_type": (["class"] + ["register"] * n_registers + ["patch"] * n_patches) * n_images,
        "row": [*[None] * n_prefix, *row.tolist()] * n_images,
        "column": [*[None] * n_prefix, *column.tolist()] * n_images,
        "hue": _without_prefix(hsv[:, 0], per_image, n_prefix),
        "brightness": _without_prefix(hsv[:, 2], per_image, n_prefix),
        "sequences": {
            "start": list(range(0, n_images * per_image, per_image)),
            "length": [per_image] * n_images,
            "text": names,
            "columns": {"label": [LABELS[i % len(LABELS)] for i in range(n_images)]},
        },
    }
    patch_grid = {
        "n_rows": n_rows,
        "n_columns": n_columns,
        "n_prefix_tokens": n_prefix,
        "has_class_token": True,
        "n_registers": n_registers,
        "image_width_px": n_columns * PATCH_PX,
        "image_height_px": n_rows * PATCH_PX,
    }
    facts = corpus_facts("synthetic pictures", ["label"], names)
    flat = patches.reshape(-1, 8, 8, 3)
    return FakeCorpus(tokens, facts, patch_grid, flat, pictures)


def image_text_corpus(n_tokens: int, *, seed: int, grid: tuple[int, int] = (4, 4)) -> FakeCorpus:
    """Return pictures with a prompt each: two tokens, the patches, then the words.

    At least one picture; sequences differ in length.
    """
    pictures = image_corpus(n_tokens, seed=seed, grid=grid)
    n_patches = grid[0] * grid[1]
    rng = np.random.default_rng(seed)
    names = ("text", "token_id", "sequence", "position", "token_type")
    tokens: dict[str, list[Any]] = {name: [] for name in (*names, *PATCH_COLUMNS)}
    start, length, text, rows = [], [], [], []
    per_image = n_patches + 1  # of `pictures`, with its class token
    for i in range(len(pictures.starts)):
        words = [str(word) for word in rng.choice([*WORDS, *HOSTILE], int(rng.integers(3, 9)))]
        n = IMAGE_START + n_patches + len(words)
        start.append(len(tokens["text"]))
        length.append(n)
        text.append(" ".join(words))
        patches = slice(i * per_image + 1, (i + 1) * per_image)
        tokens["text"] += ["<s>", "USER:", *[""] * n_patches, *(f" {word}" for word in words)]
        tokens["token_id"] += [0, 1, *[-1] * n_patches, *(2 + len(word) for word in words)]
        tokens["token_type"] += ["special", "text", *["patch"] * n_patches, *["text"] * len(words)]
        tokens["sequence"] += [i] * n
        tokens["position"] += range(n)
        for name in PATCH_COLUMNS:
            before, after = [None] * IMAGE_START, [None] * len(words)
            tokens[name] += [*before, *pictures.tokens[name][patches], *after]
        blank = np.zeros((1, 8, 8, 3), dtype=np.uint8)
        rows += [blank] * IMAGE_START + [pictures.patches[patches]] + [blank] * len(words)
    labels = pictures.tokens["sequences"]
    columns = {"image": labels["text"], **labels["columns"]}
    sequences = {"start": start, "length": length, "text": text, "columns": columns}
    patch_grid = {**pictures.patch_grid, "n_prefix_tokens": 0, "has_class_token": False}
    facts = corpus_facts("synthetic pictures with prompts", sorted(columns), text)
    return FakeCorpus(
        {**tokens, "sequences": sequences},
        facts,
        patch_grid,
        np.concatenate(rows),
        pictures.pictures,
    )


def corpus_facts(name: str, columns: list[str], texts: list[str]) -> dict[str, Any]:
    """Return the ``corpus`` part of a manifest."""
    return {
        "name": name,
        "source": None,
        "license": "MIT",
        "sha256": hashlib.sha256("\n".join(texts).encode()).hexdigest(),
        "columns": columns,
        "n_sequences": len(texts),
        "n_sequences_cut": 0,
        "account": _account(len(texts)).facts(),
    }


def _account(n_taken: int) -> Account:
    """Return an account of a table with more rows than are taken."""
    read = Account(
        "row", n_taken + 5, n_cut=1, notes=("semicolon-separated, 2 columns: text, topic",)
    )
    blank = read.leave_out("blank", (f"line {n}" for n in (4, 9, 12, 40)))
    return blank.leave_out("with more or fewer cells than the header", ["line 77"])


def _without_prefix(values: np.ndarray, per_image: int, n_prefix: int) -> list[float | None]:
    """Return one number per token, None for what comes before the patches of each picture."""
    rounded = [round(float(value), 4) for value in values]
    return [None if i % per_image < n_prefix else value for i, value in enumerate(rounded)]


def _picture(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """Return a picture with a coloured ground and a few discs."""
    ground, *discs = (tuple(int(v) for v in rng.integers(0, 256, 3)) for _ in range(6))
    image = Image.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(image)
    for colour in discs:
        x, y, radius = (int(v) for v in rng.integers(20, 180, 3))
        draw.ellipse((x - radius // 2, y - radius // 2, x + radius, y + radius), fill=colour)
    return image


def _png(image: Image.Image) -> bytes:
    """Return the picture as PNG bytes."""
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()
