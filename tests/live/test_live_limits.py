"""What the worker forbids itself leaves it able to load what it needs."""

import subprocess
import sys

import pytest

LIMITED = """
import os, tempfile
from pathlib import Path
from attentionviz.live.worker.limits import limit_process

limit_process(4096)
folder = tempfile.gettempdir()
assert folder != "/" and os.access(folder, os.W_OK), folder
(Path(folder) / f"folder-of-{os.getpid()}").mkdir()  # as torch does, also where one is not root
(Path(folder) / f"folder-of-{os.getpid()}").rmdir()
try:
    Path(folder, f"file-of-{os.getpid()}").write_text("x")
except OSError as error:
    print(error.strerror)
Path(folder, f"file-of-{os.getpid()}").unlink()
"""


@pytest.mark.parametrize("imported", ["", "import torch"])
def test_the_worker_cannot_write_files_but_finds_a_temporary_folder(imported: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", LIMITED + imported], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout.strip()) == (0, "File too large"), ended.stderr[-500:]
