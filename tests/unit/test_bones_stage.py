"""The stage that puts named bones on the case, in pixels of the frame the radiograph came with."""

from pathlib import Path

import numpy as np
import pytest

from models.phantom.drawing import Phantom, draw
from models.registry import LoadedModel
from pipelines.build import STAGES
from pipelines.contract import (
    Bone,
    BoneFault,
    HandRadiograph,
    Laterality,
    MissingBone,
    ModelIdentity,
    Refusal,
    RefusalCode,
    Sex,
    WarningCode,
)
from pipelines.read import StagedPipeline
from pipelines.readers.whole_hand import WholeHandParameters, WholeHandReader
from pipelines.spec import PipelineSpec, load_spec
from pipelines.stages.bones import Bones
from pipelines.stages.contract import Case
from pipelines.stages.mirror import MirrorRight
from tests.support.marked import bone_detector, known_detector
from tests.support.readers import AreaMeans, loaded

LEFT = draw(120, "F", seed=1, height=520, width=380)
RIGHT = draw(120, "F", seed=1, height=520, width=380, right_hand=True)
HEIGHT, WIDTH = LEFT.pixels.shape


def fractions(phantom: Phantom, *, mirrored: bool = False) -> dict[str, tuple[float, float, float, float]]:
    """The phantom's boxes over its frame or its mirror image; its pixel centres are whole numbers."""
    boxes = {}
    for bone, (left, top, right, bottom) in phantom.boxes.items():
        x = sorted(1 - (edge + 0.5) / WIDTH if mirrored else (edge + 0.5) / WIDTH for edge in (left, right))
        boxes[bone] = x[0], (top + 0.5) / HEIGHT, x[1], (bottom + 0.5) / HEIGHT
    return boxes


def stage(model: LoadedModel, *, fewest: int = 0) -> Bones:
    return Bones(weights="finder", fewest=fewest).loaded(lambda _name: model, "cpu")


def without(boxes: dict[str, tuple[float, float, float, float]], *bones: str) -> LoadedModel:
    return bone_detector({bone: box for bone, box in boxes.items() if bone not in bones})


@pytest.mark.parametrize(("phantom", "laterality"), [(LEFT, Laterality.LEFT), (RIGHT, Laterality.RIGHT), (RIGHT, None)])
def test_bones_lie_where_they_were_drawn_in_the_original_frame(phantom: Phantom, laterality: Laterality | None) -> None:
    case = MirrorRight().apply(Case(HandRadiograph(phantom.pixels, laterality=laterality)))
    detector = bone_detector(fractions(phantom, mirrored=laterality is Laterality.RIGHT))
    found = stage(detector).apply(case)
    assert [each.bone for each in found.bones] == list(Bone)
    for each in found.bones:
        drawn = np.array(phantom.boxes[each.bone]) + 0.5
        assert np.allclose([each.left, each.top, each.right, each.bottom], drawn, atol=0.01)
    assert found.warnings == case.warnings
    assert found.missing_bones == ()


def test_a_missing_bone_is_warned_of_with_its_reason_and_no_other_box_stands_for_it() -> None:
    found = stage(without(fractions(LEFT), "middle-phalanx-3")).apply(Case(HandRadiograph(LEFT.pixels)))
    assert found.missing_bones == (MissingBone(Bone.MIDDLE_PHALANX_3, BoneFault.NOT_FOUND),)
    assert {each.bone for each in found.bones} == set(Bone) - {Bone.MIDDLE_PHALANX_3}
    assert found.warnings == (WarningCode.BONES_MISSING,)


def test_where_no_hand_is_found_all_thirteen_bones_are_missing() -> None:
    few = dict(list(fractions(LEFT).items())[:3])
    found = stage(bone_detector(few)).apply(Case(HandRadiograph(LEFT.pixels)))
    assert found.bones == ()
    assert found.missing_bones == tuple(MissingBone(bone, BoneFault.NO_HAND) for bone in Bone)


@pytest.mark.parametrize(("fewest", "read"), [(0, True), (9, True), (10, False)])
def test_an_image_with_fewer_bones_than_are_needed_is_refused(fewest: int, read: bool) -> None:
    missing = ["distal-phalanx-1", "distal-phalanx-3", "middle-phalanx-3", "middle-phalanx-5"]
    answer = stage(without(fractions(LEFT), *missing), fewest=fewest).apply(Case(HandRadiograph(LEFT.pixels)))
    if read:
        assert isinstance(answer, Case)
        assert len(answer.bones) == 9
    else:
        detail, judges = "9 of the 13 bones are found; 10 are needed.", (ModelIdentity("known", "1.0.0", "6" * 64),)
        assert answer == Refusal(RefusalCode.BONES_NOT_FOUND, detail, judges)


def test_boxes_with_low_scores_are_not_looked_at() -> None:
    found = stage(bone_detector(fractions(LEFT), score=0.05)).apply(Case(HandRadiograph(LEFT.pixels)))
    assert len(found.missing_bones) == 13


def test_weights_that_find_other_things_are_refused() -> None:
    with pytest.raises(ValueError, match="finds hand, no bones; give weights of a bone detector"):
        stage(known_detector((0.1, 0.1, 0.9, 0.9), 0.9))
    with pytest.raises(ValueError, match="known: these weights are for bone age, not for detection"):
        stage(loaded(AreaMeans()))


SPEC = PipelineSpec.model_validate(
    {
        "name": "known",
        "stages": [{"bones": {"weights": "finder"}}],
        "readers": [{"whole_hand": {"weights": "known"}}],
        "primary": "known",
    }
)


def pipeline(months: float) -> StagedPipeline:
    reader = WholeHandReader(loaded(AreaMeans(months=months)), WholeHandParameters())
    return StagedPipeline(SPEC, [stage(bone_detector(fractions(LEFT)))], [reader])


@pytest.mark.parametrize(("age_months", "months", "warned"), [(120, 1000, False), (50, 1000, True), (120, 20, True)])
def test_below_the_youngest_child_with_marked_bones_by_age_or_by_reading_the_result_warns(
    age_months: float, months: float, warned: bool
) -> None:
    (reading,) = pipeline(months).read([HandRadiograph(LEFT.pixels, sex=Sex.FEMALE, age_months=age_months)])
    assert (WarningCode.TOO_YOUNG_FOR_BONES in reading.warnings) is warned
    assert len(reading.bones) == 13


def test_readers_are_given_the_bones() -> None:
    one = pipeline(1000)
    seen = []
    read = one.readers[0].read
    one.readers[0].read = lambda requests: seen.extend(requests) or read(requests)
    one.read([HandRadiograph(LEFT.pixels, sex=Sex.FEMALE)])
    assert [len(request.bones) for request in seen] == [13]


def test_the_pipeline_names_the_detectors_weights(tmp_path: Path) -> None:
    assert pipeline(1000).models[-1] == ModelIdentity("known", "1.0.0", "6" * 64)
    path = tmp_path / "bones.yaml"
    path.write_text(
        "name: bones\nstages: [{bones: {weights: finder}}]\n"
        "readers: [{whole_hand: {weights: phantom_whole_hand}}]\nprimary: phantom_whole_hand\n"
    )
    assert load_spec(path).stage_weights == ("finder",)
    assert STAGES["bones"] is Bones
