"""Texts of visitors in datasets that store some of their queries and keys, or none."""

import numpy as np
import pytest
from tests.live.worker.conftest import Live, settings_of

from attentionviz.core.types import HeadId, MapName
from attentionviz.errors import VectorsNotStoredError
from attentionviz.live.worker.session import Session
from attentionviz.pipeline.build import build
from attentionviz.pipeline.request import BuildRequest
from attentionviz.store import kept_vectors
from attentionviz.store.reader import open_dataset


@pytest.fixture
def keeping(tiny_bert, tiny_text, tmp_path, monkeypatch):
    """Return a function that builds a dataset with a choice of vectors, and asks about it."""
    monkeypatch.setattr(kept_vectors, "SAMPLE_TOKENS", 20)
    monkeypatch.setattr(kept_vectors, "POINT_BUDGET", 1)

    def make(choice: str) -> Live:
        some = {"methods": ("pca", "attention-tsne"), "dims": (2,), "n_workers": 1}
        request = BuildRequest(
            model=str(tiny_bert),
            output=tmp_path,
            text=tiny_text,
            dataset_id=choice,
            device="cpu",
            keep_vectors=choice,
            **some,
        )
        build(request)
        return Live(Session(settings_of(tmp_path, tiny_bert)), open_dataset(tmp_path, choice))

    return make


def test_a_text_is_placed_among_the_sampled_tokens(keeping) -> None:
    live = keeping("sample")
    stored = live.reader.stored_tokens()
    assert 0 < len(stored) < live.reader.n_tokens
    sequence = int(live.reader.has_vectors().argmax())
    answer = live.ask(text=live.text_of(sequence))
    assert set(answer.tensors["partner_tokens"].ravel()) <= {-1, *stored.tolist()}
    start, stop = live.span(sequence)
    rows = np.concatenate([np.arange(start, stop), np.arange(start, stop) + live.reader.n_tokens])
    for name in live.reader.manifest["maps"]:
        drawn = live.reader.projection(MapName.parse(name), HeadId(1, 1))[rows]
        far = np.abs(answer.tensors[f"place:{name}"][1, 1] - drawn).max(axis=-1)
        if name.startswith("attention-tsne"):
            far = far[stop - start :]  # a query goes where most of the sampled keys are near
        assert np.mean(far < 6554) > 0.8, name  # a tenth of the map
    # The axes of the sample are not those of the map.
    assert answer.maps["pca-2d"]["placed"] == "neighbours"


def test_a_text_is_refused_without_vectors(keeping) -> None:
    with pytest.raises(VectorsNotStoredError, match="a typed text .* --keep-vectors none"):
        keeping("none").ask(text="Nobody closed the letter.")
