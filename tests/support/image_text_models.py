"""Small seeded models that read images and texts, each with its own processor of transformers.

An image is 4 x 4 patches, or 2 x 2 where four are merged into one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import transformers
from PIL import Image, ImageDraw
from tests.support.tiny_models import SENTENCES, randomise
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedModel, PreTrainedTokenizerFast

MARKS = {
    "image_token": "<image>",
    "boi_token": "<boi>",
    "eoi_token": "<eoi>",
    "start_image_token": "<img>",
    "end_image_token": "</img>",
    "context_image_token": "<image>",
    "video_token": "<video>",
    "image_boundary_token": "<fake_token_around_image>",
    "end_of_utterance_token": "<|im_end|>",
}
OTHER_MARKS = ("<|im_start|>", "<global-img>")
CHAT = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{% for part in m.content %}"
    "{% if part.type == 'image' %}IMAGE{% else %}{{ part.text }}{% endif %}{% endfor %}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TEXT = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 256,
    "pad_token_id": 2,
    "bos_token_id": 0,
    "eos_token_id": 1,
}
VISION = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "image_size": 32,
    "patch_size": 8,
}
QWEN_VISION = {
    "depth": 3,
    "num_heads": 4,
    "patch_size": 4,
    "spatial_merge_size": 2,
    "temporal_patch_size": 2,
}
MROPE = {"rope_parameters": {"rope_type": "default", "mrope_section": [2, 1, 1]}}
SQUARE = {"height": 32, "width": 32}


@dataclass(frozen=True)
class ImageTextCase:
    """A family: its configuration by the ids of special tokens, and its processor."""

    family: str
    config: Callable[[dict[str, int], int], dict[str, Any]]
    images: Callable[[], Any]
    processor: str
    options: dict[str, Any]
    mark: str | None = "<image>"  # of the image in the chat template; None without a template
    n_rows: int = 4
    block: bool = False  # whether patches see each other both ways
    is_causal: bool = True


def _clip() -> Any:
    size = {"shortest_edge": 32}
    return transformers.CLIPImageProcessorPil(size=size, crop_size=SQUARE)


def _siglip() -> Any:
    return transformers.SiglipImageProcessorPil(size=SQUARE)


def _qwen() -> Any:
    size = {"shortest_edge": 32 * 32, "longest_edge": 32 * 32}
    return transformers.Qwen2VLImageProcessorPil(patch_size=4, merge_size=2, size=size)


def _idefics() -> Any:
    return transformers.Idefics3ImageProcessorPil(
        size={"longest_edge": 64}, max_image_size={"longest_edge": 32}
    )


def _qwen_config(ids: dict[str, int], n: int, **vision: Any) -> dict[str, Any]:
    return {
        "text_config": {**TEXT, **MROPE, "vocab_size": n},
        "vision_config": {**QWEN_VISION, **vision},
        "image_token_id": ids["<image>"],
        "video_token_id": ids["<video>"],
        "vision_start_token_id": ids["<img>"],
        "vision_end_token_id": ids["</img>"],
    }


def _idefics_config(ids: dict[str, int], n: int) -> dict[str, Any]:
    return {
        "text_config": {**TEXT, "model_type": "llama", "vocab_size": n},
        "vision_config": VISION,
        "image_token_id": ids["<image>"],
        "pad_token_id": 2,
        "scale_factor": 2,
    }


QWEN_MARK = "<img><image></img>"
IMAGE_TEXT_MODELS: dict[str, ImageTextCase] = {
    "llava": ImageTextCase(
        "Llava",
        lambda ids, n: {
            "text_config": {**TEXT, "model_type": "llama", "vocab_size": n},
            "vision_config": {**VISION, "model_type": "clip_vision_model"},
            "image_token_index": ids["<image>"],
        },
        _clip,
        "LlavaProcessor",
        {
            "patch_size": 8,
            "num_additional_image_tokens": 1,
            "vision_feature_select_strategy": "default",
        },
    ),
    "llava without a template": ImageTextCase(
        "Llava",
        lambda ids, n: {
            "text_config": {**TEXT, "model_type": "llama", "vocab_size": n},
            "vision_config": {**VISION, "model_type": "clip_vision_model"},
            "image_token_index": ids["<image>"],
        },
        _clip,
        "LlavaProcessor",
        {
            "patch_size": 8,
            "num_additional_image_tokens": 1,
            "vision_feature_select_strategy": "default",
        },
        mark=None,
    ),
    "qwen2-vl": ImageTextCase(
        "Qwen2VL",
        lambda ids, n: _qwen_config(ids, n, embed_dim=32, hidden_size=32),
        _qwen,
        "Qwen2VLProcessor",
        {},
        mark=QWEN_MARK,
    ),
    "qwen2.5-vl": ImageTextCase(
        "Qwen2_5_VL",
        lambda ids, n: _qwen_config(
            ids,
            n,
            hidden_size=32,
            intermediate_size=48,
            out_hidden_size=32,
            window_size=16,
            fullatt_block_indexes=[1],
        ),
        _qwen,
        "Qwen2_5_VLProcessor",
        {},
        mark=QWEN_MARK,
    ),
    "qwen3-vl": ImageTextCase(
        "Qwen3VL",
        lambda ids, n: _qwen_config(
            ids,
            n,
            hidden_size=32,
            intermediate_size=48,
            out_hidden_size=32,
            num_position_embeddings=64,
            deepstack_visual_indexes=[0, 1],
        ),
        _qwen,
        "Qwen3VLProcessor",
        {},
        mark=QWEN_MARK,
    ),
    "paligemma": ImageTextCase(
        "PaliGemma",
        lambda ids, n: {
            "text_config": {**TEXT, "model_type": "gemma", "vocab_size": n},
            "vision_config": {
                **VISION,
                "model_type": "siglip_vision_model",
                "vision_use_head": False,
            },
            "image_token_index": ids["<image>"],
            "projection_dim": 32,
            "hidden_size": 32,
            "vocab_size": n,
        },
        lambda: transformers.SiglipImageProcessorPil(size=SQUARE, image_seq_length=16),
        "PaliGemmaProcessor",
        {},
        mark=None,
        is_causal=False,
    ),
    "gemma3": ImageTextCase(
        "Gemma3",
        lambda ids, n: {
            "text_config": {
                **TEXT,
                "vocab_size": n,
                "sliding_window": 7,
                "query_pre_attn_scalar": 8,
                "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
            },
            "vision_config": {
                **VISION,
                "model_type": "siglip_vision_model",
                "vision_use_head": False,
            },
            "image_token_index": ids["<image>"],
            "boi_token_index": ids["<boi>"],
            "eoi_token_index": ids["<eoi>"],
            "mm_tokens_per_image": 4,
        },
        lambda: transformers.Gemma3ImageProcessorPil(size=SQUARE),
        "Gemma3Processor",
        {"image_seq_length": 4},
        mark="<boi>",
        n_rows=2,
        block=True,
    ),
    "idefics3": ImageTextCase(
        "Idefics3",
        _idefics_config,
        _idefics,
        "Idefics3Processor",
        {"image_seq_len": 4},
        n_rows=2,
    ),
    "smolvlm": ImageTextCase(
        "SmolVLM",
        _idefics_config,
        _idefics,
        "Idefics3Processor",  # its own needs a package for the words of numbers of videos
        {"image_seq_len": 4},
        n_rows=2,
    ),
    "internvl": ImageTextCase(
        "InternVL",
        lambda ids, n: {
            "text_config": {**TEXT, "model_type": "qwen2", "vocab_size": n},
            "vision_config": {**VISION, "image_size": [32, 32], "patch_size": [8, 8]},
            "image_token_id": ids["<image>"],
            "image_seq_length": 4,
        },
        lambda: transformers.GotOcr2ImageProcessorPil(size=SQUARE),
        "InternVLProcessor",
        {"image_seq_length": 4},
        n_rows=2,
    ),
}


LLAVA = IMAGE_TEXT_MODELS["llava"]
PINPOINTS = [[32, 64], [64, 32]]
REFUSED_MODELS: dict[str, tuple[ImageTextCase, str]] = {
    "learned queries instead of patches": (
        ImageTextCase(
            "Idefics2",
            lambda ids, n: {
                "text_config": {**TEXT, "model_type": "mistral", "vocab_size": n},
                "vision_config": VISION,
                "perceiver_config": {
                    "hidden_size": 32,
                    "resampler_n_latents": 4,
                    "resampler_depth": 1,
                    "resampler_n_heads": 4,
                    "resampler_head_dim": 8,
                    "num_key_value_heads": 2,
                },
                "image_token_id": ids["<image>"],
            },
            lambda: transformers.Idefics2ImageProcessorPil(
                size={"shortest_edge": 32, "longest_edge": 32}
            ),
            "Idefics2Processor",
            {"image_seq_len": 4},
        ),
        "learned queries",
    ),
    "several grids of patches": (
        replace(
            LLAVA,
            family="LlavaNext",
            config=lambda ids, n: {**LLAVA.config(ids, n), "image_grid_pinpoints": PINPOINTS},
            images=lambda: transformers.LlavaNextImageProcessorPil(
                size={"shortest_edge": 32}, crop_size=SQUARE, image_grid_pinpoints=PINPOINTS
            ),
            processor="LlavaNextProcessor",
        ),
        "36 tokens of an image in a llava_next cannot be placed in it",
    ),
    "a template without the image": (replace(LLAVA, mark=""), "makes no sequence of an image"),
    "too few positions": (
        replace(
            LLAVA,
            config=lambda ids, n: {
                **LLAVA.config(ids, n),
                "text_config": {**TEXT, "model_type": "llama", "max_position_embeddings": 20},
            },
        ),
        "an image takes 16 of the 20 tokens",
    ),
}
"""Models of images and texts that have no map, and a part of the reason."""


def save_image_text_model(folder: Path, case: ImageTextCase, seed: int = 0) -> Path:
    """Write a model of images and texts with its processor to the folder and return it."""
    tokenizer = marked_tokenizer()
    settings = case.config(tokenizer.get_vocab(), len(tokenizer))
    config = getattr(transformers, f"{case.family}Config")(**settings)
    model: PreTrainedModel = getattr(transformers, f"{case.family}Model")(config)
    randomise(model, seed)
    model.save_pretrained(folder)
    save_processor(folder, case, tokenizer)
    return folder


def save_processor(folder: Path, case: ImageTextCase, tokenizer: PreTrainedTokenizerFast) -> None:
    """Write the processor of a model, as far as it needs no package for videos."""
    kind = getattr(transformers, case.processor)
    names = [name for name in kind.get_attributes() if name != "video_processor"]
    without_videos = type(kind.__name__, (kind,), {"get_attributes": staticmethod(lambda: names)})
    template = None if case.mark is None else CHAT.replace("IMAGE", case.mark)
    parts = {"image_processor": case.images(), "tokenizer": tokenizer}
    processor = without_videos(**parts, chat_template=template, **case.options)
    processor.save_pretrained(folder)


def marked_tokenizer() -> PreTrainedTokenizerFast:
    """Return a byte-level tokenizer with the special tokens of all of these models."""
    special = ["<s>", "</s>", "<pad>", *dict.fromkeys(MARKS.values()), *OTHER_MARKS]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=special,
        show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",  # noqa: S106 - no password
        eos_token="</s>",  # noqa: S106 - no password
        pad_token="<pad>",  # noqa: S106 - no password
        extra_special_tokens=MARKS,
    )


def save_images(folder: Path, texts: list[str], size: tuple[int, int] = (64, 48)) -> Path:
    """Write seeded images with ``labels.csv``, whose column ``text`` has these texts."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["file,text,label"]
    for i, text in enumerate(texts):
        image = Image.new("RGB", size, (40 * i % 256, 90, 200 - 30 * i % 200))
        box = (5 * i, 4 * i, 20 + 5 * i, 20 + 4 * i)
        ImageDraw.Draw(image).ellipse(box, fill=(250, 60 * i % 256, 10))
        image.save(folder / f"{i}.png")
        lines.append(f'{i}.png,"{text}",{"odd" if i % 2 else "even"}')
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return folder
