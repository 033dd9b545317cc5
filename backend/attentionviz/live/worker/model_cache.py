"""Models of datasets: found on this machine, verified by hash, and cached."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from attentionviz import models
from attentionviz.core.heads import NOT_CAPTURED, layers_of
from attentionviz.core.rule import LayerRule
from attentionviz.core.types import HeadId
from attentionviz.errors import LiveUnavailableError
from attentionviz.live.worker_settings import WorkerSettings
from attentionviz.store import layout
from attentionviz.store.dataset import DatasetReader

N_MODELS = 2
# Tolerance relative to the size of the vectors. Another tokenizer or setting changes vectors by
# about their size; different rounding, on a GPU or in half precision, by far less than this
# before later layers amplify it.
LARGEST_DIFFERENCE = 0.02
N_SEQUENCES_LOOKED_AT = 64


class ModelCache:
    """A cache of the models of the most recently used datasets.

    Parameters
    ----------
    settings : WorkerSettings
    """

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._models: OrderedDict[tuple[str, str], models.LoadedModel] = OrderedDict()

    def model_of(self, reader: DatasetReader, on_loading: Callable[[], None]) -> models.LoadedModel:
        """Return the model with which a dataset was built.

        Parameters
        ----------
        reader : DatasetReader
        on_loading : callable
            Called before a model is loaded, which takes seconds.

        Raises
        ------
        LiveUnavailableError, ModelNotAvailableError, UnsupportedModelError
            If it is not on this machine, differs from the model of the dataset, or cannot run.
        """
        key = (reader.dataset_id, reader.version)
        if key in self._models:
            self._models.move_to_end(key)
            return self._models[key]
        on_loading()
        while len(self._models) >= N_MODELS:
            self._models.popitem(last=False)
        model = self._load(reader)
        _require_counts(model, reader)
        if model.modality == "text":
            _require_same_vectors(model, reader)
        self._models[key] = model
        return model

    def _load(self, reader: DatasetReader) -> models.LoadedModel:
        described, settings = reader.manifest["model"], self._settings
        source = models.find_described(described, settings.local_models, settings.model_folders)
        part = described.get("part")
        has_parts = "part" in reader.manifest["layers"][0]
        if part is None and not has_parts and models.reads_two_texts(source):
            part = "encoder"  # all that earlier versions captured
        n_bytes = bytes_per_token(reader.manifest)
        limits = [LayerRule.of(rule).max_length for rule in reader.manifest["layers"]]
        most = min(settings.max_tokens, settings.max_answer_bytes // n_bytes, *filter(None, limits))
        model = models.load_source(
            source,
            "cpu",
            max_length=max(most, 1),
            weights=described["weights_sha256"],
            dtype=described.get("dtype", "float32"),
            part=part,
        )
        captured = layers_of(reader.manifest)
        wanted = [i for i, heads in enumerate(captured) if heads.absent != NOT_CAPTURED]
        is_whole = len(wanted) == len(captured) or model.n_layers != len(captured)
        return model if is_whole else model.only(wanted)


def bytes_per_token(manifest: Any) -> int:
    """Return the bytes of an answer per token, for at most ten maps in each of 2-D and 3-D."""
    n_heads, n_key_heads, d_head = (manifest[key] for key in ("n_heads", "n_key_heads", "d_head"))
    per_head = 4 * d_head + 4 * 4 + 2 * (10 * 8 + 10 * 3 * 4)  # query, norms, partners, places
    return int(manifest["n_layers"] * (n_heads * per_head + n_key_heads * 4 * d_head))


def _require_counts(model: models.LoadedModel, reader: DatasetReader) -> None:
    manifest = reader.manifest
    grid = model.patch_grid and {
        name: getattr(model.patch_grid, name) for name in manifest["patch_grid"] or ()
    }
    same_rules = all(
        rule.is_close(LayerRule.of(wanted))
        for rule, wanted in zip(model.rules, manifest["layers"], strict=False)
    )
    if (
        model.layers != layers_of(manifest)
        or not same_rules
        or (grid or None) != manifest["patch_grid"]
    ):
        raise _other_settings(reader)


def _require_same_vectors(model: models.LoadedModel, reader: DatasetReader) -> None:
    """Capture a short sentence of the corpus again and compare it with the stored vectors."""
    spans = reader.sequences()
    stored = np.flatnonzero(reader.has_vectors())[:N_SEQUENCES_LOOKED_AT]
    shortest = int(stored[np.argmin(spans.length[stored])])
    start, length = int(spans.start[shortest]), int(spans.length[shortest])
    batch = model.prepare_texts(reader.tokens.texts(first=shortest, end=shortest + 1))
    was_cut = reader.manifest["corpus"]["n_sequences_cut"] and length == spans.length.max()
    if was_cut or batch.truncated != [0]:
        return
    token_id = reader.tokens.vocabulary()["token_id"]
    codes = reader.tokens.array(layout.CODES, start, start + length)
    if batch.tokens.token_id != [token_id[code] for code in codes.tolist()]:
        raise _other_settings(reader)
    captured = models.capture_batch(model, batch)
    # The input of layer 1 depends on every kind of module; rounding grows in later layers.
    first, *others = [layer for layer, heads in enumerate(model.layers) if heads.n_heads]
    second = others[0] if others else first
    for head in (HeadId(first, 0), HeadId(second, model.layers[second].n_heads - 1)):
        stored = reader.queries(head, start, start + length).astype(np.float32)
        difference = np.abs(captured.vectors(head)[0] - stored).max()
        if not difference <= LARGEST_DIFFERENCE * max(float(np.abs(stored).max()), 1e-6):
            raise _other_settings(reader)


def _other_settings(reader: DatasetReader) -> LiveUnavailableError:
    name = reader.manifest["model"]["name"]
    return LiveUnavailableError(
        f"{name} on this machine has other settings than when {reader.dataset_id} was built, so "
        "tokens or vectors would differ; build the dataset again"
    )
