"""The stage that refuses what is not one whole hand, with the weights that ship."""

from functools import partial

import numpy as np
import pytest

from dicom_node.shipped import pipeline_path
from models import registry
from models.data.labels import Split
from models.phantom.damage import lower_resolution, poisson_noise
from models.phantom.drawing import draw
from models.plausibility import anatomy, cut, exposures, joined, patterns
from models.plausibility.scene import Pixels
from models.plausibility.sources import phantom_hands
from models.plausibility.verdict import Verdict
from models.registry import LoadedModel
from pipelines.contract import HandRadiograph, ModelIdentity, Refusal, RefusalCode
from pipelines.read import StagedPipeline
from pipelines.readers.whole_hand import WholeHandParameters, WholeHandReader
from pipelines.spec import PipelineSpec, load_spec
from pipelines.stages.contract import Case
from pipelines.stages.plausibility import Plausibility
from tests.support.judges import sure_judge
from tests.support.masked import bright_segmenter
from tests.support.readers import AreaMeans, loaded

SHIPPED = Plausibility(weights="plausibility").loaded(registry.load, "cpu")
HANDS = phantom_hands(Split.TEST, 3)
CHILD = draw(84, "M", seed=4, height=512, width=400).pixels


def answer(pixels: Pixels, stage: Plausibility = SHIPPED) -> Case | Refusal:
    return stage.apply(Case(HandRadiograph(pixels)))


def known(model: LoadedModel, threshold: float | None = None) -> Plausibility:
    return Plausibility(weights="judge", threshold=threshold).loaded(lambda _name: model, "cpu")


@pytest.mark.parametrize("months", [3, 24, 60, 120, 168, 228])
def test_hands_of_every_age_are_read_those_of_adults_too(months: float) -> None:
    case = Case(HandRadiograph(draw(months, "F", seed=1).pixels))
    assert SHIPPED.apply(case) is case


@pytest.mark.parametrize(
    "pixels",
    [
        poisson_noise(CHILD, np.random.default_rng(0)), lower_resolution(CHILD), CHILD[:, ::-1], CHILD * 0.2,
        0.4 + 0.2 * CHILD,
    ],
    ids=["noise", "low resolution", "mirrored", "dark", "pale"],
)  # fmt: skip
def test_poor_radiographs_of_hands_are_read(pixels: Pixels) -> None:
    assert isinstance(answer(pixels.astype(np.float32)), Case)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (anatomy.chest, RefusalCode.NOT_A_HAND),
        (anatomy.skull, RefusalCode.NOT_A_HAND),
        (anatomy.foot, RefusalCode.NOT_A_HAND),
        (patterns.page, RefusalCode.NOT_A_HAND),
        (patterns.noise, RefusalCode.UNUSABLE_EXPOSURE),
        (partial(joined.mirrored, HANDS), RefusalCode.SEVERAL_HANDS),
        (partial(cut.half, HANDS), RefusalCode.CUT_OFF),
        (partial(cut.wrist_off, HANDS), RefusalCode.CUT_OFF),
        (partial(exposures.drowned, HANDS), RefusalCode.UNUSABLE_EXPOSURE),
    ],
)
def test_what_is_no_whole_hand_is_refused_for_what_it_is(make: partial[Pixels], code: RefusalCode) -> None:
    refusal = answer(make(np.random.default_rng(5)))
    assert isinstance(refusal, Refusal)
    assert refusal.code == code
    assert refusal.models == (SHIPPED.identity,)
    assert "is needed." in refusal.detail


def test_the_threshold_is_the_cards_unless_the_file_says_another() -> None:
    doubtful = sure_judge(0.3, Verdict.CUT_OFF, threshold=0.25)
    assert isinstance(answer(CHILD, known(doubtful)), Case)
    refusal = answer(CHILD, known(doubtful, threshold=0.35))
    assert refusal == Refusal(
        RefusalCode.CUT_OFF, "One whole hand is 30.0% probable; 35.0% is needed.",
        (ModelIdentity("known", "1.0.0", "6" * 64),),
    )  # fmt: skip


def test_weights_for_something_else_or_without_a_threshold_are_refused() -> None:
    with pytest.raises(ValueError, match="known: these weights are for segmentation, not for plausibility"):
        known(bright_segmenter())
    with pytest.raises(ValueError, match=r"known: other verdicts than hand, .* or no threshold; package again"):
        known(sure_judge(0.3, threshold=None))


def test_another_threshold_on_the_card_makes_another_fingerprint() -> None:
    spec = PipelineSpec.model_validate(
        {
            "name": "judging",
            "stages": [{"plausibility": {"weights": "judge"}}],
            "readers": [{"whole_hand": {"weights": "known"}}],
            "primary": "known",
        }
    )
    reader = WholeHandReader(loaded(AreaMeans()), WholeHandParameters())
    built = [StagedPipeline(spec, [known(sure_judge(0.3, threshold=least))], [reader]) for least in (0.1, 0.2, 0.2)]
    assert built[0].fingerprint != built[1].fingerprint == built[2].fingerprint
    assert built[0].models[-1] == ModelIdentity("known", "1.0.0", "6" * 64)


def test_a_pipeline_tells_what_its_stages_refuse() -> None:
    spec = load_spec(pipeline_path("bone_age"))
    reader = WholeHandReader(loaded(AreaMeans()), WholeHandParameters())
    refusing = StagedPipeline(spec, [known(sure_judge(0.1, Verdict.SEVERAL_HANDS))], [reader])
    refusal = refusing.refusal_of(HandRadiograph(CHILD))
    assert refusal is not None
    assert refusal.code == RefusalCode.SEVERAL_HANDS
    assert StagedPipeline(spec, [known(sure_judge(0.9))], [reader]).refusal_of(HandRadiograph(CHILD)) is None


def test_the_pipeline_of_radiographs_judges_and_that_of_phantoms_does_not() -> None:
    assert "plausibility" in load_spec(pipeline_path("bone_age")).stage_weights
    assert load_spec(pipeline_path("phantom")).stage_weights == ()


def test_the_shipped_judge_is_small_and_its_threshold_was_set_on_the_calibrate_split() -> None:
    card = registry.verify("plausibility")
    assert card.training["network_parameters"] <= 400_000
    assert card.metrics["calibrate_hands"] == 616
    assert card.metrics["calibrate_refused"] <= 616 / 400
    assert not [key for key in card.metrics if key.startswith("test")]
