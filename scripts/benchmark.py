"""Measure this machine, in parts such as capture, maps and page, and print the tables.

``python scripts/benchmark.py [--only capture,maps,scale,...] [--output FILE]``. Figures
are medians, maps above 1,000 points single runs; ratios are taken pair by pair within one run. The
output is JSON; a test holds the tables of ``docs/benchmarks.md`` to those of
``scripts/benchmark_result.json``.
"""

import argparse
import csv
import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

from attentionviz.core.terminal import write_any_text
from attentionviz.core.types import METHODS

if __name__ == "__main__":
    # One thread a process, as in a build: a figure is then what one core does. Who only imports
    # this keeps his own; Numba, which has begun with one number, takes no other.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[name] = "1"

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
PARTS = (
    "capture",
    "maps",
    "descents",
    "scale",
    "estimate",
    "cluster",
    "server",
    "page",
    "deep",
    "live",
)
# Of `gpu`, which is measured only if it is named.
GPU_HEADS, GPU_TOKENS = 1_024, 10_000
TOKENS = (1_000, 10_000, 50_000, 100_000, 200_000)
PORT = 8577
# Figures of a build by the number of tokens: words, entry, unit.
STAGES = (
    ("capture", "capture_s", "s"),
    ("alignment, a head", "align_s", "s"),
    ("neighbours, a head", "neighbours_s", "s"),
    *((f"`{method}-2d`, a head", f"{method}_s", "s") for method in METHODS),
    ("fidelity, a head", "fidelity_prepare_s", "s"),
    *((f"fidelity of a map, `{method}-2d`", f"fidelity_{method}_s", "s") for method in METHODS),
    ("scores, a head", "scores_s", "s"),
    ("grid, similarity and publication", "publish_s", "s"),
    ("memory of the builder", "builder_mb", "MB"),
    ("memory of a worker", "worker_mb", "MB"),
    ("dataset on disk, four heads, `pca-2d` alone", "disk_mb", "MB"),
    ("first grid of the page", "first_grid_s", "s"),
    ("memory of the page", "page_mb", "MB"),
)
# What a hand waits for, with its median and 95th percentile in the figures of the page.
WAITS = (
    ("hover to tooltip", "hover_ms", "hover_p95_ms"),
    ("click to sentence", "click_ms", "click_p95_ms"),
    ("click to sentence of 512 tokens", "long_click_ms", "long_click_p95_ms"),
    ("longest pause of the page in use", "longest_block_ms", ""),
    ("longest pause while sentences of 512 tokens are opened and scrolled", "long_block_ms", ""),
)


def sentences() -> list[str]:
    """Return the sentences of the embedded corpus."""
    with (ROOT / "data" / "corpora" / "sentences.csv").open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)]


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    model = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        lines = [line for line in lines if line.startswith("model name")]
        model = lines[0].split(":")[1].strip() if lines else model
    return {"cpu": model, "cores": os.cpu_count(), "python": platform.python_version()}


def _measure_builds(parts: list[str]) -> dict[str, Any]:
    """Return the figures of the parts that run whole builds or their units."""
    result: dict[str, Any] = {}
    if "estimate" in parts:
        from scripts.benchmarks import estimates

        with tempfile.TemporaryDirectory() as folder:
            result["estimate"] = estimates.measure(Path(folder))
    if "cluster" in parts:
        from scripts.benchmarks import cluster

        result["cluster"] = cluster.measure()
    return result


