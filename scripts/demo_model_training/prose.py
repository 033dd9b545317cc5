"""Collect English prose from the documentation inside installed packages.

Sources: Python's language reference as the standard library ships it (`pydoc_data.topics`) and
the docstrings of the standard library (PSF licence), of NumPy, SciPy, scikit-learn and NetworkX
(BSD licences). Only whole paragraphs that read as sentences are kept: no signatures, no
examples of code, no tables of parameters.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from pydoc_data import topics

PACKAGES = ("numpy", "scipy", "sklearn", "networkx")
LICENSES = {
    "the Python standard library": "PSF-2.0",
    "NumPy": "BSD-3-Clause",
    "SciPy": "BSD-3-Clause",
    "scikit-learn": "BSD-3-Clause",
    "NetworkX": "BSD-3-Clause",
}

_ROLE = re.compile(r":[a-z:]+:`~?\.?([^`<]*)[^`]*`")
_MARKS = re.compile(r"``([^`]*)``|`([^`]*)`_*|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*")
_SPACE = re.compile(r"\s+")
_SENTENCE = re.compile(r"[A-Z\"'][^|=_\\{}<>\[\]$#%@~^]*[.!?:)\"']")


def _folders() -> Iterator[Path]:
    yield Path(ast.__file__).parent
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"training demo-gpt2 reads the documentation of {name}")
        yield Path(spec.origin).parent


def _modules(folder: Path) -> Iterator[Path]:
    unwanted = {"test", "tests", "site-packages", "idlelib", "lib2to3"}
    for path in sorted(folder.rglob("*.py")):
        if not unwanted.intersection(path.relative_to(folder).parts):
            yield path


def _docstrings(path: Path) -> Iterator[str]:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield text


def _is_prose(text: str) -> bool:
    letters = sum(character.isalpha() or character == " " for character in text)
    n_words = text.count(" ") + 1
    is_sentence = _SENTENCE.fullmatch(text) is not None
    return is_sentence and 8 <= n_words <= 250 and letters / len(text) > 0.92 and text.isascii()


def paragraphs_of(text: str) -> Iterator[str]:
    """Yield the paragraphs of a documentation text that read as sentences, on one line each."""
    for block in re.split(r"\n\s*\n", inspect.cleandoc(text)):
        if ">>>" in block or "::" in block or "\n    " in block:
            continue
        plain = _MARKS.sub(
            lambda m: next((g for g in m.groups() if g), ""), _ROLE.sub(r"\1", block)
        )
        plain = _SPACE.sub(" ", plain).strip()
        if plain and _is_prose(plain):
            yield plain


def collect() -> list[str]:
    """Return every different paragraph, in an order that depends only on the packages."""
    texts = [topics.topics[name] for name in sorted(topics.topics)]
    for folder in _folders():
        for path in _modules(folder):
            texts.extend(_docstrings(path))
    return list(dict.fromkeys(paragraph for text in texts for paragraph in paragraphs_of(text)))
