"""Settings: one table, three places, and no server that is open to others by mistake."""

import re
from pathlib import Path

import pytest

from attentionviz.commands.main import main, make_parser
from attentionviz.commands.serve import settings_of
from attentionviz.errors import ConfigError
from attentionviz.server.access.token_file import read_tokens
from attentionviz.settings.defaults_file import EXAMPLES, default_toml
from attentionviz.settings.installation import ROOT as CHECKOUT
from attentionviz.settings.settings import SETTINGS, Settings, load_settings


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    return path


def test_defaults_serve_this_machine_only() -> None:
    settings = load_settings(environment={})
    assert settings == Settings()
    assert (settings.host, settings.port) == ("127.0.0.1", 8561)
    assert settings.data_dir == CHECKOUT / "data" / "built"
    assert settings.cors_origins == ()


def test_every_setting_has_a_help_text() -> None:
    assert all(s.help.endswith(".") and s.type_name for s in SETTINGS)
    assert len({s.name for s in SETTINGS}) == len(SETTINGS)


def test_every_default_is_a_valid_value() -> None:
    assert all(s.parse(s.default) == s.default for s in SETTINGS)


def test_the_environment_overrides_the_file_and_a_flag_both(tmp_path: Path) -> None:
    file = write(tmp_path, "port = 1\nthreads = 2\ncache_mb = 3\n")
    environment = {"ATTENTIONVIZ_PORT": "11", "ATTENTIONVIZ_THREADS": "12", "HOME": "/"}
    settings = load_settings(file=file, environment=environment, flags={"port": 21, "host": None})
    assert (settings.port, settings.threads, settings.cache_mb) == (21, 12, 3)


def test_a_file_can_be_named_by_the_environment(tmp_path: Path) -> None:
    file = write(tmp_path, 'cors_origins = ["https://a.example"]\n')
    settings = load_settings(environment={"ATTENTIONVIZ_CONFIG": str(file)})
    assert settings.cors_origins == ("https://a.example",)


def test_paths_in_a_file_are_relative_to_its_folder(tmp_path: Path) -> None:
    file = write(tmp_path, 'data_dir = "maps"\nscheduler = "scheduler.json"')
    settings = load_settings(file=file, environment={})
    assert settings.data_dir == tmp_path / "maps"
    assert settings.scheduler == tmp_path / "scheduler.json"


def test_lists_can_be_comma_separated() -> None:
    settings = load_settings(
        environment={
            "ATTENTIONVIZ_ALLOWED_HOSTS": "Viz.Example, [::1] ,10.0.0.1",
            "ATTENTIONVIZ_TOKEN_FILE": "tokens",
            "ATTENTIONVIZ_CORS_ORIGINS": "https://a.example,http://b.example:8080",
        }
    )
    assert settings.allowed_hosts == ("viz.example", "[::1]", "10.0.0.1")
    assert settings.cors_origins == ("https://a.example", "http://b.example:8080")


def test_a_failpoint_is_not_a_setting() -> None:
    assert load_settings(environment={"ATTENTIONVIZ_FAILPOINT": "x"}) == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "65536"),
        ("port", "-1"),
        ("port", "http"),
        ("port", ""),
        ("port", "8561.0"),
        ("threads", "0"),
        ("threads", "9" * 40),
        ("channel_timeout", "0"),
        ("allowed_hosts", "*"),
        ("allowed_hosts", "https://viz.example"),
        ("allowed_hosts", "viz.example:80"),
        ("allowed_hosts", "a b"),
        ("cors_origins", "*"),
        ("cors_origins", "viz.example"),
        ("cors_origins", "https://viz.example/"),
        ("cors_origins", "https://*.example"),
        ("cors_origins", "null"),
        ("trusted_proxies", "nginx"),
        ("trusted_proxies", "10.0.0.1/8"),
        ("trusted_proxies", "*"),
        ("url_prefix", "lab"),
        ("url_prefix", "/lab/../x"),
        ("url_prefix", "//evil.example"),
        ("url_prefix", "/a b"),
        ("url_prefix", "/api/viz"),
        ("url_prefix", "/login"),
        ("read_only", "perhaps"),
        ("read_only", ""),
        ("allow_jobs", "2"),
        ("access_log", "loud"),
        ("token_file", ""),
        ("data_dir", ""),
        ("data_dir", "a\0b"),
        ("host", " "),
        ("scheduler", "http://node1:8786"),
        ("scheduler", "tcp://node1"),
        ("scheduler", "node1:8786"),
        ("scheduler", "--help"),
        ("surprise", "1"),
    ],
)
def test_unknown_and_malformed_settings_are_refused_by_name(name: str, value: str) -> None:
    variable = f"ATTENTIONVIZ_{name.upper()}"
    with pytest.raises(ConfigError, match=variable):
        load_settings(environment={variable: value})
    flag = next((s.flag for s in SETTINGS if s.name == name), f"--{name}")
    with pytest.raises(ConfigError, match=flag):
        load_settings(environment={}, flags={name: value})


@pytest.mark.parametrize(
    "text",
    ["port = ", "surprise = 1", "port = true", 'port = "x"', "port = 1.5", "[server]\nport=1"],
)
def test_an_invalid_settings_file_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"settings\.toml"):
        load_settings(file=write(tmp_path, text), environment={})


