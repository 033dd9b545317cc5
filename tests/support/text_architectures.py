"""Small configurations of the text architectures whose attention must be reproduced exactly."""

from typing import Any

import transformers

COMMON = {
    "vocab_size": 330,
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 96,
}
GPT = {"vocab_size": 330, "n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 96}
XLM = {"vocab_size": 330, "emb_dim": 32, "n_layers": 3, "n_heads": 4, "max_position_embeddings": 96}
FALCON = {
    "vocab_size": 330,
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
}
GROUPED = {**COMMON, "num_key_value_heads": 2, "head_dim": 8, "pad_token_id": 0}

T5 = {
    "vocab_size": 330,
    "d_model": 32,
    "d_kv": 8,
    "num_heads": 4,
    "d_ff": 48,
    "num_layers": 3,
    "relative_attention_num_buckets": 16,
    "relative_attention_max_distance": 20,
}

TEXT_ARCHITECTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "bert": ("Bert", COMMON),
    "roberta": ("Roberta", {**COMMON, "pad_token_id": 1, "max_position_embeddings": 98}),
    "distilbert": (
        "DistilBert",
        {
            "vocab_size": 330,
            "dim": 32,
            "n_layers": 3,
            "n_heads": 4,
            "hidden_dim": 48,
            "max_position_embeddings": 96,
        },
    ),
    "modernbert": (
        "ModernBert",
        {**COMMON, "local_attention": 8, "global_attn_every_n_layers": 3, "pad_token_id": 0},
    ),
    "albert": ("Albert", {**COMMON, "embedding_size": 16}),
    "gpt2": ("GPT2", {"vocab_size": 330, "n_embd": 32, "n_layer": 3, "n_head": 4}),
    "gpt2 scaled by layer": (
        "GPT2",
        {
            "vocab_size": 330,
            "n_embd": 32,
            "n_layer": 3,
            "n_head": 4,
            "scale_attn_by_inverse_layer_idx": True,
            "reorder_and_upcast_attn": True,
        },
    ),
    "layoutlm, whose mask is a row of keys": ("LayoutLM", COMMON),
    "opt": ("OPT", {**COMMON, "ffn_dim": 48, "word_embed_proj_dim": 32}),
    "gpt-neox": ("GPTNeoX", {**COMMON, "rotary_pct": 0.5}),
    "llama": ("Llama", GROUPED),
    "mistral with a window": ("Mistral", {**GROUPED, "sliding_window": 6}),
    "mixtral, whose experts have no float64": ("Mixtral", {**GROUPED, "num_local_experts": 3}),
    "qwen3 with windows in some layers": (
        "Qwen3",
        {**GROUPED, "use_sliding_window": True, "sliding_window": 5, "max_window_layers": 1},
    ),
    "gemma 2, with a soft cap and windows": (
        "Gemma2",
        {**GROUPED, "attn_logit_softcapping": 4.0, "query_pre_attn_scalar": 8, "sliding_window": 6},
    ),
    "gpt-oss, with sinks and windows": (
        "GptOss",
        {**GROUPED, "num_local_experts": 2, "num_experts_per_tok": 1, "sliding_window": 6},
    ),
    "encoder of t5, with buckets of offsets": ("T5", T5),
    "encoder of umt5, with buckets of its own in each layer": ("UMT5", T5),
    "llama 4, with chunks": (
        "Llama4Text",
        {
            **GROUPED,
            "num_local_experts": 2,
            "intermediate_size_mlp": 48,
            "attention_chunk_size": 16,
            "use_qk_norm": False,
            "layer_types": ["chunked_attention", "full_attention", "chunked_attention"],
        },
    ),
    "encoder of bart": (
        "Bart",
        {
            "vocab_size": 330,
            "d_model": 32,
            "encoder_layers": 3,
            "decoder_layers": 1,
            "encoder_attention_heads": 4,
            "decoder_attention_heads": 4,
            "encoder_ffn_dim": 48,
            "decoder_ffn_dim": 48,
            "max_position_embeddings": 96,
        },
    ),
}
"""By name: prefix of the classes in transformers, and the arguments of the configuration."""