def measure(
    parts: list[str],
    sizes: list[int],
    tokens: list[int],
    n_heads: int = GPU_HEADS,
    device: str | None = None,
) -> dict[str, Any]:
    """Return the figures of the chosen parts.

    Parameters
    ----------
    parts : list of str
    sizes : list of int
        Points of the maps.
    tokens : list of int
        Sizes of the corpora of ``scale``; of ``gpu`` the first, unless they are `TOKENS`.
    n_heads : int
        Of ``gpu``.
    device : str or None
        Of ``gpu``, instead of a CUDA device.
    """
    models_folder = ROOT / "data" / "models"
    result: dict[str, Any] = {"machine": machine()}
    if "capture" in parts:
        from scripts.benchmarks import capture

        result["capture"] = capture.measure(sentences(), models_folder)
    if "maps" in parts:
        from scripts.benchmarks import numerics

        result["maps"] = numerics.measure(sentences(), models_folder, sizes)
    if "descents" in parts:
        from scripts.benchmarks import descents

        result["descents"] = descents.measure(models_folder)
    if "scale" in parts:
        from scripts.benchmarks import scale, stages

        result["scale"] = scale.measure(models_folder, tuple(tokens))
        with tempfile.TemporaryDirectory() as folder:
            result["stages"] = stages.measure(tuple(tokens), Path(folder))
    result |= _measure_builds(parts)
    if "server" in parts or "page" in parts:
        from scripts.benchmarks import page

        result |= page.measure(PORT, parts)
    if "deep" in parts:
        from scripts.benchmarks import page

        result["deep"] = page.measure_deep(PORT)
    if "live" in parts:
        from scripts.benchmarks import live

        result["live"] = live.measure(PORT)
    if "gpu" in parts:
        from scripts.benchmarks import gpu

        n_tokens = GPU_TOKENS if tuple(tokens) == TOKENS else tokens[0]
        result["gpu"] = gpu.measure(models_folder, n_heads, n_tokens, device)
    return result


def descents_table(descents: dict[str, dict[str, dict[str, float]]]) -> str:
    """Return CPU seconds and divergence of our t-SNE and of openTSNE's."""
    names = list(next(iter(descents.values())))
    rows = [
        [f"{int(n):,}"]
        + [
            f"{ways[name]['cpu_seconds']:.1f} · {ways[name]['divergence']:.2f}"
            if name in ways
            else ""
            for name in names
        ]
        for n, ways in descents.items()
    ]
    return table(["points, t-SNE in 2-D: CPU seconds · divergence", *names], rows)


def live_table(live: dict[str, Any]) -> str:
    """Return how long a typed text or a dropped image takes, up to the places in all heads."""
    rows = [
        [f"`{name}`, demo-bert, 24 tokens", f"{one['first_s']:.1f} s", f"{one['next_s']:.2f} s"]
        for name, one in live["maps"].items()
    ]
    image = live["image"]
    rows += [
        ["the first of these, 512 tokens", "", f"{live['long_s']:.2f} s"],
        ["all maps, demo-vit", f"{image['first_s']:.1f} s", f"{image['next_s']:.2f} s"],
    ]
    memory = f"{live['worker_memory_mb']:.0f} MB"
    return table([f"typed or dropped (worker: {memory})", "first", "every other"], rows)


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def maps_table(maps: dict[str, Any]) -> str:
    """Return CPU seconds per head by map and number of points."""
    sizes = [str(n) for n in maps["points"]]
    rows = [
        [f"`{name}`" if "-" in name[3:] and "original" not in name else name]
        + [f"{seconds[n]:.2f}" for n in sizes]
        for name, seconds in maps["cpu_seconds_per_head"].items()
    ]
    return table(["CPU seconds per head", *(f"{int(n):,} points" for n in sizes)], rows)


def scale_table(scale: dict[str, dict[str, Any]]) -> str:
    """Return fidelity and cost of maps by number of tokens, means over some heads."""
    columns = {
        "recall_at_10": "recall@10",
        "new_recall_at_10": "the same of new tokens",
        "recall_at_100": "recall@100",
        "rank_correlation": "rank correlation of random pairs",
        "trustworthiness": "trustworthiness",
        "neighbours_kept": "neighbours kept",
    }
    rows = [
        [
            f"`{name}`",
            f"{int(n):,}",
            *(f"{one[key]:.2f}" for key in columns),
            f"{one['cpu_seconds']:.1f}",
        ]
        for name, sizes in scale.items()
        for n, one in sizes.items()
    ]
    return table(["map", "tokens", *columns.values(), "CPU seconds a head"], rows)


def stages_table(stages: dict[str, dict[str, Any]]) -> str:
    """Return time and memory of a build by number of tokens, and how they grow."""
    from scripts.benchmarks.stages import slopes

    rows = []
    for words, figure, unit in STAGES:
        values = [one.get(figure) for one in stages.values()]
        if any(value is None for value in values):
            continue
        exponents = ("–" if x is None else f"{x:.1f}" for x in slopes(stages, figure))
        grown = ", ".join(exponents)
        shown = [f"{value:.2f}" if unit == "s" else f"{value:,.0f} MB" for value in values]
        rows.append([f"{words}{', s' if unit == 's' else ''}", *shown, grown])
    return table(["tokens", *(f"{int(n):,}" for n in stages), "exponents of growth"], rows)


