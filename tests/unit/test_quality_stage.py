"""The stage that judges quality and has poor images improved: what it says, and which reading is in front."""

from typing import Any

import numpy as np
import pytest

from models.degradation.kinds import Kind
from models.registry import LoadedModel
from pipelines.contract import Enhancement, HandRadiograph, ImageQuality, Laterality, Reading, Sex, WarningCode
from pipelines.read import StagedPipeline
from pipelines.readers.whole_hand import WholeHandParameters, WholeHandReader
from pipelines.spec import PipelineSpec
from pipelines.stages.contract import Case
from pipelines.stages.mirror import MirrorRight
from pipelines.stages.quality import Quality
from tests.support.readers import AreaMeans, loaded
from tests.support.restorers import brightener, sure_classifier
from tests.unit.test_pipeline_read import hand

SPEC = PipelineSpec.model_validate(
    {
        "name": "improving",
        "stages": ["mirror_right", {"quality": {"weights": "sure", "improve": {"noise": {"weights": "brighter"}}}}],
        "readers": [{"whole_hand": {"weights": "known"}}],
        "primary": "known",
    }
)


def stage(classifier: LoadedModel, **improve: Any) -> Quality:
    weights = {"sure": classifier, "brighter": brightener(), "other": brightener("other", -0.2)}
    steps = {kind: {"weights": name, "in_front": front} for kind, (name, front) in improve.items()}
    return Quality.model_validate({"weights": "sure", "improve": steps}).loaded(weights.__getitem__, "cpu")


def pipeline(quality: Quality) -> StagedPipeline:
    reader = WholeHandReader(loaded(AreaMeans()), WholeHandParameters())
    return StagedPipeline(SPEC, [MirrorRight(), quality], [reader])


def read(quality: Quality, **radiograph: Any) -> Reading:
    asked = {"sex": Sex.FEMALE, "age_months": 50, **radiograph}
    (reading,) = pipeline(quality).read([HandRadiograph(hand(), **asked)])
    assert isinstance(reading, Reading)
    return reading


def plain(**radiograph: Any) -> Reading:
    return read(stage(sure_classifier("good")), **radiograph)


def test_a_good_image_is_called_good_and_read_as_it_is() -> None:
    quality = stage(sure_classifier("good"), noise=("brighter", True))
    case = quality.apply(Case(HandRadiograph(hand())))
    assert (case.quality, case.improved, case.warnings) == (ImageQuality.GOOD, None, ())
    reading = read(quality)
    assert reading.quality is ImageQuality.GOOD
    assert reading.enhancements == ()
    assert reading.bone_age_months == plain().bone_age_months


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (Kind.NOISE, WarningCode.NOISY),
        (Kind.LABEL, WarningCode.COVERED),
        (Kind.LOW_RESOLUTION, WarningCode.COARSE),
    ],
)
def test_a_poor_image_is_warned_of_by_its_kind_also_where_nothing_improves_it(kind: Kind, code: WarningCode) -> None:
    reading = read(stage(sure_classifier(kind)))
    assert reading.quality is ImageQuality.POOR
    assert code in reading.warnings
    assert reading.enhancements == ()
    assert reading.bone_age_months == plain().bone_age_months


@pytest.mark.parametrize("in_front", [True, False])
def test_both_readings_are_told_and_the_file_says_which_is_in_front(in_front: bool) -> None:
    reading = read(stage(sure_classifier("noise"), noise=("brighter", in_front)))
    (one,) = reading.enhancements
    assert one.method == "brighter 1.0.0 for noise"
    assert one.original.bone_age_months == pytest.approx(plain().bone_age_months, abs=1e-3)
    assert one.improved.bone_age_months > one.original.bone_age_months + 1
    assert one.in_front is in_front
    front = one.improved if in_front else one.original
    assert reading.bone_age_months == front.bone_age_months
    assert reading.readings == (front,)


