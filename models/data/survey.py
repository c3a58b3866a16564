"""All that can be said of a site's set without decoding an image: rows, files, patients, folds, ages, balance."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from models.data.findings import Finding, fail, failures, warn
from models.data.labels import Split
from models.data.site import Site, Unit
from models.data.site_images import ImageIndex, ImagePlace, index_images
from models.data.site_labels import SiteLabel, read_site_labels
from models.data.site_levels import read_site_levels

AGE_GROUPS_MONTHS = ((0, 36), (36, 72), (72, 108), (108, 144), (144, 180), (180, 216), (216, 240))
"""Above the first, up to the second: those of RegressionCNN Table III, and the rest."""
FEWEST_IN_A_GROUP = 10
"""Training images of one sex and age group below which a network learns little of it."""
FEWEST_TO_CALIBRATE = 40
"""39 cases are the least that give a 95 % conformal interval (`models.evaluation.conformal.half_width`)."""
_LEAST_SHARE = 0.25
_LARGEST_DIFFERENCE_MONTHS = 48.0
_SUSPECT_YEARS = 20.0
"""No bone age above this many "months" in a whole set: they are likely years."""


@dataclass(frozen=True)
class Survey:
    """labels whose image is known, in file order; places: their images by label id; rows: all labels that could be
    read; findings: faults and warnings."""

    rows: tuple[SiteLabel, ...]
    labels: tuple[SiteLabel, ...]
    places: Mapping[int, ImagePlace]
    findings: tuple[Finding, ...]


def survey(site: Site) -> Survey:
    """Read the label file and list the images; every fault becomes a finding."""
    rows, findings = read_site_labels(site)
    if not rows:
        return Survey((), (), {}, findings)
    try:
        index = index_images(site.images)
    except ValueError as error:
        lost = fail("images", str(site.path), str(error), "correct images in the site's file")
        return Survey(rows, (), {}, (*findings, lost))
    places, unplaced = _placed(site, rows, index)
    labels = tuple(label for label in rows if label.id in places)
    found = [
        *findings,
        *unplaced,
        *_repeated(site, labels, places),
        *_unlabelled(site, index, places),
        *_patients(site, rows),
        *_uses(site, rows),
        *_ages(site, rows),
        *_balance(site, rows),
        *read_site_levels(site, rows)[1],
    ]
    return Survey(rows, labels, places, tuple(found))


def trainable(site: Site) -> Survey:
    """The survey of a set that nothing prevents from training. Raises ValueError with the first faults."""
    result = survey(site)
    faults = failures(result.findings)
    if faults:
        more = f"\n... {len(faults) - 3} more" if len(faults) > 3 else ""
        shown = "\n".join(fault.line() for fault in faults[:3])
        raise ValueError(f"{shown}{more}\nSee all of them with: dicom-node data check {site.path}")
    return result


def place_of(site: Site, label: SiteLabel) -> str:
    """`labels.csv:17 (hands/0017.png)`."""
    return f"{site.labels.path}:{label.id} ({label.image})"


def lines_of(labels: Iterable[SiteLabel], most: int = 6) -> str:
    """`lines 3, 9 and 12`."""
    ids = sorted(label.id for label in labels)
    shown = ", ".join(map(str, ids[:most]))
    return f"lines {shown}" + (f" and {len(ids) - most} more" if len(ids) > most else "")


def age_group(months: float) -> tuple[int, int]:
    """The group of AGE_GROUPS_MONTHS; months: above 0, at most 240."""
    return next(group for group in AGE_GROUPS_MONTHS if group[0] < months <= group[1])


def _placed(site: Site, rows: Sequence[SiteLabel], index: ImageIndex) -> tuple[dict[int, ImagePlace], list[Finding]]:
    places: dict[int, ImagePlace] = {}
    findings = []
    for label in rows:
        found = index.find(label.image)
        if len(found) == 1:
            places[label.id] = found[0]
        elif not found:
            findings.append(
                fail("missing-image", place_of(site, label), "no such image", "add the file, or take the row out")
            )
        else:
            wrong = f"{len(found)} files are called so: {found[0]}, {found[1]}"
            findings.append(fail("ambiguous-image", place_of(site, label), wrong, "give folder and suffix in the row"))
    return places, findings


def _repeated(site: Site, labels: Sequence[SiteLabel], places: Mapping[int, ImagePlace]) -> Iterator[Finding]:
    """The same image in several rows."""
    rows: dict[ImagePlace, list[SiteLabel]] = defaultdict(list)
    for label in labels:
        rows[places[label.id]].append(label)
    for same in rows.values():
        if len(same) > 1:
            wrong = f"the same image stands in {lines_of(same)}"
            yield fail("repeated-image", place_of(site, same[0]), wrong, "keep one row, or correct the image's name")


def _unlabelled(site: Site, index: ImageIndex, places: Mapping[int, ImagePlace]) -> Iterator[Finding]:
    unlabelled = sorted(set(index.places) - set(places.values()))
    if unlabelled:
        wrong = f"{len(unlabelled)} images have no row, among them {unlabelled[0]}"
        yield warn("unlabelled", str(site.labels.path), wrong, "nothing to do if they are not to be used")


def _patients(site: Site, rows: Sequence[SiteLabel]) -> Iterator[Finding]:
    """Patients that cross folds; only a fold column makes them."""
    if site.columns.patient is None:
        wrong = "no patient column: two images of one child may stand in training and in test"
        yield warn("no-patient", str(site.path), wrong, "name it as columns.patient, unless every child has one image")
    images: dict[str, list[SiteLabel]] = defaultdict(list)
    for label in rows:
        images[label.patient].append(label)
    for same in images.values():
        if len({label.fold for label in same}) == 1:
            continue
        wrong = f"one patient in folds {', '.join(map(str, sorted({label.fold for label in same})))}: {lines_of(same)}"
        remedy = "give all images of a patient one fold, or leave columns.fold out"
        level = fail if len({label.split for label in same}) > 1 else warn
        yield level("patient-crosses-folds", place_of(site, same[0]), wrong, remedy)


def _uses(site: Site, rows: Sequence[SiteLabel]) -> Iterator[Finding]:
    counts = Counter(label.split for label in rows)
    for split, least in ((Split.TRAIN, 2), (Split.SELECT, 1)):  # one image alone has no variance to normalise by
        if counts[split] < least:
            wrong = f"images to {split}: {counts[split]}; {least} {'are' if least > 1 else 'is'} the least"
            remedy = f"give folds with images to folds.{split} in {site.path}, or add images"
            yield fail("empty-split", str(site.labels.path), wrong, remedy)
    if counts[Split.CALIBRATE] < FEWEST_TO_CALIBRATE:
        wrong = f"images to calibrate: {counts[Split.CALIBRATE]}; an interval needs {FEWEST_TO_CALIBRATE}"
        yield warn("few-to-calibrate", str(site.labels.path), wrong, "give folds.calibrate more folds, or add images")
    if not counts[Split.TEST]:
        wrong = "no image to test: accuracy cannot be measured"
        yield warn("empty-split", str(site.labels.path), wrong, "give folds with images to folds.test")


def _ages(site: Site, rows: Sequence[SiteLabel]) -> Iterator[Finding]:
    """Labels that are in range, but unlikely."""
    ages = [label.bone_age_months for label in rows]
    if len(ages) >= FEWEST_IN_A_GROUP and max(ages) <= _SUSPECT_YEARS and site.bone_age_unit is Unit.MONTHS:
        wrong = f"every bone age is at most {max(ages):g} months"
        yield warn("unit", str(site.labels.path), wrong, "if these are years, set units.bone_age to years")
    differences = [
        label.bone_age_months - label.chronological_age_months
        for label in rows
        if label.chronological_age_months is not None
    ]
    if len(differences) >= FEWEST_IN_A_GROUP and abs(statistics.median(differences)) > _LARGEST_DIFFERENCE_MONTHS:
        wrong = f"bone age is {statistics.median(differences):+.0f} months from chronological age in the median"
        yield warn("unit", str(site.labels.path), wrong, f"check units in {site.path}")
        return
    for label in rows:
        if label.chronological_age_months is None:
            continue
        difference = label.bone_age_months - label.chronological_age_months
        if abs(difference) > _LARGEST_DIFFERENCE_MONTHS:
            wrong = f"bone age is {difference:+.0f} months from chronological age"
            yield warn("far-from-age", place_of(site, label), wrong, "look whether both are right")


def _balance(site: Site, rows: Sequence[SiteLabel]) -> Iterator[Finding]:
    sexes = Counter(label.sex for label in rows)
    for sex, word in (("F", "girls"), ("M", "boys")):
        if sexes[sex] < _LEAST_SHARE * len(rows):
            wrong = f"{sexes[sex]} of {len(rows)} images are of {word}"
            yield warn("balance", str(site.labels.path), wrong, "add some, or do not use the reader for them")
    training = Counter((label.sex, age_group(label.bone_age_months)) for label in rows if label.split is Split.TRAIN)
    few = [
        f"{'girls' if sex == 'F' else 'boys'} {low}-{high} months ({training[sex, (low, high)]})"
        for sex in "FM"
        for low, high in AGE_GROUPS_MONTHS[:-1]
        if training[sex, (low, high)] < FEWEST_IN_A_GROUP
    ]
    if few:
        wrong = f"fewer than {FEWEST_IN_A_GROUP} images to train on of: {', '.join(few)}"
        yield warn("balance", str(site.labels.path), wrong, "add some, or expect larger errors there")
