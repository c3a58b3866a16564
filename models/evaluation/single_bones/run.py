"""Write the page about single bones: their readers on the images of one fold, and levels derived from what they say.

1. choose images; 2. find their bones; 3. read each bone, and the whole hand; 4. measure and examine; 5. write.
"""

from pathlib import Path

from models.bones.places import BoneSet, find_places
from models.bones.reading import read_bones
from models.data.radiographs import load_radiographs
from models.detection.anatomy import RUS_BONES
from models.evaluation.levels_run import load_grader
from models.evaluation.readings import read_with
from models.evaluation.run import choose
from models.evaluation.run_subject import WEIGHTS
from models.evaluation.single_bones import tables
from models.evaluation.single_bones.derived import examine_ages, examine_grader
from models.evaluation.single_bones.loading import load_bone_reader
from models.evaluation.single_bones.measured import Said, by_age, of_bone, together
from models.evaluation.single_bones.words import examined_words
from models.levels.hands import load_graded
from models.registry import LoadedModel, load

DETECTOR, HAND = "bone_detector", "whole_hand"


def write_single_bones(
    reader: str, *, runs: Path, data: Path, output: Path, grader: str | None = None, site: Path | None = None,
    fold: int = 9, limit: int | None = None, cache: Path | None = None, device: str = "cpu",
) -> Path:  # fmt: skip
    """Write the page to `output`. reader: name of a run below `runs`, or of weights; one that is not there is said so.

    grader: name of a run below `runs` that learnt the derived levels of `site`; None, or one that was not trained, is
    said too. limit: a fixed choice of so many images, for the readers of bones. Raises ValueError where the data or the
    weights are at fault.
    """
    command = f"dicom-node evaluate-bones {reader} --runs DIR --data DIR --output FILE --fold {fold}"
    command += f" --limit {limit}" if limit else ""
    command += f" --grader {grader} --site SITE" if grader else ""
    model = load_bone_reader(reader, runs)
    parts = ["# Single bones"]
    if model is None:
        parts += _missing(command)
    else:
        parts += _measured(model, _bones(data, fold, limit, cache), f"Command: `{command}`.", device)
    parts += _grader(None if grader is None else runs / grader, site, fold, cache)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return output


def _bones(data: Path, fold: int, limit: int | None, cache: Path | None) -> BoneSet:
    everything = load_radiographs(data, cache)
    chosen = set(choose(everything.labels, fold, limit))
    radiographs = everything.at([n for n, label in enumerate(everything.labels) if label in chosen])
    if not len(radiographs):
        raise ValueError(f"{data}: no radiographs in fold {fold}")
    return BoneSet(radiographs, find_places(radiographs, load(DETECTOR), cache))


def _missing(command: str) -> list[str]:
    first = (
        "The bone age that each of the thirteen bones says alone, and levels derived from it, are not measured yet: "
        "`dicom-node train config/training/bone_ages.slim.yaml --data DIR` comes first."
    )
    return [f"{first} Command: `{command}`.", tables.empty_table()]


def _measured(model: LoadedModel, bones: BoneSet, command: str, device: str) -> list[str]:
    hand = load(HAND, device=device)
    months = read_bones(model.network, bones, model.card.input_size, device=device)
    said = Said(bones.radiographs.labels, months, read_with(hand, bones.radiographs, device=device))
    ages = by_age(said)
    weights = f"{model.card.name} {model.card.version} `{model.sha256[:12]}`, {HAND} {hand.card.version}"
    return [
        f"The bone age that each of the thirteen bones says alone, from the crop that {DETECTOR} finds. Months; the "
        "label is a reading of the whole hand by Greulich & Pyle, so that a bone is held to what the hand says. "
        f"{command} Weights: {weights} `{hand.sha256[:12]}`. {len(bones)} images; those that do not show a bone are "
        "left out of it.",
        tables.bones_table({bone: of_bone(said, bone) for bone in RUS_BONES}),
        "## Which bone speaks best at which age",
        "MAE, months, by age group of the label; the least of each group is bold.",
        tables.ages_table(ages),
        tables.best_table(ages),
        "## Bones together",
        "Images with all thirteen bones.",
        tables.together_table(together(said)),
        "## Levels derived from bone ages",
        "A research output, derived from a Greulich & Pyle reading: each bone's age through the RUS-CHN curve to a "
        "total score, and the level that has the same share of the bone's own top score. Three examinations, with the "
        "bounds that were set before. Each bone is read alone, so that in the first no other level can move.",
        *examined_words(examine_ages(said)),
    ]


def _grader(run: Path | None, site: Path | None, fold: int, cache: Path | None) -> list[str]:
    """The section of a grader that learnt derived levels, whose attention lets a bone's level draw on the others."""
    title = "## A grader of derived levels"
    if run is None or site is None or not (run / WEIGHTS).is_file():
        return [
            title,
            "Not trained: `dicom-node data derived-levels`, then `config/training/levels.derived.slim.yaml`.",
        ]
    model = load_grader(str(run)).model
    hands = load_graded(site, model.card.input_size, cache).of_fold(fold)
    first = (
        "It sees all thirteen crops of a hand together, and learnt for each bone the level that the hand's age gives "
        f"by the same rule. {len(hands)} images with all thirteen bones. Weights: `{model.sha256[:12]}`."
    )
    return [title, first, *examined_words(examine_grader(model, hands))]
