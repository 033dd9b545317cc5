"""Maps in PyTorch, on the CPU, beside those of NumPy."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
import torch

from attentionviz.errors import BuildError
from attentionviz.measures.fidelity import recall
from attentionviz.projections import HeadVectors, Projection, affinities, forces, project
from attentionviz.projections import neighbours as cpu_neighbours
from attentionviz.projections import placing as cpu_placing
from attentionviz.projections import sharpening as cpu_sharpening
from attentionviz.projections.attention_tsne import DEFAULTS, sharpening_parameters
from attentionviz.projections.torch_maps import DeviceMemoryError, memory, project_heads
from attentionviz.projections.torch_maps import affinities as torch_affinities
from attentionviz.projections.torch_maps.maps import MODULES
from attentionviz.projections.torch_maps.neighbours import nearest, strongest
from attentionviz.projections.torch_maps.placing import candidate_positions, place_queries
from attentionviz.projections.torch_maps.repulsion import exact_repulsion, grid_repulsion
from attentionviz.projections.torch_maps.sharpening import sharpen

CPU = torch.device("cpu")
RNG = np.random.default_rng(0)
SMALL_BLOCK = 5000  # elements, so that tiny inputs take several blocks


@cache
def head(n_tokens: int, seed: int = 3) -> HeadVectors:
    """Return a head whose tokens lie in a cube.

    By default with a map that is determined: other rounding changes its objective by 0.01 %.
    """
    rng = np.random.default_rng(seed)
    places = rng.uniform(-1, 1, (n_tokens, 3))
    features = np.concatenate([places, np.sin(2 * places), np.ones((n_tokens, 1))], axis=1)
    mixing = rng.standard_normal((2, 7, 8)) * [[[3.0]], [[1.0]]]
    queries, keys = (features @ one for one in mixing)
    return HeadVectors.of(queries, keys, 8**-0.5)


def points(n: int, dims: int = 2, n_heads: int = 2) -> torch.Tensor:
    """Return clusters of different density."""
    found = RNG.standard_normal((n_heads, n, dims)) + RNG.integers(0, 5, (n_heads, n, 1)) * 8
    return torch.from_numpy(found.astype(np.float32))


def share_of_neighbours(vectors: HeadVectors, coordinates: np.ndarray) -> float:
    """Return the share of the ten nearest points by cosine distance among those in the map."""
    kept = cpu_neighbours.find_neighbours(vectors, 10).indices
    gaps = np.linalg.norm(coordinates[:, None] - coordinates[None], axis=2)
    np.fill_diagonal(gaps, np.inf)
    near = np.argsort(gaps, axis=1)[:, :10]
    return float(np.mean([len({*a} & {*b}) / 10 for a, b in zip(kept, near, strict=True)]))


def objective(made: Projection) -> float:
    return float(next(iter(made.details.values())))


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("method", MODULES)
def test_the_objective_and_the_recall_are_those_of_numpy(method: str, dims: int) -> None:
    vectors = head(250)
    (ours,) = project_heads(method, [vectors], dims=dims, seed=0, device="cpu")
    numpys = project(method, vectors, dims=dims, seed=0)
    assert objective(ours) == pytest.approx(objective(numpys), rel=0.01)
    assert ours.details.keys() == numpys.details.keys()
    fidelity = share_of_neighbours
    if method == "attention-tsne":

        def fidelity(vectors: HeadVectors, coordinates: np.ndarray) -> float:
            return recall(vectors, coordinates, method, 10)

    expected = fidelity(vectors, numpys.coordinates)
    assert expected > 0.4
    assert fidelity(vectors, ours.coordinates) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("method", MODULES)
def test_points_outside_of_the_sample_are_placed_as_by_numpy(method: str) -> None:
    vectors, chosen = head(300), {"fit_points": 200, "iterations": 5, "early_iterations": 5}
    if method == "tsne":
        chosen["refining_iterations"] = 5
    if method == "attention-tsne":
        chosen["targets"] = 300  # all keys: nothing is refined, which is tested below
    (ours,) = project_heads(method, [vectors], dims=2, seed=3, device="cpu", **chosen)
    numpys = project(method, vectors, dims=2, seed=3, **chosen)
    assert ours.details["n_fitted_points"] == numpys.details["n_fitted_points"] == 200
    # So few iterations have not yet enlarged the rounding of float32.
    size = np.abs(numpys.coordinates).max()
    gaps = np.linalg.norm(ours.coordinates - numpys.coordinates, axis=1)
    assert np.mean(gaps < 1e-3 * size) > 0.97


@pytest.mark.parametrize("method", MODULES)
def test_heads_of_a_batch_do_not_affect_each_other(method: str) -> None:
    heads = [head(60, seed) for seed in range(3)] + [head(40)]
    short = {"early_iterations": 5, "iterations": 5}
    together = project_heads(method, heads, dims=2, seed=0, device="cpu", **short)
    for one, made in zip(heads, together, strict=True):
        (alone,) = project_heads(method, [one], dims=2, seed=0, device="cpu", **short)
        assert np.allclose(made.coordinates, alone.coordinates, atol=1e-4)
        assert objective(made) == pytest.approx(objective(alone), rel=1e-5)


def test_too_few_tokens_get_the_map_of_numpy() -> None:
    heads = [head(3), head(60)]
    few, _ = project_heads("tsne", heads, dims=2, seed=0, device="cpu")
    assert few.fallback == project("tsne", heads[0], dims=2, seed=0).fallback


def test_neighbours_and_strongest_keys_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(memory.BLOCK_ELEMENTS, "cpu", SMALL_BLOCK)
    vectors = head(300)
    unit = cpu_neighbours.unit_vectors(vectors.aligned.points())
    stacked = torch.from_numpy(np.stack([unit, unit[::-1].copy()]))
    ours, numpys = nearest(stacked, stacked, 20, skip_self=True), cpu_neighbours.nearest
    same(ours, numpys(unit, unit, 20, skip_self=True))
    q, k = (torch.from_numpy(x)[None] for x in (vectors.queries, vectors.keys))
    same(strongest(q, k, 20), cpu_neighbours.strongest(vectors.queries, vectors.keys, 20))


def same(ours: Sequence[torch.Tensor], numpys: Sequence[np.ndarray]) -> None:
    # Products of another library may round differently, and change the order of near ties.
    assert np.mean(ours[0][0].numpy() == numpys[0]) > 0.999
    assert np.allclose(ours[1][0].numpy(), numpys[1], atol=2e-3)


def test_of_equal_products_the_first_come_first() -> None:
    ones = torch.ones((1, 8, 4))
    assert torch.equal(strongest(ones, ones, 8).indices[0], torch.arange(8).expand(8, 8))


def test_affinities_have_the_same_perplexity_as_those_of_opentsne() -> None:
    distances = np.sort(RNG.uniform(0, 2, (50, 30)), axis=1).astype(np.float32)
    distances[0, :20], distances[1] = 0, 0.5  # more equal neighbours than the perplexity
    expected = affinities.row_affinities(np.tile(np.arange(30), (50, 1)), distances, 8.0, 30)
    found = torch_affinities.row_affinities(torch.from_numpy(distances), 8.0)
    assert np.allclose(found.numpy(), expected.toarray(), atol=1e-5)


@pytest.mark.parametrize("dims", [2, 3])
def test_forces_are_the_same(dims: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(memory.BLOCK_ELEMENTS, "cpu", SMALL_BLOCK)
    some, others = points(150, dims), points(130, dims)
    total, on_some, on_others = exact_repulsion(some, others)
    for i in range(2):
        sums, expected = forces.repulsion(some[i].numpy(), others[i].numpy())
        assert float(total[i]) == pytest.approx(float(sums.sum()), rel=1e-5)
        assert np.allclose(on_some[i].numpy(), expected, atol=1e-3)
        _, expected = forces.repulsion(others[i].numpy(), some[i].numpy())
        assert np.allclose(on_others[i].numpy(), expected, atol=1e-3)


@pytest.mark.parametrize("is_same", [True, False])
def test_forces_by_a_grid_are_nearly_exact(is_same: bool) -> None:
    some = points(400)
    others = some if is_same else points(300)
    exact, gridded = exact_repulsion(some, others), grid_repulsion(some, others, 240)
    assert torch.allclose(gridded[0], exact[0], rtol=2e-3)
    for found, expected in zip(gridded[1:], exact[1:], strict=True):
        assert (found - expected).norm() < 0.03 * expected.norm()


def test_queries_are_placed_at_the_same_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    queries, keys = points(200), points(160)
    keys[:, :120] = keys[:, :1] + 0.01 * keys[:, :120]  # dense: many candidates of the same key
    targets = torch.from_numpy(RNG.random((2, 200, 160)).argsort(axis=2)[:, :, :10].copy())
    candidates = candidate_positions(queries, keys, 5, seed=1)
    monkeypatch.setitem(memory.BLOCK_ELEMENTS, "cpu", SMALL_BLOCK)
    placed = place_queries(queries, keys, targets, candidates)
    for i in range(2):
        q, k, t = (x[i].numpy() for x in (queries, keys, targets))
        expected = cpu_placing.candidate_positions(q, k, 5, seed=1)
        assert np.allclose(candidates[i].numpy(), expected, atol=1e-4)
        numpys = cpu_placing.place_queries(q, k, t, candidates[i].numpy())
        assert np.mean((placed[i].numpy() == numpys).all(axis=1)) > 0.98  # distances may tie


@pytest.mark.parametrize(
    ("dims", "n_far", "tolerance"), [(2, 0, 1e-4), (3, 0, 1e-4), (2, 60, 0.02)]
)
def test_sharpening_moves_points_the_same_way(
    dims: int, n_far: int, tolerance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(memory.BLOCK_ELEMENTS, "cpu", SMALL_BLOCK)
    queries, keys = points(150, dims), points(200, dims)
    targets = torch.from_numpy(RNG.integers(0, 200, (2, 150, 10)))
    # Whether the last of the near keys also counts as a far one depends on rounding.
    parameters = sharpening_parameters(DEFAULTS)._replace(near_keys=40, far_keys=n_far)
    parameters = parameters._replace(iterations=cpu_sharpening.SEARCH_EVERY + 1)
    found = sharpen(queries, keys, targets, parameters, seed=2)
    for i in range(2):
        arrays = [x[i].numpy() for x in (queries, keys, targets)]
        expected = cpu_sharpening.sharpen(*arrays, parameters, seed=2)
        for before, ours, numpys in zip(arrays, found, expected, strict=False):
            moved = np.linalg.norm(numpys - before)
            assert np.linalg.norm(ours[i].numpy() - numpys) < tolerance * moved


def test_batches_are_halved_until_they_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    heads, sizes = [head(40, seed) for seed in range(6)], []
    compute = MODULES["tsne"].project

    def with_memory_for_two(batch, **arguments):  # type: ignore[no-untyped-def]
        sizes.append(len(batch.heads))
        if len(batch.heads) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return compute(batch, **arguments)

    monkeypatch.setattr(memory, "free_bytes", lambda device: 10**12)
    monkeypatch.setattr(MODULES["tsne"], "project", with_memory_for_two)
    short = {"early_iterations": 2, "iterations": 2}
    made = project_heads("tsne", heads, dims=2, seed=0, device="cpu", **short)
    assert sizes == [6, 3, 1, 1, 1, 1, 1, 1]
    monkeypatch.undo()
    for one, vectors in zip(made, heads, strict=True):
        (alone,) = project_heads("tsne", [vectors], dims=2, seed=0, device="cpu", **short)
        assert np.allclose(one.coordinates, alone.coordinates, atol=1e-6)


def test_too_little_memory_for_one_head_names_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_memory(batch, **arguments):  # type: ignore[no-untyped-def]
        raise RuntimeError("MPS backend out of memory")

    monkeypatch.setattr(MODULES["tsne"], "project", without_memory)
    with pytest.raises(DeviceMemoryError, match="80 points.*--device cpu"):
        project_heads("tsne", [head(40)], dims=2, seed=0, device="cpu")


def test_a_failing_device_names_the_way_to_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(batch, **arguments):  # type: ignore[no-untyped-def]
        raise RuntimeError("CUDA error: an illegal\ninstruction")

    monkeypatch.setattr(MODULES["tsne"], "project", failing)
    with pytest.raises(BuildError, match="illegal instruction; .*--device cpu"):
        project_heads("tsne", [head(40)], dims=2, seed=0, device="cpu")
