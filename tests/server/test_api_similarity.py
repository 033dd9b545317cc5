"""The map of heads and the heads most like one, against the files and plain NumPy."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from tests.conftest import TinyDataset
from tests.server.conftest import SPECS, TEXT, make_app
from tests.server.test_api_attention import BASE, plain_pattern, span, vectors
from tests.support.checked_client import CheckedClient
from tests.support.fake_dataset import FakeSpec, make_corpus, write_fake_dataset
from tests.support.fake_similarity import SIMILARITY_FACTS

from attentionviz.analysis import shared_tokens
from attentionviz.core.token_alignment import shared_words

# The same corpus as TEXT, and another model.
TWIN = FakeSpec("twin", n_layers=1, n_heads=3, is_causal=True, d_head=6, maps=("pca-2d",))
TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of two models on one corpus."""
    folder = tmp_path_factory.mktemp("twins")
    for spec in (TEXT, TWIN):
        write_fake_dataset(folder, spec)
    return folder


@pytest.fixture
def pair(twins: Path) -> CheckedClient:
    """Return a client of those."""
    return make_app(twins).test_client()


def arrays(data_dir: Path, name: str) -> list[np.ndarray]:
    folder = data_dir / (data_dir / f"{name}.current").read_text().strip()
    files = ("similarity-pattern.npy", "similarity-vectors.npy", "head_map.npy")
    return [np.load(folder / file) for file in files]


@pytest.mark.parametrize("name", SPECS)
def test_the_map_of_heads_contains_positions_and_true_neighbours(
    client: CheckedClient, data_dir: Path, name: str
) -> None:
    distances, _, places = arrays(data_dir, name)
    answer = client.get(f"{BASE}/{name}/similarity").json
    heads = answer.pop("heads")
    assert answer == SIMILARITY_FACTS
    ids = [(head["layer"], head["head"]) for head in heads]
    assert ids == [(id_.layer, id_.head) for id_ in SPECS[name].head_ids]
    assert np.allclose([(head["x"], head["y"]) for head in heads], places)
    for i, head in enumerate(heads):
        found = [ids.index((near["layer"], near["head"])) for near in head["nearest"]]
        assert i not in found
        assert [near["distance"] for near in head["nearest"]] == sorted(distances[i])[1:6]
        assert np.allclose(distances[i][found], [near["distance"] for near in head["nearest"]])


def test_similar_heads_are_sorted_by_distance_without_the_head_itself(
    client: CheckedClient, data_dir: Path
) -> None:
    distances, aligned, _ = arrays(data_dir, "text")
    answer = client.get(f"{BASE}/text/heads/1/0/similar?k=2").json
    assert (answer["with"], answer["compared_by"], answer["n_rows"]) == ("text", "token", 7)
    assert answer["n_sequences"] is None
    order = [i for i in np.argsort(distances[2]) if i != 2][:2]
    assert answer["heads"] == [
        {
            "layer": i // 2,
            "head": i % 2,
            "distance": float(distances[2, i]),
            "alignment": float(aligned[2, i]),
        }
        for i in order
    ]
    assert client.get(f"{BASE}/image/heads/0/0/similar").json["compared_by"] == "patch"


def test_a_model_of_the_same_tokens_is_compared_row_by_row(
    pair: CheckedClient, twins: Path
) -> None:
    own = vectors(twins, TEXT, 1, 1)
    answer = pair.get(f"{BASE}/text/heads/1/1/similar?with=twin").json
    assert (answer["with"], answer["compared_by"], answer["others"]) == ("twin", "token", ["twin"])
    lengths = make_corpus(TEXT).lengths
    assert answer["n_sequences"] == len(lengths)
    assert answer["n_rows"] == sum(lengths) - len(lengths), "the first token sees itself alone"
    for found in answer["heads"]:
        theirs = vectors(twins, TWIN, found["layer"], found["head"])
        squares = []
        for i, n in enumerate(lengths):
            part = span(TEXT, i)
            p = plain_pattern(TEXT, own[0][part], own[1][part])
            q = plain_pattern(TWIN, theirs[0][part], theirs[1][part])
            for row in range(1, n):
                a = p[row] + 0.001 / n
                b = q[row] + np.where(np.arange(n) <= row, 0.001 / (row + 1), 0)
                squares.append(jensenshannon(a, b, base=2) ** 2)
        assert found["distance"] == pytest.approx(np.sqrt(np.mean(squares)), abs=TOLERANCE)
    again = pair.get(f"{BASE}/text/heads/1/1/similar?with=twin")
    assert again.json == answer, "kept once computed"
    assert len(answer["heads"]) == 3


