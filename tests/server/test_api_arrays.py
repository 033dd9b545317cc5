"""Coordinates, norms and what the grid draws, held against the files they come from."""

from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from tests.server.conftest import CAUSAL, HALF, IMAGE, TEXT, array_of, make_app
from tests.support.checked_client import CheckedClient
from tests.support.fake_dataset import FakeSpec, write_fake_building
from tests.support.head_list import heads_of

from attentionviz.analysis import maps
from attentionviz.core.types import METHODS, HeadId

BASE = "/api/v1/datasets"


def stored(data_dir: Path, dataset_id: str, name: str) -> np.ndarray:
    folder = data_dir / (data_dir / f"{dataset_id}.current").read_text().strip()
    return np.load(folder / name, allow_pickle=False)


@pytest.mark.parametrize("name", TEXT.maps)
def test_the_grid_of_a_map_is_the_stored_array(
    client: CheckedClient, data_dir: Path, name: str
) -> None:
    response = client.get(f"{BASE}/text/projections/{name}")
    grid = array_of(response)
    assert np.array_equal(grid, stored(data_dir, "text", f"grid/{name}.npy"))
    assert grid.itemsize * grid.size == 4 * 4 * 2 * TEXT.n_tokens  # 4 bytes a point
    assert response.headers["X-Ready"] == "1111"


def test_one_head_gets_all_its_points(client: CheckedClient, data_dir: Path) -> None:
    found = array_of(client.get(f"{BASE}/text/projections/tsne-3d?layer=1&head=0"))
    assert np.array_equal(found, stored(data_dir, "text", "L01H00/tsne-3d.npy"))
    assert found.shape == (2 * TEXT.n_tokens, 3)


def best_of(data_dir: Path, head: dict) -> str:
    """Return the 2-D map of a head with the highest recall, the first where several have it."""
    names = [f"{method}-2d" for method in METHODS if f"{method}-2d" in head["maps"]]
    return max(names, key=lambda name: head["maps"][name]["fidelity"]["recall_at_10"])


def test_the_best_map_of_each_head_is_the_one_with_the_highest_recall(
    client: CheckedClient, data_dir: Path
) -> None:
    heads = heads_of(client.get(f"{BASE}/text/heads").json)
    best = [best_of(data_dir, head) for head in heads]
    assert len(set(best)) > 1, "the heads of the test have different best maps"
    response = client.get(f"{BASE}/text/projections/best-2d")
    grid = array_of(response)
    assert response.headers["X-Ready"] == "1111"
    for head, name in zip(heads, best, strict=True):
        at = (head["layer"], head["head"])
        assert head["best_maps"]["best-2d"] == name
        assert np.array_equal(grid[at], stored(data_dir, "text", f"grid/{name}.npy")[at])
        one = client.get(f"{BASE}/text/projections/best-2d?layer={at[0]}&head={at[1]}")
        folder = HeadId(*at).folder
        assert np.array_equal(array_of(one), stored(data_dir, "text", f"{folder}/{name}.npy"))


