"""Recordings to tensors: the log-mel features that a model such as Whisper hears."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoFeatureExtractor, PretrainedConfig

from attentionviz.core.types import TokenType
from attentionviz.errors import ModelNotAvailableError
from attentionviz.models.batches import Batch, TokenColumns
from attentionviz.models.names import ModelSource
from attentionviz.models.steps import step

FEATURES = "input_features"
FILE = "preprocessor_config.json"

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class EncodedAudio:
    """One recording.

    Attributes
    ----------
    samples : ndarray of float32, shape (n_samples,)
    token_ids : list of int
        Negative, another one for each token of the encoder.
    n_heard : int
        Number of tokens before the recording ends; the model hears silence in the others.
    n_cut : int
        Number of tokens beyond what the model hears at once.
    """

    samples: Samples
    token_ids: list[int]
    n_heard: int
    n_cut: int


class AudioInputs:
    """The feature extractor of a model that hears, and the tokenizer of what it writes.

    Parameters
    ----------
    extractor : transformers feature extractor
    n_tokens : int
        Tokens of the encoder for each recording.
    tokenizer : transformers tokenizer
    max_length : int
        Maximum number of tokens of a text.
    """

    is_padded = True

    def __init__(self, extractor: Any, n_tokens: int, tokenizer: Any, max_length: int) -> None:
        self.extractor = extractor
        self.n_tokens = n_tokens
        self.tokenizer = tokenizer
        self.max_length = max_length

    @property
    def sampling_rate(self) -> int:
        """Samples per second."""
        return int(self.extractor.sampling_rate)

    @property
    def seconds_per_token(self) -> float:
        """Duration that a token of the encoder stands for."""
        return float(self.extractor.n_samples / self.sampling_rate / self.n_tokens)

    def encode(
        self, recordings: Sequence[Samples], *, may_be_empty: bool = False
    ) -> list[EncodedAudio]:
        """Return recordings with the tokens that the encoder makes of them."""
        encoded = []
        for samples in recordings:
            n_spoken = ceil(len(samples) / self.sampling_rate / self.seconds_per_token)
            token_ids = [-1 - i for i in range(self.n_tokens)]
            n_heard = min(n_spoken, self.n_tokens)
            encoded.append(EncodedAudio(samples, token_ids, n_heard, n_spoken - n_heard))
        return encoded

    def noise(self) -> list[EncodedAudio]:
        """Return two seeded recordings for a trial run."""
        generator = np.random.default_rng(0)
        shape = (2, int(self.extractor.n_samples))
        return self.encode(list(generator.standard_normal(shape).astype(np.float32)))

    def batch(self, encoded: Sequence[EncodedAudio]) -> Batch:
        """Return one batch of these recordings; tokens are named by the time that they begin at."""
        features = self.extractor(
            [one.samples for one in encoded], sampling_rate=self.sampling_rate, return_tensors="pt"
        )
        times = [f"{i * self.seconds_per_token:.2f} s" for i in range(self.n_tokens)]
        kinds: list[TokenType] = []
        for one in encoded:
            kinds += ["text"] * one.n_heard
            kinds += ["special"] * (self.n_tokens - one.n_heard)
        surface: list[str | None] = [None for _ in range(self.n_tokens * len(encoded))]
        tokens = TokenColumns(
            text=times * len(encoded),
            token_id=[token for one in encoded for token in one.token_ids],
            token_type=kinds,
            position=list(range(self.n_tokens)) * len(encoded),
            surface=surface,
        )
        return Batch(
            inputs={FEATURES: torch.as_tensor(features[FEATURES])},
            lengths=[self.n_tokens] * len(encoded),
            truncated=[one.n_cut for one in encoded],
            tokens=tokens,
        )


def load_audio_inputs(
    source: ModelSource, config: PretrainedConfig, tokenizer: Any, max_length: int
) -> AudioInputs:
    """Return the inputs of a model that hears.

    Raises
    ------
    ModelNotAvailableError
        If its feature extractor is missing, or makes other inputs than the model reads.
    """
    if not (source.folder / FILE).is_file():
        raise ModelNotAvailableError(
            f"{source.name} has no {FILE}; save that of the model: "
            f'`AutoFeatureExtractor.from_pretrained("…").save_pretrained("{source.name}")`'
        )
    with step(f"reading the feature extractor of {source.name}", ModelNotAvailableError, source):
        extractor = AutoFeatureExtractor.from_pretrained(
            source.folder, trust_remote_code=False, local_files_only=True
        )
    n_tokens = getattr(config, "max_source_positions", None)
    found = getattr(extractor, "feature_size", None), getattr(extractor, "nb_max_frames", None)
    # Whisper halves the number of frames.
    if n_tokens is None or found != (getattr(config, "num_mel_bins", None), 2 * n_tokens):
        raise ModelNotAvailableError(
            f"{FILE} of {source.name} makes {found[1]} frames of {found[0]} numbers, its "
            f"config.json needs {2 * (n_tokens or 0)} of {getattr(config, 'num_mel_bins', None)}; "
            "copy the one that was saved with it"
        )
    return AudioInputs(extractor, int(n_tokens), tokenizer, max_length)
