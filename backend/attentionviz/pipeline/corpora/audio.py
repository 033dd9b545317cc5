"""Recordings of a folder: WAV files, and why other files are left out."""

import warnings
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attentionviz.core.file_names import readable
from attentionviz.errors import CorpusError
from attentionviz.pipeline.corpora.images import CorpusFolder, find_files

Samples = NDArray[np.float32]
MAX_SECONDS = 3600


class AudioError(Exception):
    """A file is no recording; the message completes "a.wav is …"."""


def find_recordings(folder: Path) -> CorpusFolder:
    """Return the recordings below a folder, and why other files are left out; as `find_images`."""

    def has_frames(path: Path) -> bool:
        read_wav(path)
        return False

    return find_files(folder, has_frames, AudioError)


def read_wav(path: Path) -> tuple[Samples, int]:
    """Return samples of a WAV file as mono, float32 (n_samples,) in −1 to 1, and their rate in Hz.

    Raises
    ------
    AudioError
        If it is no WAV file, or has no samples.
    """
    from scipy.io import wavfile  # importing it takes a while

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", wavfile.WavFileWarning)  # chunks of other programs
            rate, samples = wavfile.read(path)
    except Exception as error:  # a damaged file can raise any
        raise AudioError("not a WAV file of samples (convert it to one)") from error
    if samples.size == 0:
        raise AudioError("a recording without samples")
    mono = _as_float(samples)
    mono = mono.mean(axis=1) if mono.ndim == 2 else mono
    if not np.isfinite(mono).all():
        raise AudioError("a recording with samples that are not finite")
    if not 0 < len(mono) / rate <= MAX_SECONDS:
        raise AudioError(f"a recording of {len(mono) / rate:,.0f} s, longer than {MAX_SECONDS:,} s")
    return mono.astype(np.float32), int(rate)


def open_recording(path: Path, rate: int) -> Samples:
    """Return the samples of a recording at another rate, float32 (n_samples,).

    Parameters
    ----------
    path : Path
        One of `find_recordings`.
    rate : int
        In Hz.

    Raises
    ------
    CorpusError
        If the file has changed and is no recording any more; the message names it.
    """
    from scipy.signal import resample_poly

    try:
        samples, own = read_wav(path)
    except AudioError as error:
        raise CorpusError(f"{readable(path.name)} is {error}") from error
    if own == rate:
        return samples
    common = gcd(own, rate)
    resampled: Samples = resample_poly(samples, rate // common, own // common).astype(np.float32)
    return resampled


def _as_float(samples: NDArray[Any]) -> NDArray[np.float64]:
    """Return integers of any size as numbers from −1 to 1; 8 bits are unsigned."""
    if samples.dtype.kind == "f":
        return samples.astype(np.float64)
    if samples.dtype == np.uint8:
        return (samples.astype(np.float64) - 128) / 128
    return samples.astype(np.float64) / -float(np.iinfo(samples.dtype).min)
