"""Versions of the libraries that can change the bytes of a dataset."""

from importlib.metadata import PackageNotFoundError, version

LIBRARIES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "openTSNE",
    "umap-learn",
    "numba",
    "pillow",
    "tokenizers",
    "torch",
    "transformers",
)


def library_versions(further: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the installed versions of `LIBRARIES` and further packages."""
    found = {}
    for name in LIBRARIES + further:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
