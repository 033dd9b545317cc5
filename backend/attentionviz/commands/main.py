"""The command ``attentionviz``: build, serve, token, demo, info, verify, export and models.

Each command imports only what it needs.
"""

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from attentionviz import __version__
from attentionviz.commands.serve import add_serve, add_settings, add_token, settings_of
from attentionviz.core.file_names import readable
from attentionviz.core.terminal import visible, write_any_text
from attentionviz.core.text_formats import TABLE_ENDINGS
from attentionviz.core.types import METHODS
from attentionviz.errors import AppError, DatasetNotFoundError, InvalidRequestError
from attentionviz.settings.installation import MODELS
from attentionviz.settings.settings import load_settings

if TYPE_CHECKING:
    from attentionviz.pipeline.request import BuildRequest
    from attentionviz.store.reader import DatasetEntry, DatasetLibrary

EXIT_ERROR = 2
EXIT_INTERRUPTED = 130
INTERRUPTED_BUILD = "stopped; run the same command again to resume"

EXAMPLES = """examples:
  attentionviz demo
  attentionviz build --model bert --text sentences.csv --max-tokens 5000
  attentionviz build --model vit-16 --images photographs --method biplot --dims 2
  attentionviz info all
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, 2 for an error, 130 when interrupted.

    Parameters
    ----------
    argv : sequence of str or None
        Arguments; by default those of the process.
    """
    write_any_text()
    arguments = make_parser().parse_args(argv)
    # On SIGTERM, a build also ends its workers and frees its shared memory.
    previous = signal.signal(signal.SIGTERM, _interrupt)
    try:
        return int(arguments.run(arguments) or 0)
    except AppError as error:
        print(f"attentionviz: {visible(str(error))}", file=sys.stderr)
        return EXIT_ERROR
    except KeyboardInterrupt:
        print(f"\n{arguments.interrupted}", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # the output went to a program such as `head`, which has ended
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    finally:
        signal.signal(signal.SIGTERM, previous)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="attentionviz",
        description="Joint maps of the queries and keys of every attention head of a transformer.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_build(commands.add_parser("build", help="build a dataset from a model and a corpus"))
    serving = commands.add_parser("serve", help="serve the built datasets to a browser")
    add_serve(serving)
    add_token(commands.add_parser("token", help="print a line for the token file"))
    _add_demo(commands.add_parser("demo", help="build the embedded datasets and serve them"))
    _add_info(commands.add_parser("info", help="print facts of a dataset and its maps' fidelity"))
    _add_verify(commands.add_parser("verify", help="check every file of a dataset"))
    _add_export(commands.add_parser("export", help="write datasets as a static site"))
    _add_models(commands.add_parser("models", help="print which models are captured exactly"))
    return parser


def _add_build(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--model", required=True, help="preset, hub id with optional @revision, folder, demo-…")
    text = f"one sequence per line, or a table ({', '.join(TABLE_ENDINGS)})"
    corpus = parser.add_mutually_exclusive_group(required=True)
    corpus.add_argument("--text", type=Path, metavar="FILE", help=text)
    corpus.add_argument("--images", type=Path, metavar="FOLDER", help="PNG, JPEG, TIFF and others")
    corpus.add_argument("--audio", type=Path, metavar="FOLDER", help="WAV files")
    add("--output", type=Path, metavar="FOLDER", help="data folder (default: data/built)")
    add("--id", type=readable, help="name of the dataset (default: from model and corpus)")
    add("--method", action="append", metavar="NAME", help=f"{', '.join(METHODS)}; repeatable")
    add("--dims", default="2,3", help="2, 3 or 2,3 (default)")
    add("--max-tokens", type=int, metavar="N", help="use whole sequences up to so many tokens")
    add("--seed", type=int, default=0, metavar="N")
    add("--precision", default="float32", help="float32 (default) or float16")
    kept = "queries and keys to store: all (default), those of a sample of sequences, or none"
    add("--keep-vectors", default="all", metavar="WHICH", help=kept)
    add("--alignment", default="norm ratio", help="scale by norm ratio (default), or search")
    add("--device", default="auto", help="auto (default), cpu, cuda or mps")
    dtypes = "dtype in which the model runs: float32 (default), bfloat16, float16 or auto (its own)"
    add("--dtype", default="float32", help=dtypes)
    add("--device-map", metavar="auto", help="distribute weights over GPUs, memory and disk")
    add("--max-memory", type=float, metavar="GB", help="with --device-map: memory for weights")
    add("--layers", metavar="LIST", help="capture only these layers, such as 0,5-10")
    add("--max-length", type=int, metavar="N", help="cut longer texts (default: 512 tokens)")
    part = "text or vision of a pair such as CLIP; encoder of a model with encoder and decoder"
    add("--part", metavar="NAME", help=part)
    add("--workers", type=int, metavar="N", help="processes that draw maps (default: all cores)")
    text_column = "column of a table that holds the text"
    add("--text-column", type=readable, metavar="NAME", help=text_column)
    pairs = "table of labelled pairs of a text: sequence,i,j,name, positions from 1"
    add("--pairs", type=Path, metavar="FILE", help=pairs)
    target = "column of the target texts of a model with encoder and decoder (default: generated)"
    add("--target", type=readable, metavar="NAME", help=target)
    add("--max-target", type=int, metavar="N", help="generate up to so many tokens (default: 128)")
    add(
        "--skip-bad-sequences",
        action="store_true",
        help="leave out sequences whose queries or keys are not finite, and count them",
    )
    address = "do the work on a Dask cluster, such as tcp://node1:8786 (docs/cluster.md)"
    add("--scheduler", metavar="ADDRESS", help=address)
    add("--scheduler-file", type=Path, metavar="FILE", help="the same, by the scheduler's file")
    add("--estimate", action="store_true", help="print time and disk space; build nothing")
    add("--json", action="store_true", help="print the estimate or the built version as JSON")
    parser.set_defaults(run=_build, interrupted=INTERRUPTED_BUILD)


def _add_demo(parser: argparse.ArgumentParser) -> None:
    add_settings(parser, "data_dir", "port")
    add = parser.add_argument
    add("--workers", type=int, metavar="N", help="processes that compute maps (default: all cores)")
    add("--no-browser", action="store_true", help="do not open a browser")
    add("--build-only", action="store_true", help="build without serving")
    parser.set_defaults(run=_demo, interrupted=INTERRUPTED_BUILD)


def _add_dataset_or_all(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "dataset",
        nargs="?",
        default="all",
        type=readable,
        metavar="ID",
        help="id of a dataset (default: all)",
    )


def _add_info(parser: argparse.ArgumentParser) -> None:
    _add_dataset_or_all(parser)
    parser.add_argument("--scores", action="store_true", help="also the heads of highest scores")
    add_settings(parser, "data_dir")
    parser.set_defaults(run=_info, interrupted="stopped")


def _add_verify(parser: argparse.ArgumentParser) -> None:
    _add_dataset_or_all(parser)
    add_settings(parser, "data_dir")
    parser.set_defaults(run=_verify, interrupted="stopped")


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dataset", nargs="+", metavar="ID", help="ids of complete datasets")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="new folder for the site")
    add_settings(parser, "data_dir", "frontend_dir")
    parser.set_defaults(run=_export, interrupted="stopped; nothing was written")


def _add_models(parser: argparse.ArgumentParser) -> None:
    part = "only model types with this in their name, such as gemma"
    parser.add_argument("name", nargs="?", default="", metavar="NAME", help=part)
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.set_defaults(run=_models, interrupted="stopped")


def _log(message: str) -> None:
    from tqdm import tqdm  # writes without breaking its own progress bar

    tqdm.write(visible(message), file=sys.stderr)


def _disable_spinning() -> None:
    """Have idle OpenMP threads sleep: on two busy cores, spinning makes a capture ten times slower.

    Must run before torch is first imported.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def _build(arguments: argparse.Namespace) -> None:
    _disable_spinning()
    request = _build_request(arguments)
    if arguments.estimate:
        from attentionviz.pipeline.estimate import estimate, format_estimate

        found = estimate(request, _log)
        print(json.dumps(found._asdict()) if arguments.json else format_estimate(found))
        return
    from attentionviz.pipeline.build import build

    result = build(request, _log)
    if arguments.json:
        print(json.dumps({"dataset_id": result.dataset_id, "version": result.version}))
        return
    outcome = "was built before, nothing to do" if result.already_built else "is built"
    print(f"{result.dataset_id} {outcome}: {result.folder}")


def _build_request(arguments: argparse.Namespace) -> "BuildRequest":
    from attentionviz.pipeline.request import BuildRequest, parse_layers

    if arguments.workers is not None and (arguments.scheduler or arguments.scheduler_file):
        raise InvalidRequestError("--workers has no effect on the workers of a Dask cluster")
    return BuildRequest(
        model=arguments.model,
        output=arguments.output or load_settings().data_dir,
        text=arguments.text,
        images=arguments.images,
        audio=arguments.audio,
        dataset_id=arguments.id,
        methods=tuple(arguments.method or METHODS),
        dims=_dims(arguments.dims),
        max_tokens=arguments.max_tokens,
        seed=arguments.seed,
        precision=arguments.precision,
        keep_vectors=arguments.keep_vectors,
        alignment=arguments.alignment,
        device=arguments.device,
        dtype=arguments.dtype,
        device_map=arguments.device_map,
        max_memory=arguments.max_memory,
        max_length=arguments.max_length,
        part=arguments.part,
        layers=None if arguments.layers is None else parse_layers(arguments.layers),
        n_workers=_workers(arguments.workers),
        text_column=arguments.text_column,
        pairs=arguments.pairs,
        target=arguments.target,
        max_target=arguments.max_target,
        skip_bad_sequences=arguments.skip_bad_sequences,
        local_models=MODELS,
        scheduler=arguments.scheduler,
        scheduler_file=arguments.scheduler_file,
    )


def _dims(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise InvalidRequestError(f"--dims is {text!r}, expected 2, 3 or 2,3") from error


def _workers(n_workers: int | None) -> int:
    from joblib import cpu_count  # respects the limits of a container

    return n_workers if n_workers is not None else int(cpu_count())


def _demo(arguments: argparse.Namespace) -> None:
    from attentionviz.commands.demo import build_demo, run_demo

    _disable_spinning()
    settings = settings_of(arguments)
    if arguments.build_only:
        build_demo(settings, _workers(arguments.workers), _log)
        return
    arguments.interrupted = "stopped serving"
    run_demo(settings, arguments.workers, _log, opens_browser=not arguments.no_browser)


def _chosen(library: "DatasetLibrary", dataset: str) -> "list[DatasetEntry]":
    return library.list_datasets() if dataset == "all" else [library.entry(dataset)]


def _info(arguments: argparse.Namespace) -> None:
    from attentionviz.pipeline.report import description
    from attentionviz.store.reader import DatasetLibrary

    library = DatasetLibrary(settings_of(arguments).data_dir)
    entries = _chosen(library, arguments.dataset)
    if not entries:
        raise DatasetNotFoundError(f"there is no dataset in {library.data_dir}; build one")
    for entry in entries:
        print(f"{description(library, entry, with_scores=arguments.scores)}\n")


def _verify(arguments: argparse.Namespace) -> int:
    from attentionviz.pipeline.report import verification
    from attentionviz.store.reader import DatasetLibrary

    library = DatasetLibrary(settings_of(arguments).data_dir)
    entries = _chosen(library, arguments.dataset)
    found = [verification(library.data_dir, entry) for entry in entries]
    for report, _ in found:
        print(report)
    return 0 if all(is_undamaged for _, is_undamaged in found) else EXIT_ERROR


def _export(arguments: argparse.Namespace) -> None:
    from attentionviz.commands.export import export_site

    site = export_site(settings_of(arguments), arguments.dataset, arguments.folder)
    size = site.n_bytes / 2**20
    print(f"{site.folder}: {site.n_files:,} files, {size:,.1f} MB, for any web host")
    print(f"to view it here: python -m http.server --directory {site.folder}")


def _models(arguments: argparse.Namespace) -> None:
    from attentionviz.commands.models import known_models, table

    known = known_models()
    print(json.dumps(known) if arguments.json else table(known, arguments.name))
