"""The files of similar heads that a build writes, against their definitions in plain NumPy."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from tests.models.test_encoder_decoder import save_two_texts
from tests.pipeline.test_two_texts import T5
from tests.support.fake_dataset import stored_tokens

from attentionviz.analysis.similar_heads import map_of_heads
from attentionviz.core.types import HeadId
from attentionviz.measures import head_map, similarity
from attentionviz.measures.head_map import stress_of
from attentionviz.pipeline import comparing
from attentionviz.pipeline import similarity as module
from attentionviz.pipeline.build import build
from attentionviz.pipeline.request import BuildRequest
from attentionviz.pipeline.units import MapJob
from attentionviz.store import layout
from attentionviz.store.journal import read_journal
from attentionviz.store.reader import open_dataset
from attentionviz.store.schema import parse_manifest
from attentionviz.store.verify import verify

# float32 patterns, and the root of differences near 0.
TOLERANCE = 1e-3
FILES = (layout.SIMILARITY_PATTERN, layout.SIMILARITY_VECTORS, layout.HEAD_MAP)
HEADS = [HeadId(layer, head) for layer in (0, 1) for head in (0, 1)]


def load(folder: Path, path: str) -> np.ndarray:
    return np.load(folder / path, allow_pickle=False)


def manifest_of(folder: Path) -> dict:
    return parse_manifest((folder / "manifest.json").read_bytes())


def plain_rows(folder: Path, head: HeadId) -> list[np.ndarray]:
    """Return every row of the pattern of a head, smoothed, over the keys that it sees."""
    manifest = manifest_of(folder)
    rule = manifest["layers"][head.layer]
    queries = load(folder, layout.queries_path(head))
    keys = load(folder, layout.keys_path(head, manifest))
    sequences = stored_tokens(folder)["sequences"]
    rows = []
    for start, n in zip(sequences["start"], sequences["length"], strict=True):
        for i in range(start, start + n):
            stop = i + 1 if rule["is_causal"] else start + n
            scores = rule["scaling"] * keys[start:stop] @ queries[i]
            weights = np.exp(scores - scores.max())
            row = 0.999 * weights / weights.sum() + 0.001 / len(weights)
            rows.append(row / row.sum())
    return [row for row in rows if len(row) > 1]


@pytest.fixture(params=["tiny_dataset", "tiny_image_dataset"])
def folder(request: pytest.FixtureRequest) -> Path:
    return request.getfixturevalue(request.param).folder


def require_true(folder: Path) -> None:
    rows = {head: plain_rows(folder, head) for head in HEADS}
    found = load(folder, layout.SIMILARITY_PATTERN)
    assert manifest_of(folder)["similarity"]["n_rows"] == len(rows[HEADS[0]])
    for i, a in enumerate(HEADS):
        for j, b in enumerate(HEADS):
            squares = [
                jensenshannon(p, q, base=2) ** 2 for p, q in zip(rows[a], rows[b], strict=True)
            ]
            assert found[i, j] == pytest.approx(np.sqrt(np.mean(squares)), abs=TOLERANCE)


def test_distances_are_those_of_all_rows_of_a_small_corpus(folder: Path) -> None:
    require_true(folder)


def test_a_causal_model_is_compared_over_visible_keys(tmp_path: Path, tiny_text: Path) -> None:
    from tests.support.tiny_models import save_tiny_gpt2

    model = save_tiny_gpt2(tmp_path / "model")
    require_true(small(tmp_path, model, tiny_text))


def test_the_map_and_its_stress_are_those_of_the_distances(folder: Path) -> None:
    facts = manifest_of(folder)["similarity"]
    distances, places = load(folder, layout.SIMILARITY_PATTERN), load(folder, layout.HEAD_MAP)
    assert facts["stress"] == pytest.approx(stress_of(distances, places), abs=1e-6)
    assert facts | {"n_rows": 0, "stress": 0} == {
        "n_rows": 0,
        "smoothing": 0.001,
        "log_base": 2,
        "n_tokens": manifest_of(folder)["n_tokens"],
        "seed": 0,
        "map_method": "SMACOF, begun from classical scaling",
        "stress": 0,
    }


def small(tmp_path: Path, model: Path, text: Path, **changes: object) -> Path:
    request = {
        "model": str(model),
        "output": tmp_path / "built",
        "text": text,
        "dataset_id": "small",
        "methods": ("pca",),
        "dims": (2,),
        "n_workers": 1,
        "device": "cpu",
    }
    return build(BuildRequest(**{**request, **changes})).folder


@pytest.mark.parametrize("n_exact", [3, similarity.MAX_EXACT_HEADS], ids=["nearest", "all pairs"])
def test_the_files_of_the_comparison_have_the_size_that_an_estimate_adds(
    n_exact: int, tiny_bert: Path, tiny_text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(similarity, "MAX_EXACT_HEADS", n_exact)
    monkeypatch.setattr(similarity, "N_NEAREST", 2)
    monkeypatch.setattr(head_map, "N_LANDMARKS", 3)
    write, sizes = module.write_similarity, []

    def look(job: MapJob, *others: Any) -> dict[str, Any]:
        facts = write(job, *others)
        arrays = [np.load(path) for path in (job.folder / layout.COMPARISON_FOLDER).iterdir()]
        sizes.append((sum(one.nbytes for one in arrays), comparing.Comparison(job).n_bytes()))
        return facts

    monkeypatch.setattr("attentionviz.pipeline.build.write_similarity", look)
    small(tmp_path, tiny_bert, tiny_text)
    ((found, expected),) = sizes
    assert found == pytest.approx(expected, abs=8 * head_map.N_LANDMARKS)  # their indices


@pytest.mark.parametrize("stop_after", [*FILES, comparing.LANDMARKS, comparing.TO_LANDMARKS])
def test_a_build_stopped_after_any_file_keeps_all_and_ends_with_the_same_bytes(
    stop_after: str,
    tiny_bert: Path,
    tiny_text: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if stop_after not in FILES:
        monkeypatch.setattr(similarity, "MAX_EXACT_HEADS", 3)
        monkeypatch.setattr(similarity, "N_NEAREST", 2)
        monkeypatch.setattr(head_map, "N_LANDMARKS", 3)
    whole = small(tmp_path / "whole", tiny_bert, tiny_text)
    written: list[str] = []
    write = module.write_array

    def record(folder: Path, path: str, array: np.ndarray):
        written.append(path)
        return write(folder, path, array)

    def stop(folder: Path, path: str, array: np.ndarray):
        if written and written[-1] == stop_after:
            raise KeyboardInterrupt
        return record(folder, path, array)

    for place in (module, comparing):
        monkeypatch.setattr(place, "write_array", stop)
    with monkeypatch.context() as patch:
        patch.setattr("attentionviz.pipeline.build.publish", lambda *_: exit_now())
        with pytest.raises(KeyboardInterrupt):
            small(tmp_path, tiny_bert, tiny_text)
    finished = read_journal(next((tmp_path / "built/.staging").iterdir()))
    assert stop_after in finished
    for place in (module, comparing):
        monkeypatch.setattr(place, "write_array", record)
    written.clear()
    again = small(tmp_path, tiny_bert, tiny_text)
    assert not finished.keys() & set(written)
    assert again.name == whole.name


def exit_now() -> None:
    raise KeyboardInterrupt


def test_one_token_gives_equal_heads_without_alignment(tiny_bert: Path, tmp_path: Path) -> None:
    from tests.support.tiny_models import save_tiny_gpt2

    corpus = tmp_path / "one.txt"
    corpus.write_text("a\n")
    folder = small(tmp_path, save_tiny_gpt2(tmp_path / "model"), corpus)
    assert manifest_of(folder)["n_tokens"] == 1
    assert manifest_of(folder)["similarity"]["n_rows"] == 0
    assert not load(folder, layout.SIMILARITY_PATTERN).any()
    assert np.isnan(load(folder, layout.SIMILARITY_VECTORS)).all()
    assert not load(folder, layout.HEAD_MAP).any()


@pytest.mark.parametrize(("has_parts", "n_nearest"), [(False, 2), (True, 9)])
def test_the_nearest_heads_of_many_are_those_of_all_pairs(
    has_parts: bool,
    n_nearest: int,
    tiny_bert: Path,
    tiny_text: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, options = tiny_bert, {}
    if has_parts:  # of eight heads or more: some heads have too few others of their part
        model, options = save_two_texts(T5, tmp_path / "t5"), {"max_length": 12}
    whole = small(tmp_path / "whole", model, tiny_text, **options)
    monkeypatch.setattr(similarity, "MAX_EXACT_HEADS", 3)
    monkeypatch.setattr(similarity, "N_NEAREST", n_nearest)
    monkeypatch.setattr(head_map, "N_LANDMARKS", 3)
    folder = small(tmp_path, model, tiny_text, **options)
    assert verify(folder) == []
    facts = manifest_of(folder)["similarity"]
    assert (facts["n_nearest"], facts["n_landmarks"]) == (n_nearest, 3)
    exact = load(whole, layout.SIMILARITY_PATTERN)
    itself = 2 * np.eye(len(exact))
    nearest = np.argsort(exact + itself, axis=1, kind="stable")[:, :n_nearest]
    assert np.array_equal(load(folder, layout.SIMILARITY_HEADS), nearest)
    for name in (layout.SIMILARITY_PATTERN, layout.SIMILARITY_VECTORS):
        expected = np.take_along_axis(load(whole, name), nearest, axis=1)
        assert load(folder, name) == pytest.approx(expected, abs=1e-6, nan_ok=True)
    of_all, of_some = (
        {(one["layer"], one["head"]): one["nearest"] for one in map_of_heads(reader)["heads"]}
        for reader in (open_dataset(one.parent, "small") for one in (whole, folder))
    )
    for at, heads in of_all.items():
        ids = [(one["layer"], one["head"]) for one in heads[:n_nearest]]
        assert [(one["layer"], one["head"]) for one in of_some[at]] == ids
