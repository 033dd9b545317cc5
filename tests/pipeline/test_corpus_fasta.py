"""FASTA: headers become columns, letters the sequence, all other characters are counted."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tests.support.tiny_models import AMINO_ACIDS, save_tiny_esm
from transformers import BertConfig, BertForMaskedLM, BertTokenizerFast

from attentionviz.errors import CorpusError
from attentionviz.pipeline.build import prepare
from attentionviz.pipeline.corpus import TextCorpus, read_text_corpus
from attentionviz.pipeline.request import BuildRequest

PROTEINS = ">sp|P1 Lysozyme C\r\nMKalivlg\r\nLVL-CFAA*\r\n>P2\nACDEFGHIKL\n"


def read(folder: Path, name: str, content: str, column: str | None = None) -> TextCorpus:
    path = folder / name
    path.write_bytes(content.encode())
    return read_text_corpus(path, column)


def problem(folder: Path, name: str, content: str, column: str | None = None) -> str:
    with pytest.raises(CorpusError) as caught:
        read(folder, name, content, column)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", ["a.fa", "a.fasta", "A.FASTA"])
def test_a_header_gives_name_and_description_and_the_lines_below_it_one_sequence(
    name: str, tmp_path: Path
) -> None:
    corpus = read(tmp_path, name, PROTEINS)
    assert corpus.sequences == ["MKALIVLGLVLCFAA", "ACDEFGHIKL"]
    assert corpus.columns == {"name": ["sp|P1", "P2"], "description": ["Lysozyme C", ""]}
    assert corpus.locations == ["line 1", "line 4"]
    assert corpus.account.notes == (
        "1 gaps (- or .) removed from sequences: 1 (line 1)",
        "1 stops (*) removed from sequences: 1 (line 1)",
        "sequences with lower-case letters, now upper case: 1 (line 1)",
    )


def test_everything_but_letters_is_removed_and_counted(tmp_path: Path) -> None:
    corpus = read(
        tmp_path, "a.fa", "; old comment\n>a\n  1 MKT 10\n>b\n--..\n\n>a again\nÉM5K\n>\nW"
    )
    assert corpus.sequences == ["MKT", "MK", "W"]
    assert corpus.columns["name"] == ["a", "a", ""]
    assert corpus.account.summary() == (
        "4 records read, 3 taken, 1 left out: 1 without a letter (line 4)"
    )
    assert corpus.account.notes == (
        "4 gaps (- or .) removed from sequences: 1 (line 4)",
        "5 other characters than letters removed from sequences: 2 (line 2, line 7)",
        "sequences with the name of an earlier one: 1 (line 7)",
    )


def test_what_is_not_fasta_is_refused_with_its_line(tmp_path: Path) -> None:
    message = problem(tmp_path, "a.fa", "\nMKT\n>a\nMKT")
    assert message == "a.fa, line 2: text before the first header; FASTA begins with >name"
    assert problem(tmp_path, "b.fa", "\n") == "b.fa has no text"
    assert "leave out --text-column" in problem(tmp_path, "c.fa", PROTEINS, "seq")


def letter_model(folder: Path) -> Path:
    """Save a BERT whose tokenizer reads a protein without spaces as one unknown word."""
    torch.manual_seed(0)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *AMINO_ACIDS]
    vocabulary = {word: i for i, word in enumerate(words)}
    BertTokenizerFast(vocab=vocabulary, do_lower_case=False).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
    )
    BertForMaskedLM(config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("save", "text"),
    [(save_tiny_esm, "ACDEFGHIKL"), (letter_model, "A C D E F G H I K L")],
)
def test_letters_are_separated_only_for_a_tokenizer_of_words(
    save: Callable[[Path], Path], text: str, tmp_path: Path
) -> None:
    (tmp_path / "a.fasta").write_text(PROTEINS)
    request = BuildRequest(
        model=str(save(tmp_path / "model")), text=tmp_path / "a.fasta", output=tmp_path / "built"
    )
    said: list[str] = []
    _, _, source = prepare(request, said.append)
    assert any("letters separated by spaces" in line for line in said) == (" " in text)
    assert source.corpus.sequences[1] == text
    (batch,) = source.batches(2)
    tokens = batch.tokens.text[-11:-1]
    assert tokens == list("ACDEFGHIKL"), json.dumps(batch.tokens.text)
    assert sum(word is not None for word in batch.tokens.surface) == 0
