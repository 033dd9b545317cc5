"""The worker as a process: what it may not do, and when it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.conftest import TinyDataset
from tests.live.worker.conftest import Answer, read, settings_of
from tests.support.figures import Bar
from tests.support.job_server import freeze
from tests.support.malformed_images import cut, flipped, malformed_images
from tests.support.waiting import TIMEOUT_SECONDS

from attentionviz.errors import InvalidImageError, InvalidTextError, LiveUnavailableError
from attentionviz.live.service import LiveService, ServiceLimits
from attentionviz.live.worker.limits import NICENESS

STUB = Path(__file__).resolve().parents[2] / "support" / "stub_session"


class Asked:
    """A service with the real worker, and a dataset to ask about."""

    def __init__(self, dataset: TinyDataset, model: Path, **changed: int) -> None:
        self.service = LiveService(settings_of(dataset.data_dir, model, **changed), ServiceLimits())
        self.question = {
            "dataset": dataset.dataset_id,
            "version": dataset.version,
            "maps": ["pca-2d", "attention-tsne-2d"],
        }

    def __call__(self, body: bytes = b"", **more: object) -> Answer:
        return read(self.service.ask({**self.question, **more}, body))

    def status(self, name: str) -> float:
        """Return a line of the worker's status, in MB."""
        return status(self.service.worker_pid or 0, name) / 1024

    def cpu_seconds(self) -> float:
        """Return how long the worker has computed, all its threads together."""
        stat = Path(f"/proc/{self.service.worker_pid}/stat").read_text(encoding="utf-8")
        fields = stat.rpartition(")")[2]
        ticks = sum(int(field) for field in fields.split()[11:13])
        return ticks / os.sysconf("SC_CLK_TCK")


def status(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1])


@pytest.fixture(scope="module")
def texts(tiny_dataset: TinyDataset, tiny_bert: Path) -> Iterator[Asked]:
    asked = Asked(tiny_dataset, tiny_bert)
    yield asked
    asked.service.close()


@pytest.fixture(scope="module")
def images(tiny_image_dataset: TinyDataset, tiny_vit: Path) -> Iterator[Asked]:
    asked = Asked(tiny_image_dataset, tiny_vit)
    yield asked
    asked.service.close()


def is_gone(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split()[2] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.01)
    return False


def limited(code: str) -> subprocess.CompletedProcess:
    """Run some lines under the limits of a worker."""
    first = "from attentionviz.live.worker.limits import limit_process; limit_process(700)\n"
    return subprocess.run(
        [sys.executable, "-c", first + code], capture_output=True, text=True, timeout=100
    )


def test_the_real_worker_answers_several_requests(texts: Asked) -> None:
    first = texts(text="She read the letter.")
    pid = texts.service.worker_pid
    assert texts(text="She read the letter.").sequence == first.sequence
    assert texts.service.worker_pid == pid


def test_a_refusal_has_an_error_code_and_the_worker_continues(texts: Asked, images: Asked) -> None:
    texts(text="the river")
    pid = texts.service.worker_pid
    with pytest.raises(InvalidTextError, match="not in the model's vocabulary"):
        texts(tokens=["no such token"])
    texts(text="the river")
    assert texts.service.worker_pid == pid
    with pytest.raises(InvalidImageError, match="not an image"):
        images(b"no image")


def test_a_missing_model_is_reported_as_unavailable(
    tiny_dataset: TinyDataset, tmp_path: Path
) -> None:
    asked = Asked(tiny_dataset, tmp_path / "none" / "tiny-bert")
    try:
        with pytest.raises(LiveUnavailableError, match="--live-model-folder"):
            asked(text="the river")
    finally:
        asked.service.close()


def test_the_worker_is_niced_and_prints_nothing(texts: Asked) -> None:
    texts(text="the river")
    pid = texts.service.worker_pid
    assert pid is not None
    assert os.getpriority(os.PRIO_PROCESS, pid) == os.getpriority(os.PRIO_PROCESS, 0) + NICENESS
    limits = Path(f"/proc/{pid}/limits").read_text(encoding="utf-8")
    assert {line.split()[3:5] == ["0", "0"] for line in limits.splitlines() if "file size" in line}
    opened = {os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir()}
    regular = {path for path in opened if path.startswith("/") and not path.startswith("/dev/")}
    assert not regular


def test_no_file_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / "a"
    result = limited(f"open({str(path)!r}, 'wb', buffering=0).write(b'x' * 100)")
    assert "File too large" in result.stderr
    assert path.stat().st_size == 0


def test_the_memory_limit_raises_an_error_in_torch() -> None:
    code = """
import torch
x = torch.ones(10_000_000)  # 40 MB
try:
    kept = [torch.ones(25_000_000) for _ in range(20)]  # 2 GB
except (MemoryError, RuntimeError) as error:
    print("stopped", "allocate memory" in str(error) or isinstance(error, MemoryError))
print(float((x @ x).item()))
"""
    assert limited(code).stdout.split() == ["stopped", "True", "10000000.0"]


