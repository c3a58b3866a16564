"""What each bone says of the bone age, alone: for research, where a site's pipeline asks for it."""

from dataclasses import replace

from pydantic import PrivateAttr

from models.bones.measures import half_widths
from models.bones.places import BoneSet
from models.bones.reading import read_bones
from models.card import Card, Task
from models.data.frames import Radiographs
from models.data.labels import Label
from models.detection.anatomy import RUS_BONES
from pipelines.contract import Bone, FoundBone, Sex
from pipelines.spec import Name
from pipelines.stages.contract import Case
from pipelines.stages.weighted import WeightedStage


class BoneAges(WeightedStage):
    """Gives each bone that was found the bone age that its crop says, with a 95 % interval; none without a sex.

    It stands behind `bones`. The ages do not enter the bone age in front.
    """

    behind = ("bones",)

    weights: Name
    """Name of the weights of a reader of single bones, and of their card."""
    _half_widths: tuple[float, ...] = PrivateAttr(())

    def _fit(self, card: Card) -> None:
        card.require(Task.BONE_AGES)
        if card.classes != tuple(map(str, RUS_BONES)):
            raise ValueError(f"{card.name}: reads other bones than the thirteen; give weights of a reader of bones")
        self._half_widths = half_widths(card)

    @property
    def in_force(self) -> str:
        """The intervals, which a card may change without its weights."""
        return f"half widths {self._half_widths!r}"

    def apply(self, case: Case) -> Case:
        """The case whose bones have ages; as it was where the sex or all bones are missing."""
        sex = case.radiograph.sex
        if sex is None or case.places is None:
            return case
        bones = BoneSet(Radiographs((_label(sex),), case.standard_frame[None]), case.places[None])
        (months,) = read_bones(self.model.network, bones, self.model.card.input_size, device=self._device)
        said = dict(zip(map(Bone, RUS_BONES), zip(months.tolist(), self._half_widths, strict=True), strict=True))
        return replace(case, bones=tuple(_aged(bone, *said[bone.bone]) for bone in case.bones))


def _label(sex: Sex) -> Label:
    """What `read_bones` looks at is the sex alone."""
    return Label(0, 0.0, sex.value, 0)


def _aged(bone: FoundBone, months: float, half_width: float) -> FoundBone:
    interval = max(0.0, months - half_width), months + half_width
    return replace(bone, bone_age_months=months, interval_months=interval)
