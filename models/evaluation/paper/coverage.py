"""Share of readings inside the 95 % interval of a packaged reader, as it ships and after a site's calibration."""

from dataclasses import dataclass, replace

import numpy as np

from models.calibration import Calibration, Cases, apply, fit, within
from models.card import Card, Interval
from models.data.labels import Label
from models.evaluation.metrics import SEXES, Array, groups, truth_months
from models.evaluation.paper.origin import Origin, table

SITE = "fold 8, odd ids"
HABIT_MONTHS = {"M": -8.0, "F": 5.0}
"""How a simulated site reads otherwise than those whose labels the reader learnt from."""


@dataclass(frozen=True)
class Read:
    """What a reader made of some images. months: (N,)."""

    labels: tuple[Label, ...]
    months: Array

    def cases(self) -> Cases:
        """As a site's cases; every image is a patient of its own."""
        sexes, ids = zip(*((label.sex, str(label.id)) for label in self.labels), strict=True)
        return Cases(self.months, truth_months(self.labels), np.array(sexes), np.array(ids))


def coverage_section(origin: Origin, card: Card, measured: Read, calibrated: Read) -> str:
    """Markdown. measured: images that took no part; calibrated: those of SITE."""
    above = origin.line({card.name: card.sha256})
    calibration, table_as_it_is = _before_and_after(card, measured, calibrated)
    habits = " and ".join(f"{months:+g} months for {dict(SEXES)[sex]}s" for sex, months in HABIT_MONTHS.items())
    text = (
        f"{card.name} {card.version} ships with an interval that was fitted to the odd ids of fold 8. Beside it, the "
        f"same reader after a calibration on these {len(calibrated.labels)} images, as a site makes one on its own "
        f"({_said(calibration)}). Shares of images whose label lies inside; half widths are means in months."
    )
    simulated, table_of_site = _before_and_after(card, _with_habit(measured), _with_habit(calibrated))
    of_site = (
        f"**A simulated site.** The same images, as if a site's radiologists read otherwise than those that the reader "
        f"learnt from: {habits} are added to every label, of the images that calibrate and of those that are measured "
        f"({_said(simulated)})."
    )
    return "\n\n".join([text, above, table_as_it_is, of_site, above, table_of_site])


def _with_habit(read: Read) -> Read:
    labels = (replace(each, bone_age_months=each.bone_age_months + HABIT_MONTHS[each.sex]) for each in read.labels)
    return Read(tuple(labels), read.months)


def _said(calibration: Calibration) -> str:
    return "readings are corrected" if calibration.corrected else "no correction lowered the error, none is made"


def _before_and_after(card: Card, measured: Read, calibrated: Read) -> tuple[Calibration, str]:
    """The calibration on some images, and what it does to others, by sex and age."""
    calibration, _ = fit(calibrated.cases(), card, site=SITE)
    corrected, truth = _corrected(calibration, measured), truth_months(measured.labels)
    columns = ("MAE", "inside", "half width")
    head = ["group", "images", *(f"{column}{of}" for of in (", as shipped", ", calibrated") for column in columns)]
    rows = []
    for name, members in groups(measured.labels):
        before = _shares(card.reading_interval(), measured.months[members], truth[members])
        after = _shares(calibration.interval, corrected[members], truth[members])
        rows.append([name, str(int(members.sum())), *before, *after])
    return calibration, table(head, rows)


def _corrected(calibration: Calibration, read: Read) -> Array:
    pairs = zip(read.months, read.labels, strict=True)
    return np.array([apply(calibration, float(months), label.sex) for months, label in pairs])


def _shares(interval: Interval, months: Array, truth: Array) -> list[str]:
    """MAE, share inside, mean half width."""
    above = np.array([interval.around(float(each))[1] for each in months]) - months
    mae = np.abs(months - truth).mean()
    return [f"{mae:.2f}", f"{within(interval, months, truth).mean() * 100:.1f} %", f"{above.mean():.1f}"]
