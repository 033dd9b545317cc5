"""Ways to damage a published dataset: bytes, file types, manifests, pointers and wrong contents.

Each is a function of the dataset's folder and a seeded generator. `ALL` lists all of them.
"""

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from tests.support.fake_dataset import npy_bytes, republish

Damage = Callable[[Path, np.random.Generator], None]
FileDamage = Callable[[Path, np.random.Generator], None]
# One file of each kind; of an image dataset, which has all kinds.
FILES = (
    "files.npy",
    "tokens/code.npy",
    "tokens/vocabulary.json",
    "tokens/hue.npy",
    "sequences/length.npy",
    "sequences/text.utf8",
    "sequences/text_end.npy",
    "sequences/columns.npy",
    "sequences/column_values.json",
    "heads/columns.npy",
    "heads/fallbacks.json",
    "heads/details.jsonl",
    "heads/details_end.npy",
    "similarity-pattern.npy",
    "similarity-vectors.npy",
    "head_map.npy",
    "L00H01/queries.npy",
    "L00H00/keys.npy",
    "L00H01/norms.npy",
    "L00H01/pca-2d.npy",
    "grid/tokens.npy",
    "grid/norms.npy",
    "grid/pca-2d.npy",
    "images/00000.png",
    "images/00000.thumbnail.png",
    "images/patches.npy",
)


def flip_bit(path: Path, rng: np.random.Generator) -> None:
    """Flip one bit, as a failing disk does."""
    content = bytearray(path.read_bytes())
    content[rng.integers(len(content))] ^= 1 << rng.integers(8)
    path.write_bytes(content)


def cut(path: Path, rng: np.random.Generator) -> None:
    """Truncate the file."""
    os.truncate(path, int(rng.integers(path.stat().st_size)))


def lengthen(path: Path, rng: np.random.Generator) -> None:
    """Append a few bytes."""
    with path.open("ab") as file:
        file.write(rng.bytes(int(rng.integers(1, 9))))


def remove(path: Path, _: np.random.Generator) -> None:
    """Remove the file."""
    path.unlink()


def link(path: Path, _: np.random.Generator) -> None:
    """Replace the file by a symbolic link to the same bytes elsewhere."""
    elsewhere = outside(path)
    shutil.move(path, elsewhere)
    path.symlink_to(elsewhere)


def pipe(path: Path, _: np.random.Generator) -> None:
    """Replace the file by a pipe, on which a read would block."""
    path.unlink()
    os.mkfifo(path)


def folder_instead(path: Path, _: np.random.Generator) -> None:
    """Replace the file by a folder."""
    path.unlink()
    path.mkdir()


def zeros(path: Path, _: np.random.Generator) -> None:
    """Overwrite the file with zeros, as a file system crash does."""
    path.write_bytes(bytes(path.stat().st_size))


def swap(path: Path, _: np.random.Generator) -> None:
    """Replace the file by another file of the dataset, of the same kind if there is one."""
    folder = next(parent for parent in path.parents if "@" in parent.name)
    others = [name for name in FILES if (folder / name) != path]
    other = min(others, key=lambda name: Path(name).suffix != path.suffix)
    shutil.copy(folder / other, path)


def outside(path: Path) -> Path:
    """Return a path next to the dataset's folder."""
    folder = next(parent for parent in path.parents if "@" in parent.name)
    return folder.parent / f"elsewhere-{path.name}"


FILE_DAMAGES: tuple[FileDamage, ...] = (
    flip_bit, cut, lengthen, remove, link, pipe, folder_instead, zeros, swap,
)  # fmt: skip


def of_file(name: str, damage: FileDamage) -> Damage:
    """Return the damage of one file of a dataset."""
    return lambda folder, rng: damage(folder / name, rng)


def edited(old: str, new: str) -> Damage:
    """Return the damage that replaces some text of the manifest."""

    def damage(folder: Path, _: np.random.Generator) -> None:
        path = folder / "manifest.json"
        content = path.read_text()
        assert re.search(old, content), old
        path.write_text(re.sub(old, new, content, count=1))

    return damage


def lie(change: Callable[[dict[str, Any]], None]) -> Damage:
    """Return the damage that republishes with a changed manifest and a valid hash."""

    def damage(folder: Path, _: np.random.Generator) -> None:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        change(manifest)
        republish(folder, {}, **manifest)

    return damage


def lying_text(name: str, change: Callable[[str], str]) -> Damage:
    """Return the damage that republishes a file with other text and a valid hash."""

    def damage(folder: Path, _: np.random.Generator) -> None:
        before = (folder / name).read_text("utf-8")
        after = change(before)
        assert after != before, name
        republish(folder, {name: after.encode("utf-8", "surrogateescape")})

    return damage


