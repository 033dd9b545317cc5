"""The command ``attentionviz models``."""

import json

import pytest

from attentionviz.commands.main import main
from attentionviz.commands.models import known_models


def test_it_counts_every_model_type_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    printed = capsys.readouterr().out
    results = [facts["result"] for facts in known_models()["models"].values()]
    for result in ("exact", "refused", "not tried"):
        assert f"\n{result} ({results.count(result)})" in printed


def test_it_prints_terms_and_reasons_of_types_with_a_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["models", "gemma2"])
    (row,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  gemma2 ")]
    assert "soft cap" in row and "sliding window" in row
    main(["models", "DeBERTa-v2"])
    assert "beyond q·k" in capsys.readouterr().out


def test_it_prints_what_was_measured_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    main(["models", "--json"])
    assert json.loads(capsys.readouterr().out) == known_models()


def test_it_says_so_if_no_type_has_the_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "nothing-of-this-name"]) == 2
    assert "'nothing-of-this-name'" in capsys.readouterr().err
