"""The routes of jobs: whom they answer, what they take, what they refuse."""

import json
from pathlib import Path

import pytest
from tests.server.conftest import make_app
from tests.support.checked_client import CheckedClient
from tests.support.fake_dataset import FakeSpec, write_fake_dataset
from tests.support.job_server import TEXT, form, wait_for

from attentionviz.core.methods import METHOD_FACTS
from attentionviz.jobs import JobQueue
from attentionviz.jobs.limits import job_limits
from attentionviz.server.http.context import EXTENSION
from attentionviz.settings.settings import load_settings

OWN = {"Sec-Fetch-Site": "same-origin"}
PNG = b"\x89PNG\r\n\x1a\n"


class Client:
    """Asks an application whose jobs are never begun, so that every answer is the same."""

    def __init__(self, data_dir: Path, **settings: object) -> None:
        self.app = make_app(data_dir, allow_jobs=True, **settings)
        self.queue: JobQueue = self.app.extensions[EXTENSION].jobs
        self.queue._runner = _Idle()
        self.queue.spool.make()
        self.client: CheckedClient = self.app.test_client()

    def post(self, files: list[tuple[str, bytes]] | None = None, **fields: str):
        asked = {"model": "demo-bert", "dataset_id": "mine", "methods": "pca", "dims": "2"}
        asked |= fields
        given = [("mine.csv", TEXT)] if files is None else files
        body, kind = form({k: v for k, v in asked.items() if v != "-"}, given)
        return self.client.post("/api/v1/jobs", data=body, content_type=kind, headers=OWN)


class _Idle:
    def join(self) -> None:
        """Nothing runs."""


@pytest.fixture
def idle(tmp_path: Path) -> Client:
    return Client(tmp_path)


def error(response, status: int, code: str) -> str:
    assert (response.status_code, response.json["error"]["code"]) == (status, code), response.text
    return response.json["error"]["message"]


def left_over(idle: Client) -> list[str]:
    """Return what lies in the folder of jobs beside the jobs themselves."""
    folder = idle.queue.spool.folder
    return [path.name for path in folder.iterdir() if path.name.startswith("incoming")]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/jobs"),
        ("POST", "/api/v1/jobs"),
        ("GET", "/api/v1/jobs/0123456789abcdef"),
        ("DELETE", "/api/v1/jobs/0123456789abcdef"),
        ("POST", "/api/v1/jobs/0123456789abcdef/start"),
    ],
)
def test_without_the_setting_there_are_no_job_routes(method, path, tmp_path) -> None:
    for settings in ({}, {"allow_jobs": True, "read_only": True}):
        client = make_app(tmp_path, **settings).test_client()
        error(client.open(path, method=method, headers=OWN), 404, "not_found")
        options = client.get("/api/v1/jobs/options")
        assert options.json == {"is_enabled": False}
    assert not (tmp_path / ".jobs").exists()


def test_options_list_models_formats_and_limits(idle) -> None:
    found = idle.client.get("/api/v1/jobs/options").json
    assert found["models"] == [
        {"name": "demo-bert", "modality": "text"},
        {"name": "demo-gpt2", "modality": "text"},
        {"name": "demo-vit", "modality": "image"},
    ]
    endings = {kind: set(names) for kind, names in found["endings"].items()}
    assert endings["text"] >= endings["table"] >= {".csv", ".jsonl"}
    assert endings["text"] - endings["table"] >= {".txt", ".fasta"}
    assert [one["choice"] for one in found["keep_vectors"]] == ["all", "sample", "none"]
    assert (found["max_text_bytes"], found["max_image_bytes"]) == (50_000_000, 200_000_000)


def test_a_folder_of_a_model_is_named_without_its_path(tmp_path, tiny_bert, tiny_vit) -> None:
    idle = Client(tmp_path, job_models=(str(tiny_bert), str(tiny_vit)))
    options = idle.client.get("/api/v1/jobs/options").json
    chosen = [name for name, facts in METHOD_FACTS.items() if facts.is_default]
    assert options["default_methods"] == chosen != []
    assert options["models"] == [
        {"name": "tiny-bert", "modality": "text"},
        {"name": "tiny-vit", "modality": "image"},
    ]
    job = idle.post(model="tiny-bert").json
    assert job["request"]["model"] == "tiny-bert"
    assert str(tiny_bert) not in idle.client.get("/api/v1/jobs").text


