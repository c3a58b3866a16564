"""What a training on another machine needs, in one folder: prepared frames of what trains and selects, and recipes."""

from collections.abc import Sequence
from pathlib import Path

from models.data.labels import Split
from models.data.prepared import write_prepared
from models.data.radiographs import load_radiographs
from models.training.recipe import load_recipe, read_document, to_json


def carry(recipes: Sequence[Path], *, data: Path, output: Path, cache: Path | None = None) -> list[Path]:
    """Write frames, labels and each recipe as NAME.json; the files written.

    What calibrates and tests stays here: nothing can be trained, chosen or measured on it elsewhere. Raises ValueError
    for a recipe that is none, or that draws its own images.
    """
    documents = {}
    for path in recipes:
        recipe = load_recipe(path)
        if recipe.damages is not None:
            raise ValueError(f"{path}: trains on images made poor, which needs them as they came: train it here")
        if recipe.phantoms is not None:
            raise ValueError(f"{path}: trains on phantoms, not on images that could be carried")
        documents[recipe.name] = read_document(path)
    written = write_prepared(load_radiographs(data, cache).take([Split.TRAIN, Split.SELECT]), output)
    for name, document in documents.items():
        written.append(output / f"{name}.json")
        written[-1].write_text(to_json(document), encoding="utf-8")
    return written
