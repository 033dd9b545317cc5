"""A slow tokenizer of letters is replaced by a fast one with the same token ids."""

from pathlib import Path

import pytest
from tests.support.tiny_models import AMINO_ACIDS, save_tiny_esm
from transformers import AutoTokenizer, CanineTokenizer

from attentionviz.models.slow_tokenizer import fast_equivalent


@pytest.mark.parametrize(
    "text", ["MKTAYIAK", "M K T", "MkT1K", "<mask>MK<mask>", "M-K.X\u00e9 J", "  M\t\n", ""]
)
def test_the_fast_tokenizer_of_esm_gives_the_same_ids_with_offsets(
    text: str, tmp_path: Path
) -> None:
    slow = AutoTokenizer.from_pretrained(save_tiny_esm(tmp_path))
    fast = fast_equivalent(slow)
    assert fast is not None
    assert not slow.is_fast and fast.is_fast
    assert fast(text).input_ids == slow(text).input_ids
    assert set(fast.all_special_tokens) == set(slow.all_special_tokens)
    assert fast.get_vocab() == slow.get_vocab()
    offsets = fast(AMINO_ACIDS, return_offsets_mapping=True).offset_mapping[1:-1]
    assert offsets == [(i, i + 1) for i in range(len(AMINO_ACIDS))]


def test_a_slow_tokenizer_of_another_kind_has_no_equivalent() -> None:
    assert fast_equivalent(CanineTokenizer()) is None
