"""A typed text is answered as if it had been a sentence of the corpus."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import TinyDataset
from tests.live.worker.conftest import Answer, Live, live_of, settings_of
from transformers import AutoTokenizer

from attentionviz import models
from attentionviz.core.pattern import attention_pattern
from attentionviz.core.rule import head_rule
from attentionviz.core.types import METHODS, HeadId, MapName
from attentionviz.errors import CorpusError, InvalidTextError, OutOfMemoryError
from attentionviz.live.worker import session as session_module
from attentionviz.live.worker import worker

EXACT = ("biplot-2d", "biplot-3d", "pca-2d", "pca-3d")


@pytest.fixture(params=["live", "live_grouped"])
def either(request: pytest.FixtureRequest) -> Live:
    """Return a session over each text dataset."""
    return request.getfixturevalue(request.param)


def heads_of(live: Live) -> list[HeadId]:
    manifest = live.reader.manifest
    return [
        HeadId(layer, head)
        for layer in range(manifest["n_layers"])
        for head in range(manifest["n_heads"])
    ]


def stored(live: Live, head: HeadId, sequence: int) -> tuple[np.ndarray, np.ndarray]:
    start, stop = live.span(sequence)
    queries, keys = live.reader.queries(head, start, stop), live.reader.keys(head, start, stop)
    return queries.astype(np.float32), keys.astype(np.float32)


def of_head(answer: Answer, head: HeadId) -> tuple[np.ndarray, np.ndarray]:
    queries, keys = answer.tensors["queries"], answer.tensors["keys"]
    key_head = head.head // (queries.shape[1] // keys.shape[1])
    return queries[head.layer, head.head], keys[head.layer, key_head]


def test_a_sentence_of_the_corpus_has_the_tokens_and_vectors_of_the_corpus(either: Live) -> None:
    answer = either.ask(text=f"{either.text_of(2)}\n")
    start, stop = either.span(2)
    tokens = either.reader.tokens.document()
    for name in ("text", "token_id", "token_type", "position"):
        assert answer.sequence["tokens"][name] == tokens[name][start:stop]
    # In half precision a sum that is rounded elsewhere may be the next number.
    rtol = 2e-3 if either.reader.manifest["precision"] == "float16" else 1e-4
    for head in heads_of(either):
        for found, kept in zip(of_head(answer, head), stored(either, head, 2), strict=True):
            assert found.shape == kept.shape
            assert np.allclose(found, kept, rtol=rtol, atol=1e-4)
        norms = either.reader.norms(head)[start:stop]
        assert np.allclose(answer.tensors["norms"][head], norms, rtol=1e-3, atol=1e-4)


def test_a_sentence_of_the_corpus_is_placed_on_its_points_in_the_map(either: Live) -> None:
    answer = either.ask(text=either.text_of(2))
    start, stop = either.span(2)
    n_tokens = either.reader.n_tokens
    rows = np.concatenate([np.arange(start, stop), np.arange(start, stop) + n_tokens])
    for name in either.reader.manifest["maps"]:
        place = answer.tensors[f"place:{name}"]
        drawn = np.stack(
            [either.reader.projection(MapName.parse(name), head)[rows] for head in heads_of(either)]
        ).reshape(place.shape)
        far = np.abs(place - drawn).max(axis=-1)
        assert place.dtype == np.float32
        assert answer.maps[name]["n_outside"] <= 0.1 * far.size
        if name in EXACT:
            assert answer.maps[name]["placed"] == "exact"
            assert far.max() <= (
                2 if rows.size and either.reader.manifest["precision"] == "float32" else 60
            )
        else:
            assert answer.maps[name]["placed"] == "neighbours"
            assert np.median(far) <= 10
            assert np.mean(far < 6554) > 0.8  # a tenth of the map


def test_its_attention_equals_the_models_eager_attention(either: Live) -> None:
    text = "She read the snow by the river."
    answer = either.ask(text=text, maps=["pca-2d"])
    model = next(iter(either.session._models._models.values()))
    batch = model.prepare_texts([text])
    captured = models.capture_batch(model, batch)
    check = models.check_attention(model, batch, captured)
    assert check.exact_max_abs_error <= check.exact_tolerance
    for head in heads_of(either):
        rule = head_rule(either.reader.manifest, head)
        key_head = head.head // (model.n_heads // model.n_key_heads)
        own = attention_pattern(captured.queries[head], captured.keys[head.layer, key_head], rule)
        found = attention_pattern(*of_head(answer, head), rule)
        assert np.abs(found - own).max() < 5e-3


def test_partners_have_the_largest_scores_of_the_whole_corpus(either: Live) -> None:
    answer = either.ask(text="Nobody closed the letter in april.", maps=["pca-2d"])
    n_corpus = either.reader.n_tokens
    for head in heads_of(either):
        scaling = either.reader.manifest["layers"][head.layer]["scaling"]
        queries, keys = of_head(answer, head)
        all_q, all_k = (
            read(head, 0, n_corpus).astype(np.float64)
            for read in (either.reader.queries, either.reader.keys)
        )
        scores = np.concatenate([queries @ all_k.T, keys @ all_q.T]) * scaling
        tokens = answer.tensors["partner_tokens"][head]
        found = answer.tensors["partner_scores"][head]
        expected = np.sort(scores, axis=1)[:, :-11:-1]
        assert np.allclose(found, expected, atol=1e-4)
        assert np.allclose(np.take_along_axis(scores, tokens.astype(np.int64), 1), found, atol=1e-4)


def test_arrays_of_the_answer_have_the_documented_shapes(either: Live) -> None:
    answer = either.ask(text="In april.", maps=["pca-2d"])
    manifest = either.reader.manifest
    n = len(answer.sequence["tokens"]["text"])
    heads = (manifest["n_layers"], manifest["n_heads"])
    shapes = {name: (array.dtype.name, array.shape) for name, array in answer.tensors.items()}
    assert shapes == {
        "queries": ("float32", (*heads, n, manifest["d_head"])),
        "keys": ("float32", (heads[0], manifest["n_key_heads"], n, manifest["d_head"])),
        "norms": ("float32", (*heads, n, 4)),
        "place:pca-2d": ("float32", (*heads, 2 * n, 2)),
        "partner_tokens": ("int32", (*heads, 2 * n, 10)),
        "partner_scores": ("float32", (*heads, 2 * n, 10)),
    }
    assert answer.sequence["model"] == manifest["model"]["name"]
    assert answer.sequence["weights_sha256"] == manifest["model"]["weights_sha256"]
    assert answer.sequence["n_truncated"] == answer.sequence["n_characters_cut"] == 0


def test_exact_tokens_equal_those_of_their_text_and_can_be_replaced(either: Live) -> None:
    typed = either.ask(
        text="the river rose",
        maps=["tsne-2d" if "tsne-2d" in either.reader.manifest["maps"] else "pca-2d"],
    )
    tokens = typed.sequence["tokens"]["text"]
    again = either.ask(tokens=tokens, maps=["pca-2d"])
    assert again.sequence["tokens"] == typed.sequence["tokens"]
    assert np.allclose(again.tensors["queries"], typed.tensors["queries"], atol=1e-4)
    changed = either.ask(tokens=[*tokens[:1], *tokens[:1], *tokens[1:]], maps=["pca-2d"])
    assert changed.sequence["tokens"]["text"] == [*tokens[:1], *tokens]


def test_an_unknown_token_has_its_word_as_surface(live: Live) -> None:
    tokens = live.ask(text="the 🙂 river", maps=["pca-2d"]).sequence["tokens"]
    assert tokens["text"] == ["[CLS]", "the", "[UNK]", "river", "[SEP]"]
    assert tokens["surface"] == [None, None, "🙂", None, None]
    again = live.ask(tokens=tokens["token_id"], maps=["pca-2d"]).sequence["tokens"]
    assert again == {name: tokens[name] for name in tokens if name != "surface"}


def test_a_token_that_is_not_in_the_vocabulary_is_named(live: Live) -> None:
    with pytest.raises(InvalidTextError, match=r"token 2, 'riverbank', is not in .* vocabulary"):
        live.ask(tokens=["[CLS]", "riverbank", "xyzzy"])


def test_a_token_without_embedding_is_an_error_of_the_text(
    tiny_dataset: TinyDataset, tiny_bert: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny_bert, tmp_path / tiny_bert.name)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(["zebra"])
    tokenizer.save_pretrained(folder)
    live = live_of(tiny_dataset, folder)
    settings = settings_of(tiny_dataset.data_dir)
    for question in ({"text": "a zebra"}, {"tokens": ["[CLS]", "zebra"]}):
        with pytest.raises(
            (CorpusError, InvalidTextError), match="'zebra' .* no embedding"
        ) as caught:
            live.ask(**question)
        assert worker._described(caught.value, settings)["code"] == "text_invalid"
    assert live.ask(text="the river", maps=["pca-2d"]).sequence["tokens"]["text"][1] == "the"


def test_too_little_memory_names_the_setting(tmp_path: Path) -> None:
    for error in (MemoryError(), OutOfMemoryError("the memory was too small for the trial run")):
        said = worker._described(error, settings_of(tmp_path, memory_mb=700))
        assert said["code"] == "live_unavailable"
        assert "live_memory_mb, which is 700" in said["message"]


@pytest.mark.parametrize("n_tokens", [0, 65, 5000])
def test_too_few_and_too_many_tokens_are_refused_with_both_numbers(
    n_tokens: int, live: Live
) -> None:
    with pytest.raises(InvalidTextError, match=rf"^{n_tokens} tokens, expected 1 to 64"):
        live.ask(tokens=["the"] * n_tokens)


@pytest.mark.parametrize("text", ["", " \n\t ", "\u2028\u2003"])
def test_an_empty_text_is_refused(text: str, live: Live) -> None:
    with pytest.raises(InvalidTextError, match="empty"):
        live.ask(text=text)


def test_a_lone_surrogate_is_refused_and_unusual_characters_are_accepted(live: Live) -> None:
    with pytest.raises(InvalidTextError, match="half of a character"):
        live.ask(text="the \ud83d river")
    for text in ("\0", "\U0001f600" * 9, "e\u0301\u202e", "<script>alert(1)</script>", "\ufeff x"):
        try:
            answer = live.ask(text=text, maps=["pca-2d"])
        except CorpusError as error:  # nothing in it is a token
            assert "no tokens" in str(error)
        else:
            assert np.isfinite(answer.tensors["queries"]).all()


def test_a_long_text_is_cut_before_tokenization_and_both_cuts_are_reported(live: Live) -> None:
    answer = live.ask(text="the river " * 1000, maps=["pca-2d"])
    assert len(answer.sequence["tokens"]["text"]) == 64
    assert answer.sequence["n_characters_cut"] == len("the river " * 1000) - 2000
    assert answer.sequence["n_truncated"] == 400 - 62
    assert answer.sequence["tokens"]["text"][-1] == "[SEP]"


def test_whitespace_of_a_typed_text_is_kept_except_the_line_end(
    tiny_causal_dataset, tiny_gpt2
) -> None:
    from tests.live.worker.conftest import live_of

    live = live_of(tiny_causal_dataset, tiny_gpt2)
    plain, spaced, ended = (
        live.ask(text=text, maps=["pca-2d"]).sequence["tokens"]["token_id"]
        for text in ("the river", "  the river ", "  the river \r\n")
    )
    assert plain != spaced == ended


def test_the_lower_of_the_operators_and_the_models_limit_applies(tiny_dataset, tiny_bert) -> None:
    small = live_of(tiny_dataset, tiny_bert, max_tokens=8, max_characters=30)
    answer = small.ask(text="the river " * 9, maps=["pca-2d"])
    assert len(answer.sequence["tokens"]["text"]) == 8
    assert answer.sequence["n_characters_cut"] == 90 - 30
    tiny = live_of(tiny_dataset, tiny_bert, max_answer_bytes=30_000)
    answer = tiny.ask(text="the river " * 9)
    assert len(answer.sequence["tokens"]["text"]) + answer.sequence["n_truncated"] == 20
    assert answer.sequence["n_truncated"] > 0
    assert 20_000 < sum(array.nbytes for array in answer.tensors.values()) <= 30_000


def test_further_maps_of_a_text_do_not_run_the_model_again(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "Two trains leave in the morning."
    first = live.ask(text=text, maps=["pca-2d"])

    def never(*_: object) -> None:
        raise AssertionError("the model was run again")

    monkeypatch.setattr(session_module.models, "capture_batch", never)
    second = live.ask(text=text, maps=["umap-3d", "pca-2d"])
    assert set(second.maps) == {"umap-3d", "pca-2d"}
    assert np.array_equal(second.tensors["place:pca-2d"], first.tensors["place:pca-2d"])
    with pytest.raises(AssertionError):
        live.ask(text=text + "!")


def test_only_the_most_recent_texts_are_cached(live: Live) -> None:
    for n in range(9):
        live.ask(text=f"the train leaves at {n}", maps=["pca-2d"])
    assert len(live.session._captures) == session_module.N_CAPTURES
    assert all("train" not in key for key in live.session._captures)


def test_preparing_ahead_ends_and_changes_no_answer(live: Live) -> None:
    before = live.ask(text="the bank is closed", maps=["attention-tsne-2d"])
    n_steps = 0
    while live.session.prepare_ahead():
        n_steps += 1
    assert n_steps == len(METHODS) + len(heads_of(live)) * len(live.reader.manifest["maps"])
    live.session._captures.clear()
    after = live.ask(text="the bank is closed", maps=["attention-tsne-2d"])
    name = "place:attention-tsne-2d"
    assert np.array_equal(before.tensors[name], after.tensors[name])


def test_a_full_cache_changes_no_answer(tiny_dataset, tiny_bert, live: Live) -> None:
    from tests.live.worker.conftest import live_of

    poor = live_of(tiny_dataset, tiny_bert, cache_mb=0)
    question = {"text": "so much snow", "maps": ["tsne-2d", "biplot-2d"]}
    rich, bare = live.ask(**question), poor.ask(**question)
    assert sum(1 for _ in iter(poor.session.prepare_ahead, False)) == len(METHODS)
    for name, tensor in rich.tensors.items():
        assert np.array_equal(tensor, bare.tensors[name])
