"""Images that no camera made, as a corpus: each is taken, or refused soon and with little."""

import os
import resource
import time
from pathlib import Path

import pytest
from tests.support.figures import Bar
from tests.support.malformed_images import Odd, malformed_images

from attentionviz.errors import CorpusError
from attentionviz.pipeline.corpus import open_image, read_image_corpus

pytestmark = pytest.mark.long
SECONDS = 1.0
MEMORY_MB = 150


def read_as_a_corpus(folder: Path) -> str:
    """Return "taken", or the sentence of the refusal."""
    try:
        corpus = read_image_corpus(folder)
        for path in corpus.paths:
            open_image(path).load()
    except CorpusError as error:
        return str(error)
    return "taken"


def tried(odd: Odd, folder: Path) -> tuple[str, float, float]:
    """Return what became of an image in a process of its own, with seconds and MB that it took."""
    folder.mkdir()
    (folder / "odd.png").write_bytes(odd.content)
    reads, writes = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reads)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begin = time.perf_counter()
        try:
            words = read_as_a_corpus(folder)
        except BaseException as error:
            words = f"\n{error!r}"
        seconds = time.perf_counter() - begin
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        os.write(writes, f"{seconds} {grown} {words}".encode())
        os._exit(0)
    os.close(writes)
    with os.fdopen(reads, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(pid, 0)
    seconds, grown, words = said.split(" ", 2)
    return words, float(seconds), float(grown)


def test_each_malformed_image_is_handled_within_a_second_and_150_mb(
    tmp_path: Path, bar: Bar
) -> None:
    images = malformed_images()
    slowest, largest = {"taken": 0.0, "refused": 0.0}, {"taken": 0.0, "refused": 0.0}
    wrong = []
    for i, odd in enumerate(images):
        words, seconds, grown = tried(odd, tmp_path / str(i))
        fate = "taken" if words == "taken" else "refused"
        if "\n" in words or odd.in_folder not in ("either", fate):
            wrong.append(f"{odd.name}: {words!r}, not {odd.in_folder}")
        slowest[fate], largest[fate] = max(slowest[fate], seconds), max(largest[fate], grown)
    name = "malformed images"
    bar(name, "images in a corpus, taken or refused", len(images), at_least=120)
    assert wrong == []
    bar(name, "slowest of those refused", slowest["refused"], unit="s", at_most=SECONDS)
    bar(name, "most memory of those refused", largest["refused"], unit="MB", at_most=MEMORY_MB)
    bar(name, "slowest sound one, of 25 million pixels", slowest["taken"], unit="s")
    bar(name, "most memory of a sound one", largest["taken"], unit="MB")
