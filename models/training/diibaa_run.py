"""A training of DIIBAA: the effects around its networks' loops."""

from collections.abc import Sequence
from pathlib import Path

from models.data.augment import SPARE
from models.data.frames import Radiographs
from models.data.labels import Split
from models.data.phantoms import draw_phantoms
from models.data.radiographs import load_radiographs
from models.diibaa.frames import StagedFrames, drawn, staged
from models.diibaa.stages import STAGES
from models.training.diibaa import DiibaaTraining
from models.training.diibaa_recipe import DiibaaRecipe, load_diibaa_recipe
from models.training.task_run import TrainingOrder, follow_task


def train_diibaa(order: TrainingOrder) -> Path:
    """Train DIIBAA and its rivals; the order's limit is of each split. Returns the weights of the whole system."""
    recipe = load_diibaa_recipe(order.recipe)

    def training_on(device: str) -> DiibaaTraining:
        train_set, select_set = load_staged(recipe, order.data, limit=order.limit, cache=order.cache)
        for name, frames in (("train", train_set), ("select", select_set)):
            counted = (f"{sex} {' '.join(map(str, counts))}" for sex, counts in frames.counts().items())
            print(f"{name}: {', '.join(counted)} of {', '.join(STAGES)}", flush=True)
        return DiibaaTraining(recipe, train_set, select_set, order.output, device)

    return follow_task(order, training_on, measure="accuracy of stages")


def load_staged(
    recipe: DiibaaRecipe, data: Path | None, *, limit: int | None = None, cache: Path | None = None
) -> tuple[StagedFrames, StagedFrames]:
    """The images that train, a little larger than the input, and those that select. Raises ValueError without any."""
    whole = recipe.whole
    if whole.phantoms is not None:
        train, select = limit or whole.phantoms.train, limit or whole.phantoms.select
        return (
            _of_split(draw_phantoms(Split.TRAIN, train), recipe, Split.TRAIN, None),
            _of_split(draw_phantoms(Split.SELECT, select), recipe, Split.SELECT, None),
        )
    everything = _radiographs(data, cache)
    return _of_split(everything, recipe, Split.TRAIN, limit), _of_split(everything, recipe, Split.SELECT, limit)


def load_splits(
    recipe: DiibaaRecipe, data: Path | None, splits: Sequence[Split], *, cache: Path | None = None
) -> list[Radiographs]:
    """The recipe's radiographs or phantoms of each split, as they are. Raises ValueError without a folder."""
    phantoms = recipe.whole.phantoms
    if phantoms is not None:
        return [draw_phantoms(split, getattr(phantoms, split.value)) for split in splits]
    everything = _radiographs(data, cache)
    return [everything.take([split]) for split in splits]


def _radiographs(data: Path | None, cache: Path | None) -> Radiographs:
    if data is None:
        raise ValueError("this recipe trains on radiographs: give their folder with --data")
    return load_radiographs(data, cache)


def _of_split(radiographs: Radiographs, recipe: DiibaaRecipe, split: Split, limit: int | None) -> StagedFrames:
    """Of the training split as many as the recipe says, of another all; of one sex where it says so."""
    whole, training = recipe.whole, split is Split.TRAIN
    places = [n for n, label in enumerate(radiographs.labels) if label.split is split][:limit]
    counts = whole.counts if training and limit is None else None
    kept = drawn([radiographs.labels[n] for n in places], whole.stages, whole.sex, counts, whole.seed)
    if not kept:
        raise ValueError(f"{recipe.name}: no radiographs of the {split.value} split")
    side = round(whole.input_size * SPARE) if training else whole.input_size
    return staged(radiographs, [places[n] for n in kept], whole.stages, side)
