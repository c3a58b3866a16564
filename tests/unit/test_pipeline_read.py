"""One radiograph in, one reading or refusal out; many go through the network together."""

from typing import Any

import numpy as np
import pytest

from models.preprocess import standardise
from pipelines.contract import HandRadiograph, Pipeline, Reading, Refusal, RefusalCode, Sex, WarningCode
from pipelines.read import StagedPipeline
from pipelines.readers.whole_hand import WholeHandParameters, WholeHandReader
from pipelines.spec import PipelineSpec
from pipelines.stages.checks import Checks
from pipelines.stages.mirror import MirrorRight
from tests.support.readers import AreaMeans, loaded

SPEC = PipelineSpec.model_validate(
    {
        "name": "known",
        "stages": ["checks", "mirror_right"],
        "readers": [{"whole_hand": {"weights": "known"}}],
        "primary": "known",
    }
)


def pipeline(network: AreaMeans | None = None, *, flips: bool = True, **card: object) -> StagedPipeline:
    model = loaded(network or AreaMeans(), **card)
    reader = WholeHandReader(model, WholeHandParameters(flip_averaging=flips))
    return StagedPipeline(SPEC, [Checks(), MirrorRight()], [reader])


def hand(height: int = 300, width: int = 240, *, power: float = 1.0) -> np.ndarray:
    """A ramp; the higher the power, the darker, and the younger it is read."""
    return (np.add.outer(np.linspace(0, 1, height), np.linspace(0, 1, width)) / 2).astype(np.float32) ** power


def expected(pixels: np.ndarray, male: bool) -> float:
    return float(standardise(pixels, 96).mean()) * 100 + 12 * male


def read(*radiographs: HandRadiograph, **options: object) -> list[Reading | Refusal]:
    built: Pipeline = pipeline(**options)  # type: ignore[arg-type]
    return built.read(radiographs)


def read_one(radiograph: HandRadiograph, **options: object) -> Reading:
    (reading,) = read(radiograph, **options)
    assert isinstance(reading, Reading)
    return reading


@pytest.mark.parametrize("sex", list(Sex))
def test_a_radiograph_is_read_with_its_sex(sex: Sex) -> None:
    pixels = hand()
    reading = read_one(HandRadiograph(pixels, sex=sex, age_months=50))
    months = expected(pixels, sex is Sex.MALE)
    assert reading.bone_age_months == pytest.approx(months, abs=1e-3)
    half = 10 if months < 60 else 20
    assert reading.interval_months == pytest.approx((months - half, months + half), abs=1e-3)
    assert [each.sex for each in reading.readings] == [sex]
    assert reading.sex is sex
    assert reading.warnings == ()
    assert [model.name for model in reading.models] == ["known"]
    assert "Greulich and Pyle" in reading.method


def test_without_a_sex_both_are_read_and_none_stands_in_front() -> None:
    pixels = hand()
    reading = read_one(HandRadiograph(pixels, age_months=50))
    assert reading.bone_age_months is None
    assert reading.interval_months is None
    assert reading.sex is None
    assert [each.sex for each in reading.readings] == [Sex.FEMALE, Sex.MALE]
    assert [each.bone_age_months for each in reading.readings] == pytest.approx(
        [expected(pixels, False), expected(pixels, True)], abs=1e-3
    )
    assert WarningCode.SEX_MISSING in reading.warnings


def test_an_unknown_age_is_warned_of() -> None:
    assert read_one(HandRadiograph(hand(), sex=Sex.MALE)).warnings == (WarningCode.AGE_UNKNOWN,)


@pytest.mark.parametrize(("shape", "warned"), [((300, 240), False), ((600, 200), True), ((200, 600), True)])
def test_an_aspect_outside_training_is_warned_of(shape: tuple[int, int], warned: bool) -> None:
    reading = read_one(HandRadiograph(hand(*shape), sex=Sex.MALE))
    assert (WarningCode.OUTSIDE_TRAINING_ASPECT in reading.warnings) is warned


