"""Detectors measured on a fold: of bones by kind, by name and by age, of anything else by class."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.card import INTENDED_USE, Card, Task
from models.data.labels import Split
from models.detection.boxes import Boxes
from models.detection.finding import find
from models.detection.marked import MarkedRadiographs, Marks, load_all_marked
from models.detection.measures import measure
from models.detection.views import find_twice
from models.evaluation.bones import (
    LEAST_FIT,
    BoneFigures,
    best_naming_threshold,
    bone_figures,
    by_age_markdown,
    by_bone_markdown,
    detectors_markdown,
    marks_fit,
)
from models.evaluation.detection import detection_markdown
from models.evaluation.run_subject import FACTS, RECIPE, VERSION, is_run, read_facts
from models.registry import LoadedModel, load, verify
from models.training.detection_recipe import DetectionRecipe
from models.training.detection_weights import trained_detector
from models.training.tasks import task_of

HAND_DETECTOR = "hand_detector"
PAPER = (
    "PreciseBAA 4.2 prints a mAP (its eq. 3) of 1 for the recursive pyramid, 0.87 for Faster R-CNN and 0.9 for YOLO on "
    "30 % of 1,015 images of its own: anchors, not measured here."
)


@dataclass(frozen=True)
class Detector:
    """A loaded detector by the name it is called by, and the command's word for it."""

    name: str
    word: str
    model: LoadedModel

    @property
    def marks(self) -> Marks:
        """What it finds. Raises ValueError where no marks have its classes."""
        for marks in Marks:
            if marks.classes == self.model.card.classes:
                return marks
        raise ValueError(f"{self.name}: nothing marked has its classes, {', '.join(self.model.card.classes)}")


def is_detector(names: Sequence[str], directory: Path | None) -> bool:
    """Whether all are detectors: names of weights, or folders of runs."""
    tasks = (task_of(Path(n) / RECIPE) if is_run(n) else verify(n, directory=directory).task for n in names)
    return all(task is Task.DETECTION for task in tasks)


def evaluate_detectors(
    names: Sequence[str],
    *,
    data: Path,
    fold: int = 9,
    output: Path | None = None,
    weights_directory: Path | None = None,
    device: str = "cpu",
    cache: Path | None = None,
) -> str:
    """The Markdown of their figures on the same images; written to `output` as well.

    Bones are named from the score that is best on the odd ids of fold 8. Raises ValueError where they find
    different things, or the fold has none marked.
    """
    detectors = [load_detector(name, directory=weights_directory, device=device) for name in names]
    marks = {each.marks for each in detectors}
    if len(marks) > 1:
        raise ValueError(f"{', '.join(names)}: find different things; evaluate those of one kind together")
    everything = load_all_marked(data, marks.pop(), cache)
    inside = everything.of_folds([fold])
    if not len(inside):
        raise ValueError(f"{data}: fold {fold} has no such marks")
    text = "\n\n".join([*_head(detectors, inside, fold), *_sections(detectors, everything, inside, device)]) + "\n"
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        (output / f"{detectors[0].marks.value}-fold{fold}.md").write_text(text, encoding="utf-8")
    return text


def load_detector(name: str, *, directory: Path | None = None, device: str = "cpu") -> Detector:
    """Packaged weights by name, or the best weights of a run by its folder. Raises ValueError where there are none."""
    if not is_run(name):
        model = load(name, directory=directory, device=device)
        return Detector(model.card.name, name, model)
    folder = Path(name)
    trained = trained_detector(folder)
    card = _card(trained.recipe, trained.sha256, folder)
    return Detector(card.name, f"runs/{folder.name}", LoadedModel(trained.network.to(device), card, card.sha256))


def _card(recipe: DetectionRecipe, sha256: str, folder: Path) -> Card:
    return Card(
        name=recipe.name, version=VERSION, sha256=sha256, task=Task.DETECTION, classes=recipe.marks.classes,
        interval=None, architecture=recipe.architecture, parameters=recipe.network_parameters,
        input_size=recipe.input_size, aspect_range=(0.6, 2.2), data="those the run trained on", terms="theirs",
        intended_use=INTENDED_USE, training=read_facts(folder) if (folder / FACTS).is_file() else {},
    )  # fmt: skip


def _head(detectors: Sequence[Detector], inside: MarkedRadiographs, fold: int) -> list[str]:
    marks = detectors[0].marks
    command = f"dicom-node evaluate {' '.join(each.word for each in detectors)} --data DIR --fold {fold}"
    rows = [
        f"| {each.name} | {each.model.card.version} | {sum(p.numel() for p in each.model.network.parameters()):,} "
        f"| {each.model.card.input_size} px | `{each.model.sha256}` |"
        for each in detectors
    ]
    table = ["| detector | version | parameters | input | weights sha256 |", "|---|---|--:|--:|---|", *rows]
    boxes = sum(len(labels) for labels in inside.labels)
    text = f"Command: `{command}`. {len(inside)} radiographs with {boxes} boxes."
    return [f"# Detectors of the {marks.value} on fold {fold}", text, "\n".join(table)]


def _sections(
    detectors: Sequence[Detector], everything: MarkedRadiographs, inside: MarkedRadiographs, device: str
) -> list[str]:
    found = {each.name: _found(each, inside, device) for each in detectors}
    classes, there = detectors[0].model.card.classes, inside.truth()
    if detectors[0].marks is not Marks.BONES:
        tables = {name: detection_markdown(measure(boxes, there, classes).rows) for name, boxes in found.items()}
        return [part for name, table in tables.items() for part in (f"## {name}", table)]
    odd = everything.of_split(Split.CALIBRATE)
    rows = []
    for each in detectors:
        threshold = best_naming_threshold(_found(each, odd, device), odd.truth(), classes)
        rows.append(bone_figures(each.name, found[each.name], there, classes, threshold))
    ages = by_age_markdown(found, there, inside.radiographs.labels, classes, rows)
    return [
        detectors_markdown(rows), PAPER, *_fitting(inside, found, rows, classes, device),
        "## The thirteen bones, as named", by_bone_markdown(rows, named=True),
        "## The seven kinds, as found", by_bone_markdown(rows, named=False), "## By age", ages,
    ]  # fmt: skip


def _fitting(
    inside: MarkedRadiographs, found: Mapping[str, Sequence[Boxes]], rows: Sequence[BoneFigures],
    classes: Sequence[str], device: str,
) -> list[str]:  # fmt: skip
    """The same without the hands whose marks lie elsewhere than the hand that the hand detector finds."""
    there, model = inside.truth(), load(HAND_DETECTOR, device=device)
    hands = find(model.network, inside.radiographs.frames, model.card.input_size, device=device)
    kept = [n for n, pair in enumerate(zip(there, hands, strict=True)) if marks_fit(*pair)]
    rule = f"the common box of its marks and the box that {HAND_DETECTOR} finds have an IoU below {LEAST_FIT}"
    if len(kept) == len(there):
        return [f"The marks of every hand fit it; they would not where {rule}."]
    again = [
        bone_figures(row.name, [found[row.name][n] for n in kept], [there[n] for n in kept], classes, row.threshold)
        for row in rows
    ]
    text = f"Without those of {len(there) - len(kept)} of {len(there)} hands, where {rule}:"
    return ["## Where the marks fit the hand", text, detectors_markdown(again)]


def _found(detector: Detector, marked: MarkedRadiographs, device: str) -> list[Boxes]:
    """Bones as the node finds them, in two looks."""
    looked = find_twice if detector.marks is Marks.BONES else find
    return looked(detector.model.network, marked.radiographs.frames, detector.model.card.input_size, device=device)
