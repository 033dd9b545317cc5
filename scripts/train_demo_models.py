"""Train the two small models that ship with the project, or measure them.

    python scripts/train_demo_models.py {gpt2,vit,all}              train, measure, write the cards
    python scripts/train_demo_models.py {gpt2,vit,all} --evaluate   measure what is there and print

Training takes about 20 minutes a model on one free CPU core and needs nothing but the installed
packages.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from transformers.utils import logging

from attentionviz.core.terminal import write_any_text
from demo_model_training import gpt2, model_cards, patch_heads, text_heads, vit
from demo_model_training.training_log import MODELS_FOLDER


def report_gpt2(folder: Path) -> str:
    """Return the measured report of demo-gpt2."""
    return model_cards.text_report(text_heads.measure(folder))


def report_vit(folder: Path) -> str:
    """Return the measured report of demo-vit."""
    return model_cards.patch_report(patch_heads.measure(folder))


MODELS = {
    "gpt2": (gpt2.train, report_gpt2),
    "vit": (vit.train, report_vit),
}


def main() -> None:
    """Train or measure the models named on the command line."""
    write_any_text()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", choices=[*MODELS, "all"])
    parser.add_argument("--evaluate", action="store_true", help="print measures, train nothing")
    parser.add_argument("--card", action="store_true", help="with --evaluate: write the card too")
    parser.add_argument("--output", type=Path, default=MODELS_FOLDER, help="folder of the models")
    choices = parser.parse_args()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(1)  # the same sums in the same order, whatever the machine
    for name in MODELS if choices.model == "all" else [choices.model]:
        train, report = MODELS[name]
        folder = choices.output / f"demo-{name}"
        if not choices.evaluate:
            train(folder)
        measured = report(folder)
        print(f"demo-{name}\n\n{measured}\n")
        if choices.card or not choices.evaluate:
            model_cards.write_card(folder, measured)


if __name__ == "__main__":
    main()
