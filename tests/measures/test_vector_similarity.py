"""Alignment of vectors against the definitions, written as loops."""

import numpy as np
import pytest

from attentionviz.errors import ShapeError
from attentionviz.measures.vector_similarity import (
    alignment_vector,
    alignments,
    choose_tokens,
    u_centred,
)

# Vectors are held in float32 between the steps.
TOLERANCE = 1e-5


def random_head(seed: int, n_tokens: int = 40, d_head: int = 5) -> tuple[np.ndarray, np.ndarray]:
    return tuple(np.random.default_rng(seed).standard_normal((2, n_tokens, d_head)))


def cka(*heads: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    return alignments(np.stack([alignment_vector(*head) for head in heads]))


def slow_kernel(queries: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Return the products of the centred vectors, queries and keys of the same total variance."""
    total = 0
    for part in (queries, keys):
        centred = part - part.mean(axis=0)
        total = total + centred @ centred.T / np.square(centred).sum()
    return total


def slow_unbiased_product(k: np.ndarray, m: np.ndarray) -> float:
    """Return n(n − 3) times HSIC of Song et al. 2012, equation 5, times constants of n alone."""
    n = len(k)
    k, m = k - np.diag(np.diag(k)), m - np.diag(np.diag(m))
    first = sum(k[i, j] * m[i, j] for i in range(n) for j in range(n))
    second = k.sum() * m.sum() / ((n - 1) * (n - 2))
    third = 2 / (n - 2) * sum(k[:, i].sum() * m[:, i].sum() for i in range(n))
    return first + second - third


def plain_cka(k: np.ndarray, m: np.ndarray) -> float:
    """Return Kornblith et al. 2019, equation 5."""
    n = len(k)
    centre = np.eye(n) - 1 / n
    k, m = centre @ k @ centre, centre @ m @ centre
    return float((k * m).sum() / np.sqrt((k * k).sum() * (m * m).sum()))


def test_alignment_equals_the_unbiased_estimate_written_as_loops() -> None:
    a, b = random_head(0), random_head(1)
    k, m = slow_kernel(*a), slow_kernel(*b)
    norm = slow_unbiased_product(k, k) * slow_unbiased_product(m, m)
    assert cka(a, b)[0, 1] == pytest.approx(
        slow_unbiased_product(k, m) / np.sqrt(norm), abs=TOLERANCE
    )


def test_with_many_tokens_alignment_approaches_plain_cka() -> None:
    rng = np.random.default_rng(3)
    queries, keys = random_head(2, 1500, 3)
    other = queries @ rng.standard_normal((3, 3)), keys + rng.standard_normal(keys.shape)
    plain = plain_cka(slow_kernel(queries, keys), slow_kernel(*other))
    assert 0.2 < plain < 0.95
    assert cka((queries, keys), other)[0, 1] == pytest.approx(plain, abs=0.01)


def test_independent_vectors_have_no_alignment() -> None:
    a, b = random_head(0, 60, 32), random_head(1, 60, 32)
    assert abs(cka(a, b)[0, 1]) < 0.1
    assert plain_cka(slow_kernel(*a), slow_kernel(*b)) > 0.4, "which the plain measure denies"


def test_rotation_scale_and_shift_do_not_change_the_alignment() -> None:
    queries, keys = random_head(4)
    turn, _ = np.linalg.qr(np.random.default_rng(5).standard_normal((5, 5)))
    found = cka((queries, keys), (7 * queries @ turn + 3, keys / 7 - 1))
    assert np.allclose(found, 1, atol=TOLERANCE)


def test_the_matrix_is_symmetric_with_ones_on_its_diagonal() -> None:
    found = cka(*(random_head(seed) for seed in range(5)))
    assert found.dtype == np.float32
    assert (found == found.T).all()
    assert (found.diagonal() == 1).all()


def test_constant_vectors_and_few_tokens_have_undefined_alignment() -> None:
    same = np.ones((40, 5)), np.full((40, 5), 2.0)
    found = cka(random_head(0), same)
    assert found[0, 0] == 1
    assert np.isnan(found[0, 1])
    assert np.isnan(found[1, 1])
    assert np.isnan(cka(random_head(0, 3), random_head(1, 3))).all(), "three tokens are too few"
    assert np.isnan(cka(random_head(0, 1), random_head(1, 1))).all()


def test_rows_of_a_u_centred_matrix_sum_to_zero() -> None:
    gram = slow_kernel(*random_head(0))
    centred = u_centred(gram)
    assert np.allclose(centred.sum(axis=1), 0)
    assert not centred.diagonal().any()


def test_different_numbers_of_queries_and_keys_are_refused() -> None:
    with pytest.raises(ShapeError, match="40 queries and 39 keys"):
        alignment_vector(random_head(0)[0], random_head(0)[1][:39])


def test_tokens_are_chosen_by_seed_and_fewer_for_many_heads() -> None:
    assert choose_tokens(9, 4, 0).tolist() == list(range(9))
    chosen = choose_tokens(10_000, 72, 1)
    assert len(set(chosen)) == 512
    assert (chosen == choose_tokens(10_000, 72, 1)).all()
    n = len(choose_tokens(10_000, 1000, 1))
    assert 200 < n < 512
    assert 1000 * n * (n - 1) / 2 <= 1 << 25
