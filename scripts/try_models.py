"""Try every model type of the installed transformers; write what `attentionviz models` prints.

Each type runs as a small seeded model, in processes apart, since one may hang or crash::

    python scripts/try_models.py            # all types
    python scripts/try_models.py gemma2 t5  # these only; the others stay as they are
"""

import argparse
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import transformers

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "backend")]

from tests.support.every_model import model_types  # noqa: E402

KNOWN = ROOT / "backend" / "attentionviz" / "known_models.json"
MAX_SECONDS = 60
GROUP = 10
"""Types that share a process, which saves importing torch again for each."""

GROUP_OUTCOMES = """
import json, os, sys, warnings
from pathlib import Path
os.environ["HF_HUB_OFFLINE"] = "1"
warnings.simplefilter("ignore")
from tests.support.every_model import outcome
outcomes = {name: outcome(name, Path(sys.argv[1]) / name) for name in sys.argv[2:]}
print("\\n" + json.dumps(outcomes))
"""


def main() -> None:
    """Try the types of the command line, or all, and write the file anew."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("types", nargs="*", metavar="TYPE")
    types = parser.parse_args().types or model_types()
    known = json.loads(KNOWN.read_text(encoding="utf-8"))["models"] if KNOWN.exists() else {}
    groups = [types[first : first + GROUP] for first in range(0, len(types), GROUP)]
    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(outcomes_of, groups):
            known |= found
            for model_type, one in found.items():
                print(f"{model_type}: {one['result']}", flush=True)
            facts = {
                "transformers": transformers.__version__,
                "models": dict(sorted(known.items())),
            }
            text = json.dumps(facts, indent=1, ensure_ascii=False)
            KNOWN.write_text(f"{text}\n", encoding="utf-8")


def write(known: dict[str, Any]) -> None:
    """Write the outcomes so far."""
    facts = {"transformers": transformers.__version__, "models": dict(sorted(known.items()))}
    text = json.dumps(facts, indent=1, ensure_ascii=False)
    KNOWN.write_text(f"{text}\n", encoding="utf-8")


def outcomes_of(types: list[str]) -> dict[str, Any]:
    """Return the outcomes of some types, from one process; of each alone if that one fails."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            run = subprocess.run(
                [sys.executable, "-c", GROUP_OUTCOMES, folder, *types],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=MAX_SECONDS if len(types) == 1 else 3 * MAX_SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            if len(types) == 1:
                reason = f"a small model of it takes more than {error.timeout:.0f} seconds"
                return {types[0]: {"result": "not tried", "reason": reason}}
        else:
            if run.returncode == 0:
                outcomes: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
                return outcomes
            if len(types) == 1:
                raise SystemExit(f"{types[0]} ends with {run.returncode}: {run.stderr[-2000:]}")
    return {name: one for each in types for name, one in outcomes_of([each]).items()}


if __name__ == "__main__":
    main()
