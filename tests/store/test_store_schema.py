import json

import pytest
from tests.support.fake_dataset import write_fake_dataset
from tests.support.fake_spec import FakeSpec

from attentionviz.errors import DamagedDatasetError, OutdatedDatasetError
from attentionviz.store import layout
from attentionviz.store.file_table import read_file_table
from attentionviz.store.schema import canonical_json, parse_manifest


@pytest.fixture(scope="module", params=["text", "image", "image-text"])
def folder(request, tmp_path_factory):
    spec = FakeSpec(modality=request.param, n_tokens=100, maps=("pca-2d", "biplot-3d"))
    return write_fake_dataset(tmp_path_factory.mktemp("fake"), spec)


@pytest.fixture(scope="module")
def content(folder):
    return (folder / "manifest.json").read_bytes()


@pytest.fixture
def former(folder, manifest):
    """Return the manifest of format 3, which lists every file itself."""
    files = {path: record.facts() for path, record in read_file_table(folder, manifest).items()}
    for path in [*layout.token_files(manifest), *layout.head_fact_files(manifest)]:
        del files[path]
    for path in ("heads.json", "tokens.json"):
        files[path] = {"bytes": 2, "sha256": "0" * 64}
    return {**manifest, "schema_version": 3, "files": files}


@pytest.fixture
def manifest(content):
    return json.loads(content)


def refusal(manifest, **options):
    with pytest.raises(DamagedDatasetError) as caught:
        parse_manifest(json.dumps(manifest).encode(), **options)
    return str(caught.value)


def test_a_complete_manifest_is_read_as_written(content):
    assert canonical_json(parse_manifest(content)) == content


def test_a_partial_manifest_has_no_files_and_no_fidelity(manifest):
    assert "fidelity is not known" in refusal(manifest, is_partial=True)
    del manifest["files"], manifest["fidelity"], manifest["similarity"]
    assert parse_manifest(json.dumps(manifest).encode(), is_partial=True) == manifest


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b'{"n_tokens": NaN}', b"[" * 100_000, b"\xff"]
)
def test_a_malformed_manifest_is_refused_with_a_message(content):
    with pytest.raises(DamagedDatasetError, match="manifest"):
        parse_manifest(content)


def test_every_entry_is_required(manifest):
    for name in manifest:
        assert name in refusal({key: manifest[key] for key in manifest if key != name})


def test_an_unknown_entry_is_refused(manifest):
    assert "surprise" in refusal({**manifest, "surprise": 1})
    assert "surprise" in refusal({**manifest, "model": {**manifest["model"], "surprise": 1}})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n_tokens": -1}, "n_tokens"),
        ({"n_tokens": True}, "n_tokens"),
        ({"n_layers": 9000, "n_heads": 9000, "n_key_heads": 9000}, "layers"),
        ({"id": "../../etc"}, "id"),
        ({"id": "fine\n"}, "id"),
        ({"schema_version": "2"}, "schema_version"),
        ({"schema_version": 0}, "schema_version"),
        ({"scores": ["previous", "previous"]}, "scores"),
        ({"scores": ["__proto__"]}, "scores"),
        ({"probe": {}}, "probe"),
        ({"precision": "object"}, "precision"),
        ({"n_key_heads": 3}, "key heads"),
        ({"layers": []}, "layers"),
        ({"maps": {}}, "maps"),
    ],
)
def test_values_outside_their_range_are_refused(manifest, change, words):
    assert words in refusal({**manifest, **change})


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"n_heads": 0}, "layer 1 must have either heads or a reason why it has none"),
        ({"absent": "not captured"}, "layer 1 must have either heads or a reason"),
        ({"n_heads": 5}, "n_heads is 2, the largest of a layer 5"),
        ({"d_head": 9}, "the largest of a layer 9"),
        ({"n_heads": 1, "n_key_heads": 2}, "1 heads of layer 1 share 2 key heads"),
        ({"n_heads": -1}, "layers/1/n_heads"),
    ],
)
def test_sizes_of_a_layer_fit_those_of_the_manifest(manifest, entry, words):
    layers = [*manifest["layers"]]
    layers[1] = {**layers[1], **entry}
    assert words in refusal({**manifest, "layers": layers})


def test_a_model_of_layers_without_heads_is_refused(manifest):
    absent = {"n_heads": 0, "absent": "not captured"}
    assert "n_heads" in refusal(with_terms(manifest, **absent))


BIAS = {"offsets": [-9, 0, 3], "values": [[-1.0, 0.0, 0.5], [2.0, 0.0, 0.0]]}


def with_terms(manifest, **terms):
    return {**manifest, "layers": [{**rule, **terms} for rule in manifest["layers"]]}


def test_terms_of_scores_are_read_as_they_were_written(manifest):
    whole = with_terms(manifest, softcap=30.0, bias=BIAS, sinks=[0.5, -1.0], chunk=8)
    assert parse_manifest(json.dumps(whole).encode()) == whole


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"sinks": [0.5]}, "layer 0 has 1 sinks for 2 heads"),
        ({"sinks": [0.5, 1e9]}, "layers/0/sinks/1"),
        ({"softcap": 0.0}, "layers/0/softcap"),
        ({"chunk": 0}, "layers/0/chunk"),
        ({"bias": {**BIAS, "offsets": [-9, 3, 0]}}, "bias of layer 0 do not increase"),
        ({"bias": {**BIAS, "values": BIAS["values"][:1]}}, "one number a head and offset"),
        ({"bias": {**BIAS, "offsets": [-9, 0]}}, "one number a head and offset"),
        ({"bias": {"offsets": [], "values": [[], []]}}, "layers/0/bias/offsets"),
        ({"slopes": [0.5, 0.25]}, "layers/0/slopes is not known"),
    ],
)
def test_wrong_terms_of_scores_are_refused(manifest, terms, words):
    assert words in refusal(with_terms(manifest, **terms))


