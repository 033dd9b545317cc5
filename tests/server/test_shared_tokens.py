"""The token file: what it may hold, who may read it, and how it changes."""

import logging
import os
from pathlib import Path

import pytest
from tests.server.conftest import JOBS_TOKEN, READ_TOKEN, make_app, write_tokens

from attentionviz.errors import ConfigError
from attentionviz.server.access.token_file import TokenFile, read_tokens


def test_lines_of_the_token_file_are_role_token_and_name(tmp_path: Path) -> None:
    path = write_tokens(
        tmp_path / "tokens",
        "# who works here",
        "",
        f"read   {READ_TOKEN}\tada",
        f"jobs {JOBS_TOKEN}",
    )
    ada, unnamed = read_tokens(path)
    assert (ada.role, ada.name, unnamed.role) == ("read", "ada", "jobs")
    assert unnamed.name == unnamed.token_id[:8]
    for token, text in ((ada, READ_TOKEN), (unnamed, JOBS_TOKEN)):
        assert text not in repr(token)
        assert token.digest.hex() not in repr(token)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (READ_TOKEN, "expected a role"),
        (f"admin {READ_TOKEN}", "expected a role"),
        (f"Read {READ_TOKEN}", "expected a role"),
        (f"read {READ_TOKEN} ada lovelace", "expected a role"),
        ("read short", "too easy to guess"),
        ("read " + "x" * 31, "too easy to guess"),
        ("read " + "ab" * 40, "too easy to guess"),
        (f"read {READ_TOKEN}:{READ_TOKEN}", "may contain only letters"),
        (f"read {READ_TOKEN} ada/../x", "the name may contain only"),
        (f"read {READ_TOKEN} {'a' * 41}", "the name may contain only"),
    ],
)
def test_an_invalid_line_is_named_by_number_without_its_content(
    tmp_path: Path, line: str, words: str
) -> None:
    path = write_tokens(tmp_path / "tokens", f"jobs {JOBS_TOKEN}", line)
    with pytest.raises(ConfigError, match=words) as raised:
        TokenFile(path)
    assert str(raised.value).startswith("line 2 of ")
    assert READ_TOKEN not in str(raised.value)


def test_a_repeated_token_is_refused(tmp_path: Path) -> None:
    path = write_tokens(tmp_path / "tokens", f"read {READ_TOKEN}", f"jobs {READ_TOKEN}")
    with pytest.raises(ConfigError, match="line 2 .* same token"):
        TokenFile(path)


@pytest.mark.parametrize("lines", [("",), ("# none yet",)])
def test_a_token_file_without_tokens_is_refused(tmp_path: Path, lines: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="contains no token"):
        TokenFile(write_tokens(tmp_path / "tokens", *lines))


def test_a_missing_token_file_is_refused(tmp_path: Path, data_dir: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read the token file"):
        make_app(data_dir, token_file=tmp_path / "none")
    with pytest.raises(ConfigError, match="Is a directory"):
        make_app(data_dir, token_file=tmp_path)
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(ConfigError, match="not a regular file"):
        make_app(data_dir, token_file=tmp_path / "pipe")


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o620, 0o660, 0o601, 0o777])
def test_a_token_file_accessible_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = write_tokens(tmp_path / "tokens")
    path.chmod(mode)
    with pytest.raises(ConfigError, match=f"mode {mode:04o}.*chmod 600"):
        TokenFile(path)


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o440])
def test_a_token_file_readable_by_owner_and_group_is_accepted(tmp_path: Path, mode: int) -> None:
    path = write_tokens(tmp_path / "tokens")
    path.chmod(mode)
    assert TokenFile(path).find(READ_TOKEN) is not None


def test_a_token_file_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_tokens(tmp_path / "tokens")
    if os.geteuid() == 0:
        os.chown(path, 4242, 4242)
    monkeypatch.setattr(os, "geteuid", lambda: 99999)
    with pytest.raises(ConfigError, match="belongs to another user"):
        TokenFile(path)


def test_a_linked_token_file_or_one_in_a_writable_folder_is_refused(tmp_path: Path) -> None:
    safe = write_tokens(tmp_path / "tokens")
    (tmp_path / "link").symlink_to(safe)
    assert TokenFile(tmp_path / "link").find(READ_TOKEN) is not None
    sticky = tmp_path / "sticky"
    sticky.mkdir()
    sticky.chmod(0o1777)
    assert TokenFile(write_tokens(sticky / "tokens")).find(READ_TOKEN) is not None
    (sticky / "link").symlink_to(safe)
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    inside = write_tokens(open_to_all / "tokens")
    (tmp_path / "to-open").symlink_to(inside)
    for path in (sticky / "link", inside, tmp_path / "to-open"):
        with pytest.raises(ConfigError, match="world-writable"):
            TokenFile(path)


def test_a_non_ascii_or_huge_token_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="non-ASCII"):
        TokenFile(write_tokens(tmp_path / "tokens", f"read {READ_TOKEN}\u00e4"))
    with pytest.raises(ConfigError, match="too many for a token file"):
        TokenFile(write_tokens(tmp_path / "tokens", "#" * 2_000_000))


def test_a_changed_token_file_applies_at_once(tmp_path: Path) -> None:
    path = write_tokens(tmp_path / "tokens", f"read {READ_TOKEN}")
    tokens = TokenFile(path)
    assert tokens.find(JOBS_TOKEN) is None
    write_tokens(path, f"jobs {JOBS_TOKEN}")
    assert tokens.find(READ_TOKEN) is None
    found = tokens.find(JOBS_TOKEN)
    assert found is not None
    assert tokens.by_id(found.token_id) == found


def test_an_invalid_line_does_not_keep_a_revoked_token_valid(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_tokens(tmp_path / "tokens")
    tokens = TokenFile(path)
    with caplog.at_level(logging.INFO):
        write_tokens(path, f"raed {READ_TOKEN}", f"jobs {JOBS_TOKEN}")
        assert tokens.find(READ_TOKEN) is None
        assert tokens.find(JOBS_TOKEN) is not None
    assert "line 1 of" in caplog.text
    assert READ_TOKEN not in caplog.text


@pytest.mark.parametrize("harm", ["gone", "readable", "folder"])
def test_an_unreadable_token_file_denies_access_until_it_is_fixed(
    tmp_path: Path, harm: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_tokens(tmp_path / "tokens")
    tokens = TokenFile(path)
    if harm == "readable":
        path.chmod(0o644)
    else:
        path.unlink()
    if harm == "folder":
        path.mkdir()
    assert tokens.find(READ_TOKEN) is None
    assert tokens.find(READ_TOKEN) is None
    assert caplog.text.count("nobody can sign in until this is fixed") == 1
    if harm == "folder":
        path.rmdir()
    write_tokens(path)
    assert tokens.find(READ_TOKEN) is not None


def test_the_token_file_is_read_only_on_change_or_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = TokenFile(write_tokens(tmp_path / "tokens"))
    reads: list[str] = []
    os_open = os.open
    monkeypatch.setattr(os, "open", lambda *a, **k: reads.append(str(a[0])) or os_open(*a, **k))
    for _ in range(20):
        tokens.find(READ_TOKEN)
    assert reads == []
    tokens.refresh()
    tokens.find(READ_TOKEN)
    tokens.find(READ_TOKEN)
    assert len(reads) == 1
