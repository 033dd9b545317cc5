"""Load a model, prepare its inputs, capture queries and keys, and verify them.

The only part of the project that imports torch and transformers; import it inside functions.

How a build uses it::

    from attentionviz import models

    model = models.load("demo-bert", device="auto", local_models=checkout / "data/models")
    model.description                     # manifest["model"]
    model.modality                        # "text" | "image" | "image-text"
    model.n_layers, model.n_heads, model.n_key_heads, model.d_head, model.max_length
    model.rules                           # one core.rule.LayerRule a layer
    model.bias_terms                      # manifest["bias_terms"], such as ["sliding window"]
    model.patch_grid                      # PatchGrid, or None for text

    for batch in model.text_batches(sequences):          # lazily: an iterable of str goes in
    for batch in model.image_batches(images):          # an iterable of PIL images (RGB) goes in
    for batch in model.image_text_batches(pairs):      # of (image, text)
        batch.lengths                     # tokens of each sequence, special tokens included
        batch.truncated                   # tokens cut from each sequence, 0 where none was
        batch.tokens.text[i]              # columns over all tokens of the batch, padding removed
        batch.tokens.token_id, .token_type, .position, .row, .column, .hue, .brightness
        batch.sprites                     # images: uint8 (n_tokens, 8, 8, 3), else None
        captured = models.capture_batch(model, batch)
        captured.queries                  # float32 (n_layers, n_heads, n_tokens, d_head)
        captured.keys                     # float32 (n_layers, n_key_heads, n_tokens, d_head)
        captured.value_norms              # float32 (n_layers, n_heads, n_tokens): ‖v‖
        captured.output_norms             # float32 (n_layers, n_heads, n_tokens): ‖v·W_O‖

    sample = model.prepare_texts(few_sequences)          # or prepare_images(few_images)
    check = models.check_attention(model, sample, models.capture_batch(model, sample))
    check._asdict()                       # manifest["attention_check"]

    repeated = models.repeat_tokens(model, seed)         # random tokens, repeated twice
    repeated = models.prefix_matching_tokens(model, seed)    # the same, repeated four times
    for batch in model.id_batches(repeated.sequences):   # to be captured like the others

Sequences keep their order: token t of the concatenated batches is token t of the dataset. Masking
rules are detected when the model is loaded and compared with the mask of every batch; if they
differ, `capture_batch` raises UnsupportedModelError. `check_attention` raises it if attention is
more than q·k; pass float16 arrays (`dataclasses.replace`) to measure the error of half precision.
`model.visible_image(image)` is the part of an image that the model sees, in the aspect ratio of its
input and at most 512 px, to be shown under the patch grid.

User errors are AppErrors of one sentence: ModelNotAvailableError (not found, not reachable,
damaged), UnsupportedModelError (attention is more than q·k), NotFiniteError (vectors of a sequence
are NaN or infinite; see its `vectors`), CorpusError (a sequence without tokens, or a text that does
not fit beside its image).
"""

from attentionviz.models.batches import Batch, PatchGrid, TokenColumns
from attentionviz.models.capture import CapturedBatch, capture_batch
from attentionviz.models.find_model import find_described
from attentionviz.models.finite import BadVector, NotFiniteError
from attentionviz.models.forward import n_threads, use_threads
from attentionviz.models.loaded import LoadedModel
from attentionviz.models.loading import choose_device, load, load_source, reads_two_texts
from attentionviz.models.names import EMBEDDED, PRESETS, meaning
from attentionviz.models.parity import AttentionCheck, check_attention
from attentionviz.models.placement import Placement
from attentionviz.models.repeated import RepeatedTokens, prefix_matching_tokens, repeat_tokens
from attentionviz.models.seq2seq import Target
from attentionviz.models.steps import step

__all__ = [
    "EMBEDDED",
    "PRESETS",
    "AttentionCheck",
    "BadVector",
    "Batch",
    "CapturedBatch",
    "LoadedModel",
    "NotFiniteError",
    "PatchGrid",
    "Placement",
    "RepeatedTokens",
    "Target",
    "TokenColumns",
    "capture_batch",
    "check_attention",
    "choose_device",
    "find_described",
    "load",
    "load_source",
    "meaning",
    "n_threads",
    "prefix_matching_tokens",
    "reads_two_texts",
    "repeat_tokens",
    "step",
    "use_threads",
]
