import numpy as np
import pytest

from attentionviz.store.grid import byte_norms, choose_grid_tokens, grid_points, pack_points


def test_all_tokens_are_sampled_within_the_budget():
    np.testing.assert_array_equal(choose_grid_tokens([3, 2], 4, seed=0), range(5))


def test_whole_sequences_are_sampled_up_to_the_budget():
    lengths = [5] * 100
    tokens = choose_grid_tokens(lengths, n_heads_total=10, seed=0, budget=2 * 10 * 57)
    assert len(tokens) == 55
    assert (np.diff(tokens) > 0).all()
    assert set(tokens) == {t for s in set(tokens // 5) for t in range(5 * s, 5 * s + 5)}


def test_the_sample_depends_on_the_seed():
    chosen = [choose_grid_tokens([5] * 100, 1, seed, budget=100).tolist() for seed in (0, 0, 1)]
    assert chosen[0] == chosen[1] != chosen[2]


def test_one_sequence_is_sampled_even_if_it_exceeds_the_budget():
    assert len(choose_grid_tokens([50, 50], 100, seed=0, budget=10)) == 50


def test_points_are_queries_then_keys():
    assert grid_points(np.array([1, 2], dtype=np.int32), n_tokens=10).tolist() == [1, 2, 11, 12]


def test_two_dimensions_are_not_packed():
    steps = np.array([[0, 65535]], dtype=np.uint16)
    assert pack_points(steps) is steps


@pytest.mark.parametrize(
    ("point", "packed"),
    [
        ((0, 0, 0), 0),
        ((65535, 65535, 65535), 2**32 - 1),
        ((32, 0, 0), 1),
        ((0, 32, 0), 1 << 11),
        ((0, 0, 64), 1 << 22),
        ((31, 31, 63), 0),
    ],
)
def test_three_dimensions_take_eleven_eleven_and_ten_bits(point, packed):
    assert pack_points(np.array([[point]], dtype=np.uint16)) == [[packed]]


def test_norms_run_from_0_to_255_for_each_kind_alone():
    norms = np.array([[1, 100, 7, 7], [2, 300, 7, 7], [3, 200, 7, 7]], dtype=np.float32)
    assert byte_norms(norms).tolist() == [0, 128, 255, 0, 255, 128]
    assert byte_norms(norms, "head").tolist() == [0, 1, 2, 84, 255, 170]


def test_equal_norms_are_all_zero():
    assert byte_norms(np.ones((2, 4), dtype=np.float32)).tolist() == [0, 0, 0, 0]
