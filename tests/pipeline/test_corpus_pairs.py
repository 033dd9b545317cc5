"""Labelled pairs: positions of letters or words become pairs of tokens, and a score of heads."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.measures.test_pair_precision import slow_precision
from tests.support.fake_dataset import facts_of_heads, stored_tokens
from tests.support.tiny_models import save_tiny_esm
from transformers import AutoModel

import attentionviz
from attentionviz.commands.main import main
from attentionviz.errors import CorpusError, InvalidRequestError
from attentionviz.pipeline.build import build
from attentionviz.pipeline.corpora.pairs import LabelledPair, read_pairs
from attentionviz.pipeline.corpus import read_text_corpus
from attentionviz.pipeline.request import BuildRequest
from attentionviz.pipeline.token_pairs import token_pairs

PROTEINS = ["MKTAYIAKQRQISFVKSHFS", "ACDEFGHIKLMN", "WYVTSRQPNM"]
NAMES = {"name": ["P1", "P2", "2"]}
FASTA = "".join(f">{n} x\n{s}\n" for n, s in zip(NAMES["name"], PROTEINS, strict=True))


def pairs_of(folder: Path, rows: str, sequences: list[str], columns: dict | None = None) -> list:
    path = folder / "contacts.csv"
    path.write_text(rows)
    return read_pairs(path, sequences, NAMES if columns is None else columns).of_sequence


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_pairs_name_a_sequence_and_two_positions_from_1(delimiter: str, tmp_path: Path) -> None:
    rows = "sequence,I,j,Name\nP1,1,20,disulfide\n\n 1 ,9,3,\nP2,12,1,a\n2,1,10,b\n"
    found = pairs_of(tmp_path, rows.replace(",", delimiter), PROTEINS)
    assert found == [
        [LabelledPair(0, 19, "disulfide"), LabelledPair(2, 8, "")],
        [LabelledPair(0, 11, "a")],
        [LabelledPair(0, 9, "b")],  # a name goes before a number
    ]


def test_positions_count_words_where_sequences_have_spaces(tmp_path: Path) -> None:
    rows = "sequence,i,j\n1,1,8\n"
    assert pairs_of(tmp_path, rows, ["the cat that I saw was not mine", "x"], {}) == [
        [LabelledPair(0, 7, "")],
        [],
    ]
    with pytest.raises(CorpusError, match="j is 8, outside the 7 words of sequence '1'"):
        pairs_of(tmp_path, rows, ["a b c d e f g"], {})


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ("sequence,i,j\nP1,1,21\n", "line 2: j is 21, outside the 20 letters of sequence 'P1'"),
        ("sequence,i,j\nP1,0,9\n", "line 2: i is 0, outside the 20 letters"),
        ("sequence,i,j\nP1,x,9\n", "line 2: i is 'x', not a position from 1"),
        ("sequence,i,j\nP1,-1,9\n", "line 2: i is '-1', not a position"),
        ("sequence,i,j\nP1,4,4\n", "line 2: i and j are both 4"),
        ("sequence,i,j\nP1,1,9\nQ7,1,9\n", "line 3: 'Q7' is not the name of a sequence"),
        ("sequence,i,j\n4,1,9\n", "line 2: sequence 4 is outside 1..3"),
        ("sequence,i,j\n,1,9\n", "line 2: '' is not the name"),
        (
            "sequence,i,j\nP1,1,9\nP2,1,9\n1,9,1\n",
            "line 4: the pair 1, 9 of sequence '1' is already in line 2",
        ),
        ("sequence,i,j\nP1,1\n", "line 2: 2 cells, the header has 3"),
        ("sequence,i,j\n", "has no pairs"),
        ("", "line 1: no column 'sequence'"),
        ("P1,1,9\nP1,2,9\n", "line 1: no column 'sequence'; its first line must be sequence,i,j"),
        ("sequence,i,i\nP1,1,9\n", "line 1: several columns 'i'"),
    ],
)
def test_a_bad_row_is_named_by_its_line(rows: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(CorpusError) as caught:
        pairs_of(tmp_path, rows, PROTEINS)
    assert problem in str(caught.value) and str(caught.value).startswith("contacts.csv")
    assert "\n" not in str(caught.value)


def test_a_name_of_several_sequences_is_ambiguous(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="2 sequences have the name 'a'; give the number"):
        pairs_of(tmp_path, "sequence,i,j\na,1,9\n", PROTEINS, {"name": ["a", "a", "b"]})


def test_pairs_become_pairs_of_tokens_and_what_has_no_two_tokens_is_counted(tmp_path: Path) -> None:
    (tmp_path / "a.fa").write_text(FASTA)
    (tmp_path / "pairs.csv").write_text(
        "sequence,i,j,name\nP1,1,6,one\nP1,2,5,same tokens\nP1,3,4,one token\nP1,1,20,cut\n"
        "P2,1,12,whole\n2,1,9,left out\n"
    )
    corpus = read_text_corpus(tmp_path / "a.fa", pairs=tmp_path / "pairs.csv")
    assert corpus.pairs is not None
    # Two letters a token, and the first sequence is cut; the last one is not in the dataset.
    tokens = [None, "MK", "TA", "YI", None, None, *PROTEINS[1], None]
    found = token_pairs(corpus.pairs, corpus.sequences[:2], [5, 14], tokens)
    assert (found.first, found.second, found.name) == ([1, 6], [3, 17], ["one", "whole"])
    assert found.summary() == (
        "6 pairs read, 2 taken, 4 left out: 1 in sequences left out, 2 of one token, or of the "
        "tokens of another pair, 1 without a token, such as beyond the cut of a sequence"
    )


def test_a_build_stores_pairs_and_their_precision_in_the_models_own_attention(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "a.fasta").write_text(FASTA)
    (tmp_path / "pairs.csv").write_text(
        "sequence,i,j,name\nP1,1,9,\nP1,5,14,x\nP1,2,20,x\nP1,3,12,\nP2,1,12,\nP2,2,9,\n2,3,4,\n"
    )
    folder = save_tiny_esm(tmp_path / "model")
    request = BuildRequest(
        model=str(folder),
        text=tmp_path / "a.fasta",
        pairs=tmp_path / "pairs.csv",
        output=tmp_path / "built",
        dataset_id="esm",
        methods=("pca",),
        dims=(2,),
    )
    result = build(request)
    manifest = json.loads((result.folder / "manifest.json").read_bytes())
    facts = manifest["corpus"]["pairs"]
    assert (facts["file"], facts["unit"], facts["n_read"], facts["n_taken"]) == (
        "pairs.csv",
        "letter",
        7,
        7,
    )
    tokens = stored_tokens(result.folder)
    pairs = list(zip(tokens["pairs"]["first"], tokens["pairs"]["second"], strict=True))
    assert pairs == [(1, 9), (5, 14), (2, 20), (3, 12), (23, 34), (24, 31), (39, 40)]
    assert tokens["pairs"]["name"] == ["", "x", "x", "", "", "", ""]
    opened = attentionviz.open(result.folder).pairs
    assert opened is not None and opened.tokens.tolist() == [list(pair) for pair in pairs]
    assert opened.name.tolist() == tokens["pairs"]["name"]
    model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    per_sequence = []
    for start, length, first, last in ((0, 22, 0, 4), (22, 14, 4, 6)):
        ids = torch.tensor([tokens["token_id"][start : start + length]])
        with torch.no_grad():
            attention = torch.cat(model(ids, output_attentions=True).attentions)
        patterns = attention[:, :, 1:-1, 1:-1].double().numpy()  # (layer, head, query, key)
        local = [(i - start - 1, j - start - 1) for i, j in pairs[first:last]]
        per_sequence.append([[slow_precision(p, local) for p in heads] for heads in patterns])
    expected = np.mean(per_sequence, axis=0)
    heads = facts_of_heads(result.folder)
    for head in heads:
        score = head["scores"]["precision_at_l"]
        assert score["value"] == pytest.approx(expected[head["layer"], head["head"]], abs=1e-6)
        assert score["n_rows"] == 32
    assert np.ptp(expected) > 0, "heads differ"
    assert main(["info", "esm", "--scores", "--data-dir", str(tmp_path / "built")]) == 0
    printed = capsys.readouterr().out
    assert "7 of 7 in pairs.csv" in printed and "precision_at_l" in printed
    assert main(["verify", "esm", "--data-dir", str(tmp_path / "built")]) == 0


def test_images_have_no_pairs(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match="--pairs needs --text"):
        BuildRequest(model="demo-vit", images=tmp_path, pairs=tmp_path, output=tmp_path)
