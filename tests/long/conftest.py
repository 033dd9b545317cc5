"""A data folder that is larger than any memory bound, made once and removed afterwards."""

import faulthandler
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.large_folder import write_large_folder


@pytest.fixture(autouse=True)
def no_limit_of_time() -> None:
    """Take back the limit that pytest has set for this test: these take as long as they take."""
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture(scope="session")
def large_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    """Return a data folder of 50 datasets and the bytes of its files."""
    folder = tmp_path_factory.mktemp("large")
    try:
        yield folder, write_large_folder(folder)
    finally:
        shutil.rmtree(folder)
