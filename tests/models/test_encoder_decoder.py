"""Models with an encoder and a decoder: three kinds of attention over two texts."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.models.test_attention_parity import EXACT, UNEVEN, require_telling
from tests.support.audio_models import recordings, save_tiny_whisper
from tests.support.text_architectures import BART, TWO_TEXTS, make
from tests.support.tiny_models import SENTENCES, byte_level_tokenizer, save, save_tiny_bert
from transformers import MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING

from attentionviz import models
from attentionviz.core.rule import row_name
from attentionviz.errors import InvalidRequestError, ModelNotAvailableError, UnsupportedModelError

TARGETS = [SENTENCES[2], "april", " ".join(SENTENCES[3:6]), "In april."]
DEEP_ROUNDING = 5e-5
"""Float32 through two layers of the encoder, and six attention modules of the decoder."""
PARTS = ["encoder"] * 2 + ["decoder"] * 3 + ["cross"] * 3


def save_two_texts(name: str, folder: Path, **changed: object) -> Path:
    prefix, arguments = TWO_TEXTS[name]
    _, config = make(prefix, {**arguments, **changed})
    tokenizer = byte_level_tokenizer()
    tokenizer.model_max_length = 90
    architecture = MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING[type(config)]
    return save(architecture, config, folder, tokenizer=tokenizer)


def load(folder: Path, **options: object) -> models.LoadedModel:
    return models.load(str(folder), "cpu", local_models=None, **options)


@pytest.mark.parametrize("name", TWO_TEXTS)
def test_attention_of_both_texts_equals_the_models_own_with_padding(
    name: str, tmp_path: Path
) -> None:
    model = load(save_two_texts(name, tmp_path))
    assert [rule.part for rule in model.rules] == PARTS
    assert [rule.is_causal for rule in model.rules] == [part == "decoder" for part in PARTS]
    batch = model.prepare_with_targets(UNEVEN, TARGETS)
    captured = models.capture_batch(model, batch)
    check = models.check_attention(model, batch, captured)
    assert check.exact_max_abs_error <= EXACT
    assert check.max_abs_error <= DEEP_ROUNDING
    assert check.exact_n_sequences == check.n_sequences == len(UNEVEN)
    require_telling(model, batch, captured)


def test_vectors_are_zero_where_a_part_has_no_query_or_key(tmp_path: Path) -> None:
    model = load(save_two_texts("bart", tmp_path))
    batch = model.prepare_with_targets(UNEVEN, TARGETS)
    captured = models.capture_batch(model, batch)
    for layer, rule in enumerate(model.rules):
        spans = batch.spans(rule)
        has_query, has_key = spans.has_query(batch.n_tokens), spans.has_key(batch.n_tokens)
        norms = captured.norms()[layer, 0]
        assert ((norms[:, 0] > 0) == has_query).all()
        assert ((norms[:, 1:] > 0) == has_key[:, None]).all()


@pytest.mark.parametrize("name", ["t5, with buckets of offsets in encoder and decoder", "marian"])
def test_two_texts_have_the_same_vectors_alone_and_in_company(name: str, tmp_path: Path) -> None:
    model = load(save_two_texts(name, tmp_path))
    together = models.capture_batch(model, model.prepare_with_targets(UNEVEN, TARGETS))
    start = 0
    for text, target, length in zip(UNEVEN, TARGETS, together.lengths, strict=True):
        alone = models.capture_batch(model, model.prepare_with_targets([text], [target]))
        for part in ("queries", "keys", "value_norms", "output_norms"):
            other = getattr(together, part)[:, :, start : start + length]
            np.testing.assert_allclose(getattr(alone, part), other, rtol=1e-4, atol=1e-4)
        start += length


# FSMT does not make decoder inputs of labels.
@pytest.mark.parametrize("name", [name for name in TWO_TEXTS if not name.startswith("fsmt")])
def test_a_target_is_shifted_as_in_training(name: str, tmp_path: Path) -> None:
    model = load(save_two_texts(name, tmp_path))
    batch = model.prepare_with_targets(UNEVEN, TARGETS)
    labels = byte_level_tokenizer()(TARGETS)["input_ids"]
    seen = {}

    def keep(_module: object, _args: object, options: dict[str, torch.Tensor]) -> None:
        seen.update(options)

    # The model makes decoder inputs of labels; what its decoder then reads is compared.
    hook = model.network.get_decoder().register_forward_pre_hook(keep, with_kwargs=True)
    for row, ids in enumerate(labels):
        source = batch.inputs["input_ids"][row : row + 1, : batch.n_source[row]]
        model.language_model(input_ids=source, labels=torch.tensor([ids]))
        first = sum(batch.lengths[:row]) + batch.n_source[row]
        found = batch.tokens.token_id[first : sum(batch.lengths[: row + 1])]
        assert found == seen["input_ids"][0].tolist()
        assert batch.tokens.position[first : first + 2] == [0, 1][: len(found)]
    hook.remove()


@pytest.mark.parametrize("name", ["bart", "t5, with buckets of offsets in encoder and decoder"])
def test_generated_targets_are_the_likeliest_next_tokens(name: str, tmp_path: Path) -> None:
    model = load(save_two_texts(name, tmp_path))
    found = model.generate(UNEVEN, 12)
    assert found == model.generate(UNEVEN, 12)
    whole = model.language_model
    for text, target in zip(UNEVEN, found, strict=True):
        assert 1 <= len(target) <= 12
        batch = model.prepare_with_targets([text], [target])
        with torch.inference_mode():
            likeliest = whole(**batch.inputs).logits[0].argmax(dim=-1).tolist()
        assert target[1:] == likeliest[: len(target) - 1]
        assert len(target) == 12 or likeliest[-1] == whole.generation_config.eos_token_id
        captured = models.capture_batch(model, batch)
        assert captured.lengths == [batch.n_source[0] + len(target)]


def test_the_encoder_alone_is_taken_on_request(tmp_path: Path) -> None:
    saved = save_two_texts("bart", tmp_path)
    model = load(saved, part="encoder")
    assert (model.n_layers, model.has_two_texts) == (2, False)
    assert [rule.part for rule in model.rules] == [None, None]
    whole = load(saved)
    names = [row_name({"layers": [r.facts() for r in whole.rules]}, i) for i in range(8)]
    assert names == ["E0", "E1", "D0", "D1", "D2", "X0", "X1", "X2"]


def test_a_model_without_encoder_and_decoder_has_no_such_part(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match="has no encoder beside a decoder"):
        load(save_tiny_bert(tmp_path), part="encoder")


def test_weights_without_the_last_layer_need_target_texts(tmp_path: Path) -> None:
    architecture, config = make("Bart", {**BART, "tie_word_embeddings": False})
    saved = save(architecture, config, tmp_path, tokenizer=byte_level_tokenizer())
    model = load(saved)
    assert model.rules[0].part == "encoder"
    with pytest.raises(UnsupportedModelError, match="with --target"):
        model.generate(UNEVEN, 5)


def test_a_decoder_without_a_start_token_is_an_error(tmp_path: Path) -> None:
    saved = save_two_texts("bart", tmp_path, decoder_start_token_id=None)
    with pytest.raises(ModelNotAvailableError, match="decoder_start_token_id"):
        load(saved)


def test_encoder_and_decoder_may_have_other_numbers_of_heads(tmp_path: Path) -> None:
    model = load(save_two_texts("bart", tmp_path, decoder_attention_heads=2))
    assert [(heads.n_heads, heads.d_head) for heads in model.layers[1:3]] == [(4, 8), (2, 16)]
    batch = model.prepare_with_targets(UNEVEN, TARGETS)
    captured = models.capture_batch(model, batch)
    assert models.check_attention(model, batch, captured).exact_max_abs_error <= EXACT
    some = model.only([1, 4, 7])
    assert [rule.part for rule in some.rules] == PARTS
    assert len(models.capture_batch(some, batch).queries) == 3


def test_attention_of_recordings_and_their_texts_equals_the_models_own(tmp_path: Path) -> None:
    model = load(save_tiny_whisper(tmp_path))
    assert (model.sampling_rate, model.max_length) == (16_000, 24)
    heard = recordings(0.3, 1.5, 0.9, 1.0)
    batch = model.prepare_with_targets(heard, TARGETS)
    captured = models.capture_batch(model, batch)
    check = models.check_attention(model, batch, captured)
    assert check.exact_max_abs_error <= EXACT
    assert check.max_abs_error <= DEEP_ROUNDING
    assert batch.n_source == [50] * 4
    assert batch.tokens.text[:3] == ["0.00 s", "0.02 s", "0.04 s"]
    assert batch.tokens.token_type[:50].count("text") == 15
    assert batch.truncated[1] >= 25
    generated = model.generate(heard, 6)
    assert generated == model.generate(heard, 6)
    assert all(target[0] == 2 and len(target) <= 6 for target in generated)


def test_a_feature_extractor_that_is_missing_or_of_another_model_is_an_error(
    tmp_path: Path,
) -> None:
    saved = save_tiny_whisper(tmp_path, n_positions=60)
    with pytest.raises(ModelNotAvailableError, match="makes 100 frames of 8 numbers"):
        load(saved)
    (saved / "preprocessor_config.json").unlink()
    with pytest.raises(ModelNotAvailableError, match="has no preprocessor_config.json"):
        load(saved)
