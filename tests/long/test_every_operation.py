"""Every operation of the API, asked rightly and wrongly by everyone who may come: no 5xx."""

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from tests.server.conftest import (
    JOBS_TOKEN,
    READ_TOKEN,
    SPECS,
    bearer,
    make_app,
    write_tokens,
)
from tests.server.test_app_openapi import narrowed
from tests.support.fake_dataset import FakeSpec, write_fake_building, write_fake_dataset
from tests.support.figures import Bar

from attentionviz.live.service import LiveService, ServiceLimits
from attentionviz.live.worker_settings import WorkerSettings
from attentionviz.server.http.context import EXTENSION

pytestmark = pytest.mark.long
N_EXAMPLES = 25
FAKE_WORKER = Path(__file__).resolve().parents[1] / "support" / "fake_worker.py"
OWN = {"Host": "localhost", "Accept-Encoding": "identity", "Sec-Fetch-Site": "same-origin"}
WRONG = bearer("wrong-token-of-the-tests-0123456789abcdef")
VISITORS = {
    "one person, no token asked for": (False, {}),
    "a stranger without a token": (True, {}),
    "a wrong token": (True, WRONG),
    "a token that reads": (True, bearer(READ_TOKEN)),
    "a token for jobs": (True, bearer(JOBS_TOKEN)),
}
# What a stranger may learn: that the server lives, and how to sign in.
OPEN = {"/health", "/login", "/logout"}


class _Idle:
    def join(self) -> None:
        """No job is begun, so that none of a thousand is built."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with datasets of every kind."""
    for spec in SPECS.values():
        write_fake_dataset(tmp_path / "built", spec)
    write_fake_building(tmp_path / "built", FakeSpec("half", seed=3))
    return tmp_path / "built"


@pytest.fixture
def make(folder: Path, tmp_path: Path) -> Iterator[object]:
    """Return a function that makes an application with every route that there can be."""
    services = []

    def made(has_tokens: bool) -> Flask:
        tokens = {"token_file": write_tokens(tmp_path / "tokens")} if has_tokens else {}
        app = make_app(folder, allow_jobs=True, **tokens)
        context = app.extensions[EXTENSION]
        context.jobs._runner = _Idle()
        context.jobs.spool.make()
        settings = WorkerSettings(folder, folder)
        service = LiveService(settings, ServiceLimits(), [sys.executable, str(FAKE_WORKER)])
        services.append(service)
        app.extensions[EXTENSION] = replace(context, live=service)
        return app

    yield made
    for service in services:
        service.close()


def ask_all(app: Flask, headers: dict[str, str]) -> Counter[tuple[str, int]]:
    """Ask every operation rightly and wrongly; return how often each answered with each status."""
    found: Counter[tuple[str, int]] = Counter()
    for result in schemathesis.openapi.from_dict(narrowed()).get_all_operations():
        operation = result.ok()
        operation.app = app
        modes = [GenerationMode.POSITIVE]
        if "{" in operation.path or operation.method != "get":
            modes.append(GenerationMode.NEGATIVE)
        for mode in modes:
            for status in statuses(operation, mode, {**OWN, **headers}):
                found[operation.path, status] += 1
    return found


def statuses(
    operation: schemathesis.APIOperation, mode: GenerationMode, headers: dict[str, str]
) -> list[int]:
    """Return the statuses that one operation answers with."""
    found: list[int] = []

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=N_EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def try_one(case: schemathesis.Case) -> None:
        found.append(case.call(headers=headers).status_code)

    try_one()
    return found


@pytest.mark.parametrize("name", VISITORS)
def test_no_operation_fails_under_any_role(name: str, make, bar: Bar) -> None:
    has_tokens, headers = VISITORS[name]
    found = ask_all(make(has_tokens), headers)
    failed = {key: n for key, n in found.items() if key[1] >= 500}
    n_asked = sum(found.values())
    bar("every operation", f"5xx of {n_asked:,} answers to {name}", sum(failed.values()), exactly=0)
    assert not failed
    if name in ("a stranger without a token", "a wrong token"):
        let_in = {path for path, status in found if status < 400 and path not in OPEN}
        assert let_in == set()
    else:
        assert {path for path, status in found if status == 200} >= {"/health", "/api/v1/datasets"}
