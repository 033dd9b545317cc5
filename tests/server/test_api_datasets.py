"""Which datasets are listed, and what is said of each."""

import gzip
import json
import os
import shutil
from pathlib import Path

import pytest
from tests.server.conftest import HALF, IMAGE, TEXT, array_of, make_app
from tests.support.checked_client import CheckedClient
from tests.support.fake_dataset import (
    FakeSpec,
    facts_of_heads,
    republish,
    write_fake_building,
    write_fake_dataset,
)
from tests.support.head_list import heads_of

from attentionviz import __version__
from attentionviz.core.scores import ALL_SCORES, HEAD_NAMES

BASE = "/api/v1/datasets"
# The tests' own small dataset: 2 x 2 heads.
TINY = FakeSpec("tiny", n_tokens=20, maps=("pca-2d", "biplot-3d"))


def test_health_returns_the_version(client: CheckedClient) -> None:
    assert client.get("/health").json == {"status": "ok", "version": __version__}


def test_every_dataset_is_listed_with_its_state(client: CheckedClient) -> None:
    listed = {entry["id"]: entry for entry in client.get(BASE).json["datasets"]}
    states = {name: entry["state"] for name, entry in listed.items()}
    assert states == {
        "begun": "building",
        "causal": "complete",
        "damaged": "damaged",
        "gone": "damaged",
        "half": "building",
        "image": "complete",
        "text": "complete",
    }
    assert listed["text"]["n_tokens"] == TEXT.n_tokens
    assert listed["image"]["modality"] == "image"
    assert listed["begun"]["model"] is None
    assert listed["begun"]["progress"]["message"] == "reading vectors"
    assert "tokens/vocabulary.json" in listed["damaged"]["reason"]


def test_a_dataset_returns_its_manifest_without_the_list_of_files(client: CheckedClient) -> None:
    facts = client.get(f"{BASE}/text").json
    assert facts["state"] == "complete"
    assert facts["manifest"]["n_layers"] == 2
    assert "files" not in facts["manifest"]
    assert facts["maps_ready"] == dict.fromkeys(TEXT.maps, 4)
    assert facts["nearness"]["biplot-3d"] == "product"
    assert facts["nearness"]["tsne-2d"] == "distance"
    means = facts["manifest"]["fidelity"]
    flat = [name for name in TEXT.maps if name.endswith("-2d")]
    assert facts["best_maps"]["best-2d"] == max(flat, key=lambda m: means[m]["recall_at_10"])
    assert facts["progress"] is None


def test_a_half_built_dataset_returns_its_number_of_finished_maps(client: CheckedClient) -> None:
    facts = client.get(f"{BASE}/half").json
    assert facts["state"] == "building"
    assert facts["version"] == "building-10"
    assert sorted(facts["maps_ready"].values(), reverse=True)[:4] == [4, 4, 2, 0]
    assert facts["progress"]["n_units"] == 4 * len(HALF.maps)


def test_a_just_started_build_has_no_manifest(client: CheckedClient) -> None:
    facts = client.get(f"{BASE}/begun").json
    assert (facts["state"], facts["manifest"], facts["maps_ready"]) == ("building", None, {})
    assert client.get(f"{BASE}/begun/tokens").status_code == 409


@pytest.mark.parametrize("phase", ["failed", "stopped"])
def test_a_stopped_build_says_why_and_shows_its_finished_maps(tmp_path: Path, phase: str) -> None:
    captured = write_fake_building(tmp_path, HALF)
    begun = tmp_path / ".staging" / "begun-0123456789ab"
    begun.mkdir()
    for folder in (captured, begun):
        progress = json.dumps({"phase": phase, "message": "layer 1 is not finite"})
        (folder / "progress.json").write_text(progress, encoding="utf-8")
    client = make_app(tmp_path).test_client()
    for entry in client.get(BASE).json["datasets"]:
        assert (entry["state"], entry["reason"]) == (phase, "layer 1 is not finite")
        assert client.get(f"{BASE}/{entry['id']}").json["state"] == phase
    assert client.get(f"{BASE}/half/tokens").status_code == 200
    refused = client.get(f"{BASE}/begun/tokens")
    assert refused.status_code == 409
    assert "layer 1 is not finite" in refused.json["error"]["message"]


@pytest.mark.parametrize("name", ["damaged", "gone"])
@pytest.mark.parametrize("path", ["", "/tokens", "/heads", "/projections/pca-2d"])
def test_a_damaged_dataset_is_never_shown(client: CheckedClient, name: str, path: str) -> None:
    response = client.get(f"{BASE}/{name}{path}")
    assert response.status_code == 500
    assert response.json["error"]["code"] == "dataset_damaged"


@pytest.mark.parametrize(
    "name", ["nothing", "TEXT", "text@0", "..", "%2e%2e", "a" * 300, ".staging"]
)
def test_an_unknown_dataset_is_404(client: CheckedClient, name: str) -> None:
    assert client.get(f"{BASE}/{name}/tokens").status_code == 404


