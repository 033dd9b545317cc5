import json
import shutil
import weakref

import numpy as np
import pytest
from tests.support.fake_dataset import facts_of_heads, stored_tokens
from transformers import AutoTokenizer

from attentionviz.core.types import METHODS, HeadId, MapName
from attentionviz.errors import BuildError, CorpusError, InvalidRequestError
from attentionviz.pipeline import build as build_module
from attentionviz.pipeline.build import build
from attentionviz.pipeline.request import BuildRequest
from attentionviz.projections import defaults
from attentionviz.store import kept_vectors, layout
from attentionviz.store.file_table import read_file_table
from attentionviz.store.grid import byte_norms, pack_points
from attentionviz.store.schema import parse_manifest
from attentionviz.store.verify import verify
from attentionviz.store.writer import hash_file


@pytest.fixture
def small(tiny_bert, tiny_text, tmp_path):
    """Return a function that builds the cheapest dataset there is."""

    def run(log=lambda _: None, **changes):
        settings = {
            "model": str(tiny_bert),
            "output": tmp_path / "built",
            "text": tiny_text,
            "dataset_id": "small",
            "methods": ("pca",),
            "dims": (2,),
            "n_workers": 1,
            "device": "cpu",
        }
        return build(BuildRequest(**{**settings, **changes}), log)

    return run


def load(folder, path):
    return np.load(folder / path, allow_pickle=False)


def manifest_of(folder):
    return parse_manifest((folder / "manifest.json").read_bytes())