def test_each_kind_has_weights_of_its_own_where_the_file_says_so() -> None:
    improve = {"noise": ("brighter", True), "label": ("other", True)}
    noisy, covered = (read(stage(sure_classifier(kind), **improve)) for kind in ("noise", "label"))
    assert [each.enhancements[0].method.split()[0] for each in (noisy, covered)] == ["brighter", "other"]
    assert [model.name for model in noisy.models] == ["known", "sure", "brighter", "other"]


def test_without_a_sex_there_are_both_readings_of_both_sexes() -> None:
    reading = read(stage(sure_classifier("noise"), noise=("brighter", True)), sex=None)
    assert [(one.original.sex, one.improved.sex) for one in reading.enhancements] == [(sex, sex) for sex in Sex]
    assert [one.improved for one in reading.enhancements] == list(reading.readings)


def test_readings_stay_with_their_images_where_some_are_improved_and_some_have_two_sexes() -> None:
    quality = stage(sure_classifier("noise"), noise=("brighter", False))
    exposures = [HandRadiograph(hand(power=power), sex=sex, age_months=50) for power, sex in ((1, None), (2, Sex.MALE))]
    together = pipeline(quality).read(exposures)
    alone = [pipeline(quality).read([exposure])[0] for exposure in exposures]
    for one, other in zip(together, alone, strict=True):
        assert isinstance(one, Reading)
        assert isinstance(other, Reading)
        assert np.allclose([_months(each) for each in one.enhancements], [_months(each) for each in other.enhancements])


def _months(one: Enhancement) -> tuple[float, float]:
    return one.original.bone_age_months, one.improved.bone_age_months


def test_the_map_of_the_image_in_front_is_carried_back_to_the_original() -> None:
    quality = stage(sure_classifier("noise"), noise=("brighter", True))
    left, right = (read(quality, laterality=side).heatmap_months for side in Laterality)
    assert left.shape == right.shape == hand().shape
    moved = left - plain().heatmap_months
    assert moved[:, 120:].mean() > moved[:, :40].mean()  # what is added lies to the right of the frame that is read
    back = right - plain(laterality=Laterality.RIGHT).heatmap_months
    assert back[:, :120].mean() > back[:, 200:].mean()


def test_the_threshold_is_the_cards_unless_the_file_says_another() -> None:
    doubtful = sure_classifier("noise", 0.4, threshold=0.3)
    exposure = Case(HandRadiograph(hand()))
    by_card = Quality(weights="sure").loaded(lambda _: doubtful, "cpu")
    by_file = Quality(weights="sure", threshold=0.5).loaded(lambda _: doubtful, "cpu")
    assert [each.apply(exposure).quality for each in (by_card, by_file)] == [ImageQuality.POOR, ImageQuality.GOOD]
    assert by_card.in_force != by_file.in_force


def test_weights_for_something_else_or_without_a_threshold_are_refused() -> None:
    with pytest.raises(ValueError, match="brighter: these weights are for restoration, not for quality"):
        stage(brightener())
    with pytest.raises(ValueError, match=r"sure: other classes than good, .* or no threshold; package again"):
        stage(sure_classifier("noise", threshold=None))
    wrong = {"weights": "sure", "improve": {"noise": {"weights": "sure", "in_front": True}}}
    with pytest.raises(ValueError, match="sure: these weights are for quality, not for restoration"):
        Quality.model_validate(wrong).loaded(lambda _: sure_classifier("noise"), "cpu")


def test_a_pipeline_s_file_names_the_weights_of_every_improvement() -> None:
    assert SPEC.stage_weights == ("sure", "brighter")


def test_pixels_beside_what_is_improved_keep_their_detail() -> None:
    pixels = hand()
    rng = np.random.default_rng(0)
    pixels[100:140, 100:140] += rng.random((40, 40), dtype=np.float32) / 10
    case = stage(sure_classifier("noise"), noise=("brighter", True)).apply(Case(HandRadiograph(pixels)))
    assert case.improved is not None
    before, after = (each[101:139, 101:139] for each in (pixels, case.improved.radiograph.pixels))
    assert np.corrcoef(before.ravel(), after.ravel())[0, 1] > 0.99
    assert case.radiograph.pixels is pixels
