import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoModel, AutoTokenizer, GPT2Model, ViTModel

from attentionviz.models.weights import license_of

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "data" / "models"
IMAGES = ROOT / "data" / "corpora" / "images"


@pytest.fixture(scope="module")
def training_package():
    """Make the package of the scripts importable, for these tests only."""
    sys.path.insert(0, str(ROOT / "scripts"))
    yield
    sys.path.remove(str(ROOT / "scripts"))


@pytest.fixture(scope="module")
def text_measures(training_package):
    from demo_model_training import text_heads

    return text_heads.measure(MODELS / "demo-gpt2")


@pytest.fixture(scope="module")
def patch_measures(training_package):
    from demo_model_training import patch_heads

    return patch_heads.measure(MODELS / "demo-vit")


def loaded(name: str) -> torch.nn.Module:
    return AutoModel.from_pretrained(MODELS / name, local_files_only=True)


def test_both_models_take_at_most_12_megabytes():
    sizes = [path.stat().st_size for path in MODELS.rglob("*") if path.is_file()]
    assert sum(sizes) <= 12_000_000


def test_no_model_file_can_hold_code_or_pickles():
    endings = {path.suffix for path in MODELS.rglob("*") if path.is_file()}
    assert endings <= {".safetensors", ".json", ".md"}


@pytest.mark.parametrize(("name", "kind"), [("demo-gpt2", GPT2Model), ("demo-vit", ViTModel)])
def test_models_load_from_their_folder_alone(name, kind):
    model = loaded(name)
    assert isinstance(model, kind)
    assert next(model.parameters()).dtype == torch.float32


@pytest.mark.parametrize("name", ["demo-gpt2", "demo-vit"])
def test_cards_state_data_licence_seed_command_and_loss(name):
    card = (MODELS / name / "MODEL_CARD.md").read_text(encoding="utf-8")
    log = json.loads((MODELS / name / "training.json").read_text(encoding="utf-8"))
    for words in (
        "Licence: MIT",
        "## Data",
        f"seed {log['seed']}",
        "train_demo_models.py",
        "| step |",
    ):
        assert words in card
    sources = {"demo-gpt2": ("PSF-2.0", "BSD-3-Clause"), "demo-vit": ("CC BY 4.0", "UCI")}
    assert all(source in card for source in sources[name])
    assert license_of(MODELS / name) == "mit"  # what the page names beside the model
    assert "{training}" not in card and "{report}" not in card


def test_loss_fell_in_both_trainings():
    for name in ("demo-gpt2", "demo-vit"):
        log = json.loads((MODELS / name / "training.json").read_text(encoding="utf-8"))
        first, last = log["losses"][0], log["losses"][-1]
        assert all(last[part] < 0.7 * first[part] for part in first if part != "step")


def test_tokenizer_gives_back_every_sentence_with_its_spaces(training_package):
    from demo_model_training.gpt2_batches import read_sentences

    tokenizer = AutoTokenizer.from_pretrained(MODELS / "demo-gpt2", local_files_only=True)
    for text in read_sentences():
        token_ids = tokenizer(text)["input_ids"]
        assert tokenizer.decode(token_ids, clean_up_tokenization_spaces=False) == text
        assert len(token_ids) <= tokenizer.model_max_length


def test_nearly_every_word_of_the_sentences_is_one_token(training_package):
    from demo_model_training.gpt2_batches import read_sentences

    tokenizer = AutoTokenizer.from_pretrained(MODELS / "demo-gpt2", local_files_only=True)
    words = {word.strip('.,?!":;') for text in read_sentences() for word in text.split()[1:]}
    words = {word for word in words if word.isalpha()}
    whole = [word for word in words if len(tokenizer(f" {word}")["input_ids"]) == 1]
    assert len(whole) >= 0.95 * len(words)


@pytest.mark.slow
def test_a_gpt2_head_attends_to_the_previous_token(text_measures):
    assert text_measures.previous.max() > 0.5


@pytest.mark.slow
def test_a_gpt2_head_attends_to_the_token_after_an_earlier_copy(text_measures):
    assert text_measures.induction.max() > 0.3


@pytest.mark.slow
def test_gpt2_continues_repeated_random_tokens(text_measures):
    assert text_measures.copy_accuracy > 0.5


@pytest.mark.slow
def test_vit_classifies_unseen_pictures_far_above_chance(patch_measures):
    assert patch_measures.chance < 0.03
    assert patch_measures.accuracy["all"] > 0.8
    assert min(patch_measures.accuracy.values()) > 0.6


@pytest.mark.slow
@pytest.mark.parametrize(
    ("group", "times"),
    [
        ("same_hue", 3),
        ("same_brightness", 2),
        ("same_column", 3),
        ("adjacent", 2.5),
        ("same_row", 2),
    ],
)
def test_some_vit_head_groups_patches(patch_measures, group, times):
    assert getattr(patch_measures, group).max() > times * patch_measures.uniform[group]


def test_preprocessing_by_its_own_settings_names_the_demo_pictures(training_package):
    from demo_model_training import patch_heads

    folder = MODELS / "demo-vit"
    settings = json.loads((folder / "preprocessor_config.json").read_text(encoding="utf-8"))
    size = (settings["size"]["width"], settings["size"]["height"])
    model = patch_heads.load(folder)
    names = [path for path in sorted((IMAGES / "demo").glob("*.png"))]
    pictures = []
    for path in names:
        with Image.open(path) as image:
            small = image.convert("RGB").resize(size, Image.Resampling(settings["resample"]))
        pictures.append(np.asarray(small, np.float32) * settings["rescale_factor"])
    pixels = (np.stack(pictures) - settings["image_mean"]) / settings["image_std"]
    with torch.no_grad():
        logits = model(pixel_values=torch.from_numpy(pixels).permute(0, 3, 1, 2).float()).logits
    said = [model.config.id2label[int(i)] for i in logits.argmax(-1)]
    table = (IMAGES / "demo" / "labels.csv").read_text(encoding="utf-8").splitlines()[1:]
    expected = dict(line.split(",")[:2] for line in table)
    right = sum(expected[path.name] == name for path, name in zip(names, said, strict=True))
    assert right >= 0.75 * len(names)


def test_embedded_models_and_corpora_take_at_most_15_megabytes():
    sizes = [
        path.stat().st_size
        for folder in ("models", "corpora")
        for path in (ROOT / "data" / folder).rglob("*")
        if path.is_file()
    ]
    assert sum(sizes) <= 15_000_000


def test_provenance_names_every_folder_and_licence():
    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    folders = [p.name for p in (*MODELS.iterdir(), *IMAGES.iterdir()) if p.is_dir()]
    for word in (*folders, "sentences.csv", "MIT", "CC BY 4.0", "PSF-2.0", "BSD-3-Clause"):
        assert word in text
