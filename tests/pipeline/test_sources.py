"""What is taken of a corpus for the check of attention."""

from types import SimpleNamespace

import pytest

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
