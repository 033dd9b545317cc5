"""Who may import whom, and what may not be used."""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "backend" / "attentionviz"

# Each part and what it may import of the package, beside itself. Imports point down, never up.
MAY_IMPORT = {
    "__init__": {"notebook"},
    "__main__": {"commands"},
    "commands": {"analysis", "core", "errors", "pipeline", "server", "settings", "store"}
    | {"server/http", "server/routes", "__init__"},
    "notebook": {"analysis", "core", "errors", "projections", "server", "settings", "store"},
    "server": {"errors", "server/access", "server/http", "server/routes", "settings"},
    "server/routes": {"analysis", "core", "errors", "jobs", "store"}
    | {"server/access", "server/http", "__init__"},
    "server/http": {"core", "errors", "jobs", "live", "settings", "store"}
    | {"server/access", "__init__"},
    "server/access": {"errors"},
    "analysis": {"core", "errors", "measures", "store", "__init__"},
    "settings": {"core", "errors"},
    "jobs": {"core", "errors", "settings", "store"},
    "live": {"errors", "__init__"},
    "live/worker": {"core", "errors", "live", "models", "projections", "store"},
    "pipeline": {"core", "errors", "measures", "models", "projections", "store", "__init__"}
    | {"projections/torch_maps"},
    "models": {"core", "errors"},
    "measures": {"core", "errors", "projections"},
    "projections": {"core", "errors"},
    "projections/torch_maps": {"errors", "projections"},
    "store": {"core", "errors"},
    "core": {"errors"},
    "errors": set(),
}
NEEDS_TORCH = {"torch", "transformers", "tokenizers"}


def part_of(path: Path) -> str:
    """Return the row of the table that a module or folder belongs to: the longest that fits."""
    name = path.relative_to(PACKAGE).with_suffix("").as_posix()
    rows = [row for row in MAY_IMPORT if name == row or name.startswith(row + "/")]
    return max(rows, key=len, default=name)


def imported_row(name: str) -> str | None:
    """Return the row of an imported name; of the package's own names, such as the version, too."""
    if name.split(".")[0] != "attentionviz":
        return None
    row = part_of(PACKAGE.joinpath(*name.split(".")[1:] or ["__init__"]))
    return row if row in MAY_IMPORT else "__init__"


def imported_names(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import on line {node.lineno}"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def package_imports(path: Path) -> list[Path]:
    """Return the modules that a module imports; a name is of the module that holds it."""
    found = []
    for name in imported_names(path):
        place = PACKAGE.parent.joinpath(*name.split("."))
        for one in (place, place.parent):
            found += [p for p in (one.with_suffix(".py"), one / "__init__.py") if p.exists()][:1]
            if one.with_suffix(".py").exists():
                break
    return [target for target in found if target != path and target.name != "__init__.py"]


PYTHON_FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", PYTHON_FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    part = part_of(path)
    for name in imported_names(path):
        target = imported_row(name)
        assert target in {part, None} | MAY_IMPORT[part], f"{part} must not import {target}"


@pytest.mark.parametrize("path", PYTHON_FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_models_and_maps_on_a_gpu_import_torch(path: Path) -> None:
    if part_of(path) in ("models", "projections/torch_maps"):
        return
    found = {name.split(".")[0] for name in imported_names(path)} & NEEDS_TORCH
    assert not found, f"{path.name} imports {found}"


def test_only_the_folder_for_dask_imports_dask_and_only_a_build_imports_the_folder() -> None:
    folder = PACKAGE / "pipeline" / "cluster"
    importers = {
        path.parent
        for path in PYTHON_FILES
        if {name.split(".")[0] for name in imported_names(path)} & {"dask", "distributed"}
    }
    assert importers == {folder}
    users = {
        path.name
        for path in PYTHON_FILES
        if path.parent != folder and any("pipeline.cluster" in n for n in imported_names(path))
    }
    assert users == {"build.py"}


@pytest.mark.parametrize(
    ("folder", "library"),
    [("analysis", "flask"), ("server/routes", "numpy")],
)
def test_analysis_does_not_import_flask_nor_routes_numpy(folder: str, library: str) -> None:
    files = [path for path in PYTHON_FILES if part_of(path) == folder]
    found = [
        path.name
        for path in files
        if library in {name.split(".")[0] for name in imported_names(path)}
    ]
    assert files and not found


def test_the_import_table_lists_every_package_and_only_used_imports() -> None:
    used: dict[str, set[str]] = {part_of(path): set() for path in PYTHON_FILES}
    for path in PYTHON_FILES:
        targets = {imported_row(name) for name in imported_names(path)}
        used[part_of(path)] |= targets - {part_of(path), None}
    assert used == MAY_IMPORT


HEAVY = {"torch", "transformers", "sklearn", "umap", "numba", "openTSNE", "dask", "distributed"}
SMALL_HEAD = """
import numpy as np
from attentionviz.pipeline.scoring import run_work
from attentionviz.projections import HeadVectors, project
vectors = HeadVectors.of(*np.random.default_rng(0).standard_normal((2, 40, 4)), 1.0)
project("biplot", vectors, dims=2, seed=0)
"""


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import attentionviz.server.app, attentionviz.commands.main", HEAVY | {"scipy"}),
        ("import attentionviz.pipeline.demo", HEAVY | {"scipy", "joblib"}),
        (SMALL_HEAD, HEAVY | {"joblib", "tqdm", "PIL", "flask"}),
    ],
    ids=["server", "demo", "worker"],
)
def test_a_process_imports_only_the_heavy_libraries_that_it_needs(
    code: str, absent: set[str]
) -> None:
    assert not absent & imported_by(code)


