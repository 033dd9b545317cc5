"""One request: run the model, find partners, and place tokens in the maps of the dataset."""

import hashlib
import io
import json
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from safetensors.numpy import save

from attentionviz import models
from attentionviz.core.heads import LayerHeads, by_layer
from attentionviz.core.image_kinds import UPLOAD_KINDS
from attentionviz.core.image_limits import MAX_UPLOADED_WEBP_PIXELS
from attentionviz.core.images import ImageError, decode_image
from attentionviz.core.types import HeadId, MapName
from attentionviz.errors import InvalidImageError, InvalidTextError
from attentionviz.live.worker.corpus_heads import CorpusHeads, prepare_all
from attentionviz.live.worker.model_cache import ModelCache
from attentionviz.live.worker.owner_cache import OwnerCache
from attentionviz.live.worker.partners import Partners, find_partners
from attentionviz.live.worker_settings import WorkerSettings
from attentionviz.store.reader import DatasetLibrary
from attentionviz.store.token_files import SURFACE

N_CAPTURES = 4
CAPTURE_BYTES = 256 * 2**20
TEXT_COLUMNS = ("text", "token_id", "token_type", "position")
PATCH_COLUMNS = ("row", "column", "hue", "brightness")
MAX_STEP = 65535
HALF_STEP = 0.5


@dataclass
class Captured:
    """The captured vectors of one text or image, and its positions in the maps used so far."""

    sequence: dict[str, Any]
    tensors: dict[str, NDArray[Any]]
    places: dict[MapName, tuple[NDArray[np.float32], bool]] = field(default_factory=dict)

    @property
    def n_bytes(self) -> int:
        """Return the size of all arrays."""
        placed = [array for array, _ in self.places.values()]
        return sum(array.nbytes for array in (*self.tensors.values(), *placed))


class Session:
    """Caches models, datasets and the last few texts and images of a worker.

    Parameters
    ----------
    settings : WorkerSettings
    """

    def __init__(self, settings: WorkerSettings) -> None:
        models.use_threads(settings.n_threads)
        self._settings = settings
        self._library = DatasetLibrary(settings.data_dir)
        self._models = ModelCache(settings)
        self._cache = OwnerCache(settings.cache_mb * 2**20)
        self._captures: OrderedDict[str, Captured] = OrderedDict()
        self._pool = ThreadPoolExecutor(settings.n_threads)
        self._ahead: Iterator[None] = iter(())

    def answer(
        self, question: dict[str, Any], body: bytes, on_loading: Callable[[], None]
    ) -> bytes:
        """Return the answer in safetensors format.

        Parameters
        ----------
        question : dict
            "dataset", "version", "maps", and "text" or "tokens"; neither for an image.
        body : bytes
            The image, as uploaded.
        on_loading : callable
            Called before a model is loaded.

        Raises
        ------
        AppError
        """
        reader = self._library.open_dataset(question["dataset"], question["version"])
        reader.require_vectors("a typed text or an image")
        model = self._models.model_of(reader, on_loading)
        heads = CorpusHeads(reader, self._cache)
        key = _key(question, body)
        captured = self._captures.pop(key, None) or self._capture(question, body, model, heads)
        self._captures[key] = captured
        names = [MapName.parse(name) for name in question["maps"]]
        self._place(captured, heads, [name for name in names if name not in captured.places])
        self._forget()
        self._ahead = prepare_all(heads, self._settings.cache_mb * 2**20)
        return _file(captured, names)

    def prepare_ahead(self) -> bool:
        """Precompute a part of what the next request may need; return whether more is left."""
        try:
            next(self._ahead)
        except StopIteration:
            return False
        # The error will be reported to the request that needs the dataset.
        except Exception:
            self._ahead = iter(())
            return False
        return True

    def _capture(
        self, question: dict[str, Any], body: bytes, model: models.LoadedModel, heads: CorpusHeads
    ) -> Captured:
        image = None
        n_cut = 0
        if "text" in question:
            # As for a line of a corpus, whitespace is part of the text, but not the line ending.
            text = question["text"].removesuffix("\n").removesuffix("\r")
            n_cut = max(len(text) - self._settings.max_characters, 0)
            batch = model.prepare_texts([_cut(text, self._settings.max_characters)])
        elif "tokens" in question:
            batch = model.prepare_tokens(question["tokens"])
        else:
            image = _image(body)
            batch = model.prepare_images([image])
        capture = models.capture_batch(model, batch)
        manifest = heads.reader.manifest
        names = TEXT_COLUMNS + (PATCH_COLUMNS if batch.sprites is not None else ())
        tokens = {name: getattr(batch.tokens, name) for name in names}
        if any(batch.tokens.surface):
            tokens[SURFACE] = batch.tokens.surface
        sequence = {
            "tokens": tokens,
            "n_truncated": batch.truncated[0],
            "n_characters_cut": n_cut,
            "model": manifest["model"]["name"],
            "weights_sha256": manifest["model"]["weights_sha256"],
        }
        # As a build stores them: rounded to float16 if the dataset is.
        queries, keys = (
            vectors.astype(manifest["precision"]).astype(np.float32)
            for vectors in (capture.queries, capture.keys)
        )
        tensors = {"queries": queries, "keys": keys, "norms": capture.norms()}
        tensors = {name: _by_layer(tensor, model.layers) for name, tensor in tensors.items()}
        if batch.sprites is not None and image is not None:
            tensors["sprites"] = batch.sprites
            tensors["picture"] = np.asarray(model.visible_image(image))
        captured = Captured(sequence, tensors)
        self._find_partners(captured, heads)
        return captured

    def _find_partners(self, captured: Captured, heads: CorpusHeads) -> None:
        def find(head: HeadId) -> Partners:
            found = find_partners(_new(captured, heads, head), heads.vectors(head))
            queries, keys = heads.points(head)
            return found.of_tokens(queries, keys - heads.reader.n_tokens)

        partners = self._pool.map(find, heads.ids)
        tokens, scores = zip(*partners, strict=True)
        captured.tensors["partner_tokens"] = _by_head(tokens, heads)
        captured.tensors["partner_scores"] = _by_head(scores, heads)

    def _place(self, captured: Captured, heads: CorpusHeads, names: list[MapName]) -> None:
        for name in names:

            def place(head: HeadId, name: MapName = name) -> tuple[NDArray[np.float32], bool]:
                made = heads.map_placer(head, name)
                return made.steps(_new(captured, heads, head)), made.placer.is_exact

            steps, exact = zip(*self._pool.map(place, heads.ids), strict=True)
            captured.places[name] = (_by_head(steps, heads), all(exact))

    def _forget(self) -> None:
        while len(self._captures) > 1 and (
            len(self._captures) > N_CAPTURES
            or sum(capture.n_bytes for capture in self._captures.values()) > CAPTURE_BYTES
        ):
            self._captures.popitem(last=False)


