import numpy as np
import pytest

from attentionviz.core.heads import layers_of
from attentionviz.models import CapturedBatch
from attentionviz.pipeline.shards import Shards, assemble_heads, write_shard
from attentionviz.store.journal import Journal
from attentionviz.store.writer import write_bytes

N_LAYERS, N_HEADS, N_KEY_HEADS, D_HEAD = 2, 4, 2, 3
MANIFEST = {
    "keep_vectors": {"choice": "all"},
    "n_heads": N_HEADS,
    "n_key_heads": N_KEY_HEADS,
    "d_head": D_HEAD,
    "layers": [{}, {}],
}


def captured_batch(n_tokens, seed):
    rng = np.random.default_rng(seed)

    def random(*shape):
        return rng.standard_normal(shape, dtype=np.float32)

    return CapturedBatch(
        lengths=[n_tokens],
        layers=layers_of(MANIFEST),
        queries=random(N_LAYERS, N_HEADS, n_tokens, D_HEAD),
        keys=random(N_LAYERS, N_KEY_HEADS, n_tokens, D_HEAD),
        value_norms=np.abs(random(N_LAYERS, N_HEADS, n_tokens)),
        output_norms=np.abs(random(N_LAYERS, N_HEADS, n_tokens)),
    )


@pytest.fixture
def batches():
    return [captured_batch(n, seed) for seed, n in enumerate((4, 1, 6))]


def assembled(folder, batches, precision="float32"):
    with Journal(folder) as journal:
        for i, batch in enumerate(batches):
            journal.add(*write_shard(folder, i, batch, precision))
        heads = list(assemble_heads(folder, journal, Shards(folder, len(batches)), MANIFEST))
        return heads, journal.paths()


def load(folder, path):
    return np.load(folder / path, allow_pickle=False)


def test_a_head_is_assembled_from_its_shards_in_order(tmp_path, batches):
    heads, _ = assembled(tmp_path, batches)
    assert len(heads) == N_LAYERS * N_HEADS
    for head in heads:
        expected = np.concatenate([b.queries[head.layer, head.head] for b in batches])
        np.testing.assert_array_equal(load(tmp_path, f"{head.folder}/queries.npy"), expected)


def test_keys_are_stored_once_for_each_key_head(tmp_path, batches):
    _, paths = assembled(tmp_path, batches)
    assert "L00H01/keys.npy" not in paths
    expected = np.concatenate([b.keys[1, 1] for b in batches])
    np.testing.assert_array_equal(load(tmp_path, "L01H02/keys.npy"), expected)


def test_norms_are_those_of_query_key_value_and_output(tmp_path, batches):
    assembled(tmp_path, batches)
    norms = load(tmp_path, "L01H03/norms.npy")
    expected = [
        np.concatenate([np.linalg.norm(b.queries[1, 3], axis=-1) for b in batches]),
        np.concatenate([np.linalg.norm(b.keys[1, 1], axis=-1) for b in batches]),
        np.concatenate([b.value_norms[1, 3] for b in batches]),
        np.concatenate([b.output_norms[1, 3] for b in batches]),
    ]
    np.testing.assert_allclose(norms, np.stack(expected, axis=1), rtol=1e-6)


def test_float16_halves_the_vectors_but_not_the_norms(tmp_path, batches):
    assembled(tmp_path, batches, "float16")
    assert load(tmp_path, "L00H00/queries.npy").dtype == np.float16
    assert load(tmp_path, "L00H00/norms.npy").dtype == np.float32


def test_only_missing_heads_are_assembled(tmp_path, batches):
    assembled(tmp_path, batches)
    (tmp_path / "L01H01/queries.npy").unlink()
    before = (tmp_path / "L00H00/queries.npy").stat().st_mtime_ns
    with Journal(tmp_path) as journal:
        assert "L01H01/queries.npy" not in journal
        list(assemble_heads(tmp_path, journal, Shards(tmp_path, 3), MANIFEST))
        assert "L01H01/queries.npy" in journal
    assert (tmp_path / "L00H00/queries.npy").stat().st_mtime_ns == before


@pytest.mark.parametrize("is_the_same", [True, False])
def test_maps_are_removed_if_their_vectors_changed(tmp_path, batches, is_the_same):
    assembled(tmp_path, batches)
    derived = ["L00H00/pca-2d.npy", "L00H00/pca-2d.json", "neighbours/L00H00.npy", "grid/norms.npy"]
    with Journal(tmp_path) as journal:
        for path in derived:
            journal.add(write_bytes(tmp_path, path, b"x"))
        if not is_the_same:
            batches[0].queries[0, 0, 0, 0] += 1
            journal.add(*write_shard(tmp_path, 0, batches[0], "float32"))
    (tmp_path / "L00H00/queries.npy").write_bytes(b"damaged")
    with Journal(tmp_path) as journal:
        list(assemble_heads(tmp_path, journal, Shards(tmp_path, 3), MANIFEST))
        assert journal.has_all(["L00H00/queries.npy", "L00H00/keys.npy", "L01H03/norms.npy"])
        assert journal.has_all(derived) == is_the_same
        assert any(path in journal for path in derived) == is_the_same
    assert all((tmp_path / path).exists() == is_the_same for path in derived)


def test_shards_are_removed_on_request(tmp_path, batches):
    assembled(tmp_path, batches)
    Shards(tmp_path, 3).remove()
    assert list((tmp_path / "capture").iterdir()) == []
