"""Fast equivalents of slow tokenizers of letters, such as that of ESM."""

import re
from typing import Any

from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

MAX_TOKENS = 1000
"""Vocabularies of letters are small; larger ones are not tried."""

SPECIAL = (
    "bos_token",
    "eos_token",
    "unk_token",
    "sep_token",
    "pad_token",
    "cls_token",
    "mask_token",
)


def fast_equivalent(slow: Any) -> PreTrainedTokenizerFast | None:
    """Return a fast tokenizer with the same token ids as a slow one, with offsets in addition.

    The fast one finds every vocabulary entry wherever it occurs, the longest first, and splits the
    rest at white space. It is compared with the slow one on all pairs of vocabulary entries.

    Parameters
    ----------
    slow : PreTrainedTokenizer

    Returns
    -------
    PreTrainedTokenizerFast or None
        None if the slow tokenizer works differently.
    """
    if not 1 < slow.vocab_size <= MAX_TOKENS or slow.unk_token is None:
        return None
    vocabulary = slow.get_vocab()
    fast = _fast(slow, vocabulary)
    return fast if all(_agrees(fast, slow, text) for text in _samples(vocabulary)) else None


def _fast(slow: Any, vocabulary: dict[str, int]) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=slow.unk_token))
    longest_first = sorted(vocabulary, key=len, reverse=True)
    entries = Regex("|".join(re.escape(token) for token in longest_first))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Split(entries, "isolated")]
    )
    template, marks = [], {}
    for token_id in slow.build_inputs_with_special_tokens([-1]):
        token = "$A" if token_id == -1 else slow.convert_ids_to_tokens(token_id)
        template.append(token)
        if token_id != -1:
            marks[token] = token_id
    tokenizer.post_processor = processors.TemplateProcessing(
        single=" ".join(template), special_tokens=list(marks.items())
    )
    special = {name: value for name in SPECIAL if (value := getattr(slow, name, None)) is not None}
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=slow.model_max_length, **special
    )


def _samples(vocabulary: dict[str, int]) -> list[str]:
    tokens = list(vocabulary)
    pairs = ["".join(first + second for second in tokens) for first in tokens]
    return [*tokens, *pairs, " ".join(tokens), f"{tokens[-1]}\u00e9{tokens[0]} \u00e9\u00e9", ""]


def _agrees(fast: PreTrainedTokenizerFast, slow: Any, text: str) -> bool:
    return bool(fast(text).input_ids == slow(text).input_ids)