def _key(question: dict[str, Any], body: bytes) -> str:
    """Return the cache key of a text or image in a dataset."""
    parts = [question["dataset"], question["version"], question.get("text")]
    digest = hashlib.sha256(repr((*parts, question.get("tokens"))).encode("utf-8", "replace"))
    digest.update(body)
    return digest.hexdigest()


def _cut(text: str, max_characters: int) -> str:
    if not text.strip():
        raise InvalidTextError("the text is empty; type something")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidTextError("the text contains half of a character; remove it") from error
    return text[:max_characters]


def _image(body: bytes) -> Image.Image:
    try:
        return decode_image(io.BytesIO(body), UPLOAD_KINDS, MAX_UPLOADED_WEBP_PIXELS)
    except ImageError as error:
        raise InvalidImageError(f"the file is {error}") from error


def _new(captured: Captured, heads: CorpusHeads, head: HeadId) -> Any:
    sizes = LayerHeads.of(heads.reader.manifest, head.layer)
    queries, keys = captured.tensors["queries"], captured.tensors["keys"]
    return heads.vectors(head).with_same_alignment(
        queries[head.layer, head.head, :, : sizes.d_head],
        keys[head.layer, sizes.key_head(head.head), :, : sizes.d_head],
    )


def _by_layer(array: NDArray[Any], layers: list[LayerHeads]) -> NDArray[Any]:
    """Return an array over the layers that have heads as one over all layers, with zeros."""
    placed = np.zeros((len(layers), *array.shape[1:]), dtype=array.dtype)
    placed[[heads.n_heads > 0 for heads in layers]] = array
    return placed


def _by_head(arrays: Any, heads: CorpusHeads) -> NDArray[Any]:
    """Stack the arrays of all heads: (layer, head, ...)."""
    return by_layer(heads.reader.manifest, arrays)


def _file(captured: Captured, names: list[MapName]) -> bytes:
    tensors = dict(captured.tensors)
    maps = {}
    for name in names:
        steps, is_exact = captured.places[name]
        tensors[f"place:{name}"] = steps
        outside = ((steps < -HALF_STEP) | (steps > MAX_STEP + HALF_STEP)).any(axis=-1)
        maps[str(name)] = {
            "placed": "exact" if is_exact else "neighbours",
            "n_outside": int(outside.sum()),
        }
    facts = {"sequence": captured.sequence, "maps": maps}
    return save(
        # safetensors writes other arrays in the order of their memory.
        {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()},
        {name: json.dumps(fact, allow_nan=False) for name, fact in facts.items()},
    )
