"""Write the results document of a paper's system from run folders.

1. read the specification; 2. choose the images of a fold; 3. read them with every run that was trained, or take what is
kept beside it; 4. put the parts together; 5. write the page, its pictures, a CSV of all figures, and of each run a
copy of its recipe, facts and log, without weights and without what it read, which holds the labels of the images.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from models.data.labels import Label, Split
from models.data.radiographs import decode_radiographs, labels_of
from models.evaluation.csv_files import figure_columns, write_csv
from models.evaluation.metrics import table as figures
from models.evaluation.paper import parts
from models.evaluation.paper.coverage import Read, coverage_section
from models.evaluation.paper.document import Part, document
from models.evaluation.paper.measurements import Images, Measured, Measurements
from models.evaluation.paper.origin import Origin
from models.evaluation.paper.specification import read_specification
from models.evaluation.paper.training import HASH, LOG
from models.evaluation.readings import read_with
from models.evaluation.run import choose
from models.evaluation.run_subject import FACTS, RECIPE, VERSION
from models.registry import load
from models.training.follow import choose_device


def write_results(
    path: Path, *, runs: Path, data: Path, output: Path, fold: int = 9, limit: int | None = None,
    weights_directory: Path | None = None, device: str = "auto",
) -> Path:  # fmt: skip
    """Write OUTPUT.md, as the specification at `path` asks, of the folders below `runs`; the rest goes into OUTPUT.

    limit: a fixed choice of so many images. weights_directory: of the packaged reader and of detectors. A run that is
    missing is a cell that says so. Raises ValueError where the specification, a run or the data is at fault.
    """
    asked, device = read_specification(path), choose_device(device)
    labels = _labels(data, fold, limit)
    origin = Origin(_command(path, fold, limit), asked.paper, fold, labels)
    images = Images(data, labels)
    measurements = Measurements(runs, images, fold, directory=weights_directory, device=device)
    reads = {run: measurements.read(run) for run in parts.all_runs(asked) if measurements.has(run)}
    material = parts.Material(asked, origin, measurements, reads)
    page = [
        parts.configurations_part(material),
        parts.trainings_part(material),
        parts.architectures_part(material),
        parts.transfer_part(material),
        parts.activation_part(material),
        _coverage(material, data, images, weights_directory, device),
        parts.missing_part(material),
        parts.weights_part(material),
    ]
    file = _write(material, page, output)
    for run, measured in reads.items():
        _keep(measured, output / "runs" / run)
    return file


def _keep(measured: Measured, copy: Path) -> None:
    """The recipe, facts and log of a run, and the hash of its weights."""
    if copy.resolve() == measured.folder.resolve():
        return
    copy.mkdir(parents=True, exist_ok=True)
    for name in (RECIPE, FACTS, LOG):
        shutil.copyfile(measured.folder / name, copy / name)
    (copy / HASH).write_text(f"{measured.sha256}\n", encoding="ascii")


def _labels(data: Path, fold: int, limit: int | None) -> tuple[Label, ...]:
    """Of a fold, but for those that intervals are fitted to."""
    wanted = tuple(label for label in labels_of(data) if label.split is not Split.CALIBRATE)
    labels = choose(wanted, fold, limit)
    if not labels:
        raise ValueError(f"{data}: no radiographs in fold {fold}")
    return labels


def _command(path: Path, fold: int, limit: int | None) -> str:
    few = f" --limit {limit}" if limit else ""
    document = f"config/evaluation/{path.name}"
    return f"dicom-node evaluate-runs {document} --runs RUNS --data DIR --fold {fold}{few} --output OUTPUT"


def _coverage(material: parts.Material, data: Path, images: Images, directory: Path | None, device: str) -> Part:
    """Of the packaged reader; its calibration is made of the odd ids of fold 8."""
    model = load(material.asked.reader, directory=directory, device=device)
    calibrating = tuple(label for label in labels_of(data) if label.split is Split.CALIBRATE)
    measured, calibrated = (
        Read(labels, read_with(model, radiographs, device=device))
        for labels, radiographs in (
            (images.labels, images.of(images.labels)),
            (calibrating, decode_radiographs(data, calibrating)),
        )
    )
    return Part("Coverage of the 95 % interval", coverage_section(material.origin, model.card, measured, calibrated))


def _write(material: parts.Material, page: list[Part], output: Path) -> Path:
    output.mkdir(parents=True, exist_ok=True)
    for part in page:
        for name, picture in part.pictures.items():
            Image.fromarray(picture).save(output / name)
    if material.reads:
        write_csv(output / "figures.csv", _figures(material.origin, material.reads))
    file = output.parent / f"{output.name}.md"
    file.write_text(document(material.asked.title, material.origin, page, output.name), encoding="utf-8")
    return file


def _figures(origin: Origin, reads: Mapping[str, Measured]) -> list[dict[str, object]]:
    """Every run's figures by sex and age group."""
    rows = []
    for run, measured in reads.items():
        begin = {"model": run, "version": VERSION, "sha256": measured.sha256, "command": origin.command}
        rows += figure_columns(begin, figures(origin.labels, measured.months))
    return rows
