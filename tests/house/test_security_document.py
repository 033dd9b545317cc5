"""Defaults and figures in SECURITY.md are those of the settings and of the measurement."""

import json
import re
from pathlib import Path

from tests.support.figures import table

from attentionviz.settings.settings import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "SECURITY.md").read_text()
BARS = json.loads((ROOT / "scripts" / "bars_result.json").read_text())


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


def test_the_figures_are_those_that_were_measured() -> None:
    assert table(BARS["figures"]) in DOCUMENT
    assert all(figure["holds"] for figure in BARS["figures"])


def test_the_tests_of_the_figures_are_there() -> None:
    missing = {f["test"] for f in BARS["figures"] if not (ROOT / f["test"]).exists()}
    assert not missing
