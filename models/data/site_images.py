"""Where a site's images lie, found by the names that its label file gives."""

import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from models.data.images import DICOM_SUFFIXES, PICTURE_SUFFIXES, ImageUnreadable, is_image_name
from models.data.site import ImageFiles

_FAULTS = (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, KeyError, ValueError, EOFError)
"""What zipfile raises for damaged, encrypted or unknown entries; zlib.error is added below."""


@dataclass(frozen=True, order=True)
class ImagePlace:
    """A file below `root` (a folder, or a zip where `zipped`), by its path with slashes."""

    root: Path
    name: str
    zipped: bool

    def __str__(self) -> str:
        return f"{self.root}:{self.name}" if self.zipped else str(self.root / self.name)

    def read(self) -> bytes:
        """Raises ImageUnreadable."""
        import zlib

        try:
            if not self.zipped:
                return (self.root / self.name).read_bytes()
            with zipfile.ZipFile(self.root) as archive:
                return archive.read(self.name)
        except (*_FAULTS, zlib.error) as error:
            raise ImageUnreadable(f"cannot be read ({type(error).__name__})") from None

    def stamp(self) -> str:
        """Changes when the file, or the zip that holds it, does."""
        status = (self.root if self.zipped else self.root / self.name).stat()
        return f"{self}:{status.st_size}:{status.st_mtime_ns}"


class ImageIndex:
    """All image files of a site. A name may leave out the suffix, or the folders where that is clear."""

    def __init__(self, places: tuple[ImagePlace, ...]) -> None:
        self.places = places
        self._by: list[dict[str, list[ImagePlace]]] = [defaultdict(list) for _ in range(4)]
        for place in places:
            path = PurePosixPath(place.name)
            for names, key in zip(self._by, _keys(path), strict=True):
                names[key].append(place)

    def find(self, name: str) -> tuple[ImagePlace, ...]:
        """The places a name may mean: of the whole path first, then without suffix, then without folders."""
        wanted = str(PurePosixPath(name.replace("\\", "/")))
        for names in self._by:
            if wanted in names:
                return tuple(names[wanted])
        return ()


def index_images(files: ImageFiles) -> ImageIndex:
    """Raises ValueError for a folder or zip that is not there."""
    if files.folder is not None:
        if not files.folder.is_dir():
            raise ValueError(f"{files.folder}: no such folder")
        return ImageIndex(tuple(sorted(_in_folder(files.folder))))
    return ImageIndex(tuple(sorted(place for path in files.zips for place in _in_zip(path))))


def _in_folder(folder: Path) -> Iterator[ImagePlace]:
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if _is_image(name) and path.is_file():
            yield ImagePlace(folder, name, zipped=False)


def _in_zip(path: Path) -> Iterator[ImagePlace]:
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if not entry.is_dir() and _is_image(entry.filename):
                    yield ImagePlace(path, entry.filename, zipped=True)
    except (OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: cannot be read as a zip ({type(error).__name__})") from None


def _is_image(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return is_image_name(name) and not any(part.startswith(".") or part == "__MACOSX" for part in parts)


def _keys(path: PurePosixPath) -> tuple[str, str, str, str]:
    """Whole path, without suffix, file name, file name without suffix."""
    bare = path.with_suffix("") if path.suffix.lower() in PICTURE_SUFFIXES | DICOM_SUFFIXES else path
    return str(path), str(bare), path.name, bare.name