def test_a_head_has_distance_zero_to_its_copy_in_another_dataset(tmp_path: Path) -> None:
    for name in ("one", "other"):
        write_fake_dataset(tmp_path, FakeSpec(name, maps=("pca-2d",)))
    answer = make_app(tmp_path).test_client().get(f"{BASE}/one/heads/0/1/similar?with=other").json
    first = answer["heads"][0]
    assert (first["layer"], first["head"]) == (0, 1)
    assert first["distance"] == pytest.approx(0, abs=TOLERANCE)
    assert first["alignment"] == pytest.approx(1, abs=TOLERANCE)


def test_long_comparisons_use_fewer_sequences(twins: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_tokens, "MAX_WEIGHTS", 1)
    client = make_app(twins).test_client()
    answer = client.get(f"{BASE}/text/heads/0/0/similar?with=twin").json
    assert answer["n_sequences"] == 1


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("with=image", 400),  # another corpus
        ("with=none", 404),
        ("with=..%2Ftext", 400),
        ("with=", 400),
        ("k=0", 400),
        ("k=1001", 400),
        ("with=damaged", 500),
    ],
)
def test_datasets_that_cannot_be_compared_are_refused(
    client: CheckedClient, query: str, status: int
) -> None:
    assert client.get(f"{BASE}/text/heads/0/0/similar?{query}").status_code == status


@pytest.mark.parametrize("path", ["similarity", "heads/0/0/similar"])
def test_a_dataset_is_compared_once_it_is_complete(client: CheckedClient, path: str) -> None:
    response = client.get(f"{BASE}/half/{path}")
    assert response.status_code == 409
    assert "not_ready" in response.text


def test_images_with_different_patch_grids_are_not_compared(tmp_path: Path) -> None:
    from tests.support.fake_dataset import republish

    for name in ("one", "other"):
        folder = write_fake_dataset(
            tmp_path, FakeSpec(name, "image", n_tokens=60, maps=("pca-2d",))
        )
    client = make_app(tmp_path).test_client()
    answer = client.get(f"{BASE}/one/heads/0/0/similar?with=other").json
    assert answer["compared_by"] == "patch"
    grid = json.loads((folder / "manifest.json").read_bytes())["patch_grid"]
    republish(folder, {}, patch_grid={**grid, "n_rows": 14, "n_columns": 14})
    assert client.get(f"{BASE}/one/heads/0/0/similar?with=other").status_code == 400
    assert client.get(f"{BASE}/one/heads/0/0/similar").json["others"] == []


def test_models_with_different_tokens_are_compared_by_words(
    tiny_dataset: TinyDataset, tiny_causal_dataset: TinyDataset, tmp_path: Path
) -> None:
    for one in (tiny_dataset, tiny_causal_dataset):  # WordPiece and bytes, the same sentences
        shutil.copytree(one.data_dir, tmp_path, dirs_exist_ok=True)
    client = make_app(tmp_path).test_client()
    answer = client.get(f"{BASE}/tiny-text/heads/0/1/similar?with=tiny-causal").json
    assert (answer["compared_by"], answer["n_sequences"]) == ("word", 6)
    columns = [client.get(f"{BASE}/{name}/tokens").json for name in ("tiny-text", "tiny-causal")]
    n_rows = 0
    for i, text in enumerate(columns[0]["sequences"]["text"]):
        sides = []
        for one in columns:
            start = one["sequences"]["start"][i]
            part = slice(start, start + one["sequences"]["length"][i])
            kinds = zip(one["text"][part], one["token_type"][part], strict=True)
            sides.append([t if kind == "text" else None for t, kind in kinds])
        n_rows += shared_words(text, *sides).n_words - 1
    assert answer["n_rows"] == n_rows > 40
    assert [(h["layer"], h["head"]) for h in answer["heads"]] != []
    assert all(0 < head["distance"] < 1 for head in answer["heads"])
    back = client.get(f"{BASE}/tiny-causal/heads/0/0/similar?with=tiny-text").json
    there = client.get(f"{BASE}/tiny-text/heads/0/1/similar?with=tiny-causal").json

    def distance(answer: dict, head: int) -> float:
        return next(h["distance"] for h in answer["heads"] if (h["layer"], h["head"]) == (0, head))

    assert distance(back, 1) == pytest.approx(distance(there, 0), abs=TOLERANCE), "both ways alike"
