"""A service whose worker is the fake one, and ends with the test."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from attentionviz.live.service import LiveService, ServiceLimits
from attentionviz.live.worker_settings import WorkerSettings

FAKE_WORKER = Path(__file__).resolve().parents[1] / "support" / "fake_worker.py"
Make = Callable[..., LiveService]


@pytest.fixture
def make_service(tmp_path: Path) -> Iterator[Make]:
    """Return what makes a service of the fake worker, with limits of the caller's choice."""
    made: list[LiveService] = []

    def make(max_answer_bytes: int = 2**20, **limits: float) -> LiveService:
        settings = WorkerSettings(tmp_path, tmp_path, max_answer_bytes=max_answer_bytes)
        service = LiveService(settings, ServiceLimits(**limits), [sys.executable, str(FAKE_WORKER)])
        made.append(service)
        return service

    yield make
    for service in made:
        service.close()