@pytest.mark.parametrize(
    ("version", "words"),
    [
        (1, r"earlier version of AttentionViz \(format 1, this one reads 2, 3 and 4\); build"),
        (5, r"newer version of AttentionViz \(format 5, this one reads 2, 3 and 4\); update"),
    ],
)
@pytest.mark.parametrize("is_partial", [False, True])
def test_a_manifest_of_another_version_is_told_from_a_damaged_one(
    manifest, version, words, is_partial
):
    of_then = {"schema_version": version, "id": manifest["id"], "entries": "of then"}
    with pytest.raises(OutdatedDatasetError, match=words):
        parse_manifest(json.dumps(of_then).encode(), is_partial=is_partial)


def test_huge_counts_are_refused_before_a_list_of_files_is_made(manifest):
    rule = manifest["layers"][0]
    change = {"n_layers": 9000, "n_heads": 9000, "n_key_heads": 9000, "layers": [rule] * 9000}
    assert "81000000 heads" in refusal({**manifest, **change})


@pytest.mark.parametrize(
    "path", ["../x.npy", "/etc/passwd", "tokens/code.npy", "tokens.json\n", "L00H00/x.npy", ""]
)
def test_a_file_outside_the_grammar_is_refused(former, path):
    former["files"][path] = former["files"]["tokens.json"]
    assert "must not list " + path in refusal(former)


def test_a_missing_or_additional_file_is_named(former):
    facts = former["files"].pop("L00H01/pca-2d.npy")
    assert "does not list L00H01/pca-2d.npy" in refusal(former)
    former["files"]["L00H01/pca-2d.npy"] = facts
    former["files"]["L00H01/pca-3d.npy"] = facts
    assert "must not list L00H01/pca-3d.npy" in refusal(former)


def test_shape_and_dtype_of_a_file_must_follow_from_the_counts(former):
    facts = former["files"]["L00H01/pca-2d.npy"]
    former["files"]["L00H01/pca-2d.npy"] = {**facts, "dtype": "uint8"}
    assert "L00H01/pca-2d.npy" in refusal(former)
    former["files"]["L00H01/pca-2d.npy"] = {**facts, "shape": [1, 2]}
    assert "L00H01/pca-2d.npy" in refusal(former)


def test_a_map_must_match_its_name(manifest):
    manifest["maps"]["pca-2d"]["method"] = "tsne"
    assert "map pca-2d has method tsne" in refusal(manifest)


def test_nan_is_never_written_as_json():
    assert canonical_json({"b": 1, "a": "é"}) == '{\n "a": "é",\n "b": 1\n}\n'.encode()
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json({"a": float("nan")})


def test_an_earlier_format_without_account_prefix_matching_and_exact_check_is_read(former):
    del former["corpus"]["account"]
    del former["prefix_probe"]
    former["attention_check"] = {"max_abs_error": 1e-7, "tolerance": 1e-5, "n_sequences": 8}
    words = "prefix_probe is missing; corpus/account is missing; attention_check/exact_"
    assert words in refusal(former)
    former["schema_version"] = 2
    kept = former.pop("keep_vectors")  # all vectors were stored
    found = parse_manifest(json.dumps(former).encode())
    assert found == {**former, "keep_vectors": kept}


def test_in_a_map_of_an_earlier_format_points_outside_of_the_sample_were_only_placed(former):
    fitted = {"fit_points": 20_000, "placing_neighbours": 15}
    former["maps"]["pca-2d"]["parameters"] = fitted
    found = parse_manifest(json.dumps(former).encode())
    assert found["maps"]["pca-2d"]["parameters"] == {**fitted, "refined_points": 0}


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        ({"choice": "all", "n_sequences": 1, "n_tokens": 5}, "n_sequences is 1, expected "),
        ({"choice": "none", "n_sequences": 0, "n_tokens": 5}, "n_tokens is 5, expected 0 to 0"),
        ({"choice": "sample", "n_sequences": 0, "n_tokens": 0}, "n_sequences is 0, expected 1 to"),
        ({"choice": "some", "n_sequences": 1, "n_tokens": 5}, "keep_vectors/choice"),
    ],
)
def test_counts_of_stored_vectors_must_fit_the_choice(manifest, kept, words):
    assert words in refusal({**manifest, "keep_vectors": kept})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n_read": 1}, "1 read is not"),
        ({"n_taken": 1}, "1 sequences taken, the dataset has"),
        ({"n_cut": 999}, "999 sequences cut"),
        ({"left_out": [{"reason": "blank", "n": 2, "examples": []}]}, "and 2 left out"),
    ],
)
def test_an_account_that_does_not_add_up_is_refused(manifest, change, words):
    manifest["corpus"]["account"].update(change)
    assert words in refusal(manifest)