def test_a_missing_settings_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        load_settings(file=tmp_path / "none.toml", environment={})


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1.2.3", "localhost", "LOCALHOST", "::1", "[::1]"]
)
def test_a_server_for_this_machine_needs_no_tokens(host: str) -> None:
    assert load_settings(environment={}, flags={"host": host}).host == host


OPEN_HOSTS = [
    "0.0.0.0",  # noqa: S104 - what must be refused
    "::",
    "10.1.2.3",
    "viz.example",
    "0",
    "localhost.example",
    "127.0.0.1.example",
]


@pytest.mark.parametrize("host", OPEN_HOSTS)
def test_an_open_port_without_tokens_lists_all_missing_settings(host: str) -> None:
    with pytest.raises(ConfigError, match="--token-file FILE .* and --allowed-host NAME") as raised:
        load_settings(environment={}, flags={"host": host})
    assert str(raised.value).startswith(f"host {host} lets other machines connect; add ")
    with pytest.raises(ConfigError, match="--token-file"):
        load_settings(environment={}, flags={"host": host, "allowed_hosts": ["viz.example"]})
    with pytest.raises(ConfigError, match="--allowed-host"):
        load_settings(environment={}, flags={"host": host, "token_file": "tokens"})
    with pytest.raises(ConfigError, match="--allowed-host"):
        flags = {"host": host, "token_file": "tokens", "allowed_hosts": ["localhost"]}
        load_settings(environment={}, flags=flags)


@pytest.mark.parametrize("host", OPEN_HOSTS)
def test_an_open_port_with_tokens_and_a_host_name_is_accepted(host: str) -> None:
    flags = {"host": host, "token_file": "tokens", "allowed_hosts": ["viz.example"]}
    assert load_settings(environment={}, flags=flags).is_shared


@pytest.mark.parametrize(
    "flags",
    [
        {"allowed_hosts": ["viz.example"]},
        {"trusted_proxies": ["127.0.0.1"]},
        {"trusted_proxies": ["127.0.0.1"], "allowed_hosts": ["viz.example"]},
    ],
)
def test_a_proxy_on_this_machine_needs_tokens_too(flags: dict) -> None:
    with pytest.raises(ConfigError, match="everyone who can reach the proxy; add --token-file"):
        load_settings(environment={}, flags=flags)
    with_all = {"allowed_hosts": ["viz.example"], **flags, "token_file": "tokens"}
    assert load_settings(environment={}, flags=with_all).is_shared


def test_local_host_names_and_a_prefix_need_no_tokens() -> None:
    flags = {"allowed_hosts": ["localhost", "127.0.0.2", "[::1]"], "url_prefix": "/lab/viz/"}
    settings = load_settings(environment={}, flags=flags)
    assert (settings.is_shared, settings.url_prefix) == (False, "/lab/viz")


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({}, False),
        ({"allow_jobs": True}, True),
        ({"allow_jobs": True, "read_only": True}, False),
        ({"read_only": True}, False),
    ],
)
def test_read_only_overrides_allow_jobs(flags: dict, expected: bool) -> None:
    assert load_settings(environment={}, flags=flags).has_jobs is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("true", True), ("Yes", True), ("on", True), ("1", True), ("FALSE", False), ("0", False)],
)
def test_a_switch_accepts_common_words(text: str, expected: bool) -> None:
    settings = load_settings(environment={"ATTENTIONVIZ_READ_ONLY": text})
    assert settings.read_only is expected


def test_the_printed_settings_file_loads_as_the_defaults(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert main(["serve", "--dump-default-config"]) == 0
    text = capsys.readouterr().out
    assert load_settings(file=write(tmp_path, text), environment={}) == Settings()
    for setting in SETTINGS:
        assert re.search(rf"^(# )?{setting.name} = ", text, re.M)
        assert setting.help.split()[0] in text


def test_commented_settings_of_the_printed_file_are_valid(tmp_path: Path) -> None:
    text = re.sub(r"^# (\w+ = )", r"\1", default_toml(), flags=re.M)
    settings = load_settings(file=write(tmp_path, text), environment={})
    assert settings.token_file == Path(EXAMPLES["token_file"])


def options(*arguments: str) -> Settings:
    return settings_of(make_parser().parse_args(["serve", *arguments]))


def test_options_are_parsed_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATTENTIONVIZ_CORS_ORIGINS", "https://c.example")
    file = write(tmp_path, "read_only = true\nallow_jobs = true\nthreads = 3\n")
    one = "--cors-origin=https://a.example"
    settings = options("--config", str(file), one, "--cors-origin", "https://b.example")
    assert settings.cors_origins == ("https://a.example", "https://b.example")
    assert (settings.read_only, settings.allow_jobs, settings.threads) == (True, True, 3)
    assert options("--config", str(file), "--no-read-only").has_jobs
    assert options().cors_origins == ("https://c.example",)
    assert options("--read-only").read_only


def test_a_generated_token_is_a_line_of_the_token_file(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    path = tmp_path / "tokens"
    for arguments in ([], ["jobs"], ["read", "ada.l@lab"]):
        assert main(["token", *arguments]) == 0
    text = capsys.readouterr().out
    path.write_text(text)
    path.chmod(0o600)
    found = [(token.role, token.name) for token in read_tokens(path)]
    assert [role for role, _ in found] == ["read", "jobs", "read"]
    assert found[2][1] == "ada.l@lab"
    assert len({line.split()[1] for line in text.splitlines()}) == 3
    assert main(["token", "read", "two words"]) == 2
