"""A small seeded Whisper with its feature extractor, and recordings of noise."""

from pathlib import Path

import numpy as np
import transformers
from tests.support.tiny_models import byte_level_tokenizer, save


def save_tiny_whisper(folder: Path, n_positions: int = 50) -> Path:
    """Write a Whisper that hears one second at once, with its feature extractor."""
    config = transformers.WhisperConfig(
        vocab_size=330,
        num_mel_bins=8,
        d_model=32,
        encoder_layers=2,
        decoder_layers=3,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=48,
        decoder_ffn_dim=48,
        max_source_positions=n_positions,
        max_target_positions=24,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=0,
        decoder_start_token_id=2,
        suppress_tokens=None,
        begin_suppress_tokens=None,
    )
    whisper = transformers.WhisperForConditionalGeneration
    save(whisper, config, folder, tokenizer=byte_level_tokenizer())
    extractor = transformers.WhisperFeatureExtractor(feature_size=8, chunk_length=1)
    extractor.save_pretrained(folder)
    return folder


def recordings(*seconds: float) -> list[np.ndarray]:
    generator = np.random.default_rng(1)
    return [0.1 * generator.standard_normal(int(16_000 * s)).astype(np.float32) for s in seconds]