def test_pixels_that_are_not_square_are_read_as_square_ones() -> None:
    square = hand(300, 240)
    halved = square[::2]
    options: dict[str, Any] = {"sex": Sex.FEMALE, "age_months": 50.0}
    whole, coarse = (
        read_one(HandRadiograph(square, **options)),
        read_one(HandRadiograph(halved, pixel_aspect=2.0, **options)),
    )
    assert coarse.bone_age_months == pytest.approx(whole.bone_age_months, abs=0.5)
    assert coarse.warnings == whole.warnings == ()
    assert WarningCode.OUTSIDE_TRAINING_ASPECT in read_one(HandRadiograph(square, pixel_aspect=4.0, **options)).warnings


@pytest.mark.parametrize(("months", "sex", "beyond"), [(600, Sex.FEMALE, True), (100, Sex.FEMALE, False)])
def test_a_reading_at_the_last_standard_is_beyond_the_scale(months: float, sex: Sex, beyond: bool) -> None:
    reading = read_one(HandRadiograph(hand(), sex=sex), network=AreaMeans(months=months))
    assert (WarningCode.BEYOND_SCALE in reading.warnings) is beyond


def test_neither_bone_age_nor_interval_goes_below_zero() -> None:
    reading = read_one(HandRadiograph(hand(), sex=Sex.FEMALE), network=AreaMeans(months=-20))
    assert reading.bone_age_months == 0
    assert reading.interval_months == (0, 10)
    young = read_one(HandRadiograph(hand(), sex=Sex.FEMALE), network=AreaMeans(months=10))
    assert young.interval_months is not None
    assert young.interval_months[0] == 0


def test_waiting_images_go_through_the_network_as_one_batch_and_keep_their_order() -> None:
    network = AreaMeans()
    built = pipeline(network)
    network.batches.clear()
    powers = (1.0, 2.0, 0.5)
    flat = HandRadiograph(np.zeros((300, 240), np.float32), sex=Sex.MALE)
    unknown = HandRadiograph(hand(power=3))
    radiographs = [HandRadiograph(hand(power=power), sex=Sex.MALE) for power in powers]
    answers = built.read([radiographs[0], flat, unknown, *radiographs[1:]])
    assert network.batches == [2 * 5]
    assert isinstance(answers[1], Refusal)
    assert answers[1].code is RefusalCode.FLAT
    read_months = [answer.bone_age_months for answer in answers if isinstance(answer, Reading)]
    assert read_months[1] is None
    assert [read_months[0], *read_months[2:]] == pytest.approx(
        [expected(hand(power=power), True) for power in powers], abs=1e-3
    )


def test_a_batch_gives_each_image_what_it_gets_alone() -> None:
    radiographs = [HandRadiograph(hand(power=power), sex=Sex.FEMALE) for power in (0.5, 1.0, 2.0)]
    together = read(*radiographs)
    for radiograph, answer in zip(radiographs, together, strict=True):
        alone = read_one(radiograph)
        assert isinstance(answer, Reading)
        assert answer.bone_age_months == pytest.approx(alone.bone_age_months, abs=1e-3)
        assert np.allclose(answer.heatmap_months, alone.heatmap_months, atol=1e-2)


def test_nothing_to_read_runs_no_network() -> None:
    network = AreaMeans()
    built = pipeline(network)
    network.batches.clear()
    assert built.read([]) == []
    (refused,) = built.read([HandRadiograph(np.zeros((300, 240), np.float32))])
    assert isinstance(refused, Refusal)
    assert network.batches == []


def test_flip_averaging_can_be_switched_off() -> None:
    network = AreaMeans()
    built = pipeline(network, flips=False)
    network.batches.clear()
    built.read([HandRadiograph(hand(), sex=Sex.MALE)])
    assert network.batches == [1]