def estimate_table(estimate: dict[str, Any]) -> str:
    """Return what estimates predicted and what happened, by number of tokens."""
    rows = [
        [
            f"{int(n):,}",
            *(f"{one[figure]:.0f} s" for figure in ("predicted_s", "happened_s")),
            f"{one['predicted_s'] / one['happened_s']:.2f}",
            *(f"{one[figure] / 1e6:.1f} MB" for figure in ("predicted_bytes", "happened_bytes")),
            f"{one['estimate_s']:.0f} s",
        ]
        for n, one in estimate["runs"].items()
    ]
    header = ["predicted", "happened", "ratio", "disk, predicted", "happened", "the estimate took"]
    return table(["tokens, all maps in 2-D", *header], rows)


def cluster_table(engines: dict[str, dict[str, float]]) -> str:
    """Return what local processes and a Dask cluster of two workers cost a build."""
    figures = (
        ("units that sleep, time on two workers / half of that on one", "{halves:.2f}"),
        ("builder, CPU time of a unit that writes two files", "{builder_unit_ms:.1f} ms"),
        ("units that do nothing", "{n_empty:,}"),
        ("of these, a second", "{empty_units_per_s:,.0f}"),
        ("builder, CPU time of each", "{empty_builder_ms:.2f} ms"),
        ("scheduler, CPU time of each", "{empty_scheduler_ms:.2f} ms"),
        ("most units given in advance", "{n_ahead:,}"),
        (
            "memory of the builder, growth during these",
            "{builder_mb:.0f}, {builder_grown_mb:.0f} MB",
        ),
        ("memory of the scheduler, growth", "{scheduler_mb:.0f}, {scheduler_grown_mb:.0f} MB"),
    )
    every = [
        {**one, "halves": 2 * one["two_workers_s"] / one["one_worker_s"]}
        for one in engines.values()
    ]
    rows = [
        [
            words,
            *(
                "" if "scheduler" in words and one is every[0] else shown.format(**one)
                for one in every
            ),
        ]
        for words, shown in figures
    ]
    return table(["two workers on one machine", "local processes", "Dask"], rows)


def cost_table(cost: list[dict[str, Any]]) -> str:
    """Return hours of a core and disk space by heads and tokens; †: not timed at this size."""
    rows = [
        [
            f"{one['heads']:,}",
            f"{one['tokens']:,}",
            _two_digits(one["core_s"] / 3600) + ("" if one["is_measured"] else " †"),
            f"{one['bytes']['all'] / 1e9:,.1f} GB",
            f"{one['bytes']['none'] / 1e9:,.1f} GB",
        ]
        for one in cost
    ]
    hours = "hours of one core (†: predicted from smaller sizes)"
    return table(["heads", "tokens", hours, "disk", "disk, `--keep-vectors none`"], rows)


def _two_digits(number: float) -> str:
    """Return a number rounded to two digits, without an exponent."""
    return f"{float(f'{number:.2g}'):,g}"


def facts_table(result: dict[str, Any]) -> str:
    """Return the single figures of capture and server."""
    capture, server = result["capture"], result["server"]
    rows = [
        ["capture / plain forward pass, time", f"{capture['overhead']:.2f}"],
        *(
            [["capture of attention in own code / plain forward pass, time", f"{traced:.2f}"]]
            if (traced := capture.get("traced_overhead"))
            else []
        ),
        ["server start to first answer", f"{server['start_s']:.2f} s"],
        ["attention of one sequence and head, median", f"{server['attention_ms']:.1f} ms"],
        ["grid requests answered, 8 clients", f"{server['grid_requests_per_s']:.0f} a second"],
        ["bytes a point and map on the wire", f"{server['bytes_per_point']:.2f}"],
        ["server memory afterwards", f"{server['server_memory_mb']:.0f} MB"],
    ]
    return table(["figure", "measured"], rows)


def page_table(runs: list[dict[str, Any]]) -> str:
    """Return what the page takes by number of points, and for a grid that scrolls."""
    rows = [
        [
            f"{run['points']:,}" + (f" of {run['heads']:,} heads" if "heads" in run else ""),
            f"{run['first_grid_s']:.2f} s",
            f"{run['frame_ms']:.1f} ms",
            f"{run['frame_p95_ms']:.1f} ms",
            f"{run['search_ms']:.0f} ms",
            f"{run['heap_mb']:.0f} MB",
        ]
        for run in runs
    ]
    header = ["points", "first grid", "frame", "frame, 95th percentile", "search", "heap"]
    return table(header, rows)