def test_the_help_of_a_command_imports_no_library_at_all() -> None:
    code = (
        "from contextlib import suppress; from attentionviz.commands.main import main\n"
        "with suppress(SystemExit): main(['build', '--help'])"
    )
    libraries = imported_by(code) - set(sys.stdlib_module_names) - {"attentionviz"}
    own = set(imported_by("pass"))  # what the interpreter itself loads, such as for an install
    assert libraries <= own


def imported_by(code: str) -> set[str]:
    """Return the names of the top-level modules that a process has imported after some code."""
    code += "\nimport sys; print('imported', *{name.split('.')[0] for name in sys.modules})"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return set(result.stdout.splitlines()[-1].split()[1:])


# Each folder of the page and what it may import, beside itself. Types are not counted.
PAGE = ROOT / "frontend" / "js"
PAGE_MAY_IMPORT = {
    "compute": set(),
    "render": {"compute"},
    "color": {"compute"},
    "ui": {"color", "compute"},
    "data": {"color", "compute", "ui"},
    "marked_points": {"compute", "data", "ui"},
    "state": {"color", "compute", "data", "marked_points", "ui"},
    "user_sequences": {"compute", "data", "marked_points", "state", "ui"},
    "figure": {"color", "compute", "data", "marked_points", "render", "ui"},
    "controls": {"compute", "data", "state", "ui", "user_sequences"},
    "sequence": {"color", "compute", "controls", "data", "figure", "render", "ui"},
    "dialogs": {"compute", "controls", "data", "figure", "sequence", "ui"},
    "jobs": {"compute", "controls", "data", "ui"},
    "map": {"color", "compute", "controls", "data", "figure", "marked_points", "render", "state"}
    | {"ui"},
    "site": {"compute"},
}
PAGE_FILES = sorted(PAGE.glob("*/**/*.js"))
IMPORT = re.compile(r"""^(?:import|export)\b[^;]*?['"](\.{1,2}/[^'"]+)['"]""", re.MULTILINE)


def page_imports(path: Path) -> list[Path]:
    return [(path.parent / name).resolve() for name in IMPORT.findall(path.read_text("utf-8"))]


@pytest.mark.parametrize("path", PAGE_FILES, ids=lambda p: str(p.relative_to(PAGE)))
def test_imports_of_the_page_point_down(path: Path) -> None:
    folder = path.relative_to(PAGE).parts[0]
    allowed = PAGE_MAY_IMPORT[folder] | {folder}
    targets = {target.relative_to(PAGE).parts[0] for target in page_imports(path)}
    assert targets <= allowed, f"{folder} must not import {targets - allowed}"


@pytest.mark.parametrize("table", [MAY_IMPORT, PAGE_MAY_IMPORT], ids=["package", "page"])
def test_no_folders_import_each_other_in_a_circle(table: dict[str, set[str]]) -> None:
    TopologicalSorter({row: table[row] - {"__init__"} for row in table}).prepare()


@pytest.mark.parametrize("folder", [PACKAGE, PAGE], ids=["package", "page"])
def test_no_files_import_each_other_in_a_circle(folder: Path) -> None:
    if folder == PAGE:
        graph = {path: page_imports(path) for path in [*PAGE_FILES, PAGE / "main.js"]}
    else:
        graph = {path: package_imports(path) for path in PYTHON_FILES}
    TopologicalSorter(graph).prepare()


def tracked(*patterns: str) -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / line for line in listing.stdout.splitlines() if (ROOT / line).exists()]


def test_no_module_has_a_meaningless_name() -> None:
    empty = {"data", "info", "utils", "util", "common", "helper", "helpers", "manager", "misc"}
    code = tracked("backend/*.py", "scripts/*.py", "tests/*.py", "frontend/*.js")
    assert not [str(p) for p in code if p.stem in empty]


def test_no_line_is_longer_than_100_columns() -> None:
    kinds = ("py", "js", "mjs", "ts", "css", "html")
    code = tracked(*(f"*.{kind}" for kind in kinds), ":!data/")
    long = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in code
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1)
        if len(line) > 100
    ]
    assert not long


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


def test_no_eval_exec_pickle_or_inner_html_is_used() -> None:
    code = tracked("backend/*.py", "scripts/*.py", "frontend/*.js", "frontend/*.html")
    found = [
        f"{path.relative_to(ROOT)}: {pattern}: {reason}"
        for path in code
        for pattern, reason in FORBIDDEN.items()
        if re.search(pattern, path.read_text())
    ]
    assert not found


def test_git_contains_no_large_and_no_unexpected_files() -> None:
    files = tracked()
    assert not [p for p in files if "node_modules" in p.parts or ".venv" in p.parts]
    models = sum(p.stat().st_size for p in files if p.suffix == ".safetensors")
    assert models <= 12 * 2**20
