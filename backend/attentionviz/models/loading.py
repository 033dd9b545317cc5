"""Load a model by name and detect its attention; unsupported models are errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModel, PretrainedConfig, PreTrainedModel
from transformers.utils import logging as transformers_logging

from attentionviz.errors import (
    ConfigError,
    InvalidRequestError,
    ModelNotAvailableError,
    UnsupportedModelError,
)
from attentionviz.models.audio import FEATURES, AudioInputs, load_audio_inputs
from attentionviz.models.configuration import read_config
from attentionviz.models.forward import OWN, set_attention
from attentionviz.models.image_probe import probe_images
from attentionviz.models.image_text import ImageTextInputs
from attentionviz.models.image_text_probe import probe_image_texts
from attentionviz.models.images import ImageInputs
from attentionviz.models.interface import IMPLEMENTATION, register
from attentionviz.models.loaded import LoadedModel
from attentionviz.models.names import ModelSource, resolve
from attentionviz.models.padding import changes_with_padding
from attentionviz.models.placement import Placement, input_device, read_unobserved
from attentionviz.models.positions import TooFewPositionsError
from attentionviz.models.probe import Findings, NotReachedError, probe
from attentionviz.models.processor import load_image_processor, load_processor
from attentionviz.models.seq2seq import Seq2SeqInputs, seq2seq_class
from attentionviz.models.sizes import describe
from attentionviz.models.steps import step
from attentionviz.models.text import TextInputs
from attentionviz.models.tokenizer import load_tokenizer
from attentionviz.models.towers import chosen_part, reads_images_in_texts
from attentionviz.models.weights import (
    layers_left_out,
    license_of,
    require_loaded,
    settings_sha256,
    weight_files,
    weights_sha256,
)

Inputs = TextInputs | Seq2SeqInputs | ImageInputs | ImageTextInputs
ENCODER = "encoder"

MAX_SEQUENCE = 2**16
"""Tokens of an image and its text together, if the model states no limit."""

DEFAULT_MAX_LENGTH = 512
"""Longer texts are cut by default, since the size of attention grows with their square."""

UNPADDED = (
    "padding changes the vectors of this model, so texts of different lengths are run one by one"
)
GATED = (
    "a gate multiplies the output of attention of each token; ‖v·W_O‖ is the norm without the gate"
)


def load(
    name: str,
    device: str = "auto",
    *,
    local_models: Path | None,
    max_length: int | None = None,
    dtype: str = "float32",
    placement: Placement | None = None,
    part: str | None = None,
) -> LoadedModel:
    """Return a model, loaded and ready for `capture_batch`.

    Parameters
    ----------
    name : str
        Preset (``bert``), hub id with optional ``@revision``, local folder, or embedded model.
    device : str
        "auto" (CUDA, then MPS, then CPU), "cpu", "cuda" or "mps".
    local_models : Path or None
        Folder of the embedded ``demo-gpt2`` and ``demo-vit``.
    max_length : int or None
        Longer texts are cut, at the model's own limit if that is lower; None for 512.
    dtype : str
        In which the model runs: "float32", "bfloat16", "float16", or "auto" for that of its
        weights.
    placement : Placement or None
        How its weights are distributed over GPUs, memory and disk; None: all on the device.
    part : "text", "vision", "encoder" or None
        Which model of a pair of a text and an image model, such as CLIP, or of one with encoder and
        decoder the encoder alone.

    Returns
    -------
    LoadedModel

    Raises
    ------
    ModelNotAvailableError
        If it is not found, not reachable, damaged, or has no safetensors weights.
    UnsupportedModelError
        If its attention is not given by queries and keys alone, with the reason.
    ConfigError
        If the device does not exist here.
    InvalidRequestError
        If the model has no such part.
    """
    return load_source(
        resolve(name, local_models),
        device,
        max_length=max_length,
        dtype=dtype,
        placement=placement,
        part=part,
    )


def load_source(
    source: ModelSource,
    device: str = "auto",
    *,
    max_length: int | None = None,
    weights: str | None = None,
    dtype: str = "float32",
    placement: Placement | None = None,
    part: str | None = None,
) -> LoadedModel:
    """Return the model of a resolved source.

    Parameters
    ----------
    source : ModelSource
    device, max_length, dtype, placement, part
        As for `load`.
    weights : str or None
        Required SHA-256 of the weights, checked before they are loaded; None for any.

    Raises
    ------
    ModelNotAvailableError, UnsupportedModelError, ConfigError
        As `load`; ModelNotAvailableError also if the weights have another hash.
    """
    chosen = choose_device(device)
    with _quiet():
        config = read_config(source)
        files = weight_files(source)
        language_class = seq2seq_class(config) if part is None else None
        whole = describe(config, source, files)
        described = whole if language_class else _part(whole, part, source)
        # Small files come first, so that errors in them show before minutes of reading weights.
        inputs = _make_inputs(described, source, config, max_length or DEFAULT_MAX_LENGTH)
        with step(f"reading the files of {source.name}", ModelNotAvailableError, source):
            settings, digest = settings_sha256(source.folder), weights_sha256(source.folder, files)
        if weights not in (None, digest):
            raise ModelNotAvailableError(
                f"the weights of {source.name} on this machine have SHA-256 {digest[:12]}…, "
                f"expected {str(weights)[:12]}…; use the model with which the dataset was built"
            )
        network, notes, language_model = _load_network(
            source, config, chosen, dtype, placement, part, language_class
        )
        if language_class is not None:
            inputs = _with_targets(inputs, network)
        chosen = input_device(network, chosen)
        with step(f"the trial run of {source.name}", ModelNotAvailableError, source):
            inputs, findings, is_traced = _find_attention(network, inputs, source, chosen)
            if isinstance(inputs, TextInputs | Seq2SeqInputs):
                trial = inputs.trial(source.name)
                is_padded = not changes_with_padding(network, trial, chosen)
                of_source = inputs.source if isinstance(inputs, Seq2SeqInputs) else inputs
                if isinstance(of_source, TextInputs):
                    of_source.is_padded = is_padded
                notes += () if is_padded else (UNPADDED,)
        notes += (GATED,) if findings.has_gate else ()
        reads_texts = isinstance(inputs, TextInputs | Seq2SeqInputs)
        if max_length and reads_texts and inputs.max_length < max_length:
            notes += (
                f"{source.name} reads texts of up to {inputs.max_length:,} tokens; a --max-length "
                f"of {max_length:,} has no effect",
            )
    return LoadedModel(
        network=network,
        device=chosen,
        description=_describe(
            source, digest, network, str(config.model_type), inputs.modality, part
        ),
        settings_sha256=settings,
        inputs=inputs,
        layers=findings.layers,
        rules=findings.rules,
        norm_factors=findings.norm_factors,
        calls=findings.calls,
        is_traced=is_traced,
        patch_grid=None if isinstance(inputs, TextInputs | Seq2SeqInputs) else inputs.grid,
        notes=notes,
        language_model=language_model,
    )


def reads_two_texts(source: ModelSource) -> bool:
    """Return whether a model has an encoder and a decoder that are captured together."""
    with _quiet():
        return seq2seq_class(read_config(source)) is not None


def choose_device(device: str) -> torch.device:
    """Return the device of this name; ConfigError if it does not exist here."""
    exists = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if device == "auto":
        device = next(kind for kind in ("cuda", "mps", "cpu") if exists[kind])
    if device not in exists:
        raise ConfigError(f"device {device!r} is unknown; known are auto, {', '.join(exists)}")
    if not exists[device]:
        raise ConfigError(f"device {device} does not exist here; use auto or cpu")
    return torch.device(device)


def _load_network(
    source: ModelSource,
    config: PretrainedConfig,
    device: torch.device,
    dtype: str,
    placement: Placement | None,
    part_name: str | None,
    language_class: Any,
) -> tuple[PreTrainedModel, tuple[str, ...], PreTrainedModel | None]:
    register()
    with step(f"reading the weights of {source.name}", ModelNotAvailableError, source):
        whole, report = (language_class or AutoModel).from_pretrained(
            source.folder,
            config=config,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            dtype=dtype,
            **(placement.arguments(device) if placement else {}),
            attn_implementation="eager",
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # reported by require_loaded
        )
        part = _with_decoder(whole) if language_class else _part(whole, part_name, source)
        require_loaded(whole, part, report, source)
        if placement is None:
            torch.nn.Module.to(whole if language_class else part, device)
        else:
            read_unobserved(part)
        set_attention(part, IMPLEMENTATION)
    can_generate = language_class is not None and not _lacks_last_layer(whole, report)
    return part, layers_left_out(part, report, source), whole if can_generate else None


def _lacks_last_layer(whole: PreTrainedModel, report: Any) -> bool:
    """Return whether the layer that predicts tokens was not among the weights of a model."""
    last = whole.get_output_embeddings()
    own = {id(parameter) for parameter in last.parameters()} if last is not None else set()
    names = {name for name, one in whole.named_parameters(remove_duplicate=False) if id(one) in own}
    absent = {*report["missing_keys"], *(key for key, *_ in report["mismatched_keys"])}
    return not names or names <= absent


def _with_targets(inputs: TextInputs | AudioInputs, network: PreTrainedModel) -> Seq2SeqInputs:
    """Return the inputs of a model that reads or hears sources with such, and target texts."""
    limit, n_embedded = inputs.max_length, _n_embeddings(network)
    target = TextInputs(inputs.tokenizer, limit, n_embedded, is_target=True)
    return Seq2SeqInputs(inputs, target, network)


def _with_decoder(whole: PreTrainedModel) -> PreTrainedModel:
    """Return the encoder and the decoder of a language model of transformers.

    It holds them as one module, or as the modules of one.
    """
    network: Any = whole.base_model
    if network is not whole:
        return network
    with torch.device("meta"):
        network = AutoModel.from_config(whole.config, trust_remote_code=False)
    for name, _ in list(network.named_children()):
        setattr(network, name, getattr(whole, name))
    return network.eval()


def _part(whole: PreTrainedModel, part: str | None, source: ModelSource) -> PreTrainedModel:
    """Return the part to capture: that which is asked for, or the encoder of an encoder-decoder."""
    is_encoder_decoder = getattr(whole.config, "is_encoder_decoder", False)
    if part == ENCODER and not is_encoder_decoder:
        raise InvalidRequestError(
            f"{source.name} has no encoder beside a decoder; leave out --part {ENCODER}"
        )
    whole = chosen_part(whole, None if part == ENCODER else part, source.name)
    if getattr(whole.config, "is_encoder_decoder", False):
        encoder = whole.get_encoder()
        if not isinstance(encoder, PreTrainedModel):
            raise UnsupportedModelError(
                f"the encoder of {whole.config.model_type} is no model of its own in transformers"
            )
        return encoder
    return whole


def _make_inputs(
    described: PreTrainedModel, source: ModelSource, config: PretrainedConfig, max_length: int
) -> Any:
    """Return the prepared tokenizer of a text model, or the image processor of an image model."""
    reads = described.main_input_name
    if reads_images_in_texts(described):
        processor = load_processor(source, config)
        n_embedded = _n_embeddings(described)
        limit = _max_length(described.config.get_text_config(), processor.tokenizer, MAX_SEQUENCE)
        texts = TextInputs(processor.tokenizer, limit, n_embedded)
        return ImageTextInputs(processor, texts, described, max_length)
    if reads == "input_ids":
        tokenizer = load_tokenizer(source)
        limit = _max_length(described.config, tokenizer, max_length)
        n_embedded = _n_embeddings(described)
        inputs = TextInputs(tokenizer, limit, n_embedded)
        inputs.require_marks(source.name)
        return inputs
    if reads == "pixel_values":
        return load_image_processor(source)
    if reads == FEATURES and seq2seq_class(config) is not None:
        tokenizer = load_tokenizer(source)
        limit = _max_length(described.config, tokenizer, max_length)
        return load_audio_inputs(source, config, tokenizer, limit)
    raise UnsupportedModelError(f"{source.name} reads {reads}, neither text nor images")


def _find_attention(
    network: PreTrainedModel, inputs: Any, source: ModelSource, device: torch.device
) -> tuple[Inputs, Findings, bool]:
    """Return inputs, the properties of attention, and whether it must be traced."""
    try:
        return *_probe(network, inputs, source, device, is_traced=False), False
    except NotReachedError:
        if isinstance(inputs, ImageTextInputs):
            raise
        set_attention(network, OWN)
        return *_probe(network, inputs, source, device, is_traced=True), True


def _probe(
    network: PreTrainedModel,
    inputs: Any,
    source: ModelSource,
    device: torch.device,
    *,
    is_traced: bool,
) -> tuple[Inputs, Findings]:
    if isinstance(inputs, ImageTextInputs):
        return inputs, probe_image_texts(network, inputs, device)
    if not isinstance(inputs, TextInputs | Seq2SeqInputs):
        return probe_images(network, inputs, device, is_traced=is_traced)
    try:
        findings = _probe_texts(network, inputs, source, device, is_traced)
    except TooFewPositionsError as error:
        tokenizer = (inputs.source if isinstance(inputs, Seq2SeqInputs) else inputs).tokenizer
        if error.max_length <= tokenizer.num_special_tokens_to_add():
            raise _padding_error(network, source) from error
        inputs.max_length = error.max_length
        findings = _probe_texts(network, inputs, source, device, is_traced)
    except TypeError as error:
        if "NoneType" in str(error) and network.config.pad_token_id is None:
            raise _padding_error(network, source) from error
        raise
    inputs.max_length = findings.max_length or inputs.max_length
    return inputs, findings


def _padding_error(network: PreTrainedModel, source: ModelSource) -> ModelNotAvailableError:
    return ModelNotAvailableError(
        f"{source.name} counts positions from its pad_token_id, which is "
        f"{network.config.pad_token_id or 'missing'} in config.json; set the one it was trained "
        "with"
    )


def _probe_texts(
    network: PreTrainedModel,
    inputs: TextInputs | Seq2SeqInputs,
    source: ModelSource,
    device: torch.device,
    is_traced: bool,
) -> Findings:
    batch = inputs.trial(source.name)
    lengths, target_lengths = batch.lengths, None
    if batch.n_source is not None:
        lengths = batch.n_source
        target_lengths = [n - m for n, m in zip(batch.lengths, lengths, strict=True)]
    return probe(
        network,
        batch.inputs,
        device,
        lengths=lengths,
        max_length=inputs.max_length,
        is_traced=is_traced,
        target_lengths=target_lengths,
    )


def _n_embeddings(network: PreTrainedModel) -> int | None:
    """Return the number of token embeddings of a model, or None if unknown."""
    try:
        weight = getattr(network.get_input_embeddings(), "weight", None)
    except (AttributeError, NotImplementedError):
        weight = None
    n_named = getattr(network.config, "vocab_size", None)
    n_rows = len(weight) if isinstance(weight, torch.Tensor) else n_named
    return n_rows if isinstance(n_rows, int) else None


def _max_length(config: PretrainedConfig, tokenizer: Any, max_length: int) -> int:
    """Return the smallest limit of `max_length`, the tokenizer and the configuration."""
    limits = [max_length]
    names = ("max_position_embeddings", "max_target_positions")
    stated = (tokenizer.model_max_length, *(getattr(config, name, None) for name in names))
    n_marks = tokenizer.num_special_tokens_to_add()
    limits += [int(limit) for limit in stated if limit and limit > n_marks]  # else meaningless
    return min(limits)


def _describe(
    source: ModelSource,
    digest: str,
    network: PreTrainedModel,
    family: str,
    modality: str,
    part: str | None,
) -> dict[str, Any]:
    dtype = str(network.dtype).removeprefix("torch.")
    return {
        "name": source.name,
        "source": source.source,
        "revision": source.revision,
        "weights_sha256": digest,
        "family": family,
        "architecture": type(network).__name__,
        "modality": modality,
        "license": license_of(source.folder),
        **({} if dtype == "float32" else {"dtype": dtype}),
        **({} if part is None else {"part": part}),
    }


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence transformers' warnings about unused weights for the duration of a ``with`` block."""
    verbosity = transformers_logging.get_verbosity()
    had_bars = transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers_logging.set_verbosity(verbosity)
        if had_bars:
            transformers_logging.enable_progress_bar()
