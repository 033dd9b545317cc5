"""Write what was measured: tables for the terminal and the model cards."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from .patch_heads import PatchMeasures
from .text_heads import TextMeasures
from .training_log import LOG_NAME

N_LOSS_ROWS = 16
CARDS_FOLDER = Path(__file__).parent / "cards"


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def strongest(scores: np.ndarray, n: int = 3) -> str:
    """Return the names and values of the heads with the largest scores."""
    order = np.argsort(-scores, axis=None)[:n]
    heads = zip(*np.unravel_index(order, scores.shape), strict=True)
    return ", ".join(f"L{layer}H{head} {scores[layer, head]:.2f}" for layer, head in heads)


def text_report(measures: TextMeasures) -> str:
    """Return what the heads of demo-gpt2 do."""
    rows = {
        "previous token: mean A[i, i-1], repeated random tokens": measures.previous,
        "induction: mean attention to the token after the earlier copy": measures.induction,
        "duplicate: mean attention to the earlier copy itself": measures.duplicate,
        "previous token, sentences of the corpus": measures.previous_in_sentences,
        "first token: mean A[i, 0], sentences of the corpus": measures.first_in_sentences,
    }
    n_previous = int((measures.previous > 0.5).sum())
    n_induction = int((measures.induction > 0.3).sum())
    lines = [
        table(["score", "three strongest heads"], [[k, strongest(v)] for k, v in rows.items()]),
        "",
        f"Heads with a previous-token score above 0.5: {n_previous}; "
        f"with an induction score above 0.3: {n_induction}.",
        f"In the second copy of random tokens it predicts {measures.copy_accuracy:.0%} of the "
        f"tokens; in the sentences of the corpus, which it never saw, "
        f"{measures.sentence_accuracy:.0%} (loss {measures.sentence_loss:.2f}).",
    ]
    return "\n".join(lines)


def patch_report(measures: PatchMeasures) -> str:
    """Return what the heads of demo-vit do and how well it classifies."""
    words = {
        "same_row": "same row",
        "same_column": "same column",
        "adjacent": "one of the 8 patches around",
        "same_hue": "same hue, in random colour mosaics",
        "same_brightness": "same brightness, in random grey mosaics",
    }
    rows = [
        [text, f"{measures.uniform[name]:.2f}", strongest(getattr(measures, name))]
        for name, text in words.items()
    ]
    rows.append(["itself (share of all attention)", "0.02", strongest(measures.itself)])
    rows.append(["class token (share of all attention)", "0.02", strongest(measures.class_token)])
    right = [[name, f"{value:.1%}"] for name, value in measures.accuracy.items()]
    lines = [
        "Share of a patch's attention to other patches:",
        "",
        table(["attended patches", "if all alike", "three strongest heads"], rows),
        "",
        f"Accuracy on held-out pictures (chance {measures.chance:.1%}):",
        "",
        table(["family", "accuracy"], right),
    ]
    return "\n".join(lines)


def loss_table(log: dict) -> str:
    """Return the loss curve at evenly spaced steps, the last one included."""
    losses = log["losses"]
    keep = np.unique(np.linspace(0, len(losses) - 1, N_LOSS_ROWS).round().astype(int))
    names = [name for name in losses[0] if name != "step"]
    rows = [
        [f"{losses[i]['step']:.0f}", *(f"{losses[i][name]:.3f}" for name in names)] for i in keep
    ]
    return table(["step", *(name.replace("_", " ") for name in names)], rows)


def write_card(folder: Path, report: str) -> None:
    """Write MODEL_CARD.md: the words of cards/<model>.md with what was measured in its places."""
    text = (CARDS_FOLDER / f"{folder.name}.md").read_text(encoding="utf-8")
    log = json.loads((folder / LOG_NAME).read_text(encoding="utf-8"))
    training = (
        f"{log['n_parameters']:,} parameters, {log['n_steps']:,} steps of {log['batch_size']} "
        f"sequences, AdamW with a peak learning rate of {log['learning_rate']:g}, linear warm-up "
        f"and cosine decay, seed {log['seed']}, one CPU thread. "
        f"The loss of single batches:\n\n{loss_table(log)}"
    )
    card = text.replace("{training}", training).replace("{report}", report)
    (folder / "MODEL_CARD.md").write_text(card, encoding="utf-8")
