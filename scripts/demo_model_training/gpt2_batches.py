"""Tokenizer and training sequences of demo-gpt2."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import ByteLevelBPETokenizer
from transformers import GPT2TokenizerFast

from . import everyday, prose
from .training_log import CORPORA_FOLDER

N_POSITIONS = 128
VOCABULARY_SIZE = 4096
END_OF_TEXT = "<|endoftext|>"
IGNORED = -100  # the label that the loss of transformers leaves out
N_EVERYDAY_PARAGRAPHS = 24_000

# Most steps see short rows, which are cheap and enough to learn to copy; every fourth sees long
# ones, so that every position is trained.
SHORT = {"length": 64, "documentation": 9, "stories": 6, "repeated_prose": 3, "random": 10}
LONG = {"length": N_POSITIONS, "documentation": 4, "stories": 3, "repeated_prose": 2, "random": 5}
LONG_EVERY = 4


def read_sentences(path: Path = CORPORA_FOLDER / "sentences.csv") -> list[str]:
    """Return the text column of the corpus of sentences."""
    with path.open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)]


def train_tokenizer(
    folder: Path, documentation: list[str], stories: list[str]
) -> GPT2TokenizerFast:
    """Train and save a byte-level BPE tokenizer.

    The words of the corpus count 60-fold, so that nearly all of them are one token.
    """
    words = [*documentation, *stories, *(60 * read_sentences())]
    bpe = ByteLevelBPETokenizer()
    bpe.train_from_iterator(
        words, VOCABULARY_SIZE, min_frequency=2, special_tokens=[END_OF_TEXT], show_progress=False
    )
    folder.mkdir(parents=True, exist_ok=True)
    bpe.save(str(folder / "tokenizer.json"))
    names = {"bos_token": END_OF_TEXT, "eos_token": END_OF_TEXT, "unk_token": END_OF_TEXT}
    tokenizer = GPT2TokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"), model_max_length=N_POSITIONS, **names
    )
    tokenizer.save_pretrained(folder)
    return tokenizer


@dataclass(frozen=True)
class TrainingText:
    """Two long rows of token ids: documentation, and everyday sentences of our own."""

    documentation: np.ndarray  # int64 (n_tokens,)
    stories: np.ndarray  # int64 (n_tokens,)
    story_starts: np.ndarray  # int64 (n_paragraphs,)


def _joined(tokenizer: GPT2TokenizerFast, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    end = tokenizer.eos_token_id
    rows = [[*row, end] for row in tokenizer(texts, truncation=False, verbose=False)["input_ids"]]
    starts = np.cumsum([0, *(len(row) for row in rows)])[:-1]
    return np.concatenate([np.array(row, np.int64) for row in rows]), starts


def read_texts(seed: int) -> tuple[list[str], list[str]]:
    """Return the paragraphs of documentation and of everyday sentences, shuffled."""
    rng = np.random.default_rng(seed)
    documentation = prose.collect()
    order = rng.permutation(len(documentation))
    stories = [everyday.paragraph(rng) for _ in range(N_EVERYDAY_PARAGRAPHS)]
    return [documentation[i] for i in order], stories


def tokenise(tokenizer: GPT2TokenizerFast, texts: tuple[list[str], list[str]]) -> TrainingText:
    """Return both kinds of text as rows of token ids, paragraphs divided by the end of text."""
    documentation, _ = _joined(tokenizer, texts[0])
    stories, starts = _joined(tokenizer, texts[1])
    return TrainingText(documentation, stories, starts)


def repeated_random(rng: np.random.Generator, length: int, period: int) -> np.ndarray:
    """Return random tokens, shape (length,), that start again after every `period` tokens."""
    return np.resize(rng.integers(1, VOCABULARY_SIZE, period), length)


def _repeated_prose(rng: np.random.Generator, text: np.ndarray, length: int) -> np.ndarray:
    """Return a passage in which a stretch of tokens comes twice, often with others between."""
    n = int(rng.integers(6, length // 3))
    gap = int(rng.integers(0, length - 2 * n))
    first, second = rng.integers(0, len(text) - length, 2)
    stretch = text[first : first + n]
    row = np.concatenate([stretch, text[second : second + gap], stretch])
    rest = text[first + n : first + n + length - len(row)]
    return np.concatenate([row, rest])


def _plan(step: int) -> dict[str, int]:
    return LONG if step % LONG_EVERY == 0 else SHORT


def n_random_rows(step: int) -> int:
    """Return how many of the last rows of a batch are random tokens."""
    return _plan(step)["random"]


def batch(rng: np.random.Generator, text: TrainingText, step: int) -> tuple[np.ndarray, np.ndarray]:
    """Return token ids and labels, both int64 (n_rows, length), random tokens in the last rows.

    Labels of random tokens are ignored until they come the second time: before, there is
    nothing to learn.
    """
    plan = _plan(step)
    n = plan["length"]
    rows = []
    for start in rng.integers(0, len(text.documentation) - n, plan["documentation"]):
        rows.append(text.documentation[start : start + n])
    fitting = text.story_starts[text.story_starts < len(text.stories) - n]
    for start in rng.choice(fitting, plan["stories"]):
        rows.append(text.stories[start : start + n])
    for which in range(plan["repeated_prose"]):
        rows.append(_repeated_prose(rng, text.documentation if which else text.stories, n))
    periods = rng.integers(4, n // 2 + 1, plan["random"])
    rows.extend(repeated_random(rng, n, int(period)) for period in periods)
    token_ids = np.stack(rows)
    labels = token_ids.copy()
    for row, period in enumerate(periods, start=len(rows) - plan["random"]):
        labels[row, :period] = IGNORED
    return token_ids, labels