OWN_CODE: dict[str, tuple[str, dict[str, Any]]] = {
    "gpt-j": ("GPTJ", {**GPT, "rotary_dim": 4}),
    "gpt-neo with a window in every second layer": (
        "GPTNeo",
        {
            "vocab_size": 330,
            "hidden_size": 32,
            "num_layers": 3,
            "num_heads": 4,
            "attention_types": [[["global", "local"], 1], [["global"], 1]],
            "window_size": 60,  # longer than the text of the trial
            "max_position_embeddings": 96,
        },
    ),
    "codegen": ("CodeGen", {**GPT, "rotary_dim": 4}),
    "falcon with one key head": ("Falcon", FALCON),
    "falcon with groups of key heads": (
        "Falcon",
        {**FALCON, "new_decoder_architecture": True, "num_kv_heads": 2},
    ),
    "openai gpt, which multiplies with its mask": ("OpenAIGPT", GPT),
    "xlm, which scales its queries": ("XLM", XLM),
    "flaubert": ("Flaubert", XLM),
    "xglm, with axes of batch and heads in one": (
        "XGLM",
        {
            "vocab_size": 330,
            "d_model": 32,
            "num_layers": 3,
            "attention_heads": 4,
            "ffn_dim": 48,
            "max_position_embeddings": 96,
        },
    ),
    "roformer": ("RoFormer", COMMON),
    "rembert": ("RemBert", {**COMMON, "input_embedding_size": 16}),
    "squeezebert, whose projections are convolutions": (
        "SqueezeBert",
        {**COMMON, "embedding_size": 32},
    ),
    "big bird": ("BigBird", COMMON),
    "convbert, of heads and convolutions": (
        "ConvBert",
        {**COMMON, "num_attention_heads": 8, "embedding_size": 32, "hidden_size": 64},
    ),
    "megatron": ("MegatronBert", COMMON),
    "falcon with alibi, added before the scaling": ("Falcon", {**FALCON, "alibi": True}),
    "bloom, which adds alibi to its product": (
        "Bloom",
        {"vocab_size": 330, "hidden_size": 32, "n_layer": 3, "n_head": 4},
    ),
    "mpt with alibi": ("Mpt", {"vocab_size": 330, "d_model": 32, "n_layers": 3, "n_heads": 4}),
    "mpnet with buckets of distance": ("MPNet", COMMON),
    "ctrl": ("CTRL", {**GPT, "dff": 48}),
}
"""Architectures whose attention is code of their own."""
TEXT_ARCHITECTURES |= OWN_CODE

FOUR = {**GROUPED, "num_hidden_layers": 4}
del FOUR["head_dim"]
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2}
DELTA = {
    "linear_num_value_heads": 4,
    "linear_num_key_heads": 2,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
    "linear_conv_kernel_dim": 3,
    "head_dim": 8,
    "layer_types": ["linear_attention"] * 3 + ["full_attention"],
}
MAMBA = {
    "mamba_n_heads": 8,
    "mamba_d_head": 8,
    "mamba_n_groups": 1,
    "mamba_d_state": 8,
    "mamba_expand": 2,
}
PER_LAYER = {
    "head_dim": 8,
    "sliding_window": 6,
    "layer_types": ["sliding_attention", "full_attention"] * 2,
    "hidden_size_per_layer_input": 8,
    "vocab_size_per_layer_input": 330,
    "num_kv_shared_layers": 2,
}
ATTENDS = (4, 2, 8)
EVERY_SECOND = [None, ATTENDS] * 2

