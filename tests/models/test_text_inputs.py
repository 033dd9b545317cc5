"""Texts become padded ids and columns that show what was written."""

from typing import Any

import pytest
import torch
from tests.support.tiny_models import SENTENCES, byte_level_tokenizer, wordpiece_tokenizer
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from attentionviz.errors import CorpusError, InvalidTextError, ModelNotAvailableError
from attentionviz.models.text import TextInputs
from attentionviz.models.token_text import byte_characters


def metaspace_tokenizer() -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=200, show_progress=False)
    tokenizer.train_from_iterator(SENTENCES, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer)


def written(tokenizer: Any, text: str) -> list[str]:
    return TextInputs(tokenizer, 64).prepare([text]).tokens.text


def test_byte_level_tokens_keep_their_leading_space() -> None:
    assert written(byte_level_tokenizer(), "the river in april")[-1] == " april"
    assert "".join(written(byte_level_tokenizer(), "a  b\tc")) == "a  b\tc"


def test_sentence_piece_tokens_show_a_space_for_their_sign() -> None:
    shown = written(metaspace_tokenizer(), "the river in april")
    assert shown[-1] == " april"
    assert not any("\u2581" in text for text in shown)


def test_word_pieces_keep_their_marks() -> None:
    shown = written(wordpiece_tokenizer(), "rivery april")
    assert shown[0] == "[CLS]"
    assert shown[-1] == "[SEP]"
    assert any(text.startswith("##") for text in shown)


def byte_fallback_tokenizer() -> PreTrainedTokenizerFast:
    """Return a SentencePiece-like BPE with a token for every byte, as Llama 2 and Gemma have it."""
    tokens = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), *"\u2581adkno", "\u2581a"]
    vocabulary = {token: i for i, token in enumerate(tokens)}
    unknown = "<unk>"
    tokenizer = Tokenizer(
        models.BPE(vocabulary, [("\u2581", "a")], byte_fallback=True, unk_token=unknown)
    )
    tokenizer.normalizer = normalizers.Replace(" ", "\u2581")
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token=unknown)


def joining_tokenizer() -> PreTrainedTokenizerFast:
    """Return a byte-level BPE with tokens of one and a half characters."""
    vocabulary = {sign: i for i, sign in enumerate(sorted(byte_characters()))}
    merges = [("Ġ", "ä"), ("Ġä", "½"), ("ł", "å"), ("ł", "Ċ")]  # of " 你好" and "你\n"
    vocabulary |= {one + other: 256 + i for i, (one, other) in enumerate(merges)}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer)


TOKENIZERS = {
    "byte level": byte_level_tokenizer,
    "byte fallback": byte_fallback_tokenizer,
    "joining": joining_tokenizer,
    "word pieces": wordpiece_tokenizer,
}


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("byte level", "é", ["é 1⁄2", "é 2⁄2"]),
        ("byte fallback", "a 你\n", ["a", " ", "你 1⁄3", "你 2⁄3", "你 3⁄3", "\n"]),
        ("joining", "a 你好", ["a", " 你 1–2⁄3", "你 3⁄3 + 好 1⁄3", "好 2⁄3", "好 3⁄3"]),
        ("joining", "你\n", ["你 1⁄3", "你 2⁄3", "你 3⁄3 + \n"]),
    ],
)
def test_a_split_character_is_shown_with_its_parts(name: str, text: str, shown: list[str]) -> None:
    assert written(TOKENIZERS[name](), text) == shown


@pytest.mark.parametrize("name", TOKENIZERS)
@pytest.mark.parametrize("text", ["no 你 好", "👩\u200d👧 ok", "a ש\u05b8\u00ad\n\t", "A <0xE4>"])
def test_tokens_are_found_as_they_are_shown_and_by_number(name: str, text: str) -> None:
    inputs = TextInputs(TOKENIZERS[name](), 64)
    tokens = inputs.prepare([text]).tokens
    for given in (tokens.text, tokens.token_id):
        again = inputs.prepare_tokens(given).tokens
        assert (again.token_id, again.text) == (tokens.token_id, tokens.text)


def test_a_letter_is_found_before_the_byte_that_is_written_alike() -> None:
    tokens = TextInputs(byte_fallback_tokenizer(), 64).prepare_tokens(["a", "<0x61>"]).tokens
    assert tokens.text == ["a", "a"]
    assert tokens.token_id[0] > tokens.token_id[1] == 1 + ord("a")


