"""The studies: which head, which numbers, which view."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scripts.case_studies.heads import Dataset

from attentionviz.core.types import HeadId


@dataclass(frozen=True)
class Finding:
    """What a study found.

    Attributes
    ----------
    view : dict
        Parts of the address of the view that shows it.
    numbers : dict
        What one should see there, measured.
    """

    view: dict[str, str]
    numbers: dict[str, float]


@dataclass(frozen=True)
class Study:
    """One question: a name for its picture, its theme, and how the answer is found."""

    name: str
    theme: str
    find: Callable[[Path], Finding]


def _address(dataset: str, method: str, head: HeadId | None = None, **more: str) -> dict[str, str]:
    parts = {"dataset": dataset, "method": method}
    if head is not None:
        parts |= {"layer": str(head.layer), "head": str(head.head)}
    return parts | more


def previous_token(data_dir: Path) -> Finding:
    """Find a head that looks at the token before: a trace in the colours of position."""
    data = Dataset(data_dir, "sentences-gpt2")

    head, score = data.best(lambda one: data.score(one, "previous"))
    queries, keys = data.places(head, "attention-tsne-2d")
    found = []
    for start, end in data.spans():
        for query in range(start + 1, end):
            visible = keys[start : query + 1]  # what a causal query sees
            nearest = np.linalg.norm(visible - queries[query], axis=1).argmin()
            found.append(start + nearest == query - 1)
    numbers = {"attention_to_previous": score, "nearest_key_is_previous": float(np.mean(found))}
    view = _address("sentences-gpt2", "attention-tsne", head, color="position")
    return Finding(view, numbers)


def induction(data_dir: Path) -> Finding:
    """Find a head that, at a repeated token, looks at what came after it the first time."""
    data = Dataset(data_dir, "repeated-gpt2")

    head, score = data.best(lambda one: data.score(one, "induction"))
    start, end = data.spans()[0]
    query, key = _after_copies(data.tokens()["token_id"][start:end])[1]
    weight = float(data.patterns(head)[0][query, key])
    view = _address("repeated-gpt2", "biplot", head, selected=f"query-{query}")
    numbers = {"attention_after_copy": score, "weight": weight, "query": query, "key": key}
    return Finding(view, numbers)


def _after_copies(token_ids: list[int]) -> list[tuple[int, int]]:
    """Return every token that was there before, with the token after its last earlier copy."""
    last: dict[int, int] = {}
    found = []
    for position, token_id in enumerate(token_ids):
        if token_id in last and last[token_id] + 1 < position:
            found.append((position, last[token_id] + 1))
        last[token_id] = position
    return found


def april(data_dir: Path) -> Finding:
    """Find one word in all heads at once."""
    words = Dataset(data_dir, "sentences-bert").tokens()["text"]
    n_found = sum(word.strip().lower() == "april" for word in words)
    return Finding(_address("sentences-bert", "biplot", search="april"), {"n_found": n_found})


def brightness(data_dir: Path) -> Finding:
    """Find a head of the vision transformer whose map puts patches of a brightness together."""
    data = Dataset(data_dir, "brightness-vit")
    values = np.array([np.nan if value is None else value for value in data.tokens()["brightness"]])
    patches = np.flatnonzero(np.isfinite(values))
    by_chance = np.abs(values[patches][:, None] - values[patches][None]).mean()

    def closeness(head: HeadId) -> float:
        queries, keys = (points[patches] for points in data.places(head, "attention-tsne-2d"))
        distance = np.linalg.norm(queries[:, None] - keys[None], axis=2)
        nearest = np.argpartition(distance, 10, axis=1)[:, :10]
        difference = np.abs(values[patches][nearest] - values[patches][:, None]).mean()
        return float(-difference / by_chance)

    head, score = data.best(closeness)
    view = _address("brightness-vit", "attention-tsne", head, color="brightness")
    return Finding(view, {"difference_to_nearest": -score, "difference_by_chance": 1.0})


def norms(data_dir: Path) -> Finding:
    """Find a head whose queries are far shorter, or longer, than its keys before alignment."""
    data = Dataset(data_dir, "sentences-bert")

    def ratio(head: HeadId) -> float:
        of_queries, of_keys = np.median(data.norms(head)[:, :2], axis=0)
        return float(of_keys / of_queries)

    head, disparity = data.best(lambda one: abs(np.log(ratio(one))))
    view = _address("sentences-bert", "biplot", head, color="norm")
    return Finding(view, {"keys_to_queries": ratio(head), "disparity": float(np.exp(disparity))})


STUDIES = (
    Study("study-previous-token", "light", previous_token),
    Study("study-induction", "light", induction),
    Study("study-april", "light", april),
    Study("study-brightness", "dark", brightness),
    Study("study-norms", "light", norms),
)
