"""Write the page about stages: what was trained, asked about the images of one fold.

1. read the specification; 2. choose images; 3. ask each system's networks; 4. write the page. What was not trained is a
line with its command.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from models.data.frames import Radiographs
from models.data.radiographs import decode_radiographs, labels_of
from models.diibaa.stages import SEXES
from models.evaluation.paper.origin import NOT_TRAINED, remarks, table
from models.evaluation.run import choose
from models.evaluation.staging import tables
from models.evaluation.staging.answers import Answers, Asked, answers_of, open_run, training_counts
from models.evaluation.staging.claims import claims_table
from models.evaluation.staging.specification import StagingSpecification, read_staging_specification
from models.training.diibaa_recipe import ScoringPart

TITLES = {"F": "girls", "M": "boys"}
METHODS = (
    "Shares are of the images of a stage that are told to be of it. The baseline is trained on the images as they are, "
    "branch 1 is the scoring network, branch 2 is CNN_mixup, DIIBAA is Algorithm 1. th_score was found by Algorithm 2 "
    "on the select split, by sex, when the system was trained. The paper's figures are of other images and quoted, "
    "never ours."
)


@dataclass(frozen=True)
class System:
    """A row of the specification, as far as it was trained. asked, answers, counts: by sex; counts of what trained."""

    name: str
    runs: dict[str, str]
    asked: dict[str, Asked]
    answers: dict[str, Answers]
    counts: dict[str, list[int]]


def write_staging(path: Path, *, runs: Path, data: Path, output: Path, fold: int = 9, limit: int | None = None) -> Path:
    """Write `output`, a Markdown file, as the specification at `path` asks, of the folders below `runs`.

    limit: a fixed choice of so many images. Raises ValueError where the specification, a run or the data is at fault.
    """
    asked = read_staging_specification(path)
    opened = {run: open_run(runs / run) for of_sex in asked.systems.values() for run in of_sex.values()}
    labels = labels_of(data) if any(opened.values()) else ()
    images = decode_radiographs(data, tuple(choose(labels, fold, limit))) if labels else None
    systems = []
    for name, of_sex in asked.systems.items():
        there = {sex: found for sex in SEXES if (found := opened[of_sex[sex]]) is not None}
        answers = {sex: answers_of(each, images, sex) for sex, each in there.items() if _has(images, sex)}
        counts = {sex: training_counts(each, labels, sex) for sex, each in there.items()}
        systems.append(System(name, dict(of_sex), there, answers, counts))
    command = f"dicom-node evaluate-stages {path.as_posix()} --runs DIR --data DIR --output OUTPUT --fold {fold}"
    command += f" --limit {limit}" if limit else ""
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(_page(asked, systems, command, fold, images), encoding="utf-8")
    return output


def _has(images: Radiographs | None, sex: str) -> TypeGuard[Radiographs]:
    return images is not None and any(label.sex == sex for label in images.labels)


def _page(
    asked: StagingSpecification, systems: list[System], command: str, fold: int, images: Radiographs | None
) -> str:
    count = (
        f"{len(images)} images of fold {fold}" if images is not None else f"no image of fold {fold}: nothing is trained"
    )
    first = (
        f"The mechanisms of {asked.paper}; research use only. {count[0].upper()}{count[1:]}. Command: `{command}`. "
        f"{METHODS}"
    )
    parts = [f"# {asked.title}", first, *remarks(asked.remarks)]
    for system in systems:
        parts += _of_system(system, asked)
    parts += ["## As the paper printed them"]
    for sex, printed in asked.printed.items():
        stages, curve = tables.printed_stages_table(printed), tables.printed_curve_table(printed)
        parts += [f"### Printed: {TITLES[sex]}, th_score {printed.th_score}", stages, curve]
    parts += [tables.printed_ages_table(asked.printed), "## Weights", _weights(systems)]
    return "\n\n".join(parts) + "\n"


def _of_system(system: System, asked: StagingSpecification) -> list[str]:
    parts = [f"## {system.name}"]
    missing = [run for sex, run in system.runs.items() if sex not in system.asked]
    parts += [
        f"{NOT_TRAINED[0].upper()}{NOT_TRAINED[1:]}: `dicom-node train config/training/{run}.yaml --data DIR`."
        for run in dict.fromkeys(missing)
    ]
    if system.counts:
        counted = (f"{TITLES[sex]} {', '.join(map(str, counts))}" for sex, counts in system.counts.items())
        parts.append(f"Trained on images of S1, S2 and S3: {'; '.join(counted)}. {_right_shares(system)}")
    for sex, answers in system.answers.items():
        title = f"{TITLES[sex]}, {system.name}"
        th_score = NOT_TRAINED if answers.th_score is None else f"{answers.th_score:g}"
        parts += [
            f"### Mixtures: {title}", tables.mixup_table(answers, asked.printed[sex]),
            f"### Stages told: {title}, th_score {th_score}", tables.stages_table(answers),
            f"### th_score: {title}", tables.curve_table(answers),
        ]  # fmt: skip
    if system.answers:
        errors = {sex: answers.errors() for sex, answers in system.answers.items()}
        parts += [f"### Ages: {system.name}", tables.ages_table(errors, asked.printed)]
        parts += [f"### What the paper says: {system.name}", claims_table(system.answers)]
    return parts


def _right_shares(system: System) -> str:
    """Why the scoring network is not free of imbalance."""
    told = []
    for run in dict.fromkeys(system.runs[sex] for sex in system.counts):
        sexes = [sex for sex in system.counts if system.runs[sex] == run]
        every = [sum(each) for each in zip(*(system.counts[sex] for sex in sexes), strict=True)]
        shares = ", ".join(f"{100 * each / max(sum(every), 1):.0f} %" for each in every)
        told.append(f"{shares} ({' and '.join(TITLES[sex] for sex in sexes)})")
    scorings = [asked.recipe.part("scoring") for asked in system.asked.values()]
    rest = "as far as it knows an autoencoder by its traces, the imbalance is back."
    if any(isinstance(each, ScoringPart) and each.stage_weights for each in scorings):
        rest = (
            "which would bring the imbalance back, so that images of rare stages weigh more there (not in the paper)."
        )
    return (
        "Of all reconstructions that the scoring network learns from a third are T, but of those by the autoencoders "
        f"of S1, S2 and S3 {'; '.join(told)}: {rest}"
    )


def _weights(systems: list[System]) -> str:
    opened = {each.run.name: each for system in systems for each in system.asked.values()}
    rows = [
        [name, f"`{each.sha256[:12]}`" if each.sha256 else NOT_TRAINED, f"{each.parameters:,}"]
        for name, each in opened.items()
    ]
    return table(["run", "sha256", "parameters of the system"], rows) if rows else NOT_TRAINED
