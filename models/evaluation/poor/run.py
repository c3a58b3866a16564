"""Write the page about poor images: what was trained, read on the images of one fold.

1. read the specification; 2. choose images; 3. load what was trained; 4. read each condition in each arrangement;
5. write the page and its pictures. What a run lacks is a cell that says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image

from models.data.folder import FolderSource
from models.data.labels import Split
from models.evaluation.charts import ccs_chart
from models.evaluation.metrics import Array
from models.evaluation.paper.origin import NOT_TRAINED, remarks, table
from models.evaluation.poor import tables
from models.evaluation.poor.arrangements import GOOD, Arrangement, Improvers
from models.evaluation.poor.conditions import CLEAN, PAPER, STRANGE, strengths_line
from models.evaluation.poor.costs import costs_table
from models.evaluation.poor.examples import examples
from models.evaluation.poor.likeness import likeness, unlearnt
from models.evaluation.poor.loading import is_there, load_improvers, load_reader
from models.evaluation.poor.measurements import PoorMeasurements
from models.evaluation.poor.specification import PoorSpecification, read_poor_specification
from models.evaluation.run import choose
from models.quality.classes import CLASSES
from models.registry import LoadedModel

COMPARED_PX = 192
"""Side at which images are compared: the largest of the readers'."""
MOST_COMPARED = 60
"""Images that are compared pixel by pixel."""


@dataclass(frozen=True)
class Material:
    """All that the parts of the page are made of."""

    asked: PoorSpecification
    measured: PoorMeasurements
    readers: Mapping[str, LoadedModel]
    untreated: LoadedModel | None
    runs: Path


def write_quality(path: Path, *, runs: Path, data: Path, output: Path, fold: int = 9, limit: int | None = None) -> Path:
    """Write OUTPUT.md, as the specification at `path` asks, of the folders below `runs`; pictures go into OUTPUT.

    Of fold 8 the odd ids are read, which set what is in front. limit: a fixed choice of so many images. Raises
    ValueError where the specification, a run or the data is at fault.
    """
    asked, source = read_poor_specification(path), FolderSource(data)
    wanted = tuple(label for label in source.labels() if label.split is not Split.SELECT)
    labels = {label.id: label for label in choose(wanted, fold, limit)}
    images = sorted(source.pixels(tuple(labels.values())), key=lambda image: image[0])
    improvers = load_improvers(asked.networks, runs)
    pairs = [(labels[image_id], pixels) for image_id, pixels in images]
    measured = PoorMeasurements(pairs, improvers, runs / "poor", asked.in_front, asked.node)
    readers = {name: load_reader(each, runs) for name, each in asked.readers.items() if is_there(each, runs)}
    untreated = load_reader(asked.untreated, runs) if is_there(asked.untreated, runs) else None
    material = Material(asked, measured, readers, untreated, runs)
    _read_all(material)
    command = f"dicom-node evaluate-quality {path.as_posix()} --runs DIR --data DIR --output OUTPUT --fold {fold}"
    command += f" --limit {limit}" if limit else ""
    return _write(material, command, fold, output)


def _read_all(material: Material) -> None:
    """All readings, condition by condition, so that no image is damaged or improved twice; they are kept."""
    for condition in (*PAPER, *STRANGE):
        for reader, arrangement in product(material.readers.values(), Arrangement):
            if arrangement is not Arrangement.NQ:
                material.measured.months(reader, condition, arrangement)
        if material.untreated is not None:
            material.measured.months(material.untreated, condition, Arrangement.NQ)


def _write(material: Material, command: str, fold: int, output: Path) -> Path:
    output.mkdir(parents=True, exist_ok=True)
    measured = material.measured
    first = (
        f"The mechanisms of {material.asked.paper} at a size that two CPU cores train; research use only. Months, read "
        f"without flips, of {len(measured.images)} images of fold {fold}; brackets are 95 % bootstraps over images. "
        f"Command: `{command}`. Damage is done to the images as they came: {strengths_line()}."
    )
    parts = [f"# {material.asked.title}", first, *remarks(material.asked.remarks), *_losses(material, output)]
    for name in material.asked.readers:
        reader = material.readers.get(name)
        parts += _of_reader(material, name, reader, output) if reader else [f"## Arrangements: {name}", NOT_TRAINED]
    parts += _networks(material, output) if measured.improvers else ["## Classifier", NOT_TRAINED]
    parts += ["## Weights", _weights(material)]
    page = output.with_suffix(".md")
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return page


def _losses(material: Material, output: Path) -> list[str]:
    """Table 2 and Fig. 11."""
    errors: dict[str, Array | None] = {}
    for name, run in material.asked.losses.items():
        there = is_there(run, material.runs)
        reader = load_reader(run, material.runs) if there else None
        errors[name] = material.measured.errors(reader, CLEAN, Arrangement.PLAIN) if reader else None
    trained = {name: found for name, found in errors.items() if found is not None}
    parts = ["## Losses", tables.losses_table(errors, material.asked.printed.get("losses", {}))]
    if trained:
        Image.fromarray(ccs_chart("Cumulative correct score by loss", trained)).save(output / "losses.png")
        parts.append(f"![Cumulative correct score by loss]({output.name}/losses.png)")
    return parts


