"""A hybrid of which some layers are captured: from the command to a typed text."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.support.text_architectures import UNEVEN_LAYERS, make
from tests.support.tiny_models import byte_level_tokenizer, save

from attentionviz.commands.main import main
from attentionviz.core.types import HeadId
from attentionviz.live.worker.session import Session
from attentionviz.live.worker_settings import WorkerSettings
from attentionviz.pipeline.report import summary
from attentionviz.store.reader import open_dataset
from attentionviz.store.verify import verify


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model with linear layers, and layers that attend in heads of two sizes."""
    _, arguments, _ = UNEVEN_LAYERS["lfm2"]
    layers = ["conv", "full_attention", "conv", "full_attention", "full_attention"]
    sizes = {"num_hidden_layers": len(layers), "layer_types": layers}
    architecture, config = make("Lfm2", {**arguments, **sizes})
    tokenizer = byte_level_tokenizer()
    tokenizer.model_max_length = 90
    return save(architecture, config, tmp_path_factory.mktemp("lfm2"), tokenizer=tokenizer)


def test_a_hybrid_is_built_estimated_verified_and_answers_typed_texts(
    model: Path, tiny_text: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    built = tmp_path / "built"
    command = ["build", "--model", str(model), "--text", str(tiny_text), "--output", str(built)]
    command += ["--id", "some", "--method", "pca", "--dims", "2", "--workers", "1"]
    command += ["--device", "cpu", "--layers", "0-1,4", "--json"]
    assert main([*command, "--estimate"]) == 0
    estimate = json.loads(capsys.readouterr().out)
    assert (estimate["n_heads"], estimate["n_maps"]) == (8, 8)
    assert main(command) == 0
    reader = open_dataset(built, "some")
    layers = reader.manifest["layers"]
    assert [layer.get("absent") for layer in layers] == [
        "no softmax attention here",
        None,
        "no softmax attention here",
        "not captured",
        None,
    ]
    assert set(reader.head_columns().heads) == {
        (layer, head) for layer in (1, 4) for head in range(4)
    }
    assert verify(reader.files.folder) == []
    assert estimate["n_bytes"] == pytest.approx(
        sum(one.n_bytes for one in reader.files.records.values()), rel=0.5
    )
    assert "8 heads in all, 2 layers no softmax attention here, 1 layer not captured" in summary(
        reader.manifest
    )
    require_a_sentence_to_be_placed_where_the_corpus_has_it(reader, model)


def require_a_sentence_to_be_placed_where_the_corpus_has_it(reader, model: Path) -> None:
    from safetensors.numpy import load

    built = reader.files.folder.parent
    settings = WorkerSettings(built, built / "none", model_folders=(model.parent,))
    tokens = reader.tokens.document()["sequences"]
    question = {
        "dataset": reader.dataset_id,
        "version": reader.version,
        "maps": ["pca-2d"],
        "text": tokens["text"][2],
    }
    tensors = load(Session(settings).answer(question, b"", lambda: None))
    start = tokens["start"][2]
    rows = slice(start, start + tokens["length"][2])
    assert tensors["queries"].shape[:2] == (5, 4)
    for layer in range(5):
        if layer in (1, 4):
            stored = reader.queries(HeadId(layer, 3), rows.start, rows.stop)
        else:
            stored = 0
        assert np.allclose(tensors["queries"][layer, 3], stored, atol=1e-4)
