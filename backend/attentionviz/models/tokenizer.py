"""Reading of the tokenizer of a model, with errors that name what is there instead."""

import importlib.util
from fnmatch import filter as matching
from typing import Any

import tokenizers
from transformers import AutoTokenizer

from attentionviz.errors import AppError, ModelNotAvailableError, UnsupportedModelError
from attentionviz.models.files import AGAIN, listing, read_json, require_content
from attentionviz.models.names import ModelSource
from attentionviz.models.steps import step, words_of

FILE = "tokenizer.json"
SETTINGS = "tokenizer_config.json"
FILES = (FILE, SETTINGS, "vocab.txt", "vocab.json", "merges.txt", "tokenizer.model", "spiece.model")
OTHER_FILES = ("vocab.txt", "vocab.json", "merges.txt", "tekken.json")
SENTENCE_PIECE = {"sentencepiece": "sentencepiece", "protobuf": "google.protobuf"}
"""What transformers reads a SentencePiece model with: package, and module."""


def load_tokenizer(source: ModelSource) -> Any:
    """Return the tokenizer in a model's folder.

    Raises
    ------
    ModelNotAvailableError
        If there is none, or it cannot be read here.
    UnsupportedModelError
        If it is one that runs in Python.
    """
    for file in FILES:
        require_content(source, file)
    try:
        with step(f"reading the tokenizer of {source.name}", ModelNotAvailableError, source):
            # Without the last one, a package of Mistral's own would be preferred where it is there.
            tokenizer = AutoTokenizer.from_pretrained(
                source.folder, trust_remote_code=False, local_files_only=True, mistral_format=False
            )
    except ModelNotAvailableError as error:
        raise ModelNotAvailableError(_why_unread(source, error)) from error
    if not tokenizer.is_fast:
        raise UnsupportedModelError(
            f"the tokenizer of {source.name}, {type(tokenizer).__name__}, cuts texts in Python and "
            f"has no {FILE}, the only kind that is read"
        )
    # Where its files are missing, transformers makes one that knows nothing but its special tokens.
    if set(tokenizer.get_vocab()) <= set(tokenizer.all_special_tokens):
        raise ModelNotAvailableError(_why_unread(source, None))
    return tokenizer


def _why_unread(source: ModelSource, error: AppError | None) -> str:
    names = listing(source.folder)
    settings = read_json(source, SETTINGS) if SETTINGS in names else {}
    reason = words_of(error.__cause__ or error, source) if error else "it knows no words"
    if "auto_map" in settings and (FILE not in names or "custom code" in reason):
        return (
            f"the tokenizer of {source.name} needs Python code of its own, which is never run; it "
            f"must be saved as {FILE} of a kind that transformers knows"
        )
    if FILE in names:
        read_json(source, FILE)  # says what is wrong with it if it is no JSON at all
        return (
            f"{FILE} of {source.name} cannot be read by tokenizers {tokenizers.__version__} here: "
            f"{reason}; it is damaged or of a newer version (`pip install -U tokenizers`)"
        )
    pieces = matching(names, "*.model")
    if pieces:
        return _sentence_piece(source, pieces[0], reason)
    has = f"{source.name} has no {FILE}"
    held = [name for name in names if name in OTHER_FILES or name.endswith(".tiktoken")]
    if held:
        return f"{has}, and {' and '.join(held)} alone cannot be read; {_save_one(source)}"
    if (source.folder.parent / FILE).is_file():
        return f"{has}, but the folder that it lies in has one; copy its tokenizer files"
    return f"{has} and no other tokenizer; {_save_one(source)}"


def _sentence_piece(source: ModelSource, file: str, reason: str) -> str:
    absent = [package for package, module in SENTENCE_PIECE.items() if not _is_there(module)]
    has = f"{source.name} has no {FILE} but {file}, a model of SentencePiece"
    if absent:
        return (
            f"{has}; transformers reads it after `pip install {' '.join(absent)}`, and "
            f'`AutoTokenizer.from_pretrained("{source.name}").save_pretrained("{source.name}")` '
            f"then makes a {FILE} for good"
        )
    return f"{has} that cannot be read: {reason}; {AGAIN}"


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _save_one(source: ModelSource) -> str:
    return (
        f'save the tokenizer that the model was trained with: `AutoTokenizer.from_pretrained("…")'
        f'.save_pretrained("{source.name}")`'
    )