def test_an_upload_becomes_a_job_under_server_chosen_names(idle) -> None:
    response = idle.post(max_tokens="1000", dims="2,3", methods="tsne,biplot")
    assert response.status_code == 201
    job = response.json
    assert job["state"] == "uploaded"
    assert job["request"]["methods"] == ["biplot", "tsne"]
    assert job["request"]["max_tokens"] == 1000
    assert (job["request"]["title"], job["request"]["n_bytes"]) == ("mine.csv", len(TEXT))
    folder = idle.queue.spool.path(job["id"])
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert files == {"request.json", "state.json", "upload/mine.csv"}
    assert (folder / "upload/mine.csv").read_bytes() == TEXT
    assert left_over(idle) == []
    assert idle.client.get("/api/v1/jobs").json == {"jobs": [job]}
    assert idle.client.get(f"/api/v1/jobs/{job['id']}").json == job


HOSTILE_NAMES = [
    "../../../etc/passwd.csv",
    "..\\..\\windows\\win.csv",
    "/etc/cron.d/evil.csv",
    "....csv",
    ".csv",
    "-rf.csv",
    "a\x00b.csv",
    "con.csv",
    "state.json.csv",
    "x" * 5000 + ".csv",
    "\u202egnp.csv",
    "<img src=x onerror=alert(1)>.csv",
    "🦦.CSV",
    'a"b;c.csv',
    "a\r\nb.csv",
]


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=range(len(HOSTILE_NAMES)))
def test_a_hostile_name_never_becomes_a_path(idle, name, tmp_path) -> None:
    response = idle.post([(name, TEXT)])
    outside = [p for p in tmp_path.rglob("*") if p.is_file() and ".jobs" not in p.parts]
    assert outside == []
    if response.status_code == 400:  # what cannot be sent in a header at all
        assert left_over(idle) == []
        return
    assert response.status_code == 201
    folder = idle.queue.spool.path(response.json["id"]) / "upload"
    (path,) = folder.iterdir()
    stem, ending = path.name[:-4], path.name[-4:]
    assert ending == ".csv"
    assert 1 <= len(stem) <= 40
    assert set(stem) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert response.json["request"]["title"].isprintable()
    assert len(response.json["request"]["title"]) <= 200


def test_images_keep_their_order_and_sanitised_names(idle) -> None:
    files = [("../b.PNG", PNG), ("Ünïcode cat.jfif", PNG), ("🦦.webp", PNG)]
    job = idle.post(files, model="demo-vit", dataset_id="cats").json
    assert job["request"]["modality"] == "image"
    assert job["request"]["title"] == "3 images"
    folder = idle.queue.spool.path(job["id"]) / "upload" / "cats"
    assert sorted(p.name for p in folder.iterdir()) == ["0-b.png", "1-unicode-cat.jfif", "2.webp"]


@pytest.mark.parametrize(
    "files",
    [
        [],
        [("", TEXT)],
        [("mine.csv", b"")],
        [("mine.pdf", TEXT)],
        [("mine.zip", TEXT)],
        [("mine.svg", b"<svg/>")],
        [("a.png", b"<svg onload=alert(1)>")],
        [("a.png", PNG), ("b.png", b"II*\0 of another decoder")],
        [("mine.csv", TEXT), ("other.csv", TEXT)],
        [("mine.csv", TEXT), ("a.png", PNG)],
        [("a.png", PNG), ("labels.csv", TEXT)],
    ],
    ids=lambda files: "+".join(name for name, _ in files) or "none",
)
def test_an_invalid_corpus_is_refused_and_leaves_nothing(idle, files) -> None:
    error(idle.post(files), 400, "corpus_invalid")
    assert left_over(idle) == []
    assert idle.client.get("/api/v1/jobs").json == {"jobs": []}


@pytest.mark.parametrize(
    "fields",
    [
        {"model": "gpt5"},
        {"model": "../../etc"},
        {"model": "-"},
        {"model": "demo-vit"},
        {"dataset_id": "-"},
        {"dataset_id": "../up"},
        {"dataset_id": ".hidden"},
        {"dataset_id": "a@0123456789ab"},
        {"dataset_id": "Upper"},
        {"dataset_id": "a\n"},
        {"methods": "-"},
        {"methods": "pca,sammon"},
        {"methods": "pca,--seed"},
        {"dims": "4"},
        {"dims": "2,3,"},
        {"max_tokens": "0"},
        {"max_tokens": "1e3"},
        {"max_tokens": "-1"},
        {"max_tokens": "99999999999"},
        {"text_column": "a\nb"},
        {"skip_bad_sequences": "yes"},
        {"keep_vectors": "some"},
        {"workers": "64"},
        {"output": "/etc"},
    ],
    ids=str,
)
def test_an_invalid_option_of_a_job_is_refused(idle, fields) -> None:
    error(idle.post(**fields), 400, "invalid_request")
    assert left_over(idle) == []