def tree(folder):
    files = (p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


@pytest.fixture(params=["tiny_dataset", "tiny_image_dataset"])
def dataset(request):
    return request.getfixturevalue(request.param)


def test_the_folder_is_named_by_the_hash_of_its_manifest(dataset):
    digest, _ = hash_file(dataset.folder / "manifest.json")
    assert dataset.folder.name == f"{dataset.dataset_id}@{digest[:12]}"
    pointer = dataset.data_dir / f"{dataset.dataset_id}.current"
    assert pointer.read_text() == dataset.folder.name + "\n"


def test_the_table_lists_every_file_with_its_hash(dataset):
    files = read_file_table(dataset.folder, manifest_of(dataset.folder))
    assert tree(dataset.folder).keys() == {*files, "files.npy", "manifest.json"}
    for path, record in files.items():
        assert hash_file(dataset.folder / path) == (record.sha256, record.n_bytes)


def test_nothing_is_left_in_staging(dataset):
    assert list((dataset.data_dir / ".staging").iterdir()) == []


def test_every_parameter_of_every_map_is_in_the_manifest(dataset):
    maps = manifest_of(dataset.folder)["maps"]
    assert len(maps) == 2 * len(METHODS)
    for text, facts in maps.items():
        name = MapName.parse(text)
        parameters = json.loads(json.dumps(defaults(name.method, name.dims)))
        assert facts == {"method": name.method, "dims": name.dims, "parameters": parameters}


def test_the_attention_check_is_in_the_manifest(dataset):
    check = manifest_of(dataset.folder)["attention_check"]
    assert 0 <= check["exact_max_abs_error"] < 1e-14 < check["exact_tolerance"] == 1e-9
    assert 1e-9 < check["max_abs_error"] < 1e-5


def test_tokens_are_columns_of_equal_length(dataset):
    manifest = manifest_of(dataset.folder)
    tokens = stored_tokens(dataset.folder)
    sequences = tokens.pop("sequences")
    assert {len(column) for column in tokens.values()} == {manifest["n_tokens"]}
    assert sum(sequences["length"]) == manifest["n_tokens"]
    assert sequences["start"][1] == sequences["length"][0]
    columns = [sequences["start"], sequences["text"], *sequences["columns"].values()]
    assert {len(column) for column in columns} == {manifest["n_sequences"]}
    assert sorted(sequences["columns"]) == manifest["corpus"]["columns"]


def test_text_keeps_its_special_tokens_and_topics(tiny_dataset):
    tokens = stored_tokens(tiny_dataset.folder)
    start = tokens["sequences"]["start"][1]
    assert (tokens["text"][start], tokens["token_type"][start]) == ("[CLS]", "special")
    assert tokens["sequences"]["columns"]["topic"][:2] == ["river", "letters"]
    assert "row" not in tokens


def test_a_dataset_of_images_has_images_thumbnails_and_patches(tiny_image_dataset):
    from PIL import Image

    folder, manifest = tiny_image_dataset.folder, manifest_of(tiny_image_dataset.folder)
    assert manifest["patch_grid"]["n_rows"] == 3
    assert manifest["n_tokens"] == 5 * 10
    for i in range(5):
        with Image.open(folder / layout.image_path(i)) as picture:
            assert max(picture.size) <= 512
        with Image.open(folder / layout.thumbnail_path(i)) as thumbnail:
            assert max(thumbnail.size) <= 96
    patches = load(folder, "images/patches.npy")
    assert not patches[0].any(), "the class token has no pixels"
    assert patches[1:10].any(axis=(1, 2, 3)).all()
    tokens = stored_tokens(folder)
    assert tokens["row"][:5] == [None, 0, 0, 0, 1]
    assert tokens["sequences"]["text"][0] == "0.png"


def test_heads_contain_offset_and_scale_of_every_map(dataset):
    manifest = manifest_of(dataset.folder)
    heads = facts_of_heads(dataset.folder)
    assert [(h["layer"], h["head"]) for h in heads] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    for head in heads:
        assert head["alignment_scale"] > 0
        assert head["maps"].keys() == manifest["maps"].keys()
        for name, facts in head["maps"].items():
            assert len(facts["offset"]) == MapName.parse(name).dims
            assert facts.keys() == {"offset", "scale", "fidelity", "details", "fallback"}


def test_fidelity_of_the_manifest_is_the_mean_over_the_heads(dataset):
    fidelity = manifest_of(dataset.folder)["fidelity"]
    heads = facts_of_heads(dataset.folder)
    for name, means in fidelity.items():
        for measure, mean in means.items():
            values = [head["maps"][name]["fidelity"][measure] for head in heads]
            defined = [value for value in values if value is not None]
            assert mean == (pytest.approx(np.mean(defined)) if defined else None)


def test_the_grid_is_the_sample_of_every_head(dataset):
    manifest = manifest_of(dataset.folder)
    tokens = load(dataset.folder, "grid/tokens.npy")
    points = [*tokens, *(tokens + manifest["n_tokens"])]
    norms = load(dataset.folder, "grid/norms.npy")
    for head in (HeadId(0, 1), HeadId(1, 0)):
        for name in map(MapName.parse, manifest["maps"]):
            full = load(dataset.folder, layout.map_path(head, name))
            grid = load(dataset.folder, layout.grid_path(name))
            np.testing.assert_array_equal(grid[head.layer, head.head], pack_points(full[points]))
        expected = byte_norms(load(dataset.folder, layout.norms_path(head)))[points]
        np.testing.assert_array_equal(norms[head.layer, head.head], expected)


def test_the_same_request_finds_the_existing_dataset(small):
    first = small()
    again = small()
    assert (first.already_built, again.already_built) == (False, True)
    assert again.folder == first.folder


def test_a_damaged_dataset_is_built_again_with_the_same_bytes(small):
    first = small()
    before = tree(first.folder)
    (first.folder / "L01H01/pca-2d.npy").write_bytes(b"damaged")
    again = small()
    assert not again.already_built
    assert tree(again.folder) == before


def test_a_missing_pointer_is_written_again(small, tmp_path):
    first = small()
    (tmp_path / "built/small.current").unlink()
    assert small().already_built
    assert (tmp_path / "built/small.current").read_text() == first.folder.name + "\n"


def test_the_number_of_processes_changes_no_byte(small, tmp_path):
    one = small(output=tmp_path / "one")
    two = small(output=tmp_path / "two", n_workers=2)
    assert tree(one.folder) == tree(two.folder)


@pytest.mark.parametrize(
    "change",
    [{"seed": 1}, {"precision": "float16"}, {"dims": (2, 3)}, {"alignment": "search"}],
)
def test_another_option_builds_another_version_and_keeps_the_older_one(small, tmp_path, change):
    first, second = small(), small(**change)
    assert first.folder != second.folder
    assert first.folder.exists()
    assert (tmp_path / "built/small.current").read_text() == second.folder.name + "\n"


def test_float16_halves_the_vectors_and_is_checked_as_stored(small):
    folder = small(precision="float16").folder
    assert load(folder, "L00H00/keys.npy").dtype == np.float16
    check = manifest_of(folder)["attention_check"]
    assert check["exact_max_abs_error"] < 1e-14
    assert 1e-6 < check["max_abs_error"] < 1e-2


def test_the_token_budget_takes_whole_sequences_and_is_reported(small):
    said = []
    folder = small(said.append, max_tokens=45).folder
    manifest = manifest_of(folder)
    lengths = stored_tokens(folder)["sequences"]["length"]
    assert 0 < manifest["n_tokens"] <= 45
    assert manifest["n_sequences"] == len(lengths) < manifest["corpus"]["n_sequences"] == 6
    n = len(lengths)
    words = f"tiny.csv: 6 rows read, {n} taken, {6 - n} left out: {6 - n} beyond --max-tokens"
    assert any(said_words.startswith(words) for said_words in said)
    assert manifest["corpus"]["account"]["left_out"][0]["examples"][0] == f"line {n + 2}"


def test_a_budget_below_the_first_sequence_is_refused_with_both_numbers(small):
    with pytest.raises(CorpusError, match=r"first sequence of tiny has \d+ tokens.*max-tokens 2"):
        small(max_tokens=2)


def test_a_sequence_cut_twice_is_counted_once(small, tmp_path, monkeypatch):
    monkeypatch.setattr("attentionviz.pipeline.corpora.records.MAX_CHARACTERS", 600)
    corpus = tmp_path / "long.txt"
    # Whole; longer than a text may be and than the model reads; longer than a text may be.
    corpus.write_text(f"the river rose again\n{'the river rose again ' * 40}\n{'x' * 601}\n")
    said = []
    manifest = manifest_of(small(said.append, text=corpus).folder)
    assert manifest["corpus"]["n_sequences_cut"] == 1
    assert manifest["corpus"]["account"]["n_cut"] == 2
    assert any("long.txt: 3 lines read, all taken (2 cut)" in words for words in said)
    assert any("1 sequence is longer than the model can read and was cut" in w for w in said)


def test_a_word_without_embedding_is_named_before_anything_is_written(small, tiny_bert, tmp_path):
    folder = shutil.copytree(tiny_bert, tmp_path / "mine")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(["zebra"])
    tokenizer.save_pretrained(folder)
    text = tmp_path / "corpus.txt"
    text.write_text("the river\n" * 200 + "a zebra\n")
    with pytest.raises(CorpusError, match="the text 'a zebra' has the token 'zebra'"):
        small(model=str(folder), text=text)
    assert not (tmp_path / "built").exists()


@pytest.mark.parametrize(
    ("function", "doing"),
    [
        ("capture_batch", "capturing queries and keys of tiny-bert"),
        ("check_attention", "checking the attention of tiny-bert"),
        ("repeat_tokens", "running tiny-bert on repeated tokens"),
    ],
)
def test_the_failed_step_is_named_in_the_terminal_and_in_the_progress(
    function, doing, small, monkeypatch, tmp_path
):
    def fail(*_):
        raise IndexError("index out of range in self")

    monkeypatch.setattr(f"attentionviz.models.{function}", fail)
    with pytest.raises(BuildError, match=f"^{doing} failed: index out of range in self$"):
        small()
    (progress,) = (tmp_path / "built").rglob(layout.PROGRESS)
    assert json.loads(progress.read_bytes())["message"].startswith(f"{doing} failed")


def test_a_corpus_of_the_other_modality_is_refused(small, tiny_images, tiny_vit, tiny_text):
    with pytest.raises(InvalidRequestError, match="reads text"):
        small(text=None, images=tiny_images)
    with pytest.raises(InvalidRequestError, match="reads images"):
        small(model=str(tiny_vit))


def test_one_sequence_of_one_token_is_a_dataset_too(small, tmp_path):
    corpus = tmp_path / "one.txt"
    corpus.write_text("river\n")
    result = small(text=corpus, methods=("pca", "biplot", "tsne", "umap", "attention-tsne"))
    assert manifest_of(result.folder)["n_sequences"] == 1


def test_a_build_does_not_depend_on_its_folder(small, tmp_path):
    first = small()
    moved = tmp_path / "elsewhere"
    shutil.copytree(tmp_path / "built", moved)
    assert small(output=moved).already_built
    assert str(tmp_path) not in (first.folder / "manifest.json").read_text()


def test_another_setting_of_the_model_is_another_dataset(small, tiny_bert, tmp_path):
    other = shutil.copytree(tiny_bert, tmp_path / "other" / tiny_bert.name)
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps({**config, "hidden_act": "relu"}))
    first, said = small(), []
    second = small(model=str(other), log=said.append)
    assert second.folder != first.folder
    assert any(f"replaces version {first.version}" in words for words in said)


