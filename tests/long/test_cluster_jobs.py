"""A build from the page that the workers of a cluster do."""

import pytest
from tests.support.dask_cluster import cluster
from tests.support.job_server import JobServer, wait_for

pytestmark = pytest.mark.long


def test_a_build_from_the_page_is_done_by_the_cluster_of_the_setting(tiny_bert, tmp_path):
    with cluster(tmp_path / "dask", 2) as found:
        server = JobServer(tmp_path / "built", tiny_bert, "--scheduler", found.address)
        try:
            job_id = server.begin("mine", methods="pca,biplot,tsne")

            def seen() -> object:
                job = server.wait(job_id, "waiting", "running", "done")
                return job["progress"] and job["progress"]["cluster"]

            shown = wait_for(seen, "the page shows the workers")
            assert shown["n_workers"] in (1, 2)
            assert len(shown["hosts"]) == 1
            assert shown["dashboard"] is None  # none of these serves one
            server.wait(job_id, "done")
        finally:
            server.stop()
    log = (tmp_path / "dask" / "scheduler.log").read_text()
    assert "Receive client connection" in log