def test_damage_found_while_reading_hides_the_dataset(tmp_path: Path) -> None:
    folder = write_fake_dataset(tmp_path, TINY)
    client = make_app(tmp_path).test_client()
    path = folder / "L00H01" / "queries.npy"
    good = path.read_bytes()
    path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    address = f"{BASE}/tiny/heads/0/1/attention/0"
    assert client.get(address).json["error"]["code"] == "dataset_damaged"
    assert client.get(BASE).json["datasets"][0]["state"] == "damaged"
    assert "L00H01/queries.npy" in client.get(BASE).json["datasets"][0]["reason"]
    assert client.get(f"{BASE}/tiny/grid").status_code == 500
    path.write_bytes(good)
    assert client.get(address).status_code == 200
    assert client.get(BASE).json["datasets"][0]["state"] == "complete"


def test_a_new_version_is_found_at_the_next_request(tmp_path: Path) -> None:
    write_fake_dataset(tmp_path, TINY)
    client = make_app(tmp_path).test_client()
    first = client.get(f"{BASE}/tiny").json["version"]
    write_fake_dataset(tmp_path, FakeSpec("tiny", n_tokens=30, maps=("pca-2d",)))
    facts = client.get(f"{BASE}/tiny").json
    assert facts["version"] != first
    assert facts["manifest"]["n_tokens"] == 30


def test_a_page_keeps_the_version_that_it_was_opened_with(tmp_path: Path) -> None:
    old = write_fake_dataset(tmp_path, TINY)
    client = make_app(tmp_path).test_client()
    version = old.name.partition("@")[2]
    write_fake_dataset(tmp_path, FakeSpec("tiny", n_tokens=30, maps=("pca-2d",)))
    response = client.get(f"{BASE}/tiny/heads/0/0/norms?v={version}")
    assert array_of(response).shape == (20, 4)
    assert "immutable" in response.headers["Cache-Control"]
    shutil.rmtree(old)
    assert client.get(f"{BASE}/tiny/heads/0/0/norms?v={version}").status_code == 404


def test_a_finished_build_replaces_the_half_built_one(tmp_path: Path) -> None:
    staging = write_fake_building(tmp_path, TINY)
    client = make_app(tmp_path).test_client()
    building = client.get(f"{BASE}/tiny").json["version"]
    shutil.rmtree(staging)
    folder = write_fake_dataset(tmp_path, TINY)
    assert client.get(f"{BASE}/tiny").json["state"] == "complete"
    response = client.get(f"{BASE}/tiny/grid?v={building}")
    assert response.status_code == 200
    assert "immutable" not in response.headers["Cache-Control"]
    (tmp_path / "tiny.current").unlink()
    assert client.get(f"{BASE}/tiny").json["version"] == folder.name.partition("@")[2]


def test_the_most_recent_build_is_shown(tmp_path: Path) -> None:
    write_fake_building(tmp_path, TINY, n_units_done=2)
    newer = write_fake_building(tmp_path, FakeSpec("tiny", n_tokens=30, maps=TINY.maps))
    os.utime(newer / "progress.json", (2e9, 2e9))
    assert make_app(tmp_path).test_client().get(f"{BASE}/tiny").json["manifest"]["n_tokens"] == 30


def test_a_missing_data_folder_has_no_datasets(tmp_path: Path) -> None:
    client = make_app(tmp_path / "nowhere").test_client()
    assert client.get(BASE).json["datasets"] == []


def test_malformed_progress_is_ignored(tmp_path: Path) -> None:
    staging = write_fake_building(tmp_path, TINY)
    client = make_app(tmp_path).test_client()
    for text in ("", "[]", "{", '{"n_units_done": "many", "remaining_seconds": 1e999}', "[" * 9999):
        (staging / "progress.json").write_text(text)
        assert client.get(BASE).json["datasets"][0]["version"] == "building-0"


def test_tokens_are_returned_as_stored(client: CheckedClient) -> None:
    tokens = client.get(f"{BASE}/text/tokens").json
    assert len(tokens["text"]) == TEXT.n_tokens
    assert len(client.get(f"{BASE}/image/tokens").json["hue"]) == IMAGE.n_tokens


