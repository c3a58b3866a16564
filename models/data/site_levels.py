"""A site's levels: two tables beside its labels, each row as a graded image or a box, or as a finding of its line.

The layout is that of the paper's labels (PreciseBAA 3.3): one level for each of the thirteen bones of an image, counted
from 0. The table of levels has a column `image` and one for each bone by its name; that of boxes has `image`, `bone`,
`left`, `top`, `right` and `bottom`, in pixels of the image, whose top left corner is (0, 0).
"""

import csv
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from models.data.findings import Finding, fail, warn
from models.data.labels import Split
from models.data.site import LevelFiles, Site
from models.data.site_labels import SiteLabel
from models.detection.hand_shape import HandBone
from models.levels.curve import age_of_score
from models.levels.scale import BONES, COUNTS, Sex, scores_of, total_score

Row = dict[str, str]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels of the image."""
LEVEL_COLUMNS = ("image", *(str(bone) for bone in BONES))
BOX_COLUMNS = ("image", "bone", "left", "top", "right", "bottom")
FAR_MONTHS = 36.0
"""From an image's bone age to that of its levels: beyond, one of the two is likely a slip."""


@dataclass(frozen=True)
class SiteLevels:
    """levels: of each of BONES, by the image's name as the label file has it. boxes: those of an image, by its name;
    empty where the detector is to find them."""

    levels: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    boxes: Mapping[str, Mapping[HandBone, Box]] = field(default_factory=dict)


class _Fault(ValueError):
    """A row that grades or marks nothing: what is wrong, what to do."""


def read_site_levels(site: Site, labels: Sequence[SiteLabel]) -> tuple[SiteLevels, tuple[Finding, ...]]:
    """The tables of a site, and all that is wrong with them: nothing is raised, every fault is a finding.

    labels: all of the set. A site without levels has none, and no findings.
    """
    if site.levels is None:
        return SiteLevels(), ()
    findings: list[Finding] = []
    levels: dict[str, tuple[int, ...]] = {}
    named = {label.image for label in labels}
    for row, place in _rows(site, site.levels.path, LEVEL_COLUMNS, findings):
        with _noted(findings, place):
            image = _image(row, named)
            if image in levels:
                raise _Fault(f"{image} stands in two rows", "keep one")
            levels[image] = _levels(row)
    boxes = _boxes(site, site.levels, levels, findings)
    graded = [label for label in labels if label.image in levels]
    findings += _uneven(site.levels, labels, graded, levels)
    return SiteLevels(levels, boxes), tuple(findings)


def _boxes(
    site: Site, files: LevelFiles, levels: Collection[str], findings: list[Finding]
) -> dict[str, dict[HandBone, Box]]:
    if files.boxes is None:
        return {}
    boxes: dict[str, dict[HandBone, Box]] = {image: {} for image in levels}
    for row, place in _rows(site, files.boxes, BOX_COLUMNS, findings):
        with _noted(findings, place):
            of_image = boxes.get(_image(row, levels, f"has no row in {files.path.name}"), {})
            bone = _bone(row["bone"])
            if bone in of_image:
                raise _Fault(f"{row['image']} has two boxes of {bone}", "keep one")
            of_image[bone] = _box(row)
    for image, of_image in boxes.items():
        missing = [bone for bone in BONES if bone not in of_image]
        if missing:
            remedy = "mark them, or leave levels.boxes out and the detector finds all"
            findings.append(fail("no-box", f"{files.boxes} ({image})", f"no box of {', '.join(missing)}", remedy))
    return boxes


@contextmanager
def _noted(findings: list[Finding], place: str) -> Iterator[None]:
    try:
        yield
    except _Fault as fault:
        wrong, remedy = fault.args
        findings.append(fail("levels", place, wrong, remedy))


def _rows(site: Site, path: Path, columns: Sequence[str], findings: list[Finding]) -> Iterator[tuple[Row, str]]:
    """Each row that is not blank, stripped, with its place; none of a file that cannot be read."""
    try:
        with path.open(encoding=site.labels.encoding, newline="") as stream:
            reader = csv.DictReader(stream, delimiter=site.labels.delimiter, strict=True, restval="")
            missing = [name for name in columns if name not in (reader.fieldnames or ())]
            if missing:
                wrong = f"has no column {', '.join(missing)}"
                findings.append(fail("levels", f"{path}:1", wrong, f"it needs {', '.join(columns)}"))
                return
            for row in reader:
                stripped = {key: value.strip() for key, value in row.items() if isinstance(value, str)}
                if any(stripped.values()):
                    yield stripped, f"{path}:{reader.line_num}"
    except (OSError, UnicodeDecodeError, LookupError, csv.Error) as error:
        wrong, remedy = f"cannot be read ({type(error).__name__})", f"correct levels in {site.path}"
        findings.append(fail("levels", str(path), wrong, remedy))


def _image(row: Row, known: Collection[str], unknown: str = "is no image of the label file") -> str:
    image = row["image"]
    if image not in known:
        raise _Fault(f"{image or 'an empty name'} {unknown}", "name it as there, or take the row out")
    return image


def _levels(row: Row) -> tuple[int, ...]:
    """Raises _Fault that names the bone."""
    for bone in BONES:
        if not row[bone].isdecimal():
            raise _Fault(f"{bone} is {row[bone]!r}", "give every bone a level, a whole number from 0")
    levels = tuple(int(row[bone]) for bone in BONES)
    try:
        scores_of(levels, "F")
    except ValueError as error:
        raise _Fault(str(error), "grade it again") from None
    return levels


def _bone(name: str) -> HandBone:
    if name not in BONES:
        raise _Fault(
            f"{name or 'an empty name'} is none of the thirteen bones", f"name it as one of {', '.join(BONES)}"
        )
    return HandBone(name)


def _box(row: Row) -> Box:
    try:
        left, top, right, bottom = (float(row[side]) for side in BOX_COLUMNS[2:])
    except ValueError:
        raise _Fault("a side of the box is no number", "write pixels, with a point before their part") from None
    if not (left < right and top < bottom):
        raise _Fault(f"the box {left:g}, {top:g}, {right:g}, {bottom:g} has no area", "left < right and top < bottom")
    return left, top, right, bottom


def _uneven(
    files: LevelFiles, labels: Sequence[SiteLabel], graded: Sequence[SiteLabel], levels: Mapping[str, tuple[int, ...]]
) -> Iterator[Finding]:
    """What is no fault, but should be known."""
    if len(graded) < len(labels):
        wrong = f"{len(labels) - len(graded)} of {len(labels)} labelled images have no levels"
        yield warn("ungraded", str(files.path), wrong, "nothing to do if they are not to be graded")
    for label in graded:
        sex: Sex = "F" if label.sex == "F" else "M"
        told = age_of_score(total_score(levels[label.image], sex), sex)
        if told.end is None and abs(told.months - label.bone_age_months) > FAR_MONTHS:
            wrong = f"its levels are {told.months:.0f} months on the curve, its bone age {label.bone_age_months:.0f}"
            yield warn("far-from-levels", f"{files.path} ({label.image})", wrong, "look whether both are right")
    training = [levels[label.image] for label in graded if label.split is Split.TRAIN]
    unseen = [
        f"{bone} {', '.join(map(str, sorted(set(range(count)) - {each[n] for each in training})))}"
        for n, (bone, count) in enumerate(zip(BONES, COUNTS, strict=True))
        if len({each[n] for each in training}) < count
    ]
    if unseen:
        wrong = f"levels that no training image has: {'; '.join(unseen)}"
        yield warn("unseen-levels", str(files.path), wrong, "add images, or expect that they are never told")
