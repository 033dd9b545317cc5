"""Where the files are that come with the package: page, models and corpora.

A checkout has them beside the package, an installed wheel within it, in the same folders (see
``setup.py``).
"""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
_IN_WHEEL = PACKAGE / "bundled"
IS_WHEEL = _IN_WHEEL.is_dir()
ROOT = _IN_WHEEL if IS_WHEEL else PACKAGE.parents[1]
MODELS, PAGE = ROOT / "data" / "models", ROOT / "frontend" / "dist"


def data_dir() -> Path:
    """Return the default folder of the built datasets: the user's, as a wheel's is replaced."""
    if not IS_WHEEL:
        return ROOT / "data" / "built"
    import platformdirs

    return platformdirs.user_data_path("attentionviz", appauthor=False) / "built"