def test_a_column_name_like_an_option_stays_a_value(idle) -> None:
    chosen = {"skip_bad_sequences": "true", "keep_vectors": "sample"}
    job = idle.post(text_column="--output=/etc", **chosen).json
    assert job["request"]["keep_vectors"] == "sample"
    assert job["request"]["text_column"] == "--output=/etc"
    from attentionviz.commands.main import make_parser
    from attentionviz.jobs.commands import build_command

    made = idle.queue.get(job["id"])
    command = build_command(made.request, idle.queue.spool.corpus(made), Path("/out"))
    parsed = make_parser().parse_args(command)
    assert parsed.text_column == "--output=/etc"
    assert parsed.output == Path("/out")
    assert parsed.skip_bad_sequences
    assert parsed.keep_vectors == "sample"


@pytest.mark.parametrize("option", ["scheduler", "scheduler_file"])
def test_a_build_from_the_page_is_sent_to_the_cluster_of_the_settings(idle, option) -> None:
    given = {"scheduler": "tls://node1:8786", "scheduler_file": "/shared/scheduler.json"}[option]
    place = job_limits(load_settings(environment={"ATTENTIONVIZ_SCHEDULER": given})).scheduler
    from attentionviz.commands.main import make_parser
    from attentionviz.jobs.commands import build_command, estimate_command

    made = idle.queue.get(idle.post().json["id"])
    corpus = idle.queue.spool.corpus(made)
    parser = make_parser()
    parsed = parser.parse_args(build_command(made.request, corpus, Path("/out"), place))
    assert str(getattr(parsed, option)) == given
    here = parser.parse_args(estimate_command(made.request, corpus, Path("/out")))
    assert getattr(here, option) is None


def test_an_upload_over_the_limits_is_refused_before_it_is_stored(tmp_path) -> None:
    idle = Client(tmp_path, job_text_mb=1, job_images_mb=1, job_images=2)
    over = b"x" * 1_000_001
    assert "1.0 MB" in error(idle.post([("a.txt", over)]), 413, "upload_too_large")
    error(idle.post([("a.txt", b"x" * 3_000_000)]), 413, "upload_too_large")
    three = [(f"{i}.png", PNG) for i in range(3)]
    error(idle.post(three, model="demo-vit"), 413, "upload_too_large")
    many = [(f"{i}.png", PNG) for i in range(300)]
    error(idle.post(many, model="demo-vit"), 413, "upload_too_large")
    assert left_over(idle) == []


def test_a_form_of_another_type_or_cut_off_is_refused(idle) -> None:
    response = idle.client.post("/api/v1/jobs", json={"model": "demo-bert"}, headers=OWN)
    error(response, 400, "invalid_request")
    response = idle.client.post("/api/v1/jobs", data=b"x", content_type="text/csv", headers=OWN)
    error(response, 415, "unsupported_media_type")
    body, kind = form({"model": "demo-bert"}, [("mine.csv", TEXT)])
    for part in (body[:-40], b"", body[: len(body) // 2]):
        response = idle.client.post("/api/v1/jobs", data=part, content_type=kind, headers=OWN)
        assert response.status_code == 400
    response = idle.client.post(
        "/api/v1/jobs", data=body, content_type="multipart/form-data", headers=OWN
    )
    assert response.status_code == 400
    assert left_over(idle) == []


def test_a_repeated_field_is_refused(idle) -> None:
    body, kind = form({"model": "demo-bert"}, [("mine.csv", TEXT)])
    mark = kind.partition("boundary=")[2]
    twice = f'--{mark}\r\nContent-Disposition: form-data; name="model"\r\n\r\nx\r\n'.encode()
    response = idle.client.post("/api/v1/jobs", data=twice + body, content_type=kind, headers=OWN)
    assert "more than once" in error(response, 400, "invalid_request")


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}])
def test_other_pages_can_neither_upload_nor_cancel(idle, headers) -> None:
    job = idle.post().json
    body, kind = form({"model": "demo-bert"}, [("mine.csv", TEXT)])
    path = f"/api/v1/jobs/{job['id']}"
    for response in (
        idle.client.post("/api/v1/jobs", data=body, content_type=kind, headers=headers),
        idle.client.delete(path, headers=headers),
        idle.client.post(f"{path}/start", headers=headers),
    ):
        error(response, 403, "cross_site")
    assert idle.client.get(path).json == job


@pytest.mark.parametrize("job_id", ["0123456789abcdef", "nothing", "..", "lock", "%2e%2e"])
def test_an_unknown_job_is_404(idle, job_id) -> None:
    path = f"/api/v1/jobs/{job_id}"
    for response in (
        idle.client.get(path),
        idle.client.delete(path, headers=OWN),
        idle.client.post(f"{path}/start", headers=OWN),
    ):
        assert response.status_code == 404


