"""Folders of recordings: WAV files of every kind, their rate, and what is no recording."""

import wave
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from attentionviz.errors import CorpusError
from attentionviz.pipeline.corpora.audio import open_recording, read_wav
from attentionviz.pipeline.corpus import read_audio_corpus

RATE = 8000
TONE = np.sin(2 * np.pi * 440 * np.arange(RATE // 2) / RATE)  # half a second


def write_wav(path: Path, samples: np.ndarray, n_bytes: int = 2, n_channels: int = 1) -> Path:
    """Write samples from −1 to 1 as integers of so many bytes with the standard library."""
    largest = 2 ** (8 * n_bytes - 1) - 1
    whole = np.rint(samples * largest).astype(np.int64) + (128 if n_bytes == 1 else 0)
    content = whole.astype("<i8").view(np.uint8).reshape(-1, 8)[:, :n_bytes]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(n_channels)
        file.setsampwidth(n_bytes)
        file.setframerate(RATE)
        file.writeframes(content.tobytes())
    return path


@pytest.mark.parametrize("n_bytes", [1, 2, 3, 4])
def test_integers_of_every_size_are_numbers_from_minus_one_to_one(
    tmp_path: Path, n_bytes: int
) -> None:
    samples, rate = read_wav(write_wav(tmp_path / "a.wav", TONE, n_bytes))
    assert (rate, samples.dtype) == (RATE, np.float32)
    assert np.abs(samples - TONE).max() < 2.0 ** (2 - 8 * n_bytes) + 1e-6


def test_floats_and_two_channels_are_read_as_mono(tmp_path: Path) -> None:
    both = np.stack([TONE, 0 * TONE], axis=1).astype(np.float32)
    wavfile.write(tmp_path / "a.wav", RATE, both)
    samples, _ = read_wav(tmp_path / "a.wav")
    assert np.abs(samples - TONE / 2).max() < 1e-6


def test_a_recording_at_another_rate_keeps_its_tone(tmp_path: Path) -> None:
    samples = open_recording(write_wav(tmp_path / "a.wav", TONE), 16_000)
    assert len(samples) == 8000
    frequencies = np.fft.rfftfreq(len(samples), 1 / 16_000)
    assert frequencies[np.abs(np.fft.rfft(samples)).argmax()] == pytest.approx(440, abs=2)


def test_other_files_are_left_out_with_their_reason(tmp_path: Path) -> None:
    write_wav(tmp_path / "b.wav", TONE)
    write_wav(tmp_path / "a.wav", TONE)
    write_wav(tmp_path / "empty.wav", TONE[:0])
    (tmp_path / "text.wav").write_text("no audio")
    cut = (tmp_path / "a.wav").read_bytes()[:30]
    (tmp_path / "cut.wav").write_bytes(cut)
    (tmp_path / "labels.csv").write_text("file,text\na.wav,in april\nb.wav,\n")
    corpus = read_audio_corpus(tmp_path)
    assert corpus.sequences == ["a.wav", "b.wav"]
    assert corpus.columns == {"text": ["in april", ""]}
    left_out = {part.reason: list(part.examples) for part in corpus.account.left_out}
    assert left_out["a recording without samples"] == ["empty.wav"]
    assert left_out["not a WAV file of samples (convert it to one)"] == ["cut.wav", "text.wav"]
    with_texts = read_audio_corpus(tmp_path, "text")
    assert (with_texts.sequences, with_texts.targets) == (["a.wav"], ["in april"])
    with pytest.raises(CorpusError, match="no column 'words' for --target; its columns are text"):
        read_audio_corpus(tmp_path, "words")


def test_a_folder_without_recordings_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no audio")
    with pytest.raises(CorpusError, match="has no WAV files that can be read"):
        read_audio_corpus(tmp_path)
    with pytest.raises(CorpusError, match="--audio takes a folder"):
        read_audio_corpus(tmp_path / "notes.txt")
