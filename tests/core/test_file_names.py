"""Names of files as text, and those that mean nothing."""

import pytest

from attentionviz.core.file_names import is_junk, native, readable


def test_undecodable_bytes_are_read_as_utf8_or_escaped() -> None:
    assert readable("Sätze 日本") == "Sätze 日本"
    assert readable("S\udcc3\udca4tze") == "Sätze"
    assert readable("caf\udce9 ·") == r"caf\xe9 ·"
    assert readable("half \ud800") == r"half \ud800"
    assert native("Sätze") == "Sätze"


LITTER = """.DS_Store ._a.png .AppleDouble __MACOSX Thumbs.db THUMBS.DB ehthumbs.db desktop.ini
    Desktop.ini .nfs000000000a1b2c .fuse_hidden0000ab @eaDir .directory .Trash-1000 notes.txt~
    .notes.txt.swp .a.swo #notes# .#notes heads.json.orig .dropbox .~lock.a.csv# .#notes""".split()
OWN = """manifest.json heads.json L00H00 grid images 00000.png .hidden notes.txt swp .swap a.ini
    store.db heads.json.bak ~ tokens~.json.gz""".split()


@pytest.mark.parametrize("name", LITTER)
def test_files_left_by_systems_and_editors_are_junk(name: str) -> None:
    assert is_junk(name)


@pytest.mark.parametrize("name", OWN)
def test_files_that_a_user_may_need_are_not_junk(name: str) -> None:
    assert not is_junk(name)