UNEVEN_LAYERS: dict[str, tuple[str, dict[str, Any], list[tuple[int, int, int] | None]]] = {
    "qwen3-next, with a gate on its output": (
        "Qwen3Next",
        {**FOUR, **DELTA, **EXPERTS, "moe_intermediate_size": 16},
        [None, None, None, ATTENDS],
    ),
    "qwen3.5": ("Qwen3_5Text", {**FOUR, **DELTA}, [None, None, None, ATTENDS]),
    "jamba": (
        "Jamba",
        {
            **{**FOUR, **EXPERTS, "attn_layer_period": 2, "attn_layer_offset": 1},
            **{"mamba_d_state": 8, "mamba_expand": 2, "mamba_dt_rank": 4},
        },
        EVERY_SECOND,
    ),
    "lfm2": ("Lfm2", {**FOUR, "layer_types": ["conv", "full_attention"] * 2}, EVERY_SECOND),
    "recurrent gemma, with a window": (
        "RecurrentGemma",
        {**FOUR, "lru_width": 32, "head_dim": 8, "attention_window_size": 6},
        [None, None, ATTENDS, None],
    ),
    "zamba2, which shares one attention": (
        "Zamba2",
        {
            **{**FOUR, "layers_block_type": ["mamba", "hybrid"] * 2, "num_key_value_heads": 4},
            **{"mamba_d_state": 8, "mamba_expand": 2, "mamba_ngroups": 1, "mamba_headdim": 8},
            **{"n_mamba_heads": 8, "adapter_rank": 4, "attention_head_dim": 16},
            "use_shared_attention_adapter": False,
        },
        [None, (4, 4, 16)] * 2,
    ),
    "bamba": ("Bamba", {**FOUR, **MAMBA, "attn_layer_indices": [1, 3]}, EVERY_SECOND),
    "granite hybrid": (
        "GraniteMoeHybrid",
        {
            **{**FOUR, **MAMBA, "layer_types": ["mamba", "attention"] * 2},
            **{"num_local_experts": 4, "num_experts_per_tok": 2, "shared_intermediate_size": 32},
        },
        EVERY_SECOND,
    ),
    "gemma 3n, whose last layers share keys": (
        "Gemma3nText",
        {
            **{**FOUR, **PER_LAYER, "intermediate_size": [48] * 4, "laurel_rank": 4},
            **{"altup_num_inputs": 2, "activation_sparsity_pattern": [0.0] * 4},
        },
        [ATTENDS] * 4,
    ),
    "gemma 4": (
        "Gemma4Text",
        {**FOUR, **PER_LAYER, "global_head_dim": 16},
        [ATTENDS, (4, 2, 16)] * 2,
    ),
    "embedding gemma 2": (
        "EmbeddingGemma2Text",
        {**FOUR, "head_dim": 8, "global_head_dim": 16},
        [ATTENDS, ATTENDS, ATTENDS, (4, 1, 16)],
    ),
}
"""Architectures whose layers differ: heads, key heads and head size of each, None for none."""


BART = {
    "vocab_size": 330,
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 3,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 48,
    "decoder_ffn_dim": 48,
    "max_position_embeddings": 96,
    "pad_token_id": 1,
    "bos_token_id": 0,
    "eos_token_id": 0,
    "decoder_start_token_id": 1,
}
TWO_T5 = {
    **{**T5, "num_layers": 2, "num_decoder_layers": 3},
    **{"pad_token_id": 1, "eos_token_id": 0, "decoder_start_token_id": 1},
}
FSMT = {**BART, "langs": ["en", "de"], "src_vocab_size": 330, "tgt_vocab_size": 330}

TWO_TEXTS: dict[str, tuple[str, dict[str, Any]]] = {
    "t5, with buckets of offsets in encoder and decoder": ("T5", TWO_T5),
    "umt5, with buckets of its own in each layer": ("UMT5", TWO_T5),
    "bart": ("Bart", BART),
    "mbart, which starts with the last token of the target": ("MBart", BART),
    "pegasus": ("Pegasus", BART),
    "marian": ("Marian", BART),
    "m2m 100": ("M2M100", BART),
    "blenderbot": ("Blenderbot", BART),
    "fsmt, whose attention is code of its own": ("FSMT", FSMT),
}
"""Architectures with an encoder of two and a decoder of three layers."""


def make(prefix: str, arguments: dict[str, Any], suffix: str = "") -> tuple[Any, Any]:
    """Return the class of a model and its configuration, such as of "Bert"."""
    model = getattr(transformers, f"{prefix}{suffix}Model")
    return model, model.config_class(**arguments)
