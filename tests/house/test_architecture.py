"""Who may import whom, and what may not be used."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "backend" / "attentionviz"

# Each part and what it may import of the package, beside itself. Imports point down, never up.
MAY_IMPORT = {
    "__main__": {"cli"},
    "cli": {
        "app",
        "cli_demo",
        "cli_serve",
        "config",
        "core",
        "errors",
        "export",
        "pipeline",
        "store",
    }
    | {"__init__"},
    "app": {"access", "api", "config", "core", "errors", "store", "__init__"},
    "cli_serve": {"app", "config", "config_file", "errors"},
    "cli_demo": {"app", "config", "pipeline"},
    "export": {"api", "app", "config", "core", "errors", "store"},
    "notebook": {"config", "core", "errors", "notebook_arrays", "notebook_cell", "projections"}
    | {"store"},
    "notebook_arrays": set(),
    "notebook_cell": {"app", "config", "notebook_place"},
    "notebook_place": set(),
    "config": {"config_jobs", "config_live", "config_values", "core", "errors", "__init__"},
    "config_jobs": {"config_values", "__init__"},
    "config_live": {"config_values", "__init__"},
    "config_file": {"config"},
    "config_values": {"core"},
    "access": {"errors"},
    "api": {"access", "config", "core", "errors", "jobs", "live", "measures", "store"}
    | {"__init__"},
    "job_process": {"cli"},
    "jobs": {"config", "core", "errors", "store"},
    "live": {"core", "errors", "store", "__init__"},
    "inference": {"core", "errors", "models", "projections", "store"},
    "pipeline": {"core", "errors", "measures", "models", "projections", "store", "__init__"},
    "models": {"core", "errors"},
    "projections": {"core", "errors"},
    "measures": {"core", "errors", "projections"},
    "store": {"core", "errors"},
    "core": {"errors"},
    "errors": set(),
    "__init__": {"notebook"},
}
ONLY_IN_MODELS = {"torch", "transformers", "tokenizers", "safetensors"}


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_names(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import on line {node.lineno}"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


PYTHON_FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", PYTHON_FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    part = part_of(path)
    for name in imported_names(path):
        if not name.startswith("attentionviz"):
            continue
        target = (name.split(".") + ["__init__"])[1]
        if target not in MAY_IMPORT:  # a name of the package itself, such as __version__
            target = "__init__"
        assert target == part or target in MAY_IMPORT[part], f"{part} must not import {target}"


@pytest.mark.parametrize("path", PYTHON_FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_models_imports_torch(path: Path) -> None:
    if part_of(path) == "models":
        return
    found = {name.split(".")[0] for name in imported_names(path)} & ONLY_IN_MODELS
    assert not found, f"{path.name} imports {found}"


def test_every_part_is_in_the_table() -> None:
    assert {part_of(path) for path in PYTHON_FILES} <= set(MAY_IMPORT)


def test_the_server_imports_no_heavy_library() -> None:
    code = (
        "import sys, attentionviz.app, attentionviz.cli;"
        "heavy = {'torch', 'transformers', 'sklearn', 'umap', 'numba', 'openTSNE', 'scipy'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def tracked(*patterns: str) -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / line for line in listing.stdout.splitlines() if (ROOT / line).exists()]


def test_no_module_has_a_name_that_says_nothing() -> None:
    empty = {"data", "info", "utils", "util", "common", "helper", "helpers", "manager", "misc"}
    code = tracked("backend/*.py", "scripts/*.py", "tests/*.py", "frontend/*.js")
    assert not [str(p) for p in code if p.stem in empty]


FORBIDDEN = {
    r"\bimport pickle\b": "pickle runs what it reads",
    r"allow_pickle=True": "pickle runs what it reads",
    r"torch\.load\(": "weights come from safetensors only",
    r"trust_remote_code=True": "a model's own code is never run",
    r"mmap_mode": "a truncated mapped file kills the process",
    r"\.innerHTML|insertAdjacentHTML|document\.write\(": "text stays text",
    r"new Function\(|(?<!\.)\beval\(": "text is never run",
    r"https?://[a-z.]*(cdn|unpkg|jsdelivr|googleapis)": "nothing comes from foreign hosts",
}


def test_nothing_dangerous_is_used() -> None:
    code = tracked("backend/*.py", "scripts/*.py", "frontend/*.js", "frontend/*.html")
    found = [
        f"{path.relative_to(ROOT)}: {pattern}: {reason}"
        for path in code
        for pattern, reason in FORBIDDEN.items()
        if re.search(pattern, path.read_text())
    ]
    assert not found


def test_git_holds_no_large_and_no_foreign_files() -> None:
    files = tracked()
    assert not [p for p in files if "node_modules" in p.parts or ".venv" in p.parts]
    models = sum(p.stat().st_size for p in files if p.suffix == ".safetensors")
    assert models <= 12 * 2**20
