"""Good images to make poor: radiographs as they came, and phantoms."""

from collections.abc import Iterator
from pathlib import Path

from models.data.folder import FolderSource
from models.data.labels import Label, Split
from models.data.phantoms import phantoms_of
from models.phantom.damage import Pixels
from models.plausibility.sources import spread


def good_images(data: Path | None, split: Split, count: int, *, drawn: bool) -> Iterator[tuple[Label, Pixels]]:
    """At most so many of a split, evenly spread over the file; drawn: phantoms instead, exactly so many.

    Damage is done to pixels as they came. Raises ValueError where radiographs are asked for and there is no folder.
    """
    if drawn:
        yield from ((label, phantom.pixels) for label, phantom in phantoms_of(split, count))
        return
    if data is None or not data.is_dir():
        raise ValueError("this recipe trains on radiographs with pixels as they came: give their folder with --data")
    source = FolderSource(data)
    chosen = spread(source.labels(), split, count)
    by_id = {label.id: label for label in chosen}
    yield from ((by_id[image_id], pixels) for image_id, pixels in source.pixels(chosen))
