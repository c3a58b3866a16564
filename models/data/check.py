"""`dicom-node data check`: everything that is wrong or unusual in a site's set, and what is in it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.data.contact_sheet import Tile, chosen_labels, write_contact_sheet
from models.data.findings import Finding, fail, failures, listed
from models.data.images import ImageUnreadable
from models.data.labels import Split
from models.data.site import Site, read_site
from models.data.site_images import ImagePlace
from models.data.site_labels import SiteLabel
from models.data.site_source import copies, frame_hash, readable_frame
from models.data.survey import AGE_GROUPS_MONTHS, age_group, place_of, survey


@dataclass(frozen=True)
class CheckResult:
    """rows: all labels that could be read; images: how many images could; findings: what is wrong or unusual."""

    site: Site
    rows: tuple[SiteLabel, ...]
    images: int
    findings: tuple[Finding, ...]

    @property
    def prevents_training(self) -> bool:
        return bool(failures(self.findings))


def check(path: Path, *, contact_sheet: Path | None = None) -> int:
    """Print what a site's set holds and what is wrong with it; 1 where anything prevents training, else 0.

    contact_sheet: a PNG to write, which shows radiographs. Raises ValueError where the YAML file itself is at fault.
    """
    result = check_site(read_site(path), contact_sheet=contact_sheet)
    print(to_text(result))
    return int(result.prevents_training)


def check_site(site: Site, *, contact_sheet: Path | None = None) -> CheckResult:
    """Read every row and every image once."""
    surveyed = survey(site)
    sheet = {label.id for label in chosen_labels(surveyed.labels)} if contact_sheet else set()
    hashes: list[tuple[SiteLabel, str]] = []
    unreadable: list[Finding] = []
    tiles: list[Tile] = []
    places = [surveyed.places[label.id] for label in surveyed.labels]
    with ThreadPoolExecutor() as pool:
        for label, frame in zip(surveyed.labels, pool.map(_frame_or_fault, places), strict=True):
            if isinstance(frame, str):
                unreadable.append(fail("unreadable", place_of(site, label), frame, "export it again, or take it out"))
                continue
            hashes.append((label, frame_hash(frame)))
            if label.id in sheet:
                tiles.append(Tile(label, frame))
    if contact_sheet is not None:
        write_contact_sheet(contact_sheet, tiles)
    found = (*surveyed.findings, *unreadable, *copies(site, hashes))
    return CheckResult(site, surveyed.rows, len(hashes), found)


def _frame_or_fault(place: ImagePlace) -> NDArray[np.uint8] | str:
    try:
        return readable_frame(place)
    except ImageUnreadable as error:
        return str(error)


def to_text(result: CheckResult) -> str:
    """Counts, then a line for each finding, then the verdict."""
    faults = len(failures(result.findings))
    verdict = f"faults that prevent training: {faults}" if faults else "nothing prevents training"
    return "\n".join([*_counts(result), "", *listed(result.findings), verdict])


def _counts(result: CheckResult) -> Iterator[str]:
    rows = result.rows
    yield f"{result.site.name}: {len(rows)} labelled images of {_patients(rows)} patients, {result.images} readable"
    if rows:
        ages = [label.bone_age_months for label in rows]
        yield f"bone age {min(ages):.1f} to {max(ages):.1f} months"
        for split in Split:
            own = [label for label in rows if label.split is split]
            yield f"{split:<10} {len(own):>6} images of {_patients(own)} patients"
        yield ""
        yield from _table(rows)


def _patients(rows: Sequence[SiteLabel]) -> int:
    return len({label.patient for label in rows})


def _table(rows: Sequence[SiteLabel]) -> Iterator[str]:
    """Images by sex and age group, as a Markdown table."""
    counts = Counter((label.sex, age_group(label.bone_age_months)) for label in rows)
    yield "| months | " + " | ".join(f"{low}-{high}" for low, high in AGE_GROUPS_MONTHS) + " | all |"
    yield "|---" * (len(AGE_GROUPS_MONTHS) + 2) + "|"
    for sex, word in (("F", "girls"), ("M", "boys")):
        cells = [counts[sex, group] for group in AGE_GROUPS_MONTHS]
        yield f"| {word} | " + " | ".join(map(str, [*cells, sum(cells)])) + " |"
