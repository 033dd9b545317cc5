"""Models that bring code, pickles, links or lies: one sentence, and nothing of theirs is run."""

import shutil
import time
from pathlib import Path

import psutil
import pytest
from tests.support.figures import Bar
from tests.support.hostile_models import (
    HARMLESS,
    REFUSED,
    SENTINEL,
    Change,
    code_of_a_known_kind,
    evil_pickle,
)

from attentionviz import models
from attentionviz.errors import AppError

MEMORY_MB = 600
SECONDS = 20


def folder_of(tiny_bert: Path, change: Change, tmp_path: Path) -> Path:
    folder = shutil.copytree(tiny_bert, tmp_path / "model")
    change(folder)
    return folder


def require_sentence(error: AppError) -> None:
    words = str(error)
    assert "\n" not in words
    assert len(words) < 600
    assert "root:" not in words  # of a file of the system that it was led to


def test_the_folder_that_is_changed_loads_as_it_is(tiny_bert: Path) -> None:
    assert models.load(str(tiny_bert), "cpu", local_models=None).n_layers == 2


WORDS = {
    "weights as a pickle": "pytorch_model.bin, which can run code",
    "an index of pickles": "lists 'pytorch_model.bin', which is missing",
    "a million layers": "has 1,000,000 layers, its weights",
    "a vocabulary beyond memory": "describes 16,000,0",
    "weights that are a device": "has no model.safetensors",
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_a_sentence_and_runs_nothing(
    name: str, tiny_bert: Path, tmp_path: Path
) -> None:
    folder = folder_of(tiny_bert, REFUSED[name], tmp_path)
    before, begin = psutil.Process().memory_info().rss, time.monotonic()
    with pytest.raises(AppError) as caught:
        models.load(str(folder), "cpu", local_models=None)
    require_sentence(caught.value)
    assert WORDS.get(name, "") in str(caught.value)
    assert not isinstance(caught.value.__cause__, NameError | AssertionError)  # ours, not theirs
    assert not (tmp_path / SENTINEL).exists()
    assert time.monotonic() - begin < SECONDS
    assert psutil.Process().memory_info().rss - before < MEMORY_MB * 2**20


@pytest.mark.parametrize("name", HARMLESS)
def test_what_lies_beside_a_model_is_never_run(name: str, tiny_bert: Path, tmp_path: Path) -> None:
    folder = folder_of(tiny_bert, HARMLESS[name], tmp_path)
    try:
        model = models.load(str(folder), "cpu", local_models=None)
    except AppError as error:
        require_sentence(error)
    else:
        assert type(model.network).__module__.startswith("transformers.")
    assert not (tmp_path / SENTINEL).exists()


@pytest.mark.bar
def test_none_of_them_ran(tiny_bert: Path, tmp_path: Path, bar: Bar) -> None:
    harmless = 0
    for i, change in enumerate((REFUSED | HARMLESS).values()):
        (tmp_path / str(i)).mkdir()
        folder = folder_of(tiny_bert, change, tmp_path / str(i))
        try:
            models.load(str(folder), "cpu", local_models=None)
        except AppError as error:
            require_sentence(error)
        harmless += not (tmp_path / str(i) / SENTINEL).exists()
    n = len(REFUSED | HARMLESS)
    bar("hostile models", "folders of which nothing ran", harmless, exactly=n)


def test_the_sentinel_appears_when_code_or_a_pickle_is_run(tiny_bert: Path, tmp_path: Path) -> None:
    import pickle
    import runpy

    folder = folder_of(tiny_bert, code_of_a_known_kind, tmp_path)
    runpy.run_path(str(folder / "mine.py"))
    assert (tmp_path / SENTINEL).exists()
    (tmp_path / SENTINEL).unlink()
    pickle.loads(evil_pickle(folder)).close()  # noqa: S301 - to prove that it would run
    assert (tmp_path / SENTINEL).exists()
