"""The stages that read single bones: levels with their total, ages with their intervals; off unless asked for."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from dicom_node.shipped import pipeline_path
from models.levels.curve import age_of_score
from models.levels.scale import BONES, COUNTS, TOP_SCORE, scores_of, total_score
from models.registry import LoadedModel
from pipelines.build import build
from pipelines.contract import Bone, HandRadiograph, Laterality, Reading, ScaleEnd, Sex
from pipelines.read import StagedPipeline
from pipelines.readers.whole_hand import WholeHandParameters, WholeHandReader
from pipelines.spec import PipelineInvalid, PipelineSpec, load_spec
from pipelines.stages.bone_ages import BoneAges
from pipelines.stages.contract import Case, Stage
from pipelines.stages.levels import Levels
from pipelines.stages.mirror import MirrorRight
from tests.support.graders import SureLevels, bone_reader, sure_grader, write_untrained
from tests.support.marked import bone_detector
from tests.support.readers import AreaMeans, loaded
from tests.unit.test_bones_stage import LEFT, RIGHT, fractions, stage, without

LEVELS = tuple(n % 9 for n in range(13))
TOP = tuple(count - 1 for count in COUNTS)


def found(detector: LoadedModel | None = None, sex: Sex | None = Sex.FEMALE) -> Case:
    """A left hand with its bones on the case."""
    return stage(detector or bone_detector(fractions(LEFT))).apply(Case(HandRadiograph(LEFT.pixels, sex=sex)))


def grader(model: LoadedModel) -> Levels:
    return Levels(weights="levels", method="as drawn").loaded(lambda _name: model, "cpu")


def ages() -> BoneAges:
    return BoneAges(weights="bones").loaded(lambda _name: bone_reader(), "cpu")


@pytest.mark.parametrize("sex", list(Sex))
def test_levels_are_told_with_their_scores_and_the_bone_age_of_their_sum(sex: Sex) -> None:
    case = grader(sure_grader(LEVELS)).apply(found(sex=sex))
    assert [bone.level for bone in case.bones] == list(LEVELS)
    assert [bone.level_score for bone in case.bones] == list(scores_of(LEVELS, sex.value))
    (maturity,) = case.maturity
    total = total_score(LEVELS, sex.value)
    assert maturity.score == pytest.approx(total)
    assert maturity.bone_age_months == pytest.approx(age_of_score(total, sex.value).months)
    assert (maturity.scale, maturity.grader, maturity.method) == ("RUS-CHN", "sure", "as drawn")
    assert (maturity.sex, maturity.end) == (sex, None)


def test_at_the_top_levels_the_bone_age_is_told_to_be_a_bound() -> None:
    (maturity,) = grader(sure_grader(TOP)).apply(found()).maturity
    assert (maturity.score, maturity.most_score, maturity.end) == (TOP_SCORE, TOP_SCORE, ScaleEnd.LAST)
    (youngest,) = grader(sure_grader((0,) * 13)).apply(found()).maturity
    assert youngest.end is ScaleEnd.BEGINNING


def test_without_a_sex_there_are_both_totals_and_no_bone_has_a_score() -> None:
    case = grader(sure_grader(LEVELS)).apply(found(sex=None))
    assert [one.sex for one in case.maturity] == list(Sex)
    assert {bone.level_score for bone in case.bones} == {None}
    assert [bone.level for bone in case.bones] == list(LEVELS)


def test_a_hand_of_which_a_bone_is_missing_is_not_graded_and_its_other_bones_have_ages() -> None:
    case = found(without(fractions(LEFT), "middle-phalanx-3"))
    assert grader(sure_grader(LEVELS)).apply(case) == case
    aged = ages().apply(case)
    assert len(aged.bones) == 12
    assert all(bone.bone_age_months is not None for bone in aged.bones)


def test_the_grader_is_shown_the_same_crops_of_a_right_hand_as_of_its_mirror_image() -> None:
    shown = []
    for phantom, laterality in ((RIGHT, Laterality.RIGHT), (replace(RIGHT, pixels=RIGHT.pixels[:, ::-1].copy()), None)):
        mirrored = MirrorRight().apply(Case(HandRadiograph(phantom.pixels, sex=Sex.MALE, laterality=laterality)))
        model = sure_grader(LEVELS)
        grader(model).apply(stage(bone_detector(fractions(RIGHT, mirrored=True))).apply(mirrored))
        assert isinstance(model.network, SureLevels)
        shown.append(model.network.shown[0])
    assert torch.equal(*shown)
    assert shown[0].shape[:2] == (1, 13)


def test_what_was_found_in_another_frame_is_not_cut_from_this_one() -> None:
    case = found()
    moved = case.moved(case.radiograph, lambda values: values, lambda corners: corners)
    assert moved.places is None
    assert grader(sure_grader(LEVELS)).apply(moved) == moved
    assert ages().apply(moved) == moved


@pytest.mark.parametrize(("sex", "first"), [(Sex.FEMALE, 100.0), (Sex.MALE, 105.0)])
def test_each_bone_has_the_age_that_it_says_alone_with_its_own_interval(sex: Sex, first: float) -> None:
    case = ages().apply(found(sex=sex))
    assert [bone.bone_age_months for bone in case.bones] == [first + 10 * n for n in range(13)]
    assert case.bones[0].interval_months == (first - 12, first + 12)
    assert case.bones[12].interval_months == (first + 120 - 24, first + 120 + 24)
    assert found(sex=None) == ages().apply(found(sex=None))


def test_the_order_of_bones_is_one_for_detection_scale_and_contract() -> None:
    assert [Bone(bone) for bone in BONES] == list(Bone)


@pytest.mark.parametrize(("kind", "wrong"), [(Levels, "levels"), (BoneAges, "bone ages")])
def test_weights_for_something_else_are_refused(kind: type[Stage], wrong: str) -> None:
    with pytest.raises(ValueError, match=f"these weights are for bone age, not for {wrong}"):
        kind.model_validate({"weights": "known"}).loaded(lambda _name: loaded(AreaMeans()), "cpu")


@pytest.mark.parametrize("name", ["levels", "bone_ages"])
def test_a_pipeline_that_reads_bones_before_it_finds_them_is_an_error_that_says_so(name: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    steps = f"stages: [{{{name}: {{weights: any}}}}, {{bones: {{weights: bone_detector}}}}]"
    path.write_text(f"name: wrong\n{steps}\nreaders: [{{whole_hand: {{weights: a}}}}]\nprimary: a\n")
    with pytest.raises(PipelineInvalid, match=rf"wrong\.yaml: stages: {name}: needs the stage 'bones' in front of it"):
        build(path)


def test_an_unknown_key_is_named(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    steps = "stages: [{bones: {weights: bone_detector}}, {levels: {weights: any, methods: mine}}]"
    path.write_text(f"name: wrong\n{steps}\nreaders: [{{whole_hand: {{weights: a}}}}]\nprimary: a\n")
    with pytest.raises(PipelineInvalid, match=r"wrong\.yaml: levels: methods: unknown key"):
        build(path)


def test_no_bone_is_graded_or_aged_unless_a_site_switches_it_on() -> None:
    for name in ("bone_age", "bone_age_cq", "bone_age_diibaa", "bone_age_dq", "bone_age_nq", "phantom"):
        assert {step.name for step in load_spec(pipeline_path(name)).stages}.isdisjoint({"levels", "bone_ages"})
    assert [step.name for step in load_spec(pipeline_path("bone_age_levels")).stages][-1] == "levels"
    assert [step.name for step in load_spec(pipeline_path("bone_age_bones")).stages][-1] == "bone_ages"


def read(*stages: Stage) -> Reading:
    spec = PipelineSpec.model_validate(
        {"name": "bones", "stages": [], "readers": [{"whole_hand": {"weights": "known"}}], "primary": "known"}
    )
    pipeline = StagedPipeline(spec, stages, [WholeHandReader(loaded(AreaMeans()), WholeHandParameters())])
    (reading,) = pipeline.read([HandRadiograph(LEFT.pixels, sex=Sex.FEMALE, age_months=120)])
    assert isinstance(reading, Reading)
    return reading


def test_what_single_bones_say_is_in_the_reading_and_leaves_the_bone_age_in_front_as_it_is() -> None:
    finder = stage(bone_detector(fractions(LEFT)))
    plain, full = read(finder), read(finder, ages(), grader(sure_grader(LEVELS)))
    assert (plain.maturity, {bone.level for bone in plain.bones}) == ((), {None})
    assert full.maturity[0].score == pytest.approx(total_score(LEVELS, "F"))
    assert full.bones[3].bone_age_months == 130
    assert (full.bone_age_months, full.interval_months) == (plain.bone_age_months, plain.interval_months)
    assert np.array_equal(full.heatmap_months, plain.heatmap_months)
    assert {model.name for model in full.models} - {model.name for model in plain.models} == {"sure", "bones"}


@pytest.mark.parametrize("name", ["bone_age_levels", "bone_age_bones"])
def test_the_pipelines_that_switch_them_on_read_a_phantom_with_weights_of_the_site(name: str, tmp_path: Path) -> None:
    pipeline = build(pipeline_path(name), weights_directory=write_untrained(tmp_path / "weights"), device="cpu")
    (reading,) = pipeline.read([HandRadiograph(LEFT.pixels, sex=Sex.FEMALE, age_months=120)])
    assert isinstance(reading, Reading)
    assert len(reading.bones) == 13
    graded = name == "bone_age_levels"
    assert all((bone.level is not None) is graded for bone in reading.bones)
    assert all((bone.bone_age_months is not None) is not graded for bone in reading.bones)
    assert len(reading.maturity) == graded
    assert {model.name for model in reading.models} >= {"levels" if graded else "bone_ages", "bone_detector"}
