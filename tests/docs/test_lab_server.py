"""The page about a lab server: its files are taken out, run, and asked what people would ask."""

import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.server.conftest import READ_TOKEN, bearer, write_tokens
from tests.support.fake_dataset import FakeSpec, write_fake_dataset

from attentionviz.commands.main import make_parser
from attentionviz.commands.serve import settings_of
from attentionviz.server.app import serve_in_background
from attentionviz.settings.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "lab-server.md").read_text(encoding="utf-8")
HOST, PREFIX = "lab.example", "/attentionviz"
PROGRAM = "/srv/attentionviz/program/.venv/bin/attentionviz"


def block(language: str) -> str:
    """Return the one file of a language that the page holds."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)
    assert len(found) == 1
    return found[0]


def commands() -> list[str]:
    """Return every line that the page has one type."""
    words = re.sub(r"```.*?```", "", PAGE, flags=re.S)
    return [line.strip() for line in re.findall(r"^    (\S.*)$", words, re.M)]


def replaced(text: str, **changes: str) -> str:
    """Return a file of the page with other places; each of them has to be in it."""
    for old, new in changes.values():
        assert old in text
        text = text.replace(old, new)
    return text


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def settings_file(tmp_path: Path) -> Path:
    """Write the settings of the page, with places that are there."""
    write_fake_dataset(tmp_path / "datasets", FakeSpec("text", n_tokens=60, maps=("pca-2d",)))
    tokens = write_tokens(tmp_path / "tokens")
    text = replaced(
        block("toml"),
        data=("/srv/attentionviz/datasets", str(tmp_path / "datasets")),
        tokens=("/etc/attentionviz/tokens", str(tokens)),
    )
    path = tmp_path / "attentionviz.toml"
    path.write_text(text)
    return path


def test_the_settings_of_the_page_make_a_shared_server(tmp_path: Path) -> None:
    settings = load_settings(file=settings_file(tmp_path), environment={})
    assert settings.is_shared
    assert settings.has_access_log
    assert not settings.has_jobs
    assert (settings.url_prefix, settings.allowed_hosts) == (PREFIX, (HOST,))


@pytest.mark.parametrize("left_out", ["token_file", "allowed_hosts"])
def test_each_of_these_settings_is_required(tmp_path: Path, left_out: str) -> None:
    path = settings_file(tmp_path)
    path.write_text(re.sub(rf"^{left_out} = .*\n", "", path.read_text(), flags=re.M))
    command = [sys.executable, "-m", "attentionviz", "serve", "--config", str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 2
    assert len(ended.stderr.strip().splitlines()) == 1
    assert "; add --" in ended.stderr


def test_commands_in_the_document_exist() -> None:
    lines = [line for line in commands() if "bin/attentionviz" in line]
    assert len(lines) >= 5
    for line in lines:
        words = line.split("bin/attentionviz ")[1].split(" | ")[0].split()
        make_parser().parse_args(words)
    targets = set(re.findall(r"^(\S+):", (ROOT / "Makefile").read_text(), re.M))
    made = [
        word for line in commands() if " make " in line for word in line.split(" make ")[1].split()
    ]
    assert {target.replace(".venv", "$(VENV)") for target in made} <= targets


def test_the_systemd_service_starts_the_documented_command(tmp_path: Path) -> None:
    unit = block("ini")
    start = re.search(r"^ExecStart=(\S+) (.*)$", unit, re.M)
    assert start[1] == PROGRAM
    arguments = make_parser().parse_args(start[2].split())
    assert str(arguments.config) == "/etc/attentionviz/attentionviz.toml"
    arguments.config = settings_file(tmp_path)
    assert settings_of(arguments).is_shared


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_systemd_analyze_accepts_the_unit_with_low_exposure(tmp_path: Path) -> None:
    unit = tmp_path / "attentionviz.service"
    anybody = block("ini").replace(PROGRAM, sys.executable)  # there may be no such user here
    unit.write_text(anybody.replace("User=attentionviz\nGroup=attentionviz\n", ""))
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "attentionviz.service" not in verified.stderr, verified.stderr
    unit.write_text(block("ini"))
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=30", str(unit)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert judged.returncode == 0, judged.stdout[-300:] + judged.stderr


@pytest.fixture
def server(tmp_path: Path) -> int:
    """Serve with the settings of the page; return the port."""
    settings = load_settings(file=settings_file(tmp_path), environment={})
    address = serve_in_background(replace(settings, port=0))
    return int(address.removesuffix(f"{PREFIX}/").rpartition(":")[2])


@contextmanager
def running(command: list[str], port: int, **environment: str) -> Iterator[None]:
    """Run a proxy until it listens, and end it."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment or None
    )
    try:
        end = time.monotonic() + 40
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, process.stderr.read().decode()
                assert time.monotonic() < end, "the proxy does not listen"
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.communicate(timeout=40)


