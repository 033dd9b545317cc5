"""Reading of the tokenizer of a model, with errors that name the actual files."""

import importlib.util
from fnmatch import filter as matching
from typing import Any

import tokenizers
from transformers import AutoTokenizer

from attentionviz.errors import AppError, ModelNotAvailableError, UnsupportedModelError
from attentionviz.models.files import AGAIN, listing, read_json, require_content
from attentionviz.models.names import ModelSource
from attentionviz.models.slow_tokenizer import fast_equivalent
from attentionviz.models.steps import error_message, step

FILE = "tokenizer.json"
SETTINGS = "tokenizer_config.json"
FILES = (FILE, SETTINGS, "vocab.txt", "vocab.json", "merges.txt", "tokenizer.model", "spiece.model")
OTHER_FILES = ("vocab.txt", "vocab.json", "merges.txt", "tekken.json")
SENTENCE_PIECE = {"sentencepiece": "sentencepiece", "protobuf": "google.protobuf"}
"""Packages and modules that transformers needs to read a SentencePiece model."""


def load_tokenizer(source: ModelSource) -> Any:
    """Return the tokenizer in a model's folder.

    Raises
    ------
    ModelNotAvailableError
        If it is missing or cannot be read.
    UnsupportedModelError
        If it is a slow (pure Python) tokenizer without a fast equivalent.
    """
    for file in FILES:
        require_content(source, file)
    try:
        with step(f"reading the tokenizer of {source.name}", ModelNotAvailableError, source):
            # mistral_format=False, else transformers prefers Mistral's own package if installed.
            tokenizer = AutoTokenizer.from_pretrained(
                source.folder, trust_remote_code=False, local_files_only=True, mistral_format=False
            )
    except ModelNotAvailableError as error:
        raise ModelNotAvailableError(_why_unread(source, error)) from error
    if not tokenizer.is_fast:
        tokenizer = fast_equivalent(tokenizer) or tokenizer
    if not tokenizer.is_fast:
        raise UnsupportedModelError(
            f"the tokenizer of {source.name}, {type(tokenizer).__name__}, is a slow tokenizer; "
            f"only fast ones, saved as {FILE}, are supported"
        )
    # If its files are missing, transformers creates a tokenizer of special tokens only.
    if set(tokenizer.get_vocab()) <= set(tokenizer.all_special_tokens):
        raise ModelNotAvailableError(_why_unread(source, None))
    return tokenizer


def _why_unread(source: ModelSource, error: AppError | None) -> str:
    names = listing(source.folder)
    settings = read_json(source, SETTINGS) if SETTINGS in names else {}
    reason = error_message(error.__cause__ or error, source) if error else "it has no words"
    if "auto_map" in settings and (FILE not in names or "custom code" in reason):
        return (
            f"the tokenizer of {source.name} needs its own Python code, which is never run; save "
            f"it as a {FILE} that transformers loads without trust_remote_code"
        )
    if FILE in names:
        read_json(source, FILE)  # raises with a clear message if it is not JSON
        return (
            f"{FILE} of {source.name} cannot be read by tokenizers {tokenizers.__version__} here: "
            f"{reason}; it is damaged or of a newer version (`pip install -U tokenizers`)"
        )
    pieces = matching(names, "*.model")
    if pieces:
        return _sentence_piece(source, pieces[0], reason)
    has = f"{source.name} has no {FILE}"
    others = [name for name in names if name in OTHER_FILES or name.endswith(".tiktoken")]
    if others:
        return f"{has}, and {' and '.join(others)} alone cannot be read; {_save_one(source)}"
    if (source.folder.parent / FILE).is_file():
        return f"{has}, but its parent folder has one; copy its tokenizer files"
    return f"{has} and no other tokenizer; {_save_one(source)}"


def _sentence_piece(source: ModelSource, file: str, reason: str) -> str:
    absent = [package for package, module in SENTENCE_PIECE.items() if not _is_installed(module)]
    has = f"{source.name} has no {FILE} but {file}, a model of SentencePiece"
    if absent:
        return (
            f"{has}; transformers reads it after `pip install {' '.join(absent)}`, and "
            f'`AutoTokenizer.from_pretrained("{source.name}").save_pretrained("{source.name}")` '
            f"then writes a {FILE}"
        )
    return f"{has} that cannot be read: {reason}; {AGAIN}"


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _save_one(source: ModelSource) -> str:
    return (
        f'save the tokenizer that the model was trained with: `AutoTokenizer.from_pretrained("…")'
        f'.save_pretrained("{source.name}")`'
    )