def test_bytes_are_no_plain_tokens() -> None:
    inputs = TextInputs(byte_fallback_tokenizer(), 64)
    shown = inputs.prepare_ids([inputs.plain_tokens()]).tokens.text
    assert shown == [*"adkno", " a"]


@pytest.mark.parametrize("token", ["你 4⁄3", "你 1⁄3 + 好 1⁄3", "\ud83d", "\udce4", 10**6, -1])
def test_a_token_that_is_none_of_the_vocabulary_is_named(token: str | int) -> None:
    with pytest.raises(InvalidTextError, match=r"token 2, .* is not in the model's vocabulary"):
        TextInputs(byte_level_tokenizer(), 64).prepare_tokens(["a", token])


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_character_cut_at_the_longest_length_is_still_that_character(side: str) -> None:
    tokenizer = byte_fallback_tokenizer()
    tokenizer.truncation_side = side
    parts = [f"{character} {n}⁄3" for character in "你好" for n in (1, 2, 3)]
    for n in range(1, 6):
        batch = TextInputs(tokenizer, n).prepare(["你好", "a"])
        kept = parts[:n] if side == "right" else parts[-n:]
        assert batch.tokens.text == [*kept, "a"]


def test_parts_of_a_character_do_not_join_those_of_the_next_text() -> None:
    inputs = TextInputs(byte_level_tokenizer(), 64)
    ids = inputs.prepare(["é"]).tokens.token_id
    assert inputs.prepare_ids([ids[:1], ids[1:]]).tokens.text == ["<0xC3>", "<0xA9>"]


def test_an_unknown_word_keeps_what_stands_in_the_text() -> None:
    tokens = TextInputs(wordpiece_tokenizer(), 64).prepare(["April 🙂🙂 É [UNK] river"]).tokens
    assert tokens.text == ["[CLS]", *["[UNK]"] * 4, "river", "[SEP]"]
    assert tokens.surface == [None, "April", "🙂🙂", "É", None, None, None]


def test_every_byte_has_one_character() -> None:
    table = byte_characters()
    assert sorted(table.values()) == list(range(256))
    assert set(table) == set(pre_tokenizers.ByteLevel.alphabet())


def test_marks_are_special_and_unknown_words_are_text() -> None:
    tokens = TextInputs(wordpiece_tokenizer(), 64).prepare(["april é"]).tokens
    assert tokens.text == ["[CLS]", "april", "[UNK]", "[SEP]"]
    assert tokens.token_type == ["special", "text", "text", "special"]


def test_an_end_mark_that_is_also_the_unknown_token_is_special() -> None:
    tokens = TextInputs(byte_level_tokenizer(), 64).prepare(["a<|endoftext|>"]).tokens
    assert tokens.token_type == ["text", "special"]


def test_padding_is_on_the_right_and_absent_from_the_columns() -> None:
    batch = TextInputs(wordpiece_tokenizer(), 64).prepare(["april", "the river in april ."])
    assert batch.lengths == [3, 7]
    assert batch.inputs["attention_mask"].sum(1).tolist() == [3, 7]
    assert batch.inputs["attention_mask"][0, :3].all()
    assert len(batch.tokens.text) == len(batch.tokens.token_id) == batch.n_tokens == 10
    assert batch.tokens.position == [0, 1, 2, 0, 1, 2, 3, 4, 5, 6]
    first = batch.inputs["input_ids"][0, 0].item()
    assert batch.inputs["input_ids"][0, 3:].tolist() == [first] * 4, "no token of another text"


def test_a_longer_text_is_cut_and_the_cut_is_counted() -> None:
    inputs = TextInputs(wordpiece_tokenizer(), 5)
    batch = inputs.prepare(["the river in april .", "april"])
    assert batch.lengths == [5, 3]
    assert batch.truncated == [2, 0]
    assert batch.tokens.text[:5] == ["[CLS]", "the", "river", "in", "[SEP]"]


def test_batches_keep_the_order_and_the_bound() -> None:
    inputs = TextInputs(wordpiece_tokenizer(), 64)
    texts = SENTENCES * 30
    batches = list(inputs.batches(iter(texts), 100))
    together = inputs.prepare(texts)
    assert all(batch.inputs["input_ids"].numel() <= 100 for batch in batches)
    assert [n for batch in batches for n in batch.lengths] == together.lengths
    assert [t for batch in batches for t in batch.tokens.token_id] == together.tokens.token_id


