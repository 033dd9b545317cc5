from pathlib import Path

import pytest

from attentionviz.core.types import HeadId
from attentionviz.errors import InvalidRequestError
from attentionviz.store import layout

DATA = Path("/data")


def test_a_finished_dataset_lies_under_id_and_version():
    folder = layout.dataset_folder(DATA, "demo-bert", "0123456789ab")
    assert folder == DATA / "demo-bert@0123456789ab"
    assert layout.parse_version_name(folder.name) == ("demo-bert", "0123456789ab")


def test_a_build_in_progress_lies_under_id_and_build_key():
    folder = layout.staging_folder(DATA, "demo-bert", "0123456789ab")
    assert folder == DATA / ".staging" / "demo-bert-0123456789ab"
    assert layout.parse_staging_name(folder.name) == ("demo-bert", "0123456789ab")


@pytest.mark.parametrize(
    "name", ["x", "x@012", "x@0123456789AB", "x@0123456789ab\n", "@0123456789ab"]
)
def test_other_names_are_not_datasets(name):
    assert layout.parse_version_name(name) is None


@pytest.mark.parametrize("dataset_id", ["", "../x", "A", ".x", "a/b", "a" * 65, "a\n", "a@b"])
def test_an_id_outside_the_grammar_is_refused_before_it_becomes_a_path(dataset_id):
    for path in (layout.pointer_path, layout.lock_path):
        with pytest.raises(InvalidRequestError, match="cannot name a dataset"):
            path(DATA, dataset_id)


def test_heads_of_a_group_read_the_keys_of_its_first_head():
    manifest = small_manifest(n_heads=4, n_key_heads=2, layers=[{}, {}, {"n_key_heads": 1}])
    paths = [layout.keys_path(HeadId(1, head), manifest) for head in range(4)]
    assert paths == ["L01H00/keys.npy"] * 2 + ["L01H02/keys.npy"] * 2
    assert layout.keys_path(HeadId(2, 3), manifest) == "L02H00/keys.npy"


def small_manifest(**changes):
    return {
        "schema_version": 4,
        "corpus": {"columns": []},
        "patch_grid": None,
        "n_layers": 1,
        "layers": [{}],
        "n_heads": 2,
        "n_key_heads": 1,
        "n_tokens": 5,
        "d_head": 4,
        "n_sequences": 2,
        "precision": "float16",
        "keep_vectors": {"choice": "all", "n_sequences": 2, "n_tokens": 5},
        "maps": {"tsne-2d": {}, "pca-3d": {}},
        "scores": ["self"],
        "grid": {"n_tokens": 3, "n_points": 6},
        "model": {"modality": "text"},
        **changes,
    }


def test_expected_files_follow_from_counts_and_maps():
    files = layout.expected_files(small_manifest())
    assert files["L00H00/keys.npy"] == ("float16", (5, 4))
    assert "L00H01/keys.npy" not in files
    assert files["L00H01/pca-3d.npy"] == ("uint16", (10, 3))
    assert files["grid/tsne-2d.npy"] == ("uint16", (1, 2, 6, 2))
    assert files["grid/pca-3d.npy"] == ("uint32", (1, 2, 6))
    assert files["tokens/code.npy"] == ("int32", (5,))
    assert "tokens.json" not in files
    assert "tokens.json" in layout.expected_files(small_manifest(schema_version=3))


def test_only_the_kept_vectors_are_expected():
    every = layout.expected_files(small_manifest())
    kept = {"choice": "sample", "n_sequences": 1, "n_tokens": 3}
    sample = layout.expected_files(small_manifest(keep_vectors=kept))
    assert sample["L00H00/keys.npy"] == ("float16", (3, 4))
    assert sample.keys() - every.keys() == {"vector_tokens.npy"}
    none = layout.expected_files(
        small_manifest(keep_vectors={"choice": "none", "n_sequences": 0, "n_tokens": 0})
    )
    vectors = {"L00H00/keys.npy", "L00H00/queries.npy", "L00H01/queries.npy"}
    assert every.keys() - none.keys() == vectors


def test_a_layer_has_files_for_its_own_heads_in_its_own_size():
    layers = [{}, {"n_heads": 0, "absent": "not captured"}, {"n_heads": 1, "d_head": 2}]
    manifest = small_manifest(n_layers=3, layers=layers)
    files = layout.expected_files(manifest)
    folders = {path.partition("/")[0] for path in files if path.startswith("L")}
    assert folders == {"L00H00", "L00H01", "L02H00"}
    assert files["L00H00/keys.npy"] == ("float16", (5, 4))
    assert files["L02H00/keys.npy"] == files["L02H00/queries.npy"] == ("float16", (5, 2))
    assert files["similarity-pattern.npy"] == ("float32", (3, 3))
    assert files["grid/tsne-2d.npy"] == ("uint16", (3, 2, 6, 2))


def test_images_add_pictures_thumbnails_and_patches():
    text = layout.expected_files(small_manifest())
    image, both = (
        layout.expected_files(small_manifest(model={"modality": modality}))
        for modality in ("image", "image-text")
    )
    assert both == image
    assert image.keys() - text.keys() == {
        "images/patches.npy",
        *(f"images/0000{i}{end}" for i in range(2) for end in (".png", ".thumbnail.png")),
    }
