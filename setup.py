"""Adds the page, the embedded models and the corpora to a wheel; the rest is in pyproject.toml."""

import json
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
PAGE, DATA = Path("frontend/dist"), (Path("data/models"), Path("data/corpora"))


class BuildWithFiles(build_py):
    """Copies the files that a checkout has beside the package into it."""

    def run(self):
        """Build the package; an editable one reads the files of the checkout."""
        super().run()
        if self.editable_mode:
            return
        bundled = Path(self.build_lib) / "attentionviz" / "bundled"
        shutil.rmtree(bundled, ignore_errors=True)
        for path in [*page_files(), *DATA]:
            target = bundled / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / path).is_dir():
                shutil.copytree(ROOT / path, target)
            else:
                shutil.copy(ROOT / path, target)


def page_files():
    """Return the files of the newest build of the page, without source maps."""
    try:
        newest = json.loads((ROOT / PAGE / "builds.json").read_text(encoding="utf-8"))[0]
    except FileNotFoundError:
        raise SystemExit("the page is not built, so a wheel would lack it: run make page") from None
    names = ["index.html", "login.html"]
    names += [f"page/{name}" for name in newest if not name.endswith(".map")]
    return [PAGE / name for name in names]


setup(cmdclass={"build_py": BuildWithFiles})
