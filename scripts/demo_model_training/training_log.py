"""What both trainings share: schedule of the learning rate, log of the loss, names of files."""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

MODELS_FOLDER = Path(__file__).resolve().parents[2] / "data" / "models"
CORPORA_FOLDER = Path(__file__).resolve().parents[2] / "data" / "corpora"
LOG_NAME = "training.json"


@dataclass
class TrainingLog:
    """Settings and loss of one training; saved beside the weights, read by the model card."""

    model: str
    seed: int
    n_steps: int
    batch_size: int
    learning_rate: float
    n_parameters: int
    losses: list[dict[str, float]] = field(default_factory=list)
    minutes: float = 0.0
    started: float = field(default_factory=time.perf_counter)

    def add(self, step: int, **losses: float) -> None:
        """Note losses at a step and print them."""
        row = {"step": float(step), **{name: round(value, 4) for name, value in losses.items()}}
        self.losses.append(row)
        self.minutes = (time.perf_counter() - self.started) / 60
        words = ", ".join(f"{name} {value:.3f}" for name, value in list(row.items())[1:])
        print(
            f"{self.model} step {step}/{self.n_steps}: {words} ({self.minutes:.1f} min)", flush=True
        )

    def save(self, folder: Path) -> None:
        """Write the log without its clock."""
        facts = asdict(self)
        del facts["started"]
        facts["minutes"] = round(self.minutes, 1)
        text = json.dumps(facts, indent=1, sort_keys=True) + "\n"
        (folder / LOG_NAME).write_text(text, encoding="utf-8")


def learning_rate_at(step: int, n_steps: int, peak: float, n_warmup: int = 150) -> float:
    """Return the rate of a linear warm-up followed by a cosine down to 2 % of the peak."""
    if step < n_warmup:
        return peak * (step + 1) / n_warmup
    part = (step - n_warmup) / max(1, n_steps - n_warmup)
    return peak * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * part)))
