"""Command lines of a job's processes."""

from pathlib import Path

from attentionviz.core.file_names import native
from attentionviz.jobs.records import JobRequest


def build_command(
    request: JobRequest, corpus: Path, data_dir: Path, scheduler: str | Path = ""
) -> list[str]:
    """Return the command that builds the dataset of a job.

    Parameters
    ----------
    request : JobRequest
    corpus, data_dir : Path
    scheduler : str or Path
        As the setting of this name.
    """
    command = ["build", "--json", "--model", request.model]
    command += ["--text" if request.modality == "text" else "--images", str(corpus)]
    command += ["--output", str(data_dir), "--id", request.dataset_id]
    for method in request.methods:
        command += ["--method", method]
    command += ["--dims", ",".join(map(str, request.dims))]
    if request.max_tokens is not None:
        command += ["--max-tokens", str(request.max_tokens)]
    if request.text_column is not None:
        column = native(request.text_column)
        command.append(f"--text-column={column}")  # it may begin with a dash
    if request.skip_bad_sequences:
        command.append("--skip-bad-sequences")
    if request.keep_vectors != "all":
        command += ["--keep-vectors", request.keep_vectors]
    if scheduler:
        is_file = isinstance(scheduler, Path)
        command += ["--scheduler-file" if is_file else "--scheduler", str(scheduler)]
    return command


def estimate_command(request: JobRequest, corpus: Path, data_dir: Path) -> list[str]:
    """Return the command that estimates the time and disk space of a build."""
    return [*build_command(request, corpus, data_dir), "--estimate"]