def require_valid(command: list[str], **environment: str) -> None:
    """Have a proxy look at its file."""
    checked = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment or None
    )
    assert checked.returncode == 0, checked.stderr


@contextmanager
def nginx(server_port: int, port: int, folder: Path) -> Iterator[None]:
    """Run nginx with the file of the page."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", f"/CN={HOST}",
         "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")],
        check=True, capture_output=True,
    )  # fmt: skip
    site = replaced(
        block("nginx"),
        listen=("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        certificate=("/etc/ssl/lab.example/fullchain.pem", str(folder / "cert.pem")),
        key=("/etc/ssl/lab.example/privkey.pem", str(folder / "key.pem")),
        program=("127.0.0.1:8561", f"127.0.0.1:{server_port}"),
    )
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if Path("/root").is_dir() and folder.owner() == "root" else ""
    path = folder / "nginx.conf"
    path.write_text(
        f"daemon off;\n{user}pid {folder}/pid;\nerror_log stderr;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{temporary}{site}}}\n"
    )
    require_valid(["nginx", "-t", "-c", str(path)])
    with running(["nginx", "-c", str(path)], port):
        yield


@contextmanager
def caddy(server_port: int, port: int, folder: Path) -> Iterator[None]:
    """Run Caddy with the file of the page, and a certificate of its own making."""
    site = replaced(
        block("caddyfile"),
        name=("lab.example {\n", f"lab.example:{port} {{\n    tls internal\n    bind 127.0.0.1\n"),
        program=("127.0.0.1:8561", f"127.0.0.1:{server_port}"),
    )
    path = folder / "Caddyfile"
    head = "admin off\n    skip_install_trust\n    auto_https disable_redirects"
    path.write_text(f"{{\n    {head}\n}}\n{site}")
    places = {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "HOME": str(folder)}
    common = ["--config", str(path), "--adapter", "caddyfile"]
    require_valid([shutil.which("caddy"), "validate", *common], **places)
    with running([shutil.which("caddy"), "run", *common], port, **places):
        wait_for_certificate(port)
        yield


def secured(port: int) -> ssl.SSLSocket:
    """Return a connection to a proxy, by the name of the page; any certificate will do."""
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    raw = socket.create_connection(("127.0.0.1", port), timeout=60)
    return trust.wrap_socket(raw, server_hostname=HOST)


def wait_for_certificate(port: int) -> None:
    """Caddy listens a moment before it has made its certificate, and refuses until then."""
    end = time.monotonic() + 40
    while True:
        try:
            secured(port).close()
            return
        except ssl.SSLError:
            assert time.monotonic() < end, "the proxy makes no certificate"
            time.sleep(0.05)


class Site(NamedTuple):
    """What a browser reaches: the proxy, by the name of the page."""

    port: int

    def ask(
        self, path: str, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> tuple[HTTPResponse, bytes]:
        """Return an answer through the proxy."""
        connection = HTTPSConnection(HOST, self.port, timeout=60)
        connection.sock = secured(self.port)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"Host": f"{HOST}:{self.port}", **sent})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer, content


@pytest.fixture(params=[nginx, caddy], ids=["nginx", "caddy"])
def site(request: pytest.FixtureRequest, server: int, tmp_path: Path) -> Iterator[Site]:
    """Return the site behind each of the two proxies."""
    run: Callable = request.param
    if shutil.which(run.__name__) is None or shutil.which("openssl") is None:
        pytest.skip(f"{run.__name__} and openssl are not both installed here")
    port = free_port()
    with run(server, port, tmp_path):
        yield Site(port)


def form(token: str) -> tuple[bytes, str]:
    parts = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (("token", token), ("next", "?dataset=text"))
    )
    return f"{parts}--x--\r\n".encode(), "multipart/form-data; boundary=x"


def sign_in(site: Site, token: str = READ_TOKEN, **headers: str) -> HTTPResponse:
    body, kind = form(token)
    own = {"Origin": f"https://{HOST}:{site.port}", "Content_Type": kind, **headers}
    return site.ask(f"{PREFIX}/login", "POST", body, **own)[0]


def test_the_proxy_admits_signed_in_users_only(site: Site) -> None:
    assert site.ask(f"{PREFIX}/health")[1] == b'{"status":"ok"}'
    assert site.ask(f"{PREFIX}/api/v1/datasets")[0].status == 401
    told = site.ask(f"{PREFIX}/api/v1/session", **bearer(READ_TOKEN))
    assert told[0].status == 200
    assert b'"name":"ada"' in told[1]
    index, html = site.ask(f"{PREFIX}/")
    linked = re.findall(r'"\./(page/[^"]+)"', html.decode())
    assert (index.status, len(linked)) == (200, 3)  # mark, sheet, script
    for path in linked:
        assert site.ask(f"{PREFIX}/{path}")[0].status == 200
    answer = sign_in(site)
    assert (answer.status, answer.getheader("Location")) == (303, "./?dataset=text")
    cookie = answer.getheader("Set-Cookie")
    assert f"Path={PREFIX}/;" in cookie
    assert "; Secure" in cookie
    session = {"Cookie": cookie.partition(";")[0]}
    listed, body = site.ask(f"{PREFIX}/api/v1/datasets", **session)
    assert listed.status == 200
    assert b'"id":"text"' in body
    points, content = site.ask(f"{PREFIX}/api/v1/datasets/text/projections/pca-2d", **session)
    shape = [int(n) for n in points.getheader("X-Shape").split(",")]
    assert len(content) == 2 * shape[0] * shape[1] * shape[2] * shape[3]
    out = site.ask(f"{PREFIX}/logout", "POST", Origin=f"https://{HOST}:{site.port}", **session)
    assert out[0].status == 204
    assert site.ask(f"{PREFIX}/api/v1/datasets", **session)[0].status == 401


def test_the_path_without_a_trailing_slash_redirects_to_the_page(site: Site) -> None:
    answer = site.ask(PREFIX)[0]
    assert answer.status == 308
    assert answer.getheader("Location").endswith(f"{PREFIX}/")


def test_other_pages_cannot_sign_anybody_in(site: Site) -> None:
    assert sign_in(site, Origin="https://evil.example").status == 403
    assert sign_in(site, Origin=f"http://{HOST}:{site.port}").status == 403


def test_forwarded_headers_of_a_client_are_ignored(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    lies = {
        "X_Forwarded_For": "203.0.113.66",
        "X_Forwarded_Proto": "http",
        "X_Forwarded_Host": "evil.example",
        "X_Forwarded_Prefix": "/evil",
        "Forwarded": "for=203.0.113.66",
    }
    with caplog.at_level("INFO", "attentionviz.requests"):
        answer = sign_in(site, **lies)
    assert answer.status == 303
    assert f"; Secure; HttpOnly; Path={PREFIX}/;" in answer.getheader("Set-Cookie")
    said = [record.getMessage() for record in caplog.records if "login" in record.getMessage()]
    assert [line.split()[0] for line in said] == ["127.0.0.1"]


def test_a_host_that_the_settings_do_not_name_is_not_served(server: int) -> None:
    from http.client import HTTPConnection

    connection = HTTPConnection("127.0.0.1", server, timeout=60)
    connection.request("GET", "/health", headers={"Host": "evil.example"})
    assert connection.getresponse().status == 421
    connection.close()


def test_ports_and_settings_in_the_document_match_the_program() -> None:
    assert Settings().port == 8561
    assert "127.0.0.1:8561" in block("nginx")
    assert "127.0.0.1:8561" in block("caddyfile")
    names = [line.split(" = ")[0] for line in block("toml").splitlines()]
    assert set(names) <= {one for one in Settings.__dataclass_fields__}
