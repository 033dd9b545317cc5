"""Settings: one table, three places, and no server that is open to others by mistake."""

from pathlib import Path

import pytest

from attentionviz.config import CHECKOUT, SETTINGS, Settings, load_settings
from attentionviz.errors import ConfigError


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    return path


def test_defaults_are_for_one_person_on_one_machine() -> None:
    settings = load_settings(environment={})
    assert settings == Settings()
    assert (settings.host, settings.port) == ("127.0.0.1", 8561)
    assert settings.data_dir == CHECKOUT / "data" / "built"
    assert settings.cors_origins == ()


def test_the_table_says_what_every_setting_is_for() -> None:
    assert all(s.help.endswith(".") and s.type_name for s in SETTINGS)
    assert len({s.name for s in SETTINGS}) == len(SETTINGS)
    port = next(s for s in SETTINGS if s.name == "data_dir")
    assert (port.flag, port.environment_name) == ("--data-dir", "ATTENTIONVIZ_DATA_DIR")


def test_every_default_is_a_value_that_can_be_given() -> None:
    assert all(s.parse(s.default) == s.default for s in SETTINGS)


def test_the_environment_overrules_the_file_and_a_flag_both(tmp_path: Path) -> None:
    file = write(tmp_path, "port = 1\nthreads = 2\ncache_mb = 3\n")
    environment = {"ATTENTIONVIZ_PORT": "11", "ATTENTIONVIZ_THREADS": "12", "HOME": "/"}
    settings = load_settings(file=file, environment=environment, flags={"port": 21, "host": None})
    assert (settings.port, settings.threads, settings.cache_mb) == (21, 12, 3)


def test_a_file_can_be_named_by_the_environment(tmp_path: Path) -> None:
    file = write(tmp_path, 'allowed_hosts = ["viz.lab.example"]\n')
    settings = load_settings(environment={"ATTENTIONVIZ_CONFIG": str(file)})
    assert settings.allowed_hosts == ("viz.lab.example",)


def test_paths_in_a_file_are_relative_to_its_folder(tmp_path: Path) -> None:
    settings = load_settings(file=write(tmp_path, 'data_dir = "maps"'), environment={})
    assert settings.data_dir == tmp_path / "maps"


def test_lists_can_be_given_with_commas() -> None:
    settings = load_settings(
        environment={
            "ATTENTIONVIZ_ALLOWED_HOSTS": "Viz.Example, [::1] ,10.0.0.1",
            "ATTENTIONVIZ_CORS_ORIGINS": "https://a.example,http://b.example:8080",
        }
    )
    assert settings.allowed_hosts == ("viz.example", "[::1]", "10.0.0.1")
    assert settings.cors_origins == ("https://a.example", "http://b.example:8080")


def test_a_failpoint_is_no_setting() -> None:
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
        ("data_dir", ""),
        ("data_dir", "a\0b"),
        ("host", " "),
        ("surprise", "1"),
    ],
)
def test_what_is_unknown_or_malformed_is_refused_by_name(name: str, value: str) -> None:
    variable = f"ATTENTIONVIZ_{name.upper()}"
    with pytest.raises(ConfigError, match=variable):
        load_settings(environment={variable: value})
    with pytest.raises(ConfigError, match="--" + name.replace("_", "-")):
        load_settings(environment={}, flags={name: value})


@pytest.mark.parametrize(
    "text",
    ["port = ", "surprise = 1", "port = true", 'port = "x"', "port = 1.5", "[server]\nport=1"],
)
def test_a_file_that_is_wrong_is_refused_by_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"settings\.toml"):
        load_settings(file=write(tmp_path, text), environment={})


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        load_settings(file=tmp_path / "none.toml", environment={})


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1.2.3", "localhost", "LOCALHOST", "::1", "[::1]"]
)
def test_this_machine_only_needs_nothing_more(host: str) -> None:
    assert load_settings(environment={}, flags={"host": host}).host == host


@pytest.mark.parametrize(
    "host",
    [
        "0.0.0.0",  # noqa: S104 - what must be refused
        "::",
        "10.1.2.3",
        "viz.example",
        "0",
        "localhost.example",
        "127.0.0.1.example",
    ],
)
def test_a_port_that_is_open_to_others_is_refused(host: str) -> None:
    with pytest.raises(ConfigError, match="not there yet"):
        load_settings(environment={}, flags={"host": host, "allowed_hosts": "viz.example"})