def lying_array(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Damage:
    """Return the damage that republishes an array with other numbers, dtype or shape."""

    def damage(folder: Path, _: np.random.Generator) -> None:
        array = change(np.load(folder / name, allow_pickle=False))
        republish(folder, {name: npy_bytes(array)})

    return damage


def lying_header(name: str, old: bytes, new: bytes) -> Damage:
    """Return the damage that republishes an array with another header of the same length."""

    def damage(folder: Path, _: np.random.Generator) -> None:
        content = (folder / name).read_bytes()
        assert old in content, name
        republish(folder, {name: content.replace(old, new.ljust(len(old)), 1)})

    return damage


def pointer(text: str) -> Damage:
    """Return the damage that writes this text to ``<id>.current``."""

    def damage(folder: Path, _: np.random.Generator) -> None:
        (folder.parent / f"{folder.name.partition('@')[0]}.current").write_text(text)

    return damage


def pointer_pipe(folder: Path, _: np.random.Generator) -> None:
    """Replace the pointer by a pipe."""
    path = folder.parent / f"{folder.name.partition('@')[0]}.current"
    path.unlink()
    os.mkfifo(path)


def pointer_link(folder: Path, _: np.random.Generator) -> None:
    """Replace the pointer by a link."""
    path = folder.parent / f"{folder.name.partition('@')[0]}.current"
    path.rename(folder.parent / "elsewhere")
    path.symlink_to(folder.parent / "elsewhere")


def folder_link(folder: Path, _: np.random.Generator) -> None:
    """Replace one of the dataset's folders by a link to a folder elsewhere."""
    shutil.move(folder / "grid", folder.parent / "grid")
    (folder / "grid").symlink_to(folder.parent / "grid")


def huge_manifest(folder: Path, _: np.random.Generator) -> None:
    """Make the manifest too large, as a sparse file."""
    os.truncate(folder / "manifest.json", 2**28 + 1)


def deep(folder: Path, _: np.random.Generator) -> None:
    """Nest the manifest deeper than a parser's recursion limit."""
    (folder / "manifest.json").write_text("[" * 200_000 + "]" * 200_000)


MANIFEST: dict[str, Damage] = {
    f"manifest.json: {damage.__name__}": of_file("manifest.json", damage)
    for damage in (flip_bit, cut, lengthen, remove, link, pipe, folder_instead, zeros)
} | {
    "manifest.json: huge": huge_manifest,
    "manifest.json: deep": deep,
    "manifest.json: a seed edited": edited('"seed": 0', '"seed": 1'),
    "manifest.json: NaN": edited('"stress": [0-9.]+', '"stress": NaN'),
    "manifest.json: key twice": edited('"seed": 0', '"seed": 0, "seed": 1'),
}


NORMS = "L00H01/norms.npy"
ORDER = b"'fortran_order': False"
PATTERN = "similarity-pattern.npy"


def lying_table(change: Callable[[np.ndarray, list[str]], np.ndarray]) -> Damage:
    """Return the damage that republishes with other rows of the table of files."""

    def damage(folder: Path, _: np.random.Generator) -> None:
        republish(folder, {}, change)

    return damage


def _row(name: str, part: slice, value: int) -> Damage:
    def change(rows: np.ndarray, names: list[str]) -> np.ndarray:
        rows[names.index(name), part] = value
        return rows

    return lying_table(change)


WORDS = "tokens/vocabulary.json"
LIES: dict[str, Damage] = {
    "a file that is not listed": lying_table(lambda rows, _: rows[:-1]),
    "a file too many": lying_table(lambda rows, _: rows[[*range(len(rows)), 0]]),
    "a hash of nothing": _row("tokens/code.npy", slice(8, 40), 0),
    "another size": _row("heads/columns.npy", slice(0, 8), 1),
    "a table of another dtype": lie(lambda m: m["files"].update(dtype="uint16")),
    "a table of another shape": lie(lambda m: m["files"].update(shape=[40, 50])),
    "a huge table": lie(lambda m: m["files"].update(shape=[2**31 - 1, 40])),
    "another id": lie(lambda m: m.update(id="other")),
    "more heads": lie(lambda m: m.update(n_heads=9999)),
    "more tokens": lie(lambda m: m.update(n_tokens=m["n_tokens"] + 1)),
    "a layer without rule": lie(lambda m: m.update(layers=[])),
    "an unknown entry": lie(lambda m: m.update(evil=1)),
    "a scaling beyond all": lie(lambda m: m["layers"][0].update(scaling=1e300)),
    "text without images": lie(lambda m: m["model"].update(modality="text")),
    "a map of another method": lie(lambda m: m["maps"]["pca-2d"].update(method="tsne")),
    "vocabulary: NaN": lying_text(WORDS, lambda t: t.replace("0", "NaN", 1)),
    "vocabulary: deep": lying_text(WORDS, lambda _: "[" * 200_000),
    "vocabulary: a key twice": lying_text(WORDS, lambda t: t.replace("{", '{"text":[],', 1)),
    "vocabulary: half a character": lying_text(WORDS, lambda t: t.replace("[CLS]", "\\ud800", 1)),
    "vocabulary: a number for a text": lying_text(WORDS, lambda t: t.replace('"[CLS]"', "1", 1)),
    "vocabulary: another type": lying_text(WORDS, lambda t: t.replace('"class"', '"king"', 1)),
    "vocabulary: a column short": lying_text(WORDS, lambda t: t.replace('"[CLS]",', "", 1)),
    "vocabulary: empty": lying_text(WORDS, lambda _: '{"text":[],"token_id":[],"token_type":[]}'),
    "columns: no list": lying_text("sequences/column_values.json", lambda _: "{}"),
    "columns: one too many": lying_text("sequences/column_values.json", lambda _: "[[1],[1]]"),
    "columns: unknown code": lying_array("sequences/columns.npy", lambda a: a + 99),
    "tokens: unknown code": lying_array("tokens/code.npy", lambda a: a + 999),
    "tokens: negative code": lying_array("tokens/code.npy", lambda a: a - 1),
    "tokens: a row beyond the grid": lying_array("tokens/row.npy", lambda a: a + 99),
    "tokens: an infinite hue": lying_array("tokens/hue.npy", lambda a: a * np.float32(np.inf)),
    "sequences: too long": lying_array("sequences/length.npy", lambda a: a + 1),
    "sequences: empty": lying_array("sequences/length.npy", lambda a: a - a),
    "texts: beyond the file": lying_array("sequences/text_end.npy", lambda a: a + 1),
    "texts: backwards": lying_array("sequences/text_end.npy", lambda a: a * np.int32(-1)),
    "texts: not UTF-8": lying_text("sequences/text.utf8", lambda t: "\udcff" + t[1:]),
    "heads: an infinite score": lying_array("heads/columns.npy", lambda a: np.full_like(a, np.inf)),
    "heads: a part of a row": lying_array("heads/columns.npy", lambda a: a + 0.5),
    "heads: an unknown fallback": lying_array("heads/columns.npy", lambda a: abs(a)),
    "heads: a number for a reason": lying_text("heads/fallbacks.json", lambda _: "[1]"),
    "heads: an infinite scale": lying_text(
        "heads/details.jsonl", lambda t: re.sub('"scale":[0-9.e-]+', '"scale":1e999', t, count=1)
    ),
    "heads: no object": lying_text("heads/details.jsonl", lambda t: t.replace("{", "[", 1)),
    "heads: details beyond the file": lying_array("heads/details_end.npy", lambda a: a + 1),
    "heads: details backwards": lying_array("heads/details_end.npy", lambda a: a[::-1]),
    "array: other dtype": lying_array(NORMS, lambda a: a.astype(np.float64)),
    "array: other shape": lying_array(NORMS, lambda a: a.T),
    "array: a row short": lying_array("L00H01/queries.npy", lambda a: a[:-1]),
    "array: Fortran order": lying_header(NORMS, ORDER, b"'fortran_order': True"),
    "array: big-endian": lying_header(NORMS, b"'<f4'", b"'>f4'"),
    "array: objects": lying_header(NORMS, b"'<f4'", b"'|O'"),
    "array: code in the header": lying_header(NORMS, ORDER, b"'fortran_order': exit()"),
    "grid: a token that is not there": lying_array(
        "grid/tokens.npy", lambda a: np.full_like(a, 10**6)
    ),
    "similarity: NaN": lying_array(PATTERN, lambda a: np.full_like(a, np.nan)),
    "similarity: a negative distance": lying_array(PATTERN, lambda a: a - 1),
    "head map: infinity": lying_array("head_map.npy", lambda a: np.full_like(a, np.inf)),
}

POINTERS: dict[str, Damage] = {
    "pointer: to nothing": pointer("small@0123456789ab\n"),
    "pointer: to another": pointer("other@0123456789ab\n"),
    "pointer: outside": pointer("../../etc\n"),
    "pointer: empty": pointer(""),
    "pointer: long": pointer("x" * 5000),
    "pointer: a pipe": pointer_pipe,
    "pointer: a link": pointer_link,
    "a folder that is a link": folder_link,
}

OF_FILES: dict[str, Damage] = {
    f"{name}: {damage.__name__}": of_file(name, damage) for name in FILES for damage in FILE_DAMAGES
}
ALL = OF_FILES | MANIFEST | LIES | POINTERS


def chosen(n: int, seed: int) -> list[str]:
    """Return the names of n damages: all except byte damages, and a random sample of those."""
    certain = [name for name in ALL if name not in OF_FILES]
    drawn = np.random.default_rng(seed).permutation(sorted(OF_FILES))[: n - len(certain)]
    return [*certain, *map(str, drawn)]