def test_a_data_folder_that_cannot_be_written_is_one_sentence(small, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BuildError, match="cannot write to"):
        small(output=tmp_path / "file")


def test_files_that_a_server_would_refuse_fail_before_the_maps(small, monkeypatch):
    monkeypatch.setattr("attentionviz.pipeline.capturing.MAX_JSON_BYTES", 100)
    with pytest.raises(BuildError, match="take fewer tokens with --max-tokens"):
        small()


def test_a_manifest_that_a_server_would_refuse_fails_before_the_maps(small, tiny_text):
    about = tiny_text.with_name("tiny.about.json")
    about.write_text(json.dumps({"source": "x" * 5000}))
    try:
        with pytest.raises(BuildError, match="manifest of this dataset would be invalid"):
            small()
    finally:
        about.unlink()


@pytest.mark.parametrize("choice", ["sample", "none"])
def test_what_is_computed_from_vectors_does_not_depend_on_which_are_kept(
    small, monkeypatch, choice
):
    monkeypatch.setattr(kept_vectors, "SAMPLE_TOKENS", 1)  # one sequence
    monkeypatch.setattr(kept_vectors, "POINT_BUDGET", 1)
    whole, lines = small().folder, []
    kept = small(lines.append, keep_vectors=choice, dataset_id="kept").folder
    assert verify(kept) == []
    of_all, of_some = tree(whole), tree(kept)
    facts = manifest_of(kept)["keep_vectors"]
    assert facts["n_sequences"] == (1 if choice == "sample" else 0)
    assert any(line.startswith(f"--keep-vectors {choice}: ") for line in lines)
    tokens = load(kept, layout.VECTOR_TOKENS) if choice == "sample" else []
    for path, content in of_all.items():
        if path.endswith(("queries.npy", "keys.npy")):
            assert (path in of_some) == (choice == "sample")
            if path in of_some:
                assert np.array_equal(load(kept, path), load(whole, path)[tokens])
        elif path not in ("manifest.json", "files.npy"):
            assert of_some[path] == content


def test_the_model_is_released_before_maps_are_computed(small, monkeypatch):
    loaded = []

    def prepared(*arguments):
        found = prepare(*arguments)
        loaded.append(weakref.ref(found[1]))
        return found

    def maps(*arguments):
        assert loaded[0]() is None
        return compute_maps(*arguments)

    prepare, compute_maps = build_module.prepare, build_module.compute_maps
    monkeypatch.setattr(build_module, "prepare", prepared)
    monkeypatch.setattr(build_module, "compute_maps", maps)
    small()
    assert loaded
