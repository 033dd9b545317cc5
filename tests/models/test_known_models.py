"""What ``attentionviz models`` prints is what a small model of each type gives today.

A few types of each kind are tried again; ``scripts/try_models.py`` tries all of them.
"""

from pathlib import Path

import pytest
import transformers
from tests.support.every_model import outcome

from attentionviz.commands.models import known_models

KNOWN = known_models()
TRIED_AGAIN = [
    "bert",
    "gpt2",
    "gemma2",
    "gpt_oss",
    "bloom",
    "codegen",
    "vit",
    "deberta-v2",
    "xlnet",
    "rwkv",
]


@pytest.mark.parametrize("model_type", TRIED_AGAIN)
def test_a_type_gives_what_is_known_of_it(model_type: str, tmp_path: Path) -> None:
    known, found = KNOWN["models"][model_type], outcome(model_type, tmp_path)
    if KNOWN["transformers"] != transformers.__version__:
        found.pop("reason", None), known.pop("reason", None)  # the words may be of transformers
    known_error, error = known.pop("max_abs_error", 0), found.pop("max_abs_error", 0)
    assert found == known
    assert error < 1e-9 and known_error < 1e-9


def test_most_of_the_types_that_could_be_tried_are_exact() -> None:
    results = [facts["result"] for facts in KNOWN["models"].values()]
    assert results.count("exact") > results.count("refused")
