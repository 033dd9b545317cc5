"""Head scores: patterns whose numbers are counted by hand, and a slow reference for the rest."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.head_patterns import (
    TINY,
    grid_tokens,
    head_of,
    random_head,
    slow_patches,
    slow_profile,
    slow_rows,
    slow_text,
    slow_text_rows,
    text_tokens,
)

from attentionviz.core.rule import HeadRule, OffsetBias, Part
from attentionviz.core.scores import HEAD_NAMES, PROBE_SCORES, SCORE_FACTS
from attentionviz.errors import BuildError, ShapeError
from attentionviz.measures.head_scores import (
    HeadAttention,
    HeadScores,
    ImageTextTokens,
    prefix_matching,
    repeated_weights,
    score_head,
    terms,
    undefined_score,
)
from attentionviz.measures.head_scores import corpus as blocks_of
from attentionviz.measures.head_scores.registry import MEASURES

# Values are written with six decimals, from weights in float32.
ROUNDING = 2e-6


def near(value: float) -> object:
    """Return what equals a value but for rounding."""
    return pytest.approx(value, abs=ROUNDING)


def found(head: HeadAttention, tokens: object) -> dict[str, tuple[float | None, int]]:
    """Return value and number of rows of every score."""
    scores = score_head(head, tokens).scores
    return {name: (score["value"], score["n_rows"]) for name, score in scores.items()}


def causal(*rows: list[float]) -> list[list[float]]:
    """Return a pattern from its rows up to the diagonal."""
    return [[*row, *[0.0] * (len(rows) - len(row))] for row in rows]


UNDEFINED = (None, 0)
WITHOUT_ROWS = (
    *("content_dependence", "norm_ratio", "variance_beyond_qk", "precision_at_l"),
    "sink_patch",
)

# Token ids 7 8 7 8 over one causal sequence.
REPEATED = causal([1], [0.25, 0.75], [0.5, 0.2, 0.3], [0.1, 0.6, 0.2, 0.1])


def test_every_score_has_a_function_and_every_function_an_entry() -> None:
    assert {*MEASURES, *PROBE_SCORES, *WITHOUT_ROWS} == set(SCORE_FACTS)
    for facts in SCORE_FACTS.values():
        assert facts.help.endswith(".") and facts.source and facts.formula and facts.unit
        assert facts.low is None or facts.high is None or facts.low < facts.high


def test_heads_are_named_within_the_range_of_a_score_and_with_a_reason() -> None:
    for name, named in HEAD_NAMES.items():
        assert named.reason.endswith(".") and named.label
        assert (SCORE_FACTS[name].low or 0) < named.threshold < (SCORE_FACTS[name].high or 0)


def test_scores_of_position_counted_by_hand() -> None:
    scores = found(head_of(REPEATED, is_causal=True), text_tokens([7, 8, 7, 8]))
    # The first row sees itself alone and counts nowhere.
    assert scores["previous"] == (near((0.25 + 0.2 + 0.2) / 3), 3)
    assert scores["self"] == (near((0.75 + 0.3 + 0.1) / 3), 3)
    assert scores["first"] == (near((0.25 + 0.5 + 0.1) / 3), 3)
    assert scores["next"] == UNDEFINED, "a causal query sees no next token"


def test_mean_distance_is_one_ratio_of_two_sums_without_the_first_token() -> None:
    scores = found(head_of(REPEATED, is_causal=True), text_tokens([7, 8, 7, 8]))
    # Row 1: key 1. Row 2: keys 1 and 2. Row 3: keys 1, 2 and 3.
    mass = 0.75 + (0.2 + 0.3) + (0.6 + 0.2 + 0.1)
    mean = (0.2 * 1 + 0.6 * 2 + 0.2 * 1) / mass
    assert scores["mean_distance"] == (near(mean), 3)
    squares = (0.2 * 1 + 0.6 * 4 + 0.2 * 1) / mass
    assert scores["variance_of_distance"] == (near(squares - mean**2), 3)


def test_attention_to_a_sink_does_not_raise_the_mean_distance() -> None:
    # All rows but the last give everything else to the token before, and the last to itself.
    rows = [1], [0.9, 0.1], [0.9, 0.1, 0], [0.9, 0, 0.1, 0], [0.2, 0, 0, 0, 0.8]
    scores = found(head_of(causal(*rows), is_causal=True), text_tokens([1, 2, 3, 4, 5]))
    assert scores["mean_distance"] == (near((0.1 + 0.1) / (0.1 * 3 + 0.8)), 4)


def test_with_later_keys_visible_distances_are_absolute() -> None:
    pattern = [[0.5, 0.1, 0.4], [0.2, 0.2, 0.6], [0.3, 0.6, 0.1]]
    scores = found(head_of(pattern), text_tokens([1, 2, 3]))
    mass = (0.1 + 0.4) + (0.2 + 0.6) + (0.6 + 0.1)
    mean = (0.1 * 1 + 0.4 * 2 + 0.6 * 1 + 0.6 * 1) / mass
    assert scores["mean_distance"] == (near(mean), 3)
    squares = (0.1 * 1 + 0.4 * 4 + 0.6 * 1 + 0.6 * 1) / mass
    assert scores["variance_of_distance"] == (near(squares - mean**2), 3)


def test_scores_of_repeated_tokens_counted_by_hand() -> None:
    scores = found(head_of(REPEATED, is_causal=True), text_tokens([7, 8, 7, 8]))
    assert scores["duplicate"] == (near((0.5 + 0.6) / 2), 2)
    # Row 2 looks after copy 0, at key 1; row 3 after copy 1, at key 2.
    assert scores["induction"] == (near((0.2 + 0.2) / 2), 2)
    # Before copy 0 there is nothing, and before copy 1 the first token, where heads rest.
    assert scores["reverse_induction"] == UNDEFINED


def test_reverse_induction_counts_tokens_before_copies_except_special_ones() -> None:
    rows = [1], [0.5, 0.5], [0.2, 0.2, 0.6], [0.1, 0.3, 0.2, 0.4], [0.1, 0.2, 0.3, 0.1, 0.3]
    head = head_of(causal(*rows), is_causal=True)
    assert found(head, text_tokens([1, 5, 7, 8, 7]))["reverse_induction"] == (near(0.2), 1)
    special = text_tokens([1, 5, 7, 8, 7], special=[5])
    assert found(head, special)["reverse_induction"] == UNDEFINED


def test_special_tokens_are_not_copies_of_each_other() -> None:
    scores = found(random_head([5]), text_tokens([101, 102, 102, 102, 101], special=[101, 102]))
    for name in ("duplicate", "induction", "reverse_induction"):
        assert scores[name] == UNDEFINED


def test_induction_never_counts_the_query_itself() -> None:
    pattern = causal([1], [0.4, 0.6], [0.3, 0.3, 0.4])
    scores = found(head_of(pattern, is_causal=True), text_tokens([7, 7, 7]))
    # Row 1: after its only copy comes itself. Row 2: after copy 0 comes key 1, after copy 1 itself.
    assert scores["induction"] == (near(0.3), 1)
    assert scores["duplicate"] == (near((0.4 + 0.6) / 2), 2)


def test_several_earlier_copies_count_together() -> None:
    rows = [1], [0.5, 0.5], [0.2, 0.3, 0.5], [0.1, 0.2, 0.3, 0.4], [0.1, 0.2, 0.3, 0.15, 0.25]
    scores = found(head_of(causal(*rows), is_causal=True), text_tokens([7, 1, 7, 2, 7]))
    assert scores["duplicate"] == (near((0.2 + (0.1 + 0.3)) / 2), 2)
    assert scores["induction"] == (near((0.3 + (0.2 + 0.15)) / 2), 2)
    assert scores["reverse_induction"] == (near(0.2), 1), "key 1, before the copy at key 2"


def test_special_tokens_and_punctuation_counted_by_hand() -> None:
    pattern = [[0.1, 0.2, 0.3, 0.4], [0.5, 0.1, 0.1, 0.3], [0.2, 0.2, 0.2, 0.4], [0, 0, 0.1, 0.9]]
    tokens = text_tokens([101, 5, 9, 102], special=[101, 102], punctuation=[9])
    scores = found(head_of(pattern), tokens)
    assert scores["special"] == (near((0.5 + 0.8 + 0.6 + 0.9) / 4), 4)
    assert scores["punctuation"] == (near((0.3 + 0.1 + 0.2 + 0.1) / 4), 4)
    assert scores["next"] == (near((0.2 + 0.1 + 0.4) / 3), 3)
    assert scores["first"] == (near((0.5 + 0.2 + 0) / 3), 3)
    assert scores["self"] == (near((0.1 + 0.1 + 0.2 + 0.9) / 4), 4)


def test_scores_without_matching_tokens_are_undefined() -> None:
    scores = found(random_head([3, 4]), text_tokens(list(range(7))))
    for name in ("special", "punctuation", "duplicate", "induction", "reverse_induction"):
        assert scores[name] == UNDEFINED


def test_a_row_that_sees_only_special_tokens_does_not_count() -> None:
    pattern = causal([1], [0.3, 0.7], [0.2, 0.2, 0.6])
    scores = found(head_of(pattern, is_causal=True), text_tokens([101, 101, 5], special=[101]))
    assert scores["special"] == (near(0.4), 1)


def test_entropy_and_sparsity_counted_by_hand() -> None:
    pattern = causal([1], [0.5, 0.5], [0.95, 0.05, 0], [0.25, 0.25, 0.25, 0.25])
    scores = found(head_of(pattern, is_causal=True), text_tokens([1, 2, 3, 4]))
    middle = -(0.95 * np.log(0.95) + 0.05 * np.log(0.05)) / np.log(3)
    assert scores["entropy"] == (near((1 + middle + 1) / 3), 3)
    assert scores["sparsity"] == (near((2 + 1 + 4) / 3), 3)
    # Row 2 gives 95 % to the first token; of row 1 one key is left, of row 3 three alike.
    assert scores["attention_entropy"] == (near((0 + np.log(3)) / 2), 2)


def test_entropy_is_that_of_the_weights_without_the_first_token_in_nats() -> None:
    pattern = [[0.9, 0.1, 0.0], [0.2, 0.6, 0.2], [0.91, 0.045, 0.045]]
    scores = found(head_of(pattern), text_tokens([1, 2, 3]))
    uneven = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    # 90 % on the first token still counts, more does not.
    assert scores["attention_entropy"] == (near((0 + uneven) / 2), 2)


def test_nine_of_ten_equal_keys_hold_ninety_percent() -> None:
    scores = found(head_of(np.full((10, 10), 0.1)), text_tokens(list(range(10))))
    assert scores["sparsity"] == (9.0, 10)


def test_norm_ratio_is_of_medians_and_undefined_without_keys() -> None:
    queries = np.array([[3, 4], [0, 1], [0, 100]], dtype=np.float16)
    keys = np.array([[2, 0], [0, 2], [7, 0]], dtype=np.float16)
    head = HeadAttention(queries, keys, np.array([2, 1]), HeadRule(1.0, False))
    assert found(head, text_tokens([1, 2, 3]))["norm_ratio"] == (2.5, 3)
    swapped = HeadAttention(keys, queries, np.array([2, 1]), HeadRule(1.0, False))
    assert found(swapped, text_tokens([1, 2, 3]))["norm_ratio"] == (0.4, 3)
    silent = HeadAttention(queries, keys * 0, np.array([2, 1]), HeadRule(1.0, False))
    assert found(silent, text_tokens([1, 2, 3]))["norm_ratio"] == UNDEFINED


def test_content_dependence_counted_by_hand() -> None:
    # Two sequences that swap their weights on keys 1 and 2; key 0 is left out.
    one = [[0.2, 0.8, 0.0], [0.2, 0.8, 0.0], [0.2, 0.8, 0.0]]
    other = [[0.2, 0.0, 0.8], [0.2, 0.0, 0.8], [0.2, 0.0, 0.8]]
    scores = found(head_of(one, other), text_tokens([1, 2, 3] * 2))
    # |0.8 − 0.4| at each of 12 pairs, over twice 0.8 in each of 6 rows.
    assert scores["content_dependence"] == (near(12 * 0.4 / (2 * 6 * 0.8)), 6)


def test_a_pattern_of_positions_alone_does_not_depend_on_content() -> None:
    pattern = np.random.default_rng(0).dirichlet(np.ones(6), 6)
    scores = found(head_of(pattern, pattern, pattern), text_tokens([1, 2, 3, 4, 5, 6] * 3))
    assert scores["content_dependence"] == (near(0), 18)


def test_content_dependence_of_one_sequence_is_undefined() -> None:
    assert found(random_head([6]), text_tokens(list(range(6))))["content_dependence"] == UNDEFINED


def test_content_dependence_looks_at_ten_positions_of_text_and_at_all_of_small_images() -> None:
    same, swapped = np.full((12, 12), 1 / 12), np.full((12, 12), 1 / 12)
    swapped[11] = [0.5] + [0.5 / 11] * 11
    head = head_of(same, swapped)
    text = found(head, text_tokens([1] * 24))
    assert text["content_dependence"] == (near(0), 20)
    image = grid_tokens(2, 3, 4, hue=[0.1] * 12, brightness=[0.2] * 12, has_class=False)
    value, n_rows = found(head, image)["content_dependence"]
    assert value > 0.001 and n_rows == 24


def test_the_profile_is_the_mean_weight_by_offset() -> None:
    profile = score_head(head_of(REPEATED, is_causal=True), text_tokens([7, 8, 7, 8])).profile
    by_offset = dict(
        zip(
            profile["offsets"], zip(profile["weights"], profile["n_rows"], strict=True), strict=True
        )
    )
    assert profile["offsets"] == list(range(-32, 33))
    assert by_offset[-3] == (near(0.1), 1)
    assert by_offset[-2] == (near((0.5 + 0.6) / 2), 2)
    assert by_offset[-1] == (near((0.25 + 0.2 + 0.2) / 3), 3)
    assert by_offset[0] == (near((0.75 + 0.3 + 0.1) / 3), 3)
    assert by_offset[1] == by_offset[-4] == (None, 0)


def test_scores_of_a_single_token_are_undefined() -> None:
    for is_causal in (False, True):
        scores = score_head(head_of([[1.0]], is_causal=is_causal), text_tokens([5], special=[5]))
        known = {name for name, score in scores.scores.items() if score["n_rows"]}
        assert known == {"norm_ratio"}, "it needs no other token"
        assert not any(scores.profile["n_rows"])


@pytest.mark.parametrize("n", [2, 5, 9])
def test_uniform_attention_has_the_values_of_chance(n: int) -> None:
    scores = found(head_of(np.full((n, n), 1 / n)), text_tokens([7] * n))
    for name, n_rows in (("previous", n - 1), ("next", n - 1), ("self", n), ("first", n - 1)):
        assert scores[name] == (near(1 / n), n_rows)
    assert scores["entropy"] == (near(1), n)
    far = [abs(i - j) for i in range(n) for j in range(1, n)]
    assert scores["mean_distance"] == (near(np.mean(far)), n)
    assert scores["variance_of_distance"] == (pytest.approx(np.var(far), abs=1e-5), n)
    assert scores["attention_entropy"] == (near(np.log(n - 1)), n)
    earlier = [i / n for i in range(1, n)]
    assert scores["duplicate"] == (near(np.mean(earlier)), n - 1)


def test_a_previous_token_head_has_no_variance_of_distance() -> None:
    pattern = np.eye(6, k=-1)
    pattern[0, 1] = 1  # the first has no previous token, and looks as far the other way
    scores = found(head_of(pattern), text_tokens(list(range(6))))
    assert scores["previous"] == (near(1), 5)
    # Row 1 has all its weight on the first token, so it gives nothing to either sum.
    assert scores["mean_distance"] == (near(1), 6)
    assert scores["variance_of_distance"] == (near(0), 6)
    assert scores["entropy"][0] == near(0)
    assert scores["sparsity"] == (1.0, 6)


def test_keys_beyond_the_window_do_not_count() -> None:
    head = head_of(np.full((4, 4), 0.25), is_causal=True, max_distance=1)
    scores = found(head, text_tokens([7, 8, 7, 8]))
    assert scores["previous"] == (near(0.5), 3)
    assert scores["first"] == (near(0.5), 1)
    assert scores["duplicate"] == UNDEFINED
    assert scores["induction"] == (near(0.5), 2)


def test_scores_of_patches_counted_by_hand() -> None:
    # A class token and 2 x 2 patches; row i of the pattern is query i.
    pattern = [
        [0.2] * 5,
        [0.1, 0.2, 0.4, 0.2, 0.1],
        [0.5, 0.1, 0.1, 0.1, 0.2],
        [0.2, 0.2, 0.2, 0.2, 0.2],
        [0.3, 0.4, 0.1, 0.1, 0.1],
    ]
    tokens = grid_tokens(1, 2, 2, hue=[0.0, 0.9, 0.5, np.nan], brightness=[0, 1, 0, 1])
    scores = found(head_of(pattern), tokens)
    others = 0.7 + 0.4 + 0.6 + 0.6
    assert scores["class_token"] == (near((0.1 + 0.5 + 0.2 + 0.3) / 4), 4)
    assert scores["same_row"] == (near((0.4 + 0.1 + 0.2 + 0.1) / others), 4)
    assert scores["same_column"] == (near((0.2 + 0.2 + 0.2 + 0.1) / others), 4)
    diagonal = 0.1 + 0.1 + 0.2 + 0.4
    far = ((others - diagonal) + diagonal * np.sqrt(2)) / others
    assert scores["patch_distance"] == (near(far), 4)
    # Brightness differs by 1 from two of the three others: 2/3 by chance.
    unlike = (0.4 + 0.1) + (0.1 + 0.1) + (0.2 + 0.2) + (0.4 + 0.1)
    similar = 1 - unlike / (others * 2 / 3)
    assert scores["brightness_similarity"] == (near(similar), 4)
    # Hues 0, 0.9, 0.5 lie on a circle: 0.1, 0.5 and 0.4 apart; the grey patch has none.
    apart = (0.4 * 0.1 + 0.2 * 0.5) + (0.1 * 0.1 + 0.1 * 0.4) + (0.2 * 0.5 + 0.2 * 0.4)
    chance = 0.6 * 0.3 + 0.2 * 0.25 + 0.4 * 0.45
    assert scores["hue_similarity"] == (near(1 - apart / chance), 3)
    assert scores["self"] == (near((0.2 + 0.2 + 0.1 + 0.2 + 0.1) / 5), 5)
    for name in ("previous", "induction", "special"):
        assert scores[name] == UNDEFINED


def test_uniform_attention_has_no_preference_for_any_colour() -> None:
    rng = np.random.default_rng(3)
    tokens = grid_tokens(4, 3, 3, hue=list(rng.random(36)), brightness=list(rng.random(36)))
    scores = found(head_of(*[np.full((10, 10), 0.1)] * 4), tokens)
    assert scores["hue_similarity"][0] == near(0)
    assert scores["brightness_similarity"][0] == near(0)
    assert scores["same_row"][0] == scores["same_column"][0] == near(2 / 8)


def test_image_scores_without_hue_or_class_token_are_undefined() -> None:
    tokens = grid_tokens(2, 2, 2, hue=[np.nan] * 4, brightness=[0.5] * 4, has_class=False)
    scores = found(random_head([4, 4]), tokens)
    assert scores["class_token"] == UNDEFINED
    assert scores["hue_similarity"] == UNDEFINED
    assert scores["brightness_similarity"] == UNDEFINED, "nothing differs, so nothing is similar"


@settings(max_examples=60, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 13), min_size=1, max_size=6),
    is_causal=st.booleans(),
    max_distance=st.none() | st.integers(1, 5),
    n_words=st.integers(1, 6),
    seed=st.integers(0, 999),
)
def test_scores_of_text_equal_a_slow_reference(
    lengths: list[int], is_causal: bool, max_distance: int | None, n_words: int, seed: int
) -> None:
    head = random_head(lengths, seed, is_causal=is_causal, max_distance=max_distance)
    ids = np.random.default_rng(seed).integers(0, n_words, sum(lengths)).tolist()
    tokens = text_tokens(ids, special=[0], punctuation=[1, 2])
    scores = found(head, tokens)
    rows = slow_rows(head)
    by_row = [slow_text_rows(row, tokens) for row in rows]
    for name in by_row[0]:
        values = [row[name] for row in by_row if row[name] is not None]
        expected = (near(np.mean(values)), len(values)) if values else UNDEFINED
        assert scores[name] == expected, name
    for name, value in slow_text(rows).items():
        assert scores[name][0] == or_none(value, 2e-5), name
    profile = score_head(head, tokens).profile
    slow = slow_profile(rows)
    for offset, weight, n in zip(*(profile[key] for key in profile), strict=True):
        at_offset = slow.get(offset, [])
        assert n == len(at_offset)
        assert weight == (near(np.mean(at_offset)) if at_offset else None)


def or_none(value: float | None, tolerance: float = ROUNDING) -> object:
    return None if value is None else pytest.approx(value, abs=tolerance)


@settings(max_examples=20, deadline=None)
@given(n_images=st.integers(1, 4), seed=st.integers(0, 999), has_class=st.booleans())
def test_scores_of_images_equal_a_slow_reference(n_images: int, seed: int, has_class: bool) -> None:
    rng = np.random.default_rng(seed)
    n = n_images * 12
    hue = np.where(rng.random(n) < 0.8, rng.random(n), np.nan)
    tokens = grid_tokens(
        n_images, 3, 4, hue=list(hue), brightness=list(rng.random(n)), has_class=has_class
    )
    head = random_head([12 + has_class] * n_images, seed)
    scores = found(head, tokens)
    for name, value in slow_patches(slow_rows(head), tokens).items():
        assert scores[name][0] == pytest.approx(value, abs=2e-5), name


@pytest.mark.parametrize("is_causal", [False, True])
def test_scores_do_not_depend_on_the_size_of_the_blocks(
    is_causal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths = [7, 30, 7, 30, 12, 7]
    head = random_head(lengths, 5, is_causal=is_causal, max_distance=20)
    tokens = text_tokens(np.random.default_rng(1).integers(0, 9, sum(lengths)).tolist(), [0], [1])
    whole = score_head(head, tokens)
    for size in (1, 50, 400):
        monkeypatch.setattr(blocks_of, "BLOCK_WEIGHTS", size)
        _require_close(score_head(head, tokens), whole)


def _require_close(one: HeadScores, other: HeadScores) -> None:
    for name, score in one.scores.items():
        assert score["n_rows"] == other.scores[name]["n_rows"]
        assert score["value"] == or_none(other.scores[name]["value"])
    assert one.profile["n_rows"] == other.profile["n_rows"]
    for weight, expected in zip(one.profile["weights"], other.profile["weights"], strict=True):
        assert weight == or_none(expected)


def test_blocks_are_bounded_and_cover_every_row_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks_of, "BLOCK_WEIGHTS", 100)
    lengths = [40, 3, 3, 40, 25]
    n_rows = 0
    for rows in random_head(lengths).blocks(text_tokens([0] * sum(lengths))):
        assert rows.weights.size <= 100
        n_rows += rows.weights.shape[0] * rows.weights.shape[1]
    assert n_rows == sum(lengths)


def test_vectors_that_are_not_finite_are_refused() -> None:
    head = random_head([4])
    head.keys[2] = np.nan
    with pytest.raises(BuildError, match="not finite"):
        score_head(head, text_tokens([1, 2, 3, 4]))


def test_sequences_that_do_not_match_the_vectors_are_refused() -> None:
    head = random_head([4, 5])
    with pytest.raises(ShapeError, match="the sequences have 8 tokens, there are 9 queries"):
        HeadAttention(head.queries, head.keys, np.array([4, 4]), HeadRule(1.0, False))
    with pytest.raises(ShapeError, match="token_id has shape"):
        score_head(head, text_tokens([1] * 8))


def test_half_precision_is_scored_as_it_is_stored() -> None:
    head = random_head([6, 8], 2)
    half = HeadAttention(
        head.queries.astype(np.float16), head.keys.astype(np.float16), head.lengths, head.rule
    )
    tokens = text_tokens([1, 2] * 7)
    for name, (value, n_rows) in found(half, tokens).items():
        expected, same = found(head, tokens)[name]
        assert n_rows == same
        assert value == (None if expected is None else pytest.approx(expected, abs=0.02))


def test_probe_scores_are_means_of_three_diagonals() -> None:
    n_before, period = 1, 3
    pattern = np.arange(64, dtype=float).reshape(8, 8)  # mark, a b c, a b c, mark
    weights = repeated_weights(pattern, period, n_before)
    assert weights["probe_induction"].tolist() == [pattern[4, 2], pattern[5, 3], pattern[6, 4]]
    assert weights["probe_duplicate"].tolist() == [pattern[4, 1], pattern[5, 2], pattern[6, 3]]
    assert weights["probe_previous"].tolist() == [pattern[i, i - 1] for i in range(2, 7)]


def said_again(period: int, n_repeats: int, n_before: int, *, picks: str) -> np.ndarray:
    """Return a causal pattern, (1, n, n), whose rows pick keys that follow an earlier copy."""
    n = n_before + period * n_repeats
    pattern = np.eye(n)
    for i in range(n_before + period, n):
        after = [j for j in range(n_before + 1, i) if (i - j + 1) % period == 0]
        chosen = {"last": after[-1:], "all": after, "copy": [j - 1 for j in after]}[picks]
        pattern[i] = 0
        pattern[i, chosen] = 1 / len(chosen)
    return pattern[None]


@pytest.mark.parametrize(("picks", "value"), [("last", 0.5), ("all", 0.5), ("copy", 0)])
@pytest.mark.parametrize("n_before", [0, 1])
def test_prefix_matching_of_four_repeats_is_half_for_one_key_per_row(
    picks: str, value: float, n_before: int
) -> None:
    pattern = said_again(25, 4, n_before, picks=picks)
    visible = np.tri(pattern.shape[1], dtype=bool)
    mass, n_pairs, n_rows = prefix_matching(pattern, visible, 25, 4, n_before)
    # 25 queries of the second saying have one such key, 25 of the third two, of the fourth three.
    assert (n_pairs, n_rows) == (25 + 50 + 75, 75)
    assert mass / n_pairs == pytest.approx(value)


def test_prefix_matching_counted_by_hand() -> None:
    # Mark, a b, a b, a b: after the copies of a at 3 comes 2, of b at 4 comes 3, and so on.
    pattern = np.arange(49, dtype=float).reshape(1, 7, 7)
    pairs = [(3, 2), (4, 3), (5, 2), (5, 4), (6, 3), (6, 5)]
    everything = np.ones((7, 7), dtype=bool)
    expected = [sum(pattern[0, i, j] for i, j in pairs), 6, 4]
    assert prefix_matching(pattern, everything, 2, 3, 1).tolist() == expected
    # A window of one key hides the pairs that are three apart, which count as 0.
    window = np.tri(7, dtype=bool) & ~np.tri(7, k=-2, dtype=bool)
    assert prefix_matching(pattern * window, window, 2, 3, 1).tolist() == [
        pattern[0, 3, 2] + pattern[0, 4, 3] + pattern[0, 5, 4] + pattern[0, 6, 5],
        6,
        4,
    ]


def test_a_sink_takes_its_weight_and_counts_as_a_key() -> None:
    # Every score is 0: the first query sees its own key and the sink, the second one key more.
    vectors = np.zeros((2, 1), dtype=np.float32)
    rule = HeadRule(1.0, is_causal=True, sink=0.0)
    scores = found(HeadAttention(vectors, vectors, np.array([2]), rule), text_tokens([1, 2]))
    assert scores["sink_mass"] == (near((1 / 2 + 1 / 3) / 2), 2)
    assert scores["entropy"] == (near(1.0), 2)
    assert scores["sparsity"] == (2.5, 2)
    assert scores["attention_entropy"] == (near(np.log(2) / 2), 2)
    assert scores["variance_beyond_qk"] == UNDEFINED
    assert found(random_head([4]), text_tokens([1, 2, 3, 4]))["sink_mass"] == UNDEFINED


@pytest.mark.parametrize("size", [20, 10**6])
def test_variance_beyond_qk_is_one_minus_the_squared_correlation_within_rows(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terms, "BLOCK_WEIGHTS", size)
    bias = OffsetBias((-9, 0), ((-2.0, 0.0),))
    rule = HeadRule(0.8, is_causal=True, max_distance=5, softcap=1.5, bias=bias)
    head = replace(random_head([9, 1, 6]), rule=rule)
    pairs = []
    for start, length in ((0, 9), (10, 6)):
        for i in range(1, length):
            seen = np.arange(max(0, i - 5), i + 1)
            products = head.keys[start + seen] @ head.queries[start + i]
            scores = 1.5 * np.tanh(0.8 * products / 1.5) + 2 / 9 * (seen - i)
            pairs.append([products - products.mean(), scores - scores.mean()])
    correlation = np.corrcoef(np.concatenate(pairs, axis=1))[0, 1]
    score = found(head, text_tokens(list(range(16))))["variance_beyond_qk"]
    assert score == (near(1 - correlation**2), 13)


# A special token, a word, two patches in a row, two words.
BOTH = causal(
    [1],
    [0.5, 0.5],
    [0.3, 0.2, 0.5],
    [0.4, 0.1, 0.3, 0.2],
    [0.1, 0.2, 0.4, 0.2, 0.1],
    [0.2, 0.1, 0.3, 0.1, 0.2, 0.1],
)


def both_tokens() -> ImageTextTokens:
    """Return the tokens of `BOTH`; the words are 7, 8 and 7."""
    is_patch = np.array([False, False, True, True, False, False])
    place = np.where(is_patch, 0.0, np.nan)
    columns = {
        "token_id": np.array([0, 7, -1, -1, 8, 7]),
        "is_special": np.array([True, False, False, False, False, False]),
        "is_punctuation": np.zeros(6, dtype=bool),
        "is_class": np.zeros(6, dtype=bool),
        "is_patch": is_patch,
        "row": place,
        "column": np.where(is_patch, np.arange(6) - 2.0, np.nan),
        "hue": place,
        "brightness": place,
    }
    return ImageTextTokens(**columns)


def test_scores_of_words_and_patches_together_counted_by_hand() -> None:
    scores = found(head_of(BOTH, is_causal=True), both_tokens())
    # The word before the image sees no patch.
    assert scores["words_to_patches"] == (near((0.6 + 0.4) / 2), 2)
    assert scores["patches_to_words"] == (near((0.2 + 0.1) / 2), 2)
    assert scores["sink_patch"] == (near(0.7 / 1.0), 2)
    # Of words alone, whatever they attend to, and of patches alone.
    assert scores["previous"] == (near((0.5 + 0.2 + 0.2) / 3), 3)
    assert scores["duplicate"] == (near(0.1), 1)
    assert scores["same_row"] == (near(1.0), 1)
    assert scores["class_token"] == UNDEFINED
    assert scores["self"] == (near((0.5 + 0.5 + 0.2 + 0.1 + 0.1) / 5), 5)


def test_words_after_which_the_image_comes_have_no_patches_in_a_causal_head() -> None:
    tokens = both_tokens()
    turned = ImageTextTokens(*(column[::-1] for column in tokens))
    scores = found(head_of(BOTH, is_causal=True), turned)
    assert scores["words_to_patches"] == (near(0.4 + 0.2), 1)
    assert scores["patches_to_words"] == (near((0.5 + 0.5) / 2), 2)


def test_a_dataset_without_images_and_texts_together_has_no_such_scores() -> None:
    scores = found(head_of(REPEATED, is_causal=True), text_tokens([7, 8, 7, 8]))
    names = ("words_to_patches", "patches_to_words", "sink_patch")
    assert [scores[name] for name in names] == [UNDEFINED] * 3


def head_of_two_texts(part: Part) -> HeadAttention:
    """Return a head of three source and two target tokens, with vectors for its part alone."""
    queries, keys = np.full((2, 5, 3), np.nan, dtype=np.float32)
    weights = np.array([[0.7, 0.2, 0.1], [TINY, 0.5, 0.5]])
    if part == "cross":
        queries[3:], keys[:3] = np.log(weights), np.eye(3)
    else:
        queries[:3], keys[:3] = np.log(weights[[0, 1, 0]]), np.eye(3)
    rule = HeadRule(1.0, is_causal=False, part=part)
    return HeadAttention(queries, keys, np.array([5]), rule, np.array([3]))


def test_a_cross_head_has_the_scores_that_two_texts_allow() -> None:
    tokens = text_tokens([1, 5, 6, 1, 5], special=[1])
    cross, encoder = (score_head(head_of_two_texts(part), tokens) for part in ("cross", "encoder"))
    for name, facts in SCORE_FACTS.items():
        if name in PROBE_SCORES or facts.modality == "image":
            continue
        if facts.texts == 1:
            assert cross.scores[name] == undefined_score(), name
        if facts.texts == 2:
            assert encoder.scores[name] == undefined_score(), name
    assert cross.scores["first"] == {"value": 0.35, "n_rows": 2}
    assert cross.scores["special"] == {"value": 0.35, "n_rows": 2}
    assert cross.scores["sparsity"] == {"value": 2.0, "n_rows": 2}
    first = 0.7 + 0.2 * np.exp(-1 / 9 / 0.08) + 0.1 * np.exp(-4 / 9 / 0.08)
    second = np.exp(-((1 / 2 - 1 / 3) ** 2) / 0.08)
    assert cross.scores["diagonality"]["value"] == pytest.approx((first + second) / 2, abs=1e-6)
    assert not any(cross.profile["n_rows"])
    assert encoder.scores["self"]["value"] == pytest.approx((0.7 + 0.5 + 0.1) / 3, abs=1e-6)
    assert encoder.scores["self"]["n_rows"] == 3