def _of_reader(material: Material, name: str, reader: LoadedModel, output: Path) -> list[str]:
    """Tables 4 and 5 and Fig. 12 of one reader, then kinds of damage that nothing was trained on."""
    errors: dict[tuple[Arrangement, str], Array | None] = {}
    for condition in (*PAPER, *STRANGE):
        for arrangement in Arrangement:
            of_nq = arrangement is Arrangement.NQ
            who = material.untreated if of_nq else reader
            errors[arrangement, condition.name] = (
                material.measured.errors(who, condition, arrangement) if who is not None else None
            )
    printed = material.asked.printed
    parts = [f"## Arrangements: {name}"]
    for statistic, key in (("MAE", "mae"), ("MdAE", "mdae")):
        parts += [tables.arrangements_table(errors, PAPER, statistic)]
        parts += [tables.printed_table(printed[key], PAPER, statistic)] if key in printed else []
    parts += [tables.goal_table(errors, PAPER), tables.clean_line(errors)]
    parts += [f"### Damage never trained on: {name}", tables.arrangements_table(errors, [CLEAN, *STRANGE], "MAE")]
    shown = {
        f"{arrangement}, {condition}": found
        for (arrangement, condition), found in errors.items()
        if found is not None and condition == PAPER[-1].name
    }
    file = f"{name.lower().replace(' ', '-').replace('+', '-plus')}-ccs.png"
    Image.fromarray(ccs_chart(f"Cumulative correct score, all three: {name}", shown)).save(output / file)
    return [*parts, f"![Cumulative correct score]({output.name}/{file})"]


def _networks(material: Material, output: Path) -> list[str]:
    """The classifier's confusion, likeness to the clean image, what it costs, and examples."""
    measured, improvers = material.measured, material.measured.improvers
    assert improvers is not None, "asked for where there are networks"
    told = {place: measured.classes(condition) for place, condition in enumerate(PAPER[: len(CLASSES)])}
    found = {place: each for place, each in told.items() if each is not None}
    right = np.concatenate([each == place for place, each in found.items()]).mean()
    strange = {condition.name: measured.classes(condition) for condition in STRANGE}
    called = ", ".join(
        f"{name} {100 * (each != GOOD).mean():.0f} %" for name, each in strange.items() if each is not None
    )
    Image.fromarray(examples(improvers)).save(output / "examples.png")
    return [
        "## Classifier",
        f"Accuracy {100 * right:.1f} % (the paper: over 98 %).",
        tables.confusion_table(found),
        f"Share called poor of kinds never learnt: {called}.",
        "## Likeness to the clean image",
        _likeness(measured, improvers),
        "## Cost",
        "Processor time of an image over that of preparing and reading it with flips averaged, on one thread.",
        costs_table(dict(material.readers), improvers, measured.images),
        "## Examples",
        f"A drawn hand. From the left: {', '.join(condition.name for condition in PAPER)}. Rows: as it came; CQ and DQ "
        "where they were trained.",
        f"![Examples]({output.name}/examples.png)",
    ]


def _likeness(measured: PoorMeasurements, improvers: Improvers) -> str:
    some = replace(measured, images=measured.images[:MOST_COMPARED])
    clean, rows = [pixels for _, pixels in some.images], []
    for condition in (*PAPER, *STRANGE):
        poor = some.poor(condition)
        made = {"as they are": poor}
        trained = {Arrangement.DQ: improvers.direct is not None, Arrangement.CQ: improvers.whole}
        for arrangement in (each for each, there in trained.items() if there):
            made[str(arrangement)] = some.treated(condition, arrangement)
        other = unlearnt(condition, poor, clean)
        made |= dict([other]) if other else {}
        for name, images in made.items():
            psnr, ssim = likeness(images, clean, COMPARED_PX)
            rows.append([condition.name, name, f"{psnr:.1f}", f"{ssim:.3f}"])
    note = f"{len(clean)} images, at {COMPARED_PX} px; what was not trained is left out."
    return "\n\n".join([note, table(["images", "improved by", "PSNR, dB", "SSIM"], rows, 2)])


def _weights(material: Material) -> str:
    models = {**material.readers, "NQ": material.untreated}
    improvers = material.measured.improvers
    if improvers:
        models |= {"classifier": improvers.classifier, "DQ": improvers.direct}
        models |= {f"CQ, {kind}": model for kind, model in improvers.of_kind.items()}
    return table(
        ["network", "sha256", "parameters"],
        [
            [name, f"`{m.sha256[:12]}`", f"{sum(p.numel() for p in m.network.parameters()):,}"]
            for name, m in models.items()
            if m
        ],
    )
