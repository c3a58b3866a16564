"""Graders of thirteen bones measured on a fold of a site's own set: levels, their correlation, and the bone age."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from PIL import Image

from models.card import INTENDED_USE, Card, Task
from models.evaluation.csv_files import write_csv
from models.evaluation.levels import (
    Graded,
    accuracy_table,
    age_table,
    ages_of_true_levels,
    confusion_rows,
    confusions,
    correlation_table,
    interval_table,
)
from models.evaluation.levels_sheet import confusion_sheet
from models.evaluation.paper.origin import table
from models.evaluation.run_subject import FACTS, RECIPE, VERSION, WEIGHTS, fill_network, is_run, read_facts
from models.levels.grading import grade
from models.levels.hands import GradedHands, load_graded
from models.levels.scale import BONES, Sex
from models.networks import build_network
from models.registry import LoadedModel, load, verify
from models.training.levels_recipe import load_levels_recipe
from models.training.tasks import task_of

INDEPENDENT = (
    "The age is the expectation over what the levels leave open, with the bones taken as independent given the "
    "radiograph, and the interval its 2.5th to 97.5th percentile. The paper looks up the likeliest levels alone."
)


@dataclass(frozen=True)
class Grader:
    """A loaded grader by the name it is called by, and the command's word for it."""

    name: str
    word: str
    model: LoadedModel


def is_grader(names: Sequence[str], directory: Path | None) -> bool:
    """Whether all grade levels: names of weights, or folders of runs."""
    tasks = (task_of(Path(n) / RECIPE) if is_run(n) else verify(n, directory=directory).task for n in names)
    return all(task is Task.LEVELS for task in tasks)


def load_grader(name: str, *, directory: Path | None = None, device: str = "cpu") -> Grader:
    """Packaged weights by name, or the best weights of a run by its folder. Raises ValueError where there are none."""
    if not is_run(name):
        model = load(name, directory=directory, device=device)
        model.card.require(Task.LEVELS)
        return Grader(model.card.name, name, model)
    folder = Path(name)
    recipe, path = load_levels_recipe(folder / RECIPE), folder / WEIGHTS
    if not path.is_file():
        raise ValueError(f"{path}: not there; a run has it once it has measured an epoch")
    blob = path.read_bytes()
    network = build_network(recipe.architecture, recipe.network_parameters)
    fill_network(network, blob, path)
    card = Card(
        name=recipe.name, version=VERSION, sha256=hashlib.sha256(blob).hexdigest(), task=Task.LEVELS, interval=None,
        classes=tuple(map(str, BONES)), architecture=recipe.architecture, parameters=recipe.network_parameters,
        input_size=recipe.input_size, aspect_range=(0.6, 2.2), data="those the run trained on", terms="theirs",
        intended_use=INTENDED_USE, training=read_facts(folder) if (folder / FACTS).is_file() else {},
    )  # fmt: skip
    loaded = LoadedModel(network.eval().requires_grad_(False).to(device), card, card.sha256)
    return Grader(card.name, f"runs/{folder.name}", loaded)


def graded_by(model: LoadedModel, hands: GradedHands, device: str = "cpu") -> Graded:
    """What a grader says of hands, beside what is known of them."""
    found = grade(model.network, hands.crops, model.card.input_size, device=device)
    sexes = tuple(cast(Sex, label.sex) for label in hands.labels)
    return Graded(found, hands.levels, sexes, np.array([label.bone_age_months for label in hands.labels]))


def evaluate_graders(
    names: Sequence[str],
    *,
    data: Path,
    fold: int = 9,
    output: Path | None = None,
    weights_directory: Path | None = None,
    device: str = "cpu",
    cache: Path | None = None,
) -> str:
    """The Markdown of their figures on the same hands; written to `output` as well, with pictures and a CSV.

    Raises ValueError where two are called alike, or as `models.levels.hands.load_graded` does.
    """
    graders = [load_grader(name, directory=weights_directory, device=device) for name in names]
    if len({each.name for each in graders}) < len(graders):
        graders = [Grader(each.word, each.word, each.model) for each in graders]
    sets = {side: load_graded(data, side, cache).of_fold(fold) for side in {_side(each) for each in graders}}
    found = {each.name: graded_by(each.model, sets[_side(each)], device) for each in graders}
    text = _document(graders, found, fold)
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        pictures = _pictures(found, fold)
        links = "".join(f"\n![{Path(file).stem}]({file})\n" for file in pictures)
        text += links
        (output / f"levels-fold{fold}.md").write_text(text, encoding="utf-8")
        for file, picture in pictures.items():
            Image.fromarray(picture).save(output / file)
        write_csv(output / f"levels-fold{fold}-confusion.csv", confusion_rows(found))
    return text


def _side(grader: Grader) -> int:
    return grader.model.card.input_size


def _document(graders: Sequence[Grader], found: Mapping[str, Graded], fold: int) -> str:
    some = next(iter(found.values()))
    command = f"dicom-node evaluate {' '.join(each.word for each in graders)} --data SITE.yaml --fold {fold}"
    off = np.abs(ages_of_true_levels(some) - some.truth_months)
    parts = [
        f"# Levels of thirteen bones on fold {fold}",
        f"Command: `{command}`. {len(some.levels)} hands of the set that SITE.yaml describes; research use only.",
        _weights(graders),
        "## Levels (Fig. 14)",
        "Of each bone the share of hands whose level is told right, and within one level.",
        accuracy_table(found, {each.name: str(each.model.card.parameters.get("backbone")) for each in graders}),
        "## Bone age (Table 2)",
        f"From the true levels, score and curve give the labelled age with a mean error of {off.mean() / 12:.3f} "
        f"years, {off.max() / 12:.3f} at most. From the levels as told:",
        age_table(found),
        INDEPENDENT,
        interval_table(found),
        "## Correlation of the levels (Table 1)",
        "Pearson's coefficient of the labelled levels of two bones of a hand.",
        correlation_table(some.levels),
        "## Confusion",
        "Rows are the labelled levels from 0, columns the told ones; darker is a larger share of the row.",
    ]
    return "\n\n".join(parts) + "\n"


def _weights(graders: Sequence[Grader]) -> str:
    rows = [
        [each.name, each.model.card.version, f"{sum(p.numel() for p in each.model.network.parameters()):,}",
         f"{_side(each)} px", f"`{each.model.sha256}`"]
        for each in graders
    ]  # fmt: skip
    return table(["grader", "version", "parameters", "input", "weights sha256"], rows, 2)


def _pictures(found: Mapping[str, Graded], fold: int) -> dict[str, np.ndarray]:
    return {
        f"{name.replace('/', '-')}-fold{fold}-confusion.png": confusion_sheet(
            f"{name} on fold {fold}", confusions(graded)
        )
        for name, graded in found.items()
    }
