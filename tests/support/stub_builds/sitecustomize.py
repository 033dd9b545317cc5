"""Replaces the pipeline in job processes by one that needs no model.

Python imports this file at startup if this folder is on its path. The corpus is read as by a
build; the dataset is a fake one. An estimate or a build waits while a file ``estimate.held`` or
``build.held`` exists next to the data folder; a build has then locked its dataset, written a part
of it and started a child process.
"""

import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parents[3]


def spec_of(request: Any) -> Any:
    """Return the fake dataset that stands for what was asked for."""
    from tests.support.fake_dataset import FakeSpec

    return FakeSpec(request.dataset_id, n_tokens=40, maps=("pca-2d",))


def wait_while_held(request: Any, what: str) -> None:
    """Wait as long as a test holds estimates or builds."""
    while (request.output.parent / f"{what}.held").exists():
        time.sleep(0.02)


def estimate(request: Any, say: Any = None) -> Any:
    """Stand in for `attentionviz.pipeline.estimate.estimate`."""
    from attentionviz.pipeline.corpus import read_image_corpus, read_text_corpus

    wait_while_held(request, "estimate")
    if request.text is not None:
        account = read_text_corpus(request.text, request.text_column).account
    else:
        account = read_image_corpus(request.images).account
    counts = dict.fromkeys(("n_sequences", "n_sequences_total"), account.n_taken)
    counts |= {"n_tokens": 40, "n_heads": 4, "n_maps": 4}
    sizes = {"n_bytes": 50_000, "n_bytes_building": 60_000, "seconds": 1.0}
    facts = {"dataset_id": request.dataset_id, "account": account.facts(), **counts, **sizes}
    return SimpleNamespace(_asdict=lambda: facts)


def build(request: Any, say: Any = None) -> Any:
    """Stand in for `attentionviz.pipeline.build.build`."""
    import shutil

    from tests.support.fake_dataset import write_fake_building, write_fake_dataset

    from attentionviz.store.lock import dataset_lock

    with dataset_lock(request.output, request.dataset_id):
        staging = write_fake_building(request.output, spec_of(request))
        marker = ["-c", "import time; time.sleep(600)", str(staging)]
        worker = subprocess.Popen([sys.executable, "-S", *marker])
        try:
            wait_while_held(request, "build")
        finally:
            worker.kill()
            worker.wait()
        folder = write_fake_dataset(request.output, spec_of(request))
        shutil.rmtree(staging)
    version = folder.name.partition("@")[2]
    return SimpleNamespace(dataset_id=request.dataset_id, version=version, folder=folder)


def replace_module(name: str, **names: Any) -> None:
    """Have all later imports of a module of the package find this one."""
    stand_in = ModuleType(f"attentionviz.{name}")
    vars(stand_in).update(names)
    sys.modules[stand_in.__name__] = stand_in


if "attentionviz.commands.job_process" in sys.orig_argv:
    sys.path.append(str(ROOT))
    replace_module("pipeline.estimate", estimate=estimate, format_estimate=None)
    replace_module("pipeline.build", build=build)
