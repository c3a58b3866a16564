"""What processes that died left behind, removed: never what is in use, or may be.

Files of `write_atomically` that were not renamed; image folders whose image never came; results that were not
finished; marks of images that are not there. All only after nobody touched them for a while.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import time

from dicom_node.spool.holding import alone
from dicom_node.spool.layout import Layout
from dicom_node.spool.results import MANIFEST
from dicom_node.spool.store import spool_faults

UNTOUCHED_S = 3600.0
"""No piece of work in the spool takes as long; a stopped process that goes on later fails, and does its work again."""


def remove_leftovers(layout: Layout, *, untouched_s: float = UNTOUCHED_S) -> int:
    """Remove them, and say how many. Raises SpoolUnwritable."""
    before = time() - untouched_s
    with spool_faults():
        return sum(
            (
                _remove_half_images(layout, before),
                sum(_remove_half_results(folder) for folder in _old(layout.root.glob("results/*/*"), before)),
                sum(_remove_file(path) for path in _old(_part_files(layout), before)),
                sum(_remove_file(path) for path in _marks_without_image(layout)),
            )
        )


def _old(paths: Iterator[Path], before: float) -> Iterator[Path]:
    for path in paths:
        with suppress(FileNotFoundError):
            if path.lstat().st_mtime < before:
                yield path


def _remove_half_images(layout: Layout, before: float) -> int:
    """An image that comes just now is not half: nobody puts one into its folder meanwhile."""
    halves = [path for path in _old(layout.images.glob("*/*"), before) if _is_half(path)]
    if not halves:
        return 0
    with alone(layout.arriving) as held:
        removed = [path for path in _old(iter(halves), before) if held and _is_half(path)]
        for path in removed:
            shutil.rmtree(path)
        return len(removed)


def _is_half(folder: Path) -> bool:
    return folder.is_dir() and not (folder / "source.dcm").exists()


def _remove_half_results(folder: Path) -> int:
    """By its descriptor: another process may put a finished folder into its place meanwhile."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except (FileNotFoundError, NotADirectoryError):
        return 0
    try:
        names = os.listdir(descriptor)
        if MANIFEST in names and not folder.name.endswith(".part"):
            return 0
        for name in names:
            os.unlink(name, dir_fd=descriptor)
        folder.rmdir()
    except OSError:  # finished or removed by its writer meanwhile: it is looked at again the next time
        return 0
    finally:
        os.close(descriptor)
    return 1


def _part_files(layout: Layout) -> Iterator[Path]:
    """Everywhere but where images arrive: their association may be slow."""
    for folder, folders, files in os.walk(layout.root):
        if Path(folder) == layout.root:
            folders[:] = [name for name in folders if name != layout.incoming.name]
        yield from (Path(folder) / name for name in files if name.endswith(".part"))


def _marks_without_image(layout: Layout) -> Iterator[Path]:
    """An image is marked once it is stored."""
    for path in layout.deferred.glob("*"):
        if path.name.isalnum() and not layout.image(path.name).exists():
            yield path


def _remove_file(path: Path) -> int:
    try:
        path.unlink()
    except FileNotFoundError:
        return 0
    return 1
