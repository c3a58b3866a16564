"""The kinds of pictures that are not to be read, what each is to be called, and which are kept from every training."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import numpy as np

from models.plausibility import anatomy, broken, cut, exposures, joined, patterns, strangers
from models.plausibility.hands import Hands
from models.plausibility.scene import Pixels
from models.plausibility.verdict import Verdict

Make = Callable[[Hands, np.random.Generator], Pixels]


class Use(StrEnum):
    """What a kind is for."""

    TRAINED = "trained on"
    KEPT = "never trained on, and looked at before, with versions 1.0.0 and 1.1.0"
    LATER = "never trained on, and looked at before, with version 1.2.0"


@dataclass(frozen=True)
class Kind:
    """One generator of pictures. verdict: what a judge is taught.

    also: other verdicts that are as right, where a picture is two things at once.
    use: whether it may be trained on and tuned by; the others are looked at in the last measurement alone.
    """

    name: str
    verdict: Verdict
    make: Make
    also: frozenset[Verdict] = frozenset()
    use: Use = Use.TRAINED

    @property
    def right(self) -> frozenset[Verdict]:
        """The verdicts that say what it is."""
        return self.also | {self.verdict}


def _of_nothing(draw: Callable[[np.random.Generator], Pixels], _hands: Hands, rng: np.random.Generator) -> Pixels:
    return draw(rng)


def _drawn(draw: Callable[[np.random.Generator], Pixels], use: Use = Use.TRAINED) -> Kind:
    also = frozenset({Verdict.UNUSABLE_EXPOSURE}) if draw.__module__ == patterns.__name__ else frozenset[Verdict]()
    return Kind(_name(draw), Verdict.NOT_A_HAND, partial(_of_nothing, draw), also, use)


def _badly_exposed(draw: Callable[[np.random.Generator], Pixels]) -> Kind:
    also = frozenset({Verdict.NOT_A_HAND})
    return Kind(_name(draw), Verdict.UNUSABLE_EXPOSURE, partial(_of_nothing, draw), also)


def _spoiled(make: Make, verdict: Verdict, *also: Verdict, use: Use = Use.TRAINED) -> Kind:
    return Kind(_name(make), verdict, make, frozenset(also), use)


def _later(make: Make, verdict: Verdict, *also: Verdict) -> Kind:
    return _spoiled(make, verdict, *also, use=Use.LATER)


def _name(function: Callable[..., Pixels]) -> str:
    return function.__name__.replace("_", "-")


KINDS: tuple[Kind, ...] = (
    *map(_drawn, (anatomy.skull, anatomy.chest, anatomy.spine, anatomy.knee, anatomy.foot, anatomy.shoulder)),
    *map(_drawn, (anatomy.loose_bones, patterns.page, patterns.shapes, patterns.exposed_field)),
    *map(_badly_exposed, (patterns.noise, patterns.blank, patterns.saturated, patterns.gradient)),
    _spoiled(cut.fingers_off, Verdict.CUT_OFF),
    _spoiled(cut.wrist_off, Verdict.CUT_OFF),
    _spoiled(cut.half, Verdict.CUT_OFF),
    _spoiled(cut.close_up, Verdict.CUT_OFF, Verdict.NOT_A_HAND),
    _spoiled(joined.beside, Verdict.SEVERAL_HANDS),
    _spoiled(joined.mirrored, Verdict.SEVERAL_HANDS),
    _spoiled(broken.shuffled, Verdict.NOT_A_HAND),
    _spoiled(broken.collage, Verdict.NOT_A_HAND, Verdict.CUT_OFF, Verdict.SEVERAL_HANDS),
    _spoiled(exposures.faint, Verdict.UNUSABLE_EXPOSURE),
    _spoiled(exposures.drowned, Verdict.UNUSABLE_EXPOSURE),
    *(_drawn(draw, Use.KEPT) for draw in (anatomy.pelvis, anatomy.elbow, anatomy.jaw)),
    *(_drawn(draw, Use.KEPT) for draw in (patterns.clouds, patterns.test_pattern)),
    _spoiled(cut.one_finger, Verdict.CUT_OFF, Verdict.NOT_A_HAND, use=Use.KEPT),
    _spoiled(cut.quarter, Verdict.CUT_OFF, Verdict.NOT_A_HAND, use=Use.KEPT),
    _spoiled(joined.stacked, Verdict.SEVERAL_HANDS),
    _spoiled(joined.three, Verdict.SEVERAL_HANDS, use=Use.KEPT),
    _spoiled(broken.strips, Verdict.NOT_A_HAND, use=Use.KEPT),
    _spoiled(broken.swirled, Verdict.NOT_A_HAND),
    _spoiled(exposures.burnt, Verdict.UNUSABLE_EXPOSURE),
    _spoiled(joined.double_exposed, Verdict.SEVERAL_HANDS, Verdict.UNUSABLE_EXPOSURE, Verdict.NOT_A_HAND),
    _spoiled(joined.four, Verdict.SEVERAL_HANDS),
    _spoiled(joined.overlapping, Verdict.SEVERAL_HANDS),
    _spoiled(broken.halves_joined, Verdict.NOT_A_HAND, Verdict.SEVERAL_HANDS, Verdict.CUT_OFF),
    _spoiled(broken.waved, Verdict.NOT_A_HAND),
    _spoiled(exposures.blurred, Verdict.UNUSABLE_EXPOSURE, Verdict.NOT_A_HAND),
    _spoiled(exposures.lined, Verdict.UNUSABLE_EXPOSURE, Verdict.NOT_A_HAND),
    _drawn(anatomy.forearm),
    _spoiled(cut.shuttered, Verdict.CUT_OFF),
    _spoiled(cut.pushed_out, Verdict.CUT_OFF, Verdict.NOT_A_HAND),
    _spoiled(joined.crossed, Verdict.SEVERAL_HANDS),
    _spoiled(joined.inset, Verdict.SEVERAL_HANDS),
    _spoiled(broken.crumpled, Verdict.NOT_A_HAND),
    _spoiled(broken.slipped, Verdict.NOT_A_HAND),
    _spoiled(broken.bulged, Verdict.NOT_A_HAND),
    _spoiled(broken.two_faced, Verdict.NOT_A_HAND, Verdict.SEVERAL_HANDS, Verdict.CUT_OFF),
    _spoiled(broken.grafted, Verdict.NOT_A_HAND, Verdict.SEVERAL_HANDS, Verdict.CUT_OFF),
    _spoiled(broken.holed, Verdict.UNUSABLE_EXPOSURE, Verdict.NOT_A_HAND, Verdict.CUT_OFF),
    _spoiled(exposures.fogged, Verdict.UNUSABLE_EXPOSURE),
    _spoiled(exposures.silhouette, Verdict.UNUSABLE_EXPOSURE, Verdict.NOT_A_HAND),
    _spoiled(exposures.coarse, Verdict.UNUSABLE_EXPOSURE, Verdict.NOT_A_HAND),
    _spoiled(exposures.shaken, Verdict.UNUSABLE_EXPOSURE, Verdict.NOT_A_HAND),
    _later(strangers.cast, Verdict.UNUSABLE_EXPOSURE, Verdict.NOT_A_HAND, Verdict.CUT_OFF),
    _later(strangers.half_exposed, Verdict.UNUSABLE_EXPOSURE, Verdict.CUT_OFF),
    _later(strangers.ghosted, Verdict.SEVERAL_HANDS, Verdict.UNUSABLE_EXPOSURE),
    _later(strangers.gridded, Verdict.UNUSABLE_EXPOSURE, Verdict.NOT_A_HAND),
    _later(strangers.manuscript, Verdict.NOT_A_HAND, Verdict.UNUSABLE_EXPOSURE),
    _later(strangers.landscape, Verdict.NOT_A_HAND, Verdict.UNUSABLE_EXPOSURE),
    _later(strangers.fingertips, Verdict.CUT_OFF, Verdict.NOT_A_HAND),
    _later(strangers.mosaic, Verdict.NOT_A_HAND, Verdict.SEVERAL_HANDS),
    _later(strangers.smeared, Verdict.UNUSABLE_EXPOSURE, Verdict.NOT_A_HAND),
    _later(strangers.solarised, Verdict.UNUSABLE_EXPOSURE, Verdict.NOT_A_HAND),
    _later(strangers.posterised, Verdict.UNUSABLE_EXPOSURE, Verdict.NOT_A_HAND),
    _later(strangers.kaleidoscope, Verdict.NOT_A_HAND, Verdict.SEVERAL_HANDS),
    _later(strangers.ankle, Verdict.NOT_A_HAND),
    _later(strangers.digit, Verdict.NOT_A_HAND, Verdict.CUT_OFF),
)
SEEN = tuple(kind for kind in KINDS if kind.use is Use.TRAINED)
UNSEEN = tuple(kind for kind in KINDS if kind.use is not Use.TRAINED)