def test_repeated_requests_of_best_maps_choose_them_once(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make_app(data_dir).test_client()
    chosen = Mock(side_effect=maps.best_maps)
    monkeypatch.setattr(maps, "best_maps", chosen)
    first = client.get(f"{BASE}/text/projections/best-2d")
    again = client.get(f"{BASE}/text/projections/best-2d")
    assert (first.status_code, first.data) == (200, again.data)
    assert client.get(f"{BASE}/text/projections/best-2d?layer=1&head=1").status_code == 200
    assert chosen.call_count == 1


def test_during_a_build_the_best_map_is_among_the_finished_ones(
    tmp_path: Path,
) -> None:
    spec = FakeSpec("young", maps=("attention-tsne-2d", "pca-2d"))
    write_fake_building(tmp_path, spec, n_units_done=3)
    client = make_app(tmp_path).test_client()
    heads = heads_of(client.get(f"{BASE}/young/heads").json)
    assert [len(head["maps"]) for head in heads] == [1, 1, 1, 0]
    assert heads[3]["best_maps"] == {"best-2d": None, "best-3d": None}
    response = client.get(f"{BASE}/young/projections/best-2d")
    only = client.get(f"{BASE}/young/projections/{next(iter(heads[0]['maps']))}")
    assert response.headers["X-Ready"] == "1110"
    assert np.array_equal(array_of(response), array_of(only))
    late = client.get(f"{BASE}/young/projections/best-2d?layer=1&head=1")
    assert (late.status_code, late.json["error"]["code"]) == (409, "not_ready")


def test_a_dataset_without_3d_maps_has_no_best_3d_map(
    client: CheckedClient,
) -> None:
    response = client.get(f"{BASE}/image/projections/best-3d")
    assert (response.status_code, response.json["error"]["code"]) == (404, "method_not_found")
    assert client.get(f"{BASE}/text/projections/best-4d").status_code == 404
    assert client.get(f"{BASE}/text/projections/best-2d?layer=7&head=0").status_code == 404


def test_norms_and_patches_are_the_stored_arrays(client: CheckedClient, data_dir: Path) -> None:
    found = array_of(client.get(f"{BASE}/text/heads/1/1/norms"))
    assert np.array_equal(found, stored(data_dir, "text", "L01H01/norms.npy"))
    assert array_of(client.get(f"{BASE}/text/grid/norms")).dtype == np.uint8
    shared = array_of(client.get(f"{BASE}/text/grid/norms?scale=head"))
    drawn = stored(data_dir, "text", "grid/tokens.npy")
    both = found[:, :2]
    share = (both[drawn].T.ravel() - both.min()) / (both.max() - both.min())
    assert np.abs(shared[1, 1] / 255 - share).max() <= 0.5 / 255 + 1e-6
    assert client.get(f"{BASE}/text/grid/norms?scale=all").status_code == 400
    assert array_of(client.get(f"{BASE}/image/patches")).shape == (IMAGE.n_tokens, 8, 8, 3)
    assert client.get(f"{BASE}/text/patches").status_code == 404


def test_the_grid_draws_whole_sequences(client: CheckedClient) -> None:
    assert array_of(client.get(f"{BASE}/text/grid")).tolist() == list(range(TEXT.n_tokens))


def test_a_half_built_grid_contains_the_finished_heads(
    client: CheckedClient, data_dir: Path
) -> None:
    response = client.get(f"{BASE}/half/projections/attention-tsne-2d")
    grid = array_of(response)
    assert response.headers["X-Ready"] == "1100"
    assert grid[1].max() == 0
    folder = next((data_dir / ".staging").glob("half-*"))
    for head in (0, 1):
        full = np.load(folder / HeadId(0, head).folder / "attention-tsne-2d.npy")
        assert np.array_equal(grid[0, head], full)


def test_an_unfinished_file_is_never_served(client: CheckedClient, data_dir: Path) -> None:
    folder = next((data_dir / ".staging").glob("half-*"))
    assert (folder / "L01H00" / "attention-tsne-2d.npy").exists()
    address = f"{BASE}/half/projections/attention-tsne-2d?layer=1&head=0"
    assert client.get(address).json["error"]["code"] == "not_ready"


def test_a_half_built_grid_in_three_dimensions_is_packed(tmp_path: Path) -> None:
    spec = FakeSpec("half", n_tokens=40, maps=("pca-3d",), grid_points=100)
    folder = write_fake_building(tmp_path, spec, n_units_done=3)
    client = make_app(tmp_path).test_client()
    response = client.get(f"{BASE}/half/projections/pca-3d")
    grid = array_of(response)
    tokens = array_of(client.get(f"{BASE}/half/grid"))
    assert len(tokens) < 40
    full = np.load(folder / "L00H01" / "pca-3d.npy")
    points = full[np.concatenate([tokens, 40 + tokens])].astype(np.uint32)
    packed = grid[0, 1]
    assert np.array_equal(packed & 0x7FF, points[:, 0] >> 5)
    assert np.array_equal(packed >> 11 & 0x7FF, points[:, 1] >> 5)
    assert np.array_equal(packed >> 22, points[:, 2] >> 6)
    assert response.headers["X-Ready"] == "1110"


def test_a_half_built_grid_grows_with_the_journal(tmp_path: Path) -> None:
    spec = FakeSpec("half", n_tokens=30, maps=("pca-2d",))
    folder = write_fake_building(tmp_path, spec, n_units_done=4)
    journal = folder / "journal.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    client = make_app(tmp_path).test_client()
    address = f"{BASE}/half/projections/pca-2d"
    journal.write_text("".join(lines[:-2]))
    first = client.get(address)
    journal.write_text("".join(lines[:-2]) + lines[-2][:30])  # torn by a kill
    second = client.get(address)
    journal.write_text("".join(lines))
    third = client.get(address)
    assert [r.headers["X-Ready"] for r in (first, second, third)] == ["1110", "1110", "1111"]
    assert first.headers["ETag"] != third.headers["ETag"]


def test_a_unit_being_rebuilt_is_not_ready(tmp_path: Path) -> None:
    spec = FakeSpec("half", n_tokens=30, maps=("pca-2d",))
    folder = write_fake_building(tmp_path, spec, n_units_done=4)
    (folder / "L01H01" / "pca-2d.npy").write_bytes(b"half")
    client = make_app(tmp_path).test_client()
    assert client.get(f"{BASE}/half/projections/pca-2d").headers["X-Ready"] == "1110"
    assert client.get(f"{BASE}/half/projections/pca-2d?layer=1&head=1").status_code == 409
    assert client.get(BASE).json["datasets"][0]["state"] == "building"


@pytest.mark.parametrize(
    "name", ["isomap-2d", "tsne", "tsne-4d", "TSNE-2d", "tsne-2d.npy", "x" * 999]
)
def test_an_unknown_map_is_404(client: CheckedClient, name: str) -> None:
    response = client.get(f"{BASE}/text/projections/{name}")
    assert (response.status_code, response.json["error"]["code"]) == (404, "method_not_found")


def test_a_map_that_the_dataset_does_not_have_is_404(client: CheckedClient) -> None:
    response = client.get(f"{BASE}/causal/projections/umap-2d")
    assert response.status_code == 404
    assert all(name in response.json["error"]["message"] for name in CAUSAL.maps)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("layer=0", 400),
        ("head=0", 400),
        ("layer=2&head=0", 404),
        ("layer=0&head=2", 404),
        ("layer=-1&head=0", 400),
        ("layer=NaN&head=0", 400),
        (f"layer={10**30}&head=0", 400),
        (f"layer={'9' * 5000}&head=0", 400),
        ("layer=0&head=0&head=1", 400),
        ("layer=0&head=0&sample=9", 400),
        ("layer=%00&head=0", 400),
        ("layer=٣&head=0", 400),
        ("v=latest", 400),
        ("v=", 400),
    ],
)
def test_invalid_parameters_of_a_projection_are_refused(
    client: CheckedClient, query: str, status: int
) -> None:
    response = client.get(f"{BASE}/text/projections/pca-2d?{query}")
    assert response.status_code == status
    assert len(response.data) < 500


def test_the_half_built_dataset_is_the_one_that_was_written() -> None:
    assert HALF.maps[:3] == ("biplot-2d", "pca-2d", "attention-tsne-2d")
