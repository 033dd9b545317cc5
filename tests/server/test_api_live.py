"""The routes of typed texts and dropped images: what they refuse, and what they pass on."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from tests.server.conftest import make_app
from tests.support.checked_client import CheckedClient
from werkzeug.test import TestResponse

from attentionviz.live.service import LiveService, ServiceLimits
from attentionviz.live.worker_settings import WorkerSettings
from attentionviz.server.http.context import EXTENSION
from attentionviz.server.http.live_settings import MAX_BODY_BYTES, MAX_IMAGE_BYTES

FAKE_WORKER = Path(__file__).resolve().parents[1] / "support" / "fake_worker.py"
OWN = {"Sec-Fetch-Site": "same-origin"}
TEXT, IMAGE = "/api/v1/datasets/text/text", "/api/v1/datasets/image/image"


@pytest.fixture
def live_app(data_dir: Path) -> Iterator[Flask]:
    """Return an application whose worker repeats the question."""
    app = make_app(data_dir)
    service = LiveService(
        WorkerSettings(data_dir, data_dir, max_answer_bytes=2 * MAX_IMAGE_BYTES),
        ServiceLimits(),
        [sys.executable, str(FAKE_WORKER)],
    )
    app.extensions[EXTENSION] = replace(app.extensions[EXTENSION], live=service)
    yield app
    service.close()


@pytest.fixture
def live(live_app: Flask) -> CheckedClient:
    return live_app.test_client()


def form(*parts: tuple[str, bytes, bool]) -> dict[str, Any]:
    """Return a form of (name, content, whether it is a file), as a browser writes it."""
    lines = b""
    for name, content, is_file in parts:
        file = '; filename="../../a.png"' if is_file else ""
        lines += f'--x\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode()
        lines += content + b"\r\n"
    return {"data": lines + b"--x--\r\n", "content_type": "multipart/form-data; boundary=x"}


def post(client: CheckedClient, path: str, **body: Any) -> TestResponse:
    return client.post(path, headers=OWN, **body)


def asked(response: TestResponse) -> tuple[dict, bytes]:
    """Return the question and the body that reached the worker."""
    assert response.status_code == 200, response.text
    assert response.mimetype == "application/vnd.safetensors"
    assert response.headers["Cache-Control"] == "no-store"
    assert "ETag" not in response.headers
    said, _, body = response.data.partition(b"\0")
    return json.loads(said)["question"], body


def error(response: TestResponse) -> tuple[int, str]:
    return response.status_code, response.json["error"]["code"]


def test_the_live_limits_are_returned(live: CheckedClient) -> None:
    assert live.get("/api/v1/live").json == {
        "is_enabled": True,
        "max_characters": 2000,
        "max_image_bytes": MAX_IMAGE_BYTES,
        "max_pixels": 25_000_000,
        "max_tokens": 512,
    }


def test_a_text_reaches_the_worker_with_the_version_of_its_dataset(live: CheckedClient) -> None:
    question, _ = asked(post(live, TEXT, json={"text": " In april \u2028<b>", "maps": ["tsne-2d"]}))
    version = live.get("/api/v1/datasets/text").json["version"]
    assert question == {
        "text": " In april \u2028<b>",
        "maps": ["tsne-2d"],
        "dataset": "text",
        "version": version,
    }


def test_a_text_is_placed_in_all_maps_by_default(live: CheckedClient) -> None:
    maps = list(live.get("/api/v1/datasets/text").json["manifest"]["maps"])
    assert asked(post(live, TEXT, json={"text": "x"}))[0]["maps"] == maps


def test_exact_tokens_reach_the_worker_as_they_are(live: CheckedClient) -> None:
    tokens = ["[CLS]", " the", "##ing", "", 11, "你 1⁄3", "[SEP]"]
    assert asked(post(live, TEXT, json={"tokens": tokens}))[0]["tokens"] == tokens


def test_an_image_reaches_the_worker_byte_for_byte(live: CheckedClient) -> None:
    content = bytes(range(256)) * 10_000
    sent = form(("image", content, True), ("maps", b"pca-2d", False))
    question, body = asked(post(live, IMAGE, **sent))
    assert body == content
    assert question.keys() == {"maps", "dataset", "version"}  # no name of a file


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid_request"),
        ({"text": ""}, "text_invalid"),
        ({"text": " \n\t"}, "text_invalid"),
        ({"text": 3}, "invalid_request"),
        ({"text": "x", "tokens": ["x"]}, "invalid_request"),
        ({"tokens": "x"}, "invalid_request"),
        ({"tokens": [True]}, "invalid_request"),
        ({"tokens": []}, "invalid_request"),
        ({"text": "x", "other": 1}, "invalid_request"),
        ({"text": "x", "maps": []}, "invalid_request"),
        ({"text": "x", "maps": ["tsne-2d"] * 2}, "invalid_request"),
        ({"text": "x", "maps": [f"{n}" for n in range(11)]}, "invalid_request"),
        ({"text": "x", "maps": "tsne-2d"}, "invalid_request"),
        ({"text": "x", "maps": ["../tsne-2d"]}, "invalid_request"),
        ({"text": "x", "maps": [["tsne-2d"]]}, "invalid_request"),
        ([], "invalid_request"),
        (None, "invalid_request"),
    ],
)
def test_a_malformed_body_is_400(body: object, code: str, live: CheckedClient) -> None:
    assert error(post(live, TEXT, json=body)) == (400, code)


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[" * 50_000, b"", b'{"text": NaN}'])
def test_a_body_that_is_not_json_is_400(body: bytes, live: CheckedClient) -> None:
    response = post(live, TEXT, data=body, content_type="application/json")
    assert error(response) == (400, "invalid_request")


def test_a_missing_map_is_named(live: CheckedClient) -> None:
    response = post(live, "/api/v1/datasets/causal/text", json={"text": "x", "maps": ["tsne-2d"]})
    assert error(response) == (400, "invalid_request")
    assert "causal has no map tsne-2d" in response.json["error"]["message"]


def test_a_missing_or_unfinished_dataset_is_reported(live: CheckedClient) -> None:
    def found(name: str) -> tuple[int, str]:
        return error(post(live, f"/api/v1/datasets/{name}/text", json={"text": "x"}))

    assert found("none") == (404, "dataset_not_found")
    assert found("half") == found("begun") == (409, "not_ready")
    assert found("damaged") == (500, "dataset_damaged")
    assert found("image") == (400, "invalid_request")
    sent = form(("image", b"x", True))
    assert error(post(live, "/api/v1/datasets/text/image", **sent)) == (400, "invalid_request")


def test_a_removed_version_is_404(live: CheckedClient) -> None:
    assert error(post(live, f"{TEXT}?v=0123456789ab", json={"text": "x"}))[0] == 404
    assert error(post(live, f"{TEXT}?v=x", json={"text": "x"}))[0] == 400
    assert error(post(live, f"{TEXT}?w=1", json={"text": "x"}))[0] == 400


def test_a_long_text_is_413_and_a_large_image_is_accepted(live: CheckedClient) -> None:
    assert error(post(live, TEXT, json={"text": "x" * MAX_BODY_BYTES})) == (413, "too_large")
    sent = form(("image", b"x" * MAX_IMAGE_BYTES, True))
    assert asked(post(live, IMAGE, **sent))[1] == b"x" * MAX_IMAGE_BYTES
    for n_bytes in (MAX_IMAGE_BYTES + 1, MAX_IMAGE_BYTES + 10**6):
        sent = form(("image", b"x" * n_bytes, True))
        assert error(post(live, IMAGE, **sent)) == (413, "too_large")


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [("image", b"no file", False)],
        [("image", b"x", True), ("other", b"y", False)],
        [("image", b"x", True), ("image", b"y", True)],
        [("picture", b"x", True)],
        [("image", b"x", True), ("maps", b"pca-2d,pca-2d", False)],
        [("image", b"x", True), ("maps", b"pca-2d", False), ("maps", b"pca-2d", False)],
        [("image", b"x", True), ("maps", b"", False)],
    ],
)
def test_a_malformed_form_is_400(parts: list[tuple[str, bytes, bool]], live: CheckedClient) -> None:
    assert error(post(live, IMAGE, **form(*parts))) == (400, "invalid_request")


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=x"])
def test_a_body_that_is_not_a_form_is_400(kind: str, live: CheckedClient) -> None:
    response = post(live, IMAGE, data=b"--y\r\n" * 1000, content_type=kind)
    assert error(response) == (400, "invalid_request")


def test_an_empty_image_is_400(live: CheckedClient) -> None:
    assert error(post(live, IMAGE, **form(("image", b"", True)))) == (400, "image_invalid")


def test_a_form_in_place_of_json_and_vice_versa_is_400(live: CheckedClient) -> None:
    assert error(post(live, TEXT, **form(("text", b"x", False))))[0] == 400
    assert error(post(live, IMAGE, json={"image": "x"}))[0] == 400


def test_other_pages_cannot_send_anything(live: CheckedClient) -> None:
    for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}):
        assert live.post(TEXT, json={"text": "x"}, headers=headers).status_code == 403
    assert live.post(TEXT, data="text=x", headers=OWN).status_code == 415


def test_get_of_a_post_route_says_how_it_is_used(live: CheckedClient) -> None:
    response = live.get(TEXT)
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")


def test_live_inference_can_be_turned_off(data_dir: Path) -> None:
    client = make_app(data_dir, live=False).test_client()
    assert client.get("/api/v1/live").json["is_enabled"] is False
    response = post(client, TEXT, json={"text": "x"})
    assert error(response) == (409, "live_unavailable")


def test_a_busy_worker_says_when_to_try_again(live_app: Flask) -> None:
    service = live_app.extensions[EXTENSION].live
    service.close()
    response = post(live_app.test_client(), TEXT, json={"text": "x"})
    assert error(response) == (503, "busy")
    assert int(response.headers["Retry-After"]) > 0


def test_creating_the_app_imports_no_heavy_library() -> None:
    code = (
        "import sys; from attentionviz.server.app import create_app;"
        " from attentionviz.settings.settings import Settings;"
        " create_app(Settings());"
        " heavy = {'torch', 'transformers', 'PIL', 'scipy', 'numba',"
        " 'sklearn', 'safetensors', 'attentionviz.models', 'attentionviz.live.worker'};"
        " print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
