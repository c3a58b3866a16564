"""A PACS that fails in every way that a PACS can, beside one that works."""

import time
from collections.abc import Sequence

from tests.faults import account
from tests.faults.phantoms import SMALL, Image, images
from tests.faults.scenario import Row, Scale, Scenario, at_most, exactly, noted, scratch
from tests.faults.site import Site, site
from tests.support.recording_pacs import CAPTURES, Mode, RecordingPacs, recording_pacs

PASSING = (Mode.DOWN, Mode.REFUSING, Mode.HANGING, Mode.ABORTING, Mode.FULL)
"""Faults after which a result is sent again."""
TAKEN = (Mode.WARNING, Mode.SLOW)
"""The PACS has the result, whatever it says beside."""
BESIDE_S = 60.0
"""For the other destination; how long it took without any fault stands in a row above."""
RECOVERY_S = 180.0
SETTLING_S = 180.0
FAULT_LASTS_S = 3.0


def run(scale: Scale) -> Sequence[Row]:
    """One image for each mode; the fault ends some seconds after the other PACS has its answer."""
    modes = (*PASSING, *TAKEN)
    with scratch("pacs") as folder, recording_pacs("PACS") as broken, recording_pacs("OTHER") as other:
        sent = images(folder / "images", len(modes) + 3, SMALL)
        with site(folder / "node", {"PACS": broken.port, "OTHER": other.port}, quick=True) as node:
            node.send(sent[-1])
            rows = [
                noted("no fault: acknowledged to stored at the other PACS", _answered_s(node, other, sent[-1]), "s")
            ]
            for mode, image in zip(modes, sent, strict=False):
                rows += _fault(node, broken, other, mode, image)
            rows += _without_reports(node, broken, other, sent[-2])
            rows += _duplicate(node, broken, other, sent[-3])
            rows += [
                account.settled(node.settings, timeout_s=SETTLING_S),
                exactly("UIDs that came with other bytes", 0, len(account.changed(broken.arrivals)), "UIDs"),
            ]
            return [*rows, *account.answered(other, node.acknowledged)]


def _fault(node: Site, broken: RecordingPacs, other: RecordingPacs, mode: Mode, image: Image) -> list[Row]:
    name = mode.name.lower()
    broken.turn(mode)
    node.send(image)
    beside = _answered_s(node, other, image)
    if mode in PASSING:
        time.sleep(FAULT_LASTS_S)
    early = len(broken.of_study(image.study_uid))
    ended = time.monotonic()
    if mode in PASSING:
        broken.turn(Mode.WELL)
    stored = broken.await_answer(image.study_uid, RECOVERY_S) or float("inf")
    broken.turn(Mode.WELL)
    rows = [at_most(f"{name}: acknowledged to stored at the other PACS", BESIDE_S, beside, "s")]
    if mode in PASSING:
        rows.append(exactly(f"{name}: objects stored during the fault", 0, early, "objects"))
    return [*rows, at_most(f"{name}: end of the fault to stored", RECOVERY_S, max(0.0, stored - ended), "s")]


def _without_reports(node: Site, broken: RecordingPacs, other: RecordingPacs, image: Image) -> list[Row]:
    """The picture goes where the report cannot, and the report is not tried again."""
    broken.turn(Mode.WITHOUT_SR)
    node.send(image)
    beside = _answered_s(node, other, image)
    broken.await_answer(image.study_uid, RECOVERY_S, CAPTURES)
    row = account.settled(node.settings, timeout_s=SETTLING_S)
    codes = sorted({each.code for each in account.parked(node.settings)})
    kinds = [each.sop_class_uid in CAPTURES for each in broken.of_study(image.study_uid)]
    broken.turn(Mode.WELL)
    return [
        at_most("without SR: acknowledged to stored at the other PACS", BESIDE_S, beside, "s"),
        exactly("without SR: captures and reports stored", (1, 0), (kinds.count(True), kinds.count(False))),
        exactly("without SR: given up as", "no-presentation-context", ", ".join(codes)),
        exactly("without SR: jobs stuck", row.expected, row.measured, "jobs"),
    ]


def _duplicate(node: Site, broken: RecordingPacs, other: RecordingPacs, image: Image) -> list[Row]:
    """The delivery dies after the PACS stored; the PACS takes no second copy and says so."""
    broken.turn(Mode.DUPLICATE)
    broken.after_store = lambda: node.kill("deliver")
    node.send(image)
    beside = _answered_s(node, other, image)
    broken.await_answer(image.study_uid, RECOVERY_S)
    row = account.settled(node.settings, timeout_s=SETTLING_S)
    broken.turn(Mode.WELL)
    return [
        at_most("duplicate (0111): acknowledged to stored at the other PACS", BESIDE_S, beside, "s"),
        exactly("duplicate (0111): objects stored", 2, len(broken.of_study(image.study_uid)), "objects"),
        exactly("duplicate (0111): answered so", True, broken.duplicates > 0),
        exactly("duplicate (0111): jobs stuck", row.expected, row.measured, "jobs"),
    ]


def _answered_s(node: Site, pacs: RecordingPacs, image: Image) -> float:
    """From the acknowledgement to report and capture; infinite where they do not come."""
    at = pacs.await_answer(image.study_uid, RECOVERY_S)
    return float("inf") if at is None else at - node.acknowledged[image]


SCENARIOS = (
    Scenario(
        "pacs",
        "One of two destinations is down, refuses, hangs, aborts, is full, warns, is slow, has no context for reports, "
        "or knows the object already; the reader is a stand-in.",
        run,
    ),
)
