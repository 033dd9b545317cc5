"""What SECURITY.md says of settings, limits and figures is what the program and the bars say."""

import json
import re
from pathlib import Path

import pytest
from tests.support.figures import table

from attentionviz.core import picture_limits
from attentionviz.core.terminal import visible
from attentionviz.jobs import queue
from attentionviz.pipeline.corpora import records
from attentionviz.server.access import login_throttle, sessions, token_file
from attentionviz.server.http import live_settings, waitress_server
from attentionviz.settings.settings import SETTINGS
from attentionviz.store import checked_files, schema

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "SECURITY.md").read_text()
WORDS = " ".join(DOCUMENT.split())
BARS = json.loads((ROOT / "scripts" / "bars_result.json").read_text())
MIB = 2**20


def test_every_setting_that_it_names_has_the_default_that_it_states() -> None:
    defaults = {setting.name: setting.default for setting in SETTINGS}
    stated = re.findall(r"`([a-z]+(?:_[a-z]+)*)` ([\d,]+)", DOCUMENT)
    assert len(stated) >= 15
    assert {name: int(number.replace(",", "")) for name, number in stated} == {
        name: defaults[name] for name, _ in stated
    }


def test_every_setting_and_flag_that_it_names_exists() -> None:
    named = set(re.findall(r"`([a-z]+_[a-z_]+)`", DOCUMENT))
    assert named <= {setting.name for setting in SETTINGS}
    flags = set(re.findall(r"`(--[a-z-]+)`", DOCUMENT))
    assert flags <= {setting.flag for setting in SETTINGS}


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("At least {} characters", token_file.MIN_CHARACTERS),
        ("end after {} hours without use", sessions.IDLE_SECONDS // 3600),
        ("and {} days in any case", sessions.WHOLE_SECONDS // 86_400),
        ("After {} failed sign-ins", login_throttle.MAX_PER_CLIENT),
        ("in {} minutes an address waits", login_throttle.WINDOW_SECONDS // 60),
        ("after {} in all", login_throttle.MAX_IN_ALL),
        ("One build runs, {} wait", queue.MAX_WAITING),
        ("| {} KiB; 64 KiB", waitress_server.MAX_HEADER_BYTES // 1024),
        ("KiB; {} KiB; 10 MiB", live_settings.MAX_BODY_BYTES // 1024),
        ("64 KiB; {} MiB |", live_settings.MAX_IMAGE_BYTES // MIB),
        ("| {} MiB, on disk", waitress_server.MAX_WAITING_BYTES // MIB),
        ("is asked to end | {} |", int(waitress_server.FINISH_SECONDS)),
        ("| {} million; 7 million", picture_limits.MAX_PIXELS // 10**6),
        ("million; {} million;", picture_limits.MAX_SENT_WEBP_PIXELS // 10**6),
        ("| {} MiB; 100,000, the rest", records.MAX_FILE_BYTES // MIB),
        ("MiB; {:,}, the rest is cut", records.MAX_CHARACTERS),
        ("cut; {:,}, the rest is cut; 1,000 |", records.MAX_CELL_CHARACTERS),
        ("the rest is cut; {:,} |", records.MAX_COLUMNS),
        ("of a dataset | {} MiB; 256", schema.MAX_MANIFEST_BYTES // MIB),
        ("of a dataset | 256 MiB; {} MiB", checked_files.MAX_JSON_BYTES // MIB),
        ("written out (`{}`)", visible("\x1b")),
    ],
)
def test_every_number_is_that_of_the_code(words: str, number: object) -> None:
    assert words.format(number) in WORDS


def test_the_figures_are_those_that_were_measured() -> None:
    assert table(BARS["figures"]) in DOCUMENT
    assert all(figure["holds"] for figure in BARS["figures"])


def test_every_bar_has_its_figure() -> None:
    assert {figure["bar"] for figure in BARS["figures"]} == {
        "damage",
        "every operation",
        "full disk",
        "hostile models",
        "hostile text",
        "jobs",
        "kill -9",
        "live text",
        "load",
        "malformed images",
        "memory",
        "restarts",
        "slow clients",
        "start",
        "two builders",
    }


def test_the_tests_of_the_figures_are_there() -> None:
    missing = {f["test"] for f in BARS["figures"] if not (ROOT / f["test"]).exists()}
    assert not missing
