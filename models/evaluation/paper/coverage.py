"""Share of readings inside the 95 % interval of a packaged reader, as it ships and after a site's calibration."""

from dataclasses import dataclass

import numpy as np

from models.calibration import Calibration, Cases, apply, fit, within
from models.card import Card, Interval
from models.data.labels import Label
from models.evaluation.metrics import Array, groups, truth_months
from models.evaluation.paper.origin import Origin, table

SITE = "fold 8, odd ids"


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
    calibration, _ = fit(calibrated.cases(), card, site=SITE)
    corrected = _corrected(calibration, measured)
    interval = card.reading_interval()
    columns = ("MAE", "inside", "half width")
    head = ["group", "images", *(f"{column}{of}" for of in (", as shipped", ", calibrated") for column in columns)]
    rows = []
    for name, members in groups(measured.labels):
        before = _shares(interval, measured.months[members], truth_months(measured.labels)[members])
        after = _shares(calibration.interval, corrected[members], truth_months(measured.labels)[members])
        rows.append([name, str(int(members.sum())), *before, *after])
    text = (
        f"{card.name} {card.version} ships with an interval that was fitted to the odd ids of fold 8. Beside it, the "
        f"same reader after a calibration on these {len(calibrated.labels)} images, as a site makes one on its own "
        f"({'readings are corrected' if calibration.corrected else 'no correction lowered the error, none is made'}). "
        "Shares of images whose label lies inside; half widths are means in months."
    )
    above = origin.line({card.name: card.sha256})
    return "\n\n".join([text, above, table(head, rows)])


def _corrected(calibration: Calibration, read: Read) -> Array:
    pairs = zip(read.months, read.labels, strict=True)
    return np.array([apply(calibration, float(months), label.sex) for months, label in pairs])


def _shares(interval: Interval, months: Array, truth: Array) -> list[str]:
    """MAE, share inside, mean half width."""
    above = np.array([interval.around(float(each))[1] for each in months]) - months
    mae = np.abs(months - truth).mean()
    return [f"{mae:.2f}", f"{within(interval, months, truth).mean() * 100:.1f} %", f"{above.mean():.1f}"]
