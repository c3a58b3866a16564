"""What a test may ask for: other people's tools and the radiographs.

A test marked `orthanc`, `dcmtk` or `dciodvfy` is skipped where the tool is missing and fails where CI is
set. One marked `data` is skipped wherever BONE_AGE_DATA names no folder.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import tools


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Hold a test back whose marks ask for what is not here."""
    for mark, commands in tools.MARKED.items():
        if item.get_closest_marker(mark):
            for command in commands:
                tools.require(command)
    if item.get_closest_marker("data") and tools.data_directory() is None:
        pytest.skip("BONE_AGE_DATA names no folder of radiographs")


@pytest.fixture(scope="session")
def tool() -> Callable[[str], Path]:
    """`tool("storescu")` is the command's path; without it the test is skipped, or fails where CI is set."""
    return tools.require


@pytest.fixture(scope="session")
def data_directory() -> Path:
    """The folder of radiographs: `originals/*.png`, `rsna299/labels.csv` and the rest."""
    found = tools.data_directory()
    if found is None:
        pytest.skip("BONE_AGE_DATA names no folder of radiographs")
    return found