def test_a_text_longer_than_the_bound_is_a_batch_of_its_own() -> None:
    inputs = TextInputs(wordpiece_tokenizer(), 64)
    assert [len(batch.lengths) for batch in inputs.batches(["april", "april"], 1)] == [1, 1]


def test_a_text_without_tokens_is_named() -> None:
    with pytest.raises(CorpusError, match="the text '' has no tokens"):
        TextInputs(byte_level_tokenizer(), 64).prepare([""])


def with_added_word() -> tuple[Any, int]:
    """Return a tokenizer with a word for which a model of its first size has no embedding."""
    tokenizer = wordpiece_tokenizer()
    n_embedded = len(tokenizer)
    tokenizer.add_tokens(["zebra"])
    return tokenizer, n_embedded


def test_a_word_without_embedding_is_named_with_both_sizes() -> None:
    tokenizer, n = with_added_word()
    inputs = TextInputs(tokenizer, 64, n)
    said = rf"'zebra' \(id {n}\), which has no embedding \(model: {n} tokens, tokenizer: {n + 1}\)"
    with pytest.raises(CorpusError, match=rf"^the text 'a zebra' has the token {said}"):
        inputs.prepare(["april", "a zebra"])
    with pytest.raises(CorpusError, match=said):
        list(inputs.batches(["april"] * 70 + ["a zebra"], 100))
    with pytest.raises(InvalidTextError, match=said):
        inputs.prepare_tokens(["[CLS]", "zebra"])
    assert inputs.prepare_tokens(["[CLS]", "april"]).lengths == [2]


def test_words_without_embedding_are_not_offered_to_random_sequences() -> None:
    tokenizer = wordpiece_tokenizer()
    every = TextInputs(tokenizer, 64).plain_tokens()
    half = TextInputs(tokenizer, 64, every[len(every) // 2]).plain_tokens()
    assert half == every[: len(every) // 2]


def test_a_start_token_without_embedding_starts_no_random_sequence() -> None:
    tokenizer, n = with_added_word()
    for token, start in (("zebra", []), ("[CLS]", [tokenizer.cls_token_id])):
        tokenizer.bos_token = token
        inputs = TextInputs(tokenizer, 64, n)
        inputs.marks = lambda: ([], [])
        assert inputs.start() == start


def test_a_mark_without_embedding_refuses_the_model() -> None:
    tokenizer = wordpiece_tokenizer()
    TextInputs(tokenizer, 64, 4).require_marks("mine")
    with pytest.raises(ModelNotAvailableError, match=r"mine marks every text .*'\[SEP\]' \(id 3\)"):
        TextInputs(tokenizer, 64, 3).require_marks("mine")


def test_the_trial_has_words_with_an_embedding_and_two_lengths() -> None:
    tokenizer, n = with_added_word()
    tokenizer.add_tokens(["text"])
    batch = TextInputs(tokenizer, 64, n).trial("mine")
    assert max(batch.tokens.token_id) < n
    assert 1 < batch.lengths[0] < batch.lengths[1]


def letters_tokenizer(*letters: str) -> PreTrainedTokenizerFast:
    """Return a tokenizer of letters that has no token for any other."""
    tokenizer = Tokenizer(models.WordLevel({letter: i for i, letter in enumerate(letters)}))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer)


def test_a_tokenizer_that_reads_no_english_has_a_trial_of_its_own_words() -> None:
    inputs = TextInputs(letters_tokenizer("A", "C", "G", "T"), 64, 4)
    assert inputs.trial("mine").lengths == [2, 4]
    assert inputs.prepare(["GATTACA"]).lengths == [7]
    with pytest.raises(CorpusError, match="the text 'GATTACA, a film' cannot be tokenized"):
        inputs.prepare(["GATTACA", "GATTACA, a film"])


def test_a_tokenizer_of_another_model_is_refused() -> None:
    with pytest.raises(ModelNotAvailableError, match="not fit its weights: 1 of its 4"):
        TextInputs(letters_tokenizer("A", "C", "G", "T"), 64, 1).trial("mine")


def test_batches_read_no_more_texts_than_they_need() -> None:
    taken = []

    def endless() -> Any:
        while True:
            taken.append(1)
            yield "april in the river"

    batches = TextInputs(wordpiece_tokenizer(), 64).batches(endless(), 30)
    assert torch.is_tensor(next(batches).inputs["input_ids"])
    assert len(taken) <= 64
