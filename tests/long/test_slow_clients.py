"""Many clients that are slow, greedy or vanish: others are still answered, and nothing stays."""

import time
from collections.abc import Iterator

import pytest
from tests.support.bad_clients import bad_clients
from tests.support.fake_dataset import FakeSpec, write_fake_dataset
from tests.support.figures import Bar
from tests.support.served import Served, serving

pytestmark = pytest.mark.long
SPEC = FakeSpec("busy", n_layers=6, n_heads=6, n_tokens=8000, d_head=64, maps=("pca-2d",))
GRID = "/api/v1/datasets/busy/projections/pca-2d"
HEAD = f"{GRID}?layer=1&head=2"
N_ASKED = 20
# Between what the system takes for 500 sockets and what a leak of answers of 1.2 MB would take.
MEMORY_MB = 80
LONGEST_MS = 5000
CHANNEL_TIMEOUT = 5


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return a server with short timeouts, so that the test need not wait for long."""
    folder = tmp_path_factory.mktemp("busy")
    write_fake_dataset(folder, SPEC)
    with serving(folder, "--channel-timeout", str(CHANNEL_TIMEOUT)) as running:
        assert len(running.get(GRID).body) > 1_000_000
        yield running


@pytest.mark.parametrize("n_clients", [20, 120, 500])
def test_others_are_answered_while_clients_are_slow_or_vanish(
    served: Served, n_clients: int, bar: Bar
) -> None:
    before_mb, before_files = served.memory_mb(), served.n_files()
    with bad_clients(served, n_clients, GRID):
        seconds = {
            name: max(served.seconds(path) for _ in range(N_ASKED))
            for name, path in (("health", "/health"), ("a head", HEAD))
        }
        during_mb = served.memory_mb()
    for name, longest in seconds.items():
        what = f"{name} beside {n_clients} bad clients, slowest of {N_ASKED}"
        bar("slow clients", what, 1000 * longest, unit="ms", at_most=LONGEST_MS)
    what = f"memory that {n_clients} bad clients take"
    bar("slow clients", what, during_mb - before_mb, unit="MB", at_most=MEMORY_MB)
    deadline = time.monotonic() + 6 * CHANNEL_TIMEOUT
    while served.n_files() > before_files and time.monotonic() < deadline:
        time.sleep(0.1)
    what = f"connections and files left open after {n_clients} of them"
    bar("slow clients", what, max(0, served.n_files() - before_files), at_most=0)
    assert served.get(HEAD).status == 200


def test_a_slow_client_is_dropped_after_the_timeout(served: Served, bar: Bar) -> None:
    begin = time.perf_counter()
    with served.connect() as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-")
        assert connection.recv(1) == b""
    what = f"an idle connection is closed, --channel-timeout {CHANNEL_TIMEOUT}"
    seconds = time.perf_counter() - begin
    bar("slow clients", what, seconds, unit="s", at_most=3 * CHANNEL_TIMEOUT)


def test_memory_is_flat_over_many_waves(served: Served, bar: Bar) -> None:
    sizes = []
    for _ in range(6):
        with bad_clients(served, 120, GRID):
            assert served.get(HEAD).status == 200
        sizes.append(served.memory_mb())
    bar("slow clients", "memory grown from the 2nd to the 6th wave of 120 bad clients",
        sizes[-1] - sizes[1], unit="MB", at_most=10)  # fmt: skip
