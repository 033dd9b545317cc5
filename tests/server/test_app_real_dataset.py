"""What the pipeline writes is what the server reads: datasets of tiny models, built for real."""

import numpy as np
import pytest
from tests.server.conftest import array_of, make_app

from attentionviz.store.verify import verify, verify_pointer

ARRAYS = (
    "grid",
    "grid/norms",
    "heads/1/1/norms",
    "heads/1/1/attention/0",
    "heads/1/1/attention/0?weight=value",
    "heads/1/1/aggregate?length=3",
)
ANSWERS = ("", "/tokens", "/heads", "/heads/0/1/neighbours/0")


@pytest.fixture(params=["tiny_dataset", "tiny_image_dataset"])
def built(request: pytest.FixtureRequest):
    """Return a dataset of text, then one of images."""
    return request.getfixturevalue(request.param)


def test_a_built_dataset_is_undamaged(built) -> None:
    assert verify(built.folder) == []
    assert verify_pointer(built.data_dir, built.dataset_id) == []


def test_every_answer_about_a_built_dataset_is_as_documented(built) -> None:
    client = make_app(built.data_dir).test_client()
    base = f"/api/v1/datasets/{built.dataset_id}"
    for path in ANSWERS:  # the client holds each to its type
        assert client.get(base + path).status_code == 200
    for path in ARRAYS:
        assert array_of(client.get(f"{base}/{path}")).size
    manifest = client.get(base).json["manifest"]
    for name in manifest["maps"]:
        grid = array_of(client.get(f"{base}/projections/{name}"))
        assert grid.shape[:2] == (manifest["n_layers"], manifest["n_heads"])
        one = array_of(client.get(f"{base}/projections/{name}?layer=0&head=1"))
        assert one.shape == (2 * manifest["n_tokens"], manifest["maps"][name]["dims"])
        assert np.ptp(one) > 0
    if manifest["patch_grid"]:
        assert client.get(f"{base}/images/0").data.startswith(b"\x89PNG")
        assert array_of(client.get(f"{base}/patches")).shape == (manifest["n_tokens"], 8, 8, 3)
