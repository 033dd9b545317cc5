"""A dataset of images with a text each, through the API."""

from pathlib import Path

import numpy as np
import pytest
from tests.server.conftest import array_of, make_app
from tests.support.checked_client import CheckedClient
from tests.support.fake_dataset import write_fake_dataset
from tests.support.fake_spec import FakeSpec

SPEC = FakeSpec(
    "both",
    modality="image-text",
    n_tokens=120,
    is_causal=True,
    has_block=True,
    patch_rows=3,
    patch_columns=4,
    maps=("pca-2d",),
)
OWN = {"Sec-Fetch-Site": "same-origin"}
BOTH = "/api/v1/datasets/both"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> CheckedClient:
    folder: Path = tmp_path_factory.mktemp("both")
    write_fake_dataset(folder, SPEC)
    return make_app(folder, live=True).test_client()


def test_its_tokens_are_patches_and_words(client: CheckedClient) -> None:
    manifest = client.get(BOTH).json["manifest"]
    tokens = client.get(f"{BOTH}/tokens").json
    patches = array_of(client.get(f"{BOTH}/patches"))
    is_patch = np.array(tokens["token_type"]) == "patch"
    assert manifest["model"]["modality"] == "image-text"
    assert manifest["layers"][0]["block"] == [2, 14]
    assert np.array_equal(is_patch, [row is not None for row in tokens["row"]])
    assert np.array_equal(is_patch, patches.any(axis=(1, 2, 3)))
    assert client.get(f"{BOTH}/images/0").mimetype == "image/png"


def test_a_patch_sees_all_patches_of_its_image_and_no_word_after_it(client: CheckedClient) -> None:
    pattern = array_of(client.get(f"{BOTH}/heads/0/0/attention/0"))
    assert (pattern[2:14, :14] > 0).all() and not pattern[2:14, 14:].any()
    assert not np.triu(pattern[14:, 14:], 1).any()
    assert pattern.sum(axis=1) == pytest.approx(np.ones(len(pattern)), abs=1e-5)


def test_it_has_the_scores_of_both_together(client: CheckedClient) -> None:
    scores = client.get(f"{BOTH}/heads").json["scores"]
    for name in ("previous", "same_row", "words_to_patches", "patches_to_words", "sink_patch"):
        assert None not in scores[name]["value"]


def test_neither_a_text_nor_an_image_alone_is_added(client: CheckedClient) -> None:
    answer = client.post(f"{BOTH}/text", json={"text": "x"}, headers=OWN)
    assert answer.status_code == 400
    assert "images with a text each" in answer.json["error"]["message"]