def test_too_little_memory_is_reported(tiny_dataset: TinyDataset, tiny_bert: Path) -> None:
    asked = Asked(tiny_dataset, tiny_bert, memory_mb=40)
    try:
        with pytest.raises(Exception, match=r"live_memory_mb|ended with|was ended|failed on this"):
            asked(text="the river")
    finally:
        asked.service.close()


@pytest.fixture
def killable(tiny_dataset: TinyDataset, tiny_bert: Path) -> Iterator[tuple[subprocess.Popen, int]]:
    """Yield a server in a process of its own, and its worker."""
    with live_server(tiny_dataset, tiny_bert) as started:
        yield started


@pytest.fixture
def killable_stub(tmp_path: Path) -> Iterator[tuple[subprocess.Popen, int]]:
    """Yield the same, whose worker has no model to load."""
    with live_server(TinyDataset(tmp_path, "none", "", tmp_path), tmp_path, STUB) as started:
        yield started


@contextmanager
def live_server(
    dataset: TinyDataset, model: Path, *paths: Path
) -> Iterator[tuple[subprocess.Popen, int]]:
    settings = settings_of(dataset.data_dir, model).to_json()
    arguments = [settings, dataset.dataset_id, dataset.version]
    python_path = [*map(str, paths), *filter(None, [os.environ.get("PYTHONPATH")])]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.live_server", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(python_path)},
    )
    assert process.stdin and process.stdout and process.stderr
    yield process, int(process.stdout.readline())
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        try:
            stream.close()
        except BrokenPipeError:
            continue


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("is_busy", [False, True])
def test_the_worker_ends_with_its_server_even_if_that_is_killed(
    kind: signal.Signals, is_busy: bool, killable_stub: tuple[subprocess.Popen, int]
) -> None:
    process, worker = killable_stub
    if is_busy:
        assert process.stdin
        freeze(worker)  # so that it is in the middle of the question
        process.stdin.write("the letter\n" * 3)
        process.stdin.flush()
        time.sleep(0.2)
        process.send_signal(kind)
        process.wait(TIMEOUT_SECONDS)
        os.kill(worker, signal.SIGCONT)
    else:
        process.send_signal(kind)
        process.wait(TIMEOUT_SECONDS)
    assert is_gone(worker, TIMEOUT_SECONDS)


def test_typed_text_is_never_printed_or_logged(killable: tuple[subprocess.Popen, int]) -> None:
    process, _ = killable
    said, errors = process.communicate("confidential\nsecret \\x00 words\n", timeout=60)
    assert len(said.split()) == 2
    assert errors == ""


@pytest.mark.slow
@pytest.mark.bar
def test_every_malformed_image_is_decoded_or_refused_within_a_second_and_150_mb(
    images: Asked, bar: Bar
) -> None:
    images(malformed_images_sound())
    pid = images.service.worker_pid
    resting = images.status("VmRSS")
    wrong, seconds, peaks = [], {}, {}
    sent = [odd for odd in malformed_images() if odd.content]  # the route refuses an empty one
    for odd in sent:
        Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="utf-8")  # the peak begins anew
        before, started = images.cpu_seconds(), time.perf_counter()
        try:
            images(odd.content)
            fate = "taken"
        except InvalidImageError:
            fate = "refused"
        # A machine that does something else besides makes no image slower than it is.
        waited = time.perf_counter() - started
        seconds[odd.name] = min(images.cpu_seconds() - before, waited)
        peaks[odd.name] = images.status("VmHWM") - resting
        if odd.fate not in (fate, "either"):
            wrong.append((odd.name, fate))
    assert images.service.worker_pid == pid  # none of them ended it
    assert not wrong
    bar("malformed images", "images, each refused or rightly taken", len(sent), at_least=120)
    slowest, largest = max(seconds, key=seconds.__getitem__), max(peaks, key=peaks.__getitem__)
    bar("malformed images", f"the slowest ({slowest})", seconds[slowest], unit="s", at_most=1.0)
    bar(
        "malformed images",
        f"memory for the largest ({largest})",
        peaks[largest],
        unit="MB",
        at_most=150.0,
    )


def malformed_images_sound() -> bytes:
    """Return a sound image, so that the model is loaded before anything is measured."""
    return next(odd.content for odd in malformed_images() if odd.name == "PNG, RGB")


def test_the_malformed_images_are_reproducible() -> None:
    images = malformed_images()
    assert len({odd.name for odd in images}) == len(images) >= 120
    by_name = {odd.name: odd.content for odd in images}
    by_chance = [*cut(), *flipped()]
    assert by_chance
    assert all(by_name[odd.name] == odd.content for odd in by_chance)