def test_an_existing_dataset_id_is_refused(idle, tmp_path) -> None:
    idle.post()
    error(idle.post(), 409, "dataset_exists")
    (tmp_path / "there.current").write_text("there@0123456789ab\n")
    error(idle.post(dataset_id="there"), 409, "dataset_exists")
    (tmp_path / ".staging" / "half-0123456789ab").mkdir(parents=True)
    error(idle.post(dataset_id="half"), 409, "dataset_exists")
    assert idle.post(dataset_id="free").status_code == 201


def test_a_ninth_waiting_job_is_refused(idle) -> None:
    jobs = [idle.post(dataset_id=f"d{i}").json for i in range(8)]
    full = idle.post(dataset_id="d8")
    assert "8 jobs are waiting" in error(full, 503, "queue_full")
    assert int(full.headers["Retry-After"]) > 0
    assert left_over(idle) == []
    left = idle.client.delete(f"/api/v1/jobs/{jobs[3]['id']}", headers=OWN)
    assert left.status_code == 200
    assert idle.post(dataset_id="d8").status_code == 201


def test_a_job_that_has_not_started_is_cancelled_and_then_removed(idle) -> None:
    job = idle.post().json
    path = f"/api/v1/jobs/{job['id']}"
    (left,) = idle.client.delete(path, headers=OWN).json["jobs"]
    assert left["state"] == "cancelled"
    folder = idle.queue.spool.path(job["id"])
    assert not (folder / "upload").exists()
    assert idle.client.delete(path, headers=OWN).json == {"jobs": []}
    assert not folder.exists()
    error(idle.client.get(path), 404, "job_not_found")


def test_a_job_without_an_estimate_cannot_be_started(idle) -> None:
    job = idle.post().json
    response = idle.client.post(f"/api/v1/jobs/{job['id']}/start", headers=OWN)
    assert "uploaded" in error(response, 409, "job_state")


def test_a_full_disk_is_reported_before_upload_and_start(idle, monkeypatch) -> None:
    job = idle.post().json
    estimate = {"dataset_id": "mine", "n_sequences": 2, "n_sequences_total": 2, "n_tokens": 9}
    estimate |= {"n_heads": 4, "n_maps": 4, "seconds": 1, "n_bytes": 10**9}
    estimate |= {"n_bytes_building": 2 * 10**9}
    made = idle.queue.get(job["id"])
    idle.queue.change(made, state="estimated", estimate=estimate)

    class Usage:
        free = 1.5e9

    monkeypatch.setattr("attentionviz.jobs.queue.shutil.disk_usage", lambda _: Usage)
    start = idle.client.post(f"/api/v1/jobs/{job['id']}/start", headers=OWN)
    assert "2,100 MB" in error(start, 507, "disk_full")
    assert idle.client.get(f"/api/v1/jobs/{job['id']}").json["state"] == "estimated"
    Usage.free = 1e6
    error(idle.post(dataset_id="other"), 507, "disk_full")
    Usage.free = 1e12
    start = idle.client.post(f"/api/v1/jobs/{job['id']}/start", headers=OWN)
    assert (start.status_code, start.json["state"], start.json["n_before"]) == (200, "waiting", 0)


def test_a_wrong_http_method_lists_the_allowed_ones(idle) -> None:
    response = idle.client.open("/api/v1/jobs", method="PUT", headers=OWN, json={})
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD, POST")


def test_no_answer_contains_the_log_of_a_job(idle) -> None:
    job = idle.post().json
    (idle.queue.spool.path(job["id"]) / "log").write_text("secret words")
    assert "secret" not in json.dumps(idle.client.get("/api/v1/jobs").json)


def test_a_job_not_started_within_an_hour_is_removed(idle, monkeypatch) -> None:
    job = idle.post().json
    made = idle.queue.get(job["id"])
    idle.queue.change(made, state="estimated", estimate=None)
    idle.queue.expire()
    assert made.state == "estimated"
    monkeypatch.setattr("attentionviz.jobs.table.EXPIRY_SECONDS", 0.0)
    wait_for(lambda: idle.queue.expire() or made.state == "cancelled", "it expires")
    assert "within an hour" in made.status.message


def test_a_build_shows_its_published_dataset_before_its_process_ends(idle, tmp_path) -> None:
    job = idle.post().json
    idle.queue.change(idle.queue.get(job["id"]), state="running")
    begun = idle.client.get(f"/api/v1/jobs/{job['id']}").json
    assert (begun["state"], begun["progress"]) == ("running", None)
    write_fake_dataset(tmp_path, FakeSpec("mine", n_tokens=20, maps=("pca-2d",)))
    published = idle.client.get(f"/api/v1/jobs/{job['id']}").json
    assert (published["state"], published["progress"]["phase"]) == ("running", "done")
