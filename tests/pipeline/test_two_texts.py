"""Builds of a model with an encoder and a decoder, from a table to the published dataset."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.models.test_encoder_decoder import load, save_tiny_whisper, save_two_texts
from tests.pipeline.test_corpus_audio import TONE, write_wav
from tests.support.tiny_models import SENTENCES, save_tiny_bert

import attentionviz
from attentionviz.errors import CorpusError, InvalidRequestError
from attentionviz.pipeline.build import build, prepare
from attentionviz.pipeline.report import description
from attentionviz.pipeline.request import BuildRequest
from attentionviz.store.reader import DatasetEntry, DatasetLibrary
from attentionviz.store.verify import verify

T5 = "t5, with buckets of offsets in encoder and decoder"
# Weights of a softmax in float32, from vectors in float32 through eight attention modules.
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def t5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_two_texts(T5, tmp_path_factory.mktemp("t5"))


def table(folder: Path) -> Path:
    """Write six pairs of texts, one without a target."""
    path = folder / "pairs.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["en", "de", "topic"])
        for i, text in enumerate(SENTENCES):
            rows.writerow([text, "" if i == 2 else SENTENCES[-1 - i], f"topic {i % 2}"])
    return path


def entry_of(folder: Path) -> DatasetEntry:
    library = DatasetLibrary(folder.parent)
    return library.entry(folder.name.partition("@")[0])


def request(model: Path, folder: Path, **options: object) -> BuildRequest:
    chosen = {"text": table(folder), "text_column": "en", **options}
    quick = {"methods": ("biplot",), "dims": (2,), "n_workers": 1, "device": "cpu"}
    return BuildRequest(model=str(model), output=folder / "built", **{**quick, **chosen})


def test_a_built_dataset_has_both_texts_and_the_models_own_attention(
    t5: Path, tmp_path: Path
) -> None:
    folder = build(request(t5, tmp_path, target="de")).folder
    assert verify(folder) == []
    dataset = attentionviz.open(folder)
    manifest = dataset.manifest
    assert manifest["corpus"]["target"] == {"column": "de", "max_length": None}
    assert manifest["corpus"]["columns"] == ["topic"]
    assert manifest["corpus"]["account"]["left_out"][0]["reason"] == "without a target text"
    kept = [i for i in range(len(SENTENCES)) if i != 2]
    assert dataset.texts == [SENTENCES[i] for i in kept]
    assert dataset.target_texts == [SENTENCES[-1 - i] for i in kept]
    assert [dataset.row_name(i) for i in range(8)] == "E0 E1 D0 D1 D2 X0 X1 X2".split()
    whole = load(t5).language_model
    whole.set_attn_implementation("eager")
    model = load(t5)
    batch = model.prepare_with_targets([dataset.texts[1]], [dataset.target_texts[1]])
    with torch.inference_mode():
        own = whole(**batch.inputs, output_attentions=True)
    n_source = batch.n_source[0]
    is_target = dataset.tokens.is_target[dataset.tokens.sequence == 1]
    assert is_target.tolist() == [i >= n_source for i in range(batch.lengths[0])]
    for layer, weights in ((1, own.encoder_attentions[1]), (4, own.decoder_attentions[2])):
        side = is_target if layer == 4 else ~is_target
        pattern = dataset.pattern(layer, 3, 1)
        assert np.abs(pattern[np.ix_(side, side)] - weights[0, 3].numpy()).max() < TOLERANCE
    pattern = dataset.pattern(6, 2, 1)
    expected = own.cross_attentions[1][0, 2].numpy()
    assert np.abs(pattern[n_source:, :n_source] - expected).max() < TOLERANCE
    assert pattern.sum() == pytest.approx(batch.lengths[0] - n_source, abs=1e-4)
    report = description(DatasetLibrary(tmp_path / "built"), entry_of(folder), with_scores=True)
    assert re.search(r" X\dH\d ", report) and " E1 " in report and "L00H" not in report
    queries, keys = dataset.vectors(6, 2)
    points = dataset.projection(6, 2, "biplot")
    assert (np.isnan(queries[:, 0]) == ~dataset.tokens.is_target).all()
    assert (np.isnan(points.keys[:, 0]) == np.isnan(keys[:, 0])).all()
    scores = dataset.scores().values
    assert np.isnan(scores["previous"][5:]).all() and np.isfinite(scores["previous"][:5]).all()
    assert np.isfinite(scores["diagonality"][5:]).all()


def test_generated_targets_are_kept_with_the_dataset(t5: Path, tmp_path: Path) -> None:
    options = {"max_target": 8, "max_tokens": 120}
    dataset = attentionviz.open(build(request(t5, tmp_path, **options)).folder)
    assert dataset.manifest["corpus"]["target"] == {"column": None, "max_length": 8}
    assert dataset.n_tokens <= 120
    n_target = np.bincount(dataset.tokens.sequence[dataset.tokens.is_target])
    assert (n_target >= 1).all() and (n_target <= 8).all()
    model = load(t5)
    generated = model.generate(dataset.texts, 8)
    assert dataset.target_texts == [model.target_text(target) for target in generated]


@pytest.mark.parametrize(
    ("options", "error", "reason"),
    [
        ({"target": "fr"}, CorpusError, "no column 'fr' for --target; its columns are de, topic"),
        ({"target": "de", "part": "encoder"}, InvalidRequestError, "no effect with --part"),
        ({"target": "de", "max_target": 9}, InvalidRequestError, "--max-target has no effect"),
        ({"target": "en"}, InvalidRequestError, "both name 'en'"),
        ({"max_target": 0}, InvalidRequestError, "--max-target is 0"),
    ],
)
def test_a_wrong_target_is_one_sentence(
    t5: Path, tmp_path: Path, options: dict[str, object], error: type[Exception], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        prepare(request(t5, tmp_path, **options), lambda _: None)


def test_an_empty_column_and_a_model_without_decoder_are_one_sentence(
    t5: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text("en,de\nIn april,\nA river,  \n")
    with pytest.raises(CorpusError, match="is empty in every row"):
        prepare(request(t5, tmp_path, text=empty, target="de"), lambda _: None)
    bert = save_tiny_bert(tmp_path / "bert")
    with pytest.raises(InvalidRequestError, match="leave out --target"):
        prepare(request(bert, tmp_path, target="de"), lambda _: None)
    audio = {"text": None, "text_column": None, "audio": tmp_path}
    with pytest.raises(CorpusError, match="no WAV files"):
        prepare(request(t5, tmp_path, **audio), lambda _: None)


def test_what_a_model_reads_and_hears_is_named(t5: Path, tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", TONE)
    audio = {"text": None, "text_column": None, "audio": tmp_path}
    with pytest.raises(InvalidRequestError, match="reads text: give --text FILE"):
        prepare(request(t5, tmp_path, **audio), lambda _: None)
    whisper = save_tiny_whisper(tmp_path / "whisper")
    with pytest.raises(InvalidRequestError, match="reads audio: give --audio FOLDER"):
        prepare(request(whisper, tmp_path), lambda _: None)
    plan, _, source = prepare(request(whisper, tmp_path, max_target=6, **audio), lambda _: None)
    assert source.texts(1) == ["a.wav"]
    assert plan.n_source == (50,)
