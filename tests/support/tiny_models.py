"""Small seeded models with tokenizer or image processor, saved so that they load offline.

Two layers, two heads, head size 8; weights are large enough that attention is far from uniform, so
that wrong scores show.
"""

import math
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    AutoTokenizer,
    BertConfig,
    BertModel,
    EsmConfig,
    EsmModel,
    EsmTokenizer,
    GPT2Config,
    GPT2Model,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    ViTConfig,
    ViTModel,
)

SENTENCES = [
    "In april the river rose again.",
    "She read the letter twice, then she read it again.",
    "The train to the north leaves at 9 in the morning.",
    "Two otters played by the river in april.",
    "Nobody in the village had seen so much snow in april.",
    "He said: the bank by the river is closed.",
]
"""English, with words that come back, for corpora of tests."""

AMINO_ACIDS = "LAGVSERTIDPKQNFYMHWCXBUZO"
"""In the order of the vocabulary of ESM-2."""

N_LAYERS, N_HEADS, HIDDEN = 2, 2, 16


def save_tiny_bert(folder: Path, seed: int = 0) -> Path:
    """Write a BERT with a WordPiece tokenizer to the folder and return it."""
    tokenizer = wordpiece_tokenizer()
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=HIDDEN,
        num_hidden_layers=N_LAYERS,
        num_attention_heads=N_HEADS,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    return save(BertModel, config, folder, tokenizer=tokenizer, seed=seed)


def save_tiny_gpt2(folder: Path, seed: int = 0) -> Path:
    """Write a GPT-2 with a byte-level tokenizer to the folder and return it."""
    tokenizer = byte_level_tokenizer()
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_embd=HIDDEN,
        n_layer=N_LAYERS,
        n_head=N_HEADS,
        n_positions=64,
        bos_token_id=0,
        eos_token_id=0,
    )
    return save(GPT2Model, config, folder, tokenizer=tokenizer, seed=seed)


def save_tiny_esm(folder: Path, seed: int = 0, **settings: object) -> Path:
    """Write an ESM with the vocabulary and the slow tokenizer of ESM-2; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    words = ["<cls>", "<pad>", "<eos>", "<unk>", *AMINO_ACIDS, ".", "-", "<null_1>", "<mask>"]
    (folder / "vocab.txt").write_text("\n".join(words))
    tokenizer = EsmTokenizer(str(folder / "vocab.txt"))
    sizes: dict[str, object] = {
        "hidden_size": HIDDEN,
        "num_hidden_layers": N_LAYERS,
        "num_attention_heads": N_HEADS,
        "intermediate_size": 32,
        "max_position_embeddings": 130,
    }
    config = EsmConfig(
        vocab_size=len(words),
        pad_token_id=1,
        mask_token_id=len(words) - 1,
        position_embedding_type="rotary",
        token_dropout=True,
        **{**sizes, **settings},
    )
    return save(EsmModel, config, folder, tokenizer=tokenizer, seed=seed)


def save_tiny_vit(folder: Path, seed: int = 0) -> Path:
    """Write a ViT of 3 x 3 patches of 8 px with its image processor and return the folder."""
    config = ViTConfig(
        hidden_size=HIDDEN,
        num_hidden_layers=N_LAYERS,
        num_attention_heads=N_HEADS,
        intermediate_size=32,
        image_size=24,
        patch_size=8,
    )
    return save(ViTModel, config, folder, image_px=(24, 24), seed=seed)


def break_weights(folder: Path, name: str, index: object, value: float = math.nan) -> Path:
    """Replace some numbers of the saved weights whose name ends so; return the folder."""
    path = folder / "model.safetensors"
    weights = load_file(path)
    (found,) = [one for one in weights if one.endswith(name)]
    weights[found][index] = value
    save_file(weights, path, metadata={"format": "pt"})
    return folder


def break_token(folder: Path, token: str) -> Path:
    """Give a token an embedding of no numbers, as damaged checkpoints have; return the folder."""
    token_id = AutoTokenizer.from_pretrained(folder).get_vocab()[token]
    names = load_file(folder / "model.safetensors")
    name = next(one for one in names if one.endswith(("word_embeddings.weight", "wte.weight")))
    return break_weights(folder, name, token_id)


def save(
    architecture: type[PreTrainedModel],
    config: object,
    folder: Path,
    *,
    tokenizer: PreTrainedTokenizerBase | None = None,
    image_px: tuple[int, int] | None = None,
    seed: int = 0,
) -> Path:
    """Write a seeded model of any architecture with what prepares its inputs."""
    model = architecture(config)
    randomise(model, seed)
    model.save_pretrained(folder)
    if tokenizer is not None:
        tokenizer.save_pretrained(folder)
    if image_px is not None:
        save_image_processor(folder, *image_px)
    return folder


def randomise(model: torch.nn.Module, seed: int) -> None:
    """Fill all weights, biases and gains too, from one seed."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            noise = torch.randn(parameter.shape, generator=generator)
            is_gain = "norm" in name.lower() and name.endswith("weight")
            parameter.copy_(1 + 0.1 * noise if is_gain else 0.25 * noise)


def save_image_processor(folder: Path, height: int, width: int) -> None:
    """Write a ViT image processor for one size."""
    from transformers import ViTImageProcessorPil

    ViTImageProcessorPil(size={"height": height, "width": width}).save_pretrained(folder)


def wordpiece_tokenizer() -> PreTrainedTokenizerFast:
    """Return a WordPiece tokenizer whose words are those of the sentences."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))  # noqa: S106 - no password
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(
        vocab_size=200,
        special_tokens=special,
        initial_alphabet=list("abcdefghijklmnopqrstuvwxyz"),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.decoder = decoders.WordPiece()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",  # noqa: S106 - no password
        unk_token="[UNK]",  # noqa: S106 - no password
        cls_token="[CLS]",  # noqa: S106 - no password
        sep_token="[SEP]",  # noqa: S106 - no password
        mask_token="[MASK]",  # noqa: S106 - no password
    )


def byte_level_tokenizer() -> PreTrainedTokenizerFast:
    """Return a byte-level BPE tokenizer without padding token, as GPT-2 has it."""
    end = "<|endoftext|>"
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=[end],
        show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=end, eos_token=end, unk_token=end
    )