def test_json_is_compressed_if_the_client_accepts_it(client: CheckedClient) -> None:
    plain = client.get(f"{BASE}/text/tokens")
    packed = client.get(f"{BASE}/text/tokens", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    assert len(packed.data) < len(plain.data) / 2
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["ETag"] != plain.headers["ETag"]


def test_the_columns_of_heads_have_what_is_stored_of_each(
    client: CheckedClient, data_dir: Path
) -> None:
    for name in ("text", "causal", "image"):
        folder = data_dir / (data_dir / f"{name}.current").read_text().strip()
        stored = facts_of_heads(folder)
        heads = heads_of(client.get(f"{BASE}/{name}/heads").json)
        for head, facts in zip(heads, stored, strict=True):
            assert head["scores"] == facts["scores"]
            assert {n: m["fidelity"] for n, m in facts["maps"].items()} == {
                n: m["fidelity"] for n, m in head["maps"].items()
            }
            at = f"{facts['layer']}/{facts['head']}"
            one = client.get(f"{BASE}/{name}/heads/{at}").json
            assert one == {**facts, "best_maps": head["best_maps"]}


def test_a_head_outside_of_the_model_is_404(client: CheckedClient) -> None:
    for at in ("0/2", "2/0", "0/x"):
        assert client.get(f"{BASE}/text/heads/{at}").status_code == 404


def test_heads_of_a_half_built_dataset_have_its_finished_scores(tmp_path: Path) -> None:
    write_fake_building(tmp_path, TINY, n_units_done=6)
    client = make_app(tmp_path).test_client()
    heads = heads_of(client.get(f"{BASE}/tiny/heads").json)
    assert [bool(head["scores"]) for head in heads] == [True, True, False, False]
    own = [client.get(f"{BASE}/tiny/heads/{i // 2}/{i % 2}").json for i in range(4)]
    assert [head["profile"] is None for head in own] == [False, False, True, True]


def test_the_list_describes_every_score_and_method(client: CheckedClient) -> None:
    listed = client.get(BASE).json["scores"]
    assert [score["name"] for score in listed] == list(ALL_SCORES)
    induction = next(score for score in listed if score["name"] == "induction")
    assert induction["label"] == "Induction"
    assert (induction["modality"], induction["unit"]) == ("text", "share")
    assert (induction["low"], induction["high"]) == (0.0, 1.0)
    assert "Olsson" in induction["source"]
    assert next(score for score in listed if score["name"] == "entropy")["modality"] is None
    assert next(score for score in listed if score["name"] == "mean_distance")["high"] is None
    former = [score["name"] for score in listed if score["until"] is not None]
    assert former == ["distance", "distance_variance"], "datasets of earlier versions have them"


def test_scores_contain_the_thresholds_of_head_names(client: CheckedClient) -> None:
    named = {score["name"]: score["head_name"] for score in client.get(BASE).json["scores"]}
    assert named["previous"]["label"] == "previous token"
    assert (named["previous"]["threshold"], named["previous"]["min_rows"]) == (0.5, 30)
    assert "Clark" in named["previous"]["reason"]
    assert named["entropy"] is None
    assert {name for name, head_name in named.items() if head_name} == set(HEAD_NAMES)


def test_a_dataset_of_an_earlier_version_returns_its_version(tmp_path: Path) -> None:
    republish(write_fake_dataset(tmp_path, TINY), {}, schema_version=1)
    client = make_app(tmp_path).test_client()
    listed = client.get(BASE).json["datasets"][0]
    assert listed["state"] == "outdated"
    assert "earlier version" in listed["reason"]
    for path in ("", "/tokens", "/heads", "/projections/pca-2d"):
        error = client.get(f"{BASE}/tiny{path}").json["error"]
        assert error["code"] == "dataset_outdated"
        assert "build it again" in error["message"] and "damaged" not in error["message"]


def test_heads_of_a_half_built_dataset_have_its_finished_maps(client: CheckedClient) -> None:
    heads = heads_of(client.get(f"{BASE}/half/heads").json)
    assert [len(head["maps"]) for head in heads] == [3, 3, 2, 2]
    assert heads[0]["alignment_scale"] > 0
    own = client.get(f"{BASE}/half/heads/0/0").json
    assert "alignment_scale" not in own["maps"]["biplot-2d"]


def test_images_come_as_png(client: CheckedClient) -> None:
    for path in ("images/1", "images/1/thumbnail"):
        response = client.get(f"{BASE}/image/{path}")
        assert response.mimetype == "image/png"
        assert response.data.startswith(b"\x89PNG")
    for path in ("images/2", "images/-1", "images/x", "images/1.png"):
        assert client.get(f"{BASE}/image/{path}").status_code == 404
    assert client.get(f"{BASE}/text/images/0").status_code == 404


def test_a_cached_answer_is_304(client: CheckedClient) -> None:
    paths = ("tokens", "heads", "grid", "projections/pca-2d", "heads/0/0/norms", "grid/norms")
    for path in (*paths, "heads/0/0/attention/0", "heads/0/0/aggregate?length=3", ""):
        first = client.get(f"{BASE}/text/{path}".rstrip("/"))
        again = client.get(
            f"{BASE}/text/{path}".rstrip("/"), headers={"If-None-Match": first.headers["ETag"]}
        )
        assert (first.status_code, again.status_code, again.data) == (200, 304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]


def test_only_a_finished_version_is_cached_as_immutable(client: CheckedClient) -> None:
    version = client.get(f"{BASE}/text").json["version"]
    address = f"{BASE}/text/projections/pca-2d"
    assert "immutable" in client.get(f"{address}?v={version}").headers["Cache-Control"]
    assert "no-cache" in client.get(address).headers["Cache-Control"]
    half = client.get(f"{BASE}/half/projections/pca-2d?v=building-10")
    assert "immutable" not in half.headers["Cache-Control"]
    assert client.get(f"{address}?v=0123456789ab").status_code == 404


def test_hostile_tokens_are_returned_unchanged(client: CheckedClient) -> None:
    stored = json.loads(client.get(f"{BASE}/text/tokens").data)
    assert any("<" in text or "\u202e" in text for text in stored["text"])
