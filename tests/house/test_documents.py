"""What the documents say is what the program does: commands, options, settings, routes, files."""

import argparse
import json
import re
from pathlib import Path

import pytest

from attentionviz.commands.main import make_parser
from attentionviz.core.scores import SCORE_FACTS
from attentionviz.core.types import METHODS
from attentionviz.pipeline.corpora import TEXT_FORMATS
from attentionviz.settings.settings import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
DOCUMENTS = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "data/README.md",
    "docs/decisions.md",
    "docs/lab-server.md",
    "SECURITY.md",
]


def subcommands() -> dict[str, argparse.ArgumentParser]:
    actions = make_parser()._actions
    return next(a for a in actions if isinstance(a, argparse._SubParsersAction)).choices


def test_every_command_and_option_is_in_the_readme() -> None:
    missing = []
    for name, parser in subcommands().items():
        if f"attentionviz {name}" not in README:
            missing.append(name)
        for action in parser._actions:
            options = [o for o in action.option_strings if o.startswith("--") and o != "--help"]
            missing += [f"{name} {o}" for o in options if f"`{o}" not in README]
    assert not missing


def test_every_setting_is_in_the_readme_with_its_default() -> None:
    rows = {m[1]: m[0] for m in re.finditer(r"^\| `(\w+)` \|.*$", README, re.M)}
    missing = [s.name for s in SETTINGS if s.name not in rows]
    assert not missing


def test_every_method_is_in_the_readme() -> None:
    assert not [m for m in METHODS if f"| `{m}` |" not in README]


def test_every_score_is_in_the_readme_with_its_words_and_who_defined_it() -> None:
    rows = {
        name: f"| `{name}` | {facts.help.removesuffix('.')} | {facts.defined_by} |"
        for name, facts in SCORE_FACTS.items()
    }
    assert not [name for name, row in rows.items() if row not in README]


def test_every_corpus_format_is_in_the_readme() -> None:
    row = next(line for line in README.splitlines() if line.startswith("| `--text` |"))
    assert not [ending for ending in TEXT_FORMATS if ending and f"`{ending}`" not in row]


def test_every_route_is_in_the_readme() -> None:
    from attentionviz.server.http.openapi import document

    assert not [path for path in document()["paths"] if f"`{path}`" not in README]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_files_named_in_a_document_exist(name: str) -> None:
    text = (ROOT / name).read_text()
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text)
    assert not [link for link in links if not ((ROOT / name).parent / link).exists()]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_make_targets_named_in_a_document_exist(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"`make ([a-z-]+)", (ROOT / name).read_text()))
    assert named <= targets


def test_the_measured_table_is_what_the_benchmark_wrote() -> None:
    from scripts.benchmark import readme_table

    measured = json.loads((ROOT / "scripts" / "benchmark_result.json").read_text())
    assert readme_table(measured) in README


def test_changelog_names_the_version() -> None:
    from attentionviz import __version__

    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()
