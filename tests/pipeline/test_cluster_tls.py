"""A cluster with TLS, by the settings of Dask that docs/cluster.md names."""

import re
import shutil
import subprocess
from pathlib import Path

import dask
import pytest
from tests.support.dask_cluster import cluster
from tests.support.dask_units import HeldJob, hold

from attentionviz.errors import BuildError
from attentionviz.pipeline.cluster import engine as dask_engine
from attentionviz.pipeline.cluster.engine import connect
from attentionviz.pipeline.engine import Unit
from attentionviz.pipeline.request import BuildRequest

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "cluster.md").read_text(encoding="utf-8")


def certified(folder: Path) -> dict[str, str]:
    """Make the certificates with the command of the page, and return its settings of Dask."""
    command = re.search(r"^    (openssl req .*)$", PAGE, re.M)[1]
    subprocess.run(["bash", "-c", command], cwd=folder, check=True, capture_output=True)
    settings = dict(re.findall(r"(DASK_\w+)=(\S+)", PAGE))
    return {
        name: str(folder / value) if value.endswith(".pem") else value
        for name, value in settings.items()
    }


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl here")
def test_a_cluster_with_certificates_computes_and_refuses_whoever_has_none(tmp_path, monkeypatch):
    monkeypatch.setattr(dask_engine, "CONNECT_SECONDS", 5.0)
    settings = certified(tmp_path)
    folder = tmp_path / "built" / ".staging" / "tried"
    folder.mkdir(parents=True)
    said: list[str] = []

    def request(address: str) -> BuildRequest:
        return BuildRequest(model="", output=Path(), text=Path(), device="cpu", scheduler=address)

    with cluster(tmp_path / "dask", 1, settings, scheme="tls") as found:
        job = HeldJob(folder, tmp_path, tmp_path)
        own = {name[5:].lower().replace("__", "."): text for name, text in settings.items()}
        with dask.config.set(own):
            with connect(request(found.address), said.append) as engine, engine.in_folder(folder):
                list(engine.run(hold, job, [Unit("unit 0", (0,), ("0.txt",))]))
        assert (folder / "0.txt").exists()
        assert not any("without TLS" in words for words in said)
        for address in (found.address, found.address.replace("tls:", "tcp:")):
            with pytest.raises(BuildError) as caught, connect(request(address), print):
                pass
            assert f"cannot connect to the Dask scheduler at {address}: " in str(caught.value)
            assert "\n" not in str(caught.value)