def heads_table(deep: dict[str, Any]) -> str:
    """Return what the page's thread computes when many heads are tinted, sorted or listed."""
    rows = [[action, f"{spent:.0f} ms"] for action, spent in deep["longest_task_ms"].items()]
    return table([f"with {deep['heads']:,} heads", "longest task, CPU time"], rows)


def interaction_table(page: dict[str, Any]) -> str:
    """Return how long a hand waits, at the middle number of points, as far as it was measured."""
    waits = page["interaction"]
    rows = [
        [words, *(wait_words(words, waits[figure]) if figure else "" for figure in figures)]
        for words, *figures in WAITS
        if figures[0] in waits
    ]
    points = f"{page['runs'][1]['points']:,}"
    return table([f"at {points} points", "median", "95th percentile"], rows)


def wait_words(words: str, milliseconds: float) -> str:
    """Return a time; browsers tell of no pause up to 50 ms."""
    is_untold = words.startswith("longest pause") and milliseconds == 0
    return "none over 50 ms" if is_untold else f"{milliseconds:.0f} ms"


def markdown_tables(result: dict[str, Any]) -> str:
    """Return the tables of `docs/benchmarks.md`."""
    where = result["machine"]
    return "\n\n".join(
        [
            f"Machine: {where['cpu']}, {where['cores']} cores, no GPU, Python {where['python']}; "
            f"{result['page']['browser']}, headless, {result['page']['renderer']} renderer.",
            facts_table(result),
            maps_table(result["maps"]),
            *([descents_table(result["descents"])] if "descents" in result else []),
            *([scale_table(result["scale"])] if "scale" in result else []),
            *([stages_table(result["stages"])] if "stages" in result else []),
            *(
                [estimate_table(found), cost_table(found["cost"])]
                if (found := result.get("estimate"))
                else []
            ),
            *([cluster_table(result["cluster"])] if "cluster" in result else []),
            page_table([*result["page"]["runs"], *([result["deep"]] if "deep" in result else [])]),
            *([heads_table(result["deep"])] if "longest_task_ms" in result.get("deep", {}) else []),
            interaction_table(result["page"]),
            *([live_table(result["live"])] if "live" in result else []),
        ]
    )


def main() -> None:
    """Measure, print, write."""
    write_any_text()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only", default=",".join(PARTS), help="parts, separated by commas; also gpu"
    )
    parser.add_argument("--points", default="1000,5000,20000", help="sizes of the maps")
    tokens = ",".join(map(str, TOKENS))
    parser.add_argument("--tokens", default=tokens, help="sizes of the corpora of scale")
    parser.add_argument("--heads", type=int, default=GPU_HEADS, help="heads of gpu")
    parser.add_argument("--device", help="of gpu, such as cpu, which compares maps only")
    parser.add_argument("--output", type=Path, help="file to write the figures to, as JSON")
    arguments = parser.parse_args()
    points, tokens = (
        [int(n) for n in text.split(",")] for text in (arguments.points, arguments.tokens)
    )
    result = measure(arguments.only.split(","), points, tokens, arguments.heads, arguments.device)
    if result.get("gpu", "") is None:
        print("there is no CUDA device: maps on a GPU are not measured")
        del result["gpu"]
    if arguments.output:
        previous = {}
        if arguments.output.exists() and arguments.only != ",".join(PARTS):
            previous = json.loads(arguments.output.read_text(encoding="utf-8"))
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(previous | result, indent=1) + "\n"
        arguments.output.write_text(text, encoding="utf-8")
        result = previous | result
    is_whole = {"capture", "maps", "page"} <= set(result)
    print(markdown_tables(result) if is_whole else json.dumps(result))
    if not is_whole and "stages" in result:
        print(stages_table(result["stages"]))
    if not is_whole and "cluster" in result:
        print(cluster_table(result["cluster"]))
    if not is_whole and "estimate" in result:
        print(
            estimate_table(result["estimate"]), cost_table(result["estimate"]["cost"]), sep="\n\n"
        )


if __name__ == "__main__":
    main()
