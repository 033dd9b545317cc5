import shutil
import sys
import threading

import pytest
from tests.support.tiny_models import SENTENCES, save_tiny_gpt2

from attentionviz.pipeline import demo as demo_module
from attentionviz.pipeline.build import build
from attentionviz.pipeline.demo import DEMO, Demo, DemoDataset
from attentionviz.pipeline.demo_process import DemoProcess

TINY = (DemoDataset("demo-gpt2", "sentences.csv", False, 60),)


@pytest.fixture(scope="module")
def built_checkout(tmp_path_factory):
    """Return a checkout with a tiny model as its demo, built."""
    checkout = tmp_path_factory.mktemp("checkout")
    corpora = checkout / "data/corpora"
    corpora.mkdir(parents=True)
    (corpora / "sentences.csv").write_text("text\n" + "\n".join(f'"{s}"' for s in SENTENCES))
    save_tiny_gpt2(checkout / "data/models/demo-gpt2")
    demo = Demo(checkout, checkout / "data/built")
    result = build(demo.request(TINY[0], n_workers=1))
    demo.record_build(TINY[0], result.version)
    return checkout


@pytest.fixture
def checkout(built_checkout, tmp_path, monkeypatch):
    monkeypatch.setattr(demo_module, "DEMO", TINY)
    return shutil.copytree(built_checkout, tmp_path / "checkout")


@pytest.fixture
def demo(checkout):
    return Demo(checkout, checkout / "data/built")


def test_what_is_built_is_not_missing(demo):
    assert demo.missing() == []
    assert demo.has_first_maps()


def test_without_any_dataset_all_are_missing(demo, tmp_path):
    fresh = Demo(tmp_path / "checkout", tmp_path / "elsewhere")
    assert fresh.missing() == list(TINY)
    assert not fresh.has_first_maps()


def test_a_changed_corpus_or_model_makes_a_dataset_missing(demo):
    corpus = demo.corpora / "sentences.csv"
    corpus.write_text(corpus.read_text() + "\nanother\n")
    assert demo.missing() == list(TINY)


def test_a_damaged_or_lost_dataset_is_missing(demo):
    next(demo.data_dir.glob("*@*/L00H00/queries.npy")).write_bytes(b"short")
    assert demo.missing() == list(TINY)
    shutil.rmtree(next(demo.data_dir.glob("*@*")))
    assert demo.missing() == list(TINY)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"inputs_sha256": 1}'])
def test_a_malformed_stamp_counts_as_missing(demo, content):
    next(demo.data_dir.glob(".locks/*.stamp")).write_bytes(content)
    assert demo.missing() == list(TINY)


def test_a_dataset_whose_model_is_not_installed_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(demo_module, "find_spec", lambda name: None)
    left = [dataset.dataset_id for dataset in Demo(tmp_path, tmp_path / "built").missing()]
    assert left == ["demo-gpt2", "demo-vit"]


def test_the_demo_asks_for_models_and_corpora_of_the_checkout(tmp_path):
    demo = Demo(tmp_path, tmp_path / "built")
    for dataset in DEMO:
        request = demo.request(dataset, n_workers=2)
        assert (request.model, request.dataset_id) == (dataset.dataset_id, dataset.dataset_id)
        assert (request.text or request.images).is_relative_to(tmp_path / "data/corpora")


class Calls:
    """Counts calls from other threads."""

    def __init__(self):
        self.first_maps = threading.Event()
        self.failures = []
        self.failed = threading.Event()

    def fail(self, words):
        self.failures.append(words)
        self.failed.set()

    def start(self, demo, code):
        return DemoProcess(demo, [sys.executable, "-c", code], self.first_maps.set, self.fail)


def test_first_maps_are_announced_while_the_builder_works(demo):
    calls = Calls()
    process = calls.start(demo, "import time; time.sleep(60)")
    assert calls.first_maps.wait(20)
    process.stop()
    assert calls.failures == []


def test_a_failed_builder_is_reported(demo, tmp_path):
    calls = Calls()
    nothing = Demo(tmp_path, tmp_path / "nothing")
    process = calls.start(nothing, "import sys; sys.exit(2)")
    assert calls.failed.wait(20)
    process.stop()
    assert "not all demo datasets" in calls.failures[0]
    assert not calls.first_maps.is_set()


def test_a_builder_that_is_stopped_has_not_failed(demo, tmp_path):
    calls = Calls()
    nothing = Demo(tmp_path, tmp_path / "nothing")
    calls.start(nothing, "import time; time.sleep(60)").stop()
    assert calls.failures == []
    assert not calls.first_maps.is_set()
