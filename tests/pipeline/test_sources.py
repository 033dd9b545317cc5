"""What is taken of a corpus for the check of attention."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.support.fake_dataset import stored_tokens
from tests.support.tiny_models import save_tiny_gpt2

from attentionviz.errors import CorpusError
from attentionviz.pipeline.build import build, prepare
from attentionviz.pipeline.request import BuildRequest
from attentionviz.pipeline.sources import SAMPLE_BYTES, SAMPLE_TOKENS, TextSource


@pytest.mark.parametrize("n_heads", [1, 12, 128, 4096])
@pytest.mark.parametrize("n_tokens", [1, 30, 512, 30_000])
def test_a_sample_is_bounded_in_time_and_memory_and_has_two_sequences(n_heads, n_tokens):
    model = SimpleNamespace(n_heads=n_heads, prepare_texts=list)
    sequences = ["x" * n_tokens] * 20  # a character a token
    corpus = SimpleNamespace(sequences=sequences)
    sample = TextSource(model, corpus).sample([n_tokens] * 20, seed=0).batch
    longest = max(map(len, sample))
    assert 2 <= len(sample) <= 8
    assert len(sample) * longest <= SAMPLE_TOKENS
    assert len(sample) * longest**2 * 4 * n_heads <= SAMPLE_BYTES
    assert longest == n_tokens or n_tokens > 100


def test_texts_without_tokens_are_left_out_and_counted(tmp_path: Path) -> None:
    model = save_tiny_gpt2(tmp_path / "tiny-gpt2")
    file = model / "tokenizer.json"
    facts = json.loads(file.read_text())
    facts["normalizer"] = {"type": "Replace", "pattern": {"String": "\u200b"}, "content": ""}
    file.write_text(json.dumps(facts))
    texts = tmp_path / "texts.txt"
    texts.write_text("\u200b\nIn April\n\u200b\u200b\nIn May\nIn June\n", encoding="utf-8")
    request = BuildRequest(
        model=str(model), text=texts, output=tmp_path / "built", methods=("pca",), dims=(2,)
    )
    lengths = prepare(request, lambda _: None)[0].lengths
    plan, _, source = prepare(replace(request, max_tokens=sum(lengths[:2])), lambda _: None)
    assert source.texts(9) == ["In April", "In May"]
    assert plan.account.summary() == (
        "5 lines read, 2 taken, 3 left out: 2 without tokens for this model (line 1, line 3), "
        "1 beyond --max-tokens (line 5)"
    )
    document = stored_tokens(build(request).folder)
    assert document["sequences"]["text"] == ["In April", "In May", "In June"]
    texts.write_text("\u200b\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="no sequence of texts has a token"):
        prepare(request, lambda _: None)
