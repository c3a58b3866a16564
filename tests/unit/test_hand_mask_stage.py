"""The stage that puts the hand's mask on the case, in the frame the radiograph came with."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.phantom.drawing import draw
from models.registry import LoadedModel
from pipelines.build import build
from pipelines.contract import HandRadiograph, Laterality, ModelIdentity, WarningCode
from pipelines.read import StagedPipeline
from pipelines.readers.whole_hand import WholeHandParameters, WholeHandReader
from pipelines.spec import PipelineSpec, load_spec
from pipelines.stages.contract import Case
from pipelines.stages.hand_mask import HandMask
from pipelines.stages.mirror import MirrorRight
from tests.support.masked import bright_segmenter
from tests.support.readers import AreaMeans, loaded

PHANTOM = draw(120, "F", seed=1, height=500, width=380, marker=False)
PIXELS = np.where(PHANTOM.hand_mask, 0.9, 0.05).astype(np.float32)


def stage(model: LoadedModel | None = None) -> HandMask:
    return HandMask(weights="outliner").loaded(lambda _name: model or bright_segmenter(), "cpu")


@pytest.mark.parametrize("laterality", list(Laterality))
def test_the_mask_lies_on_the_hand_in_the_original_frame(laterality: Laterality) -> None:
    mirrored = MirrorRight().apply(Case(HandRadiograph(PIXELS, laterality=laterality)))
    case = stage().apply(mirrored)
    assert case.hand_mask is not None
    assert case.hand_mask.shape == PIXELS.shape
    assert (case.hand_mask == PHANTOM.hand_mask).mean() > 0.99
    assert WarningCode.NO_HAND_MASK not in case.warnings


def test_a_mask_that_fails_is_warned_of_and_not_used() -> None:
    crossed = PIXELS.copy()
    crossed[160:200] = 0.9  # touches the border on both sides
    case = stage().apply(Case(HandRadiograph(crossed)))
    assert case.hand_mask is None
    assert case.warnings == (WarningCode.NO_HAND_MASK,)


def test_weights_for_something_else_are_refused() -> None:
    with pytest.raises(ValueError, match="known: these weights are for bone age, not for segmentation"):
        stage(loaded(AreaMeans()))


def test_a_pipeline_names_the_stages_weights_and_changes_its_fingerprint_with_them() -> None:
    spec = PipelineSpec.model_validate(
        {
            "name": "known",
            "stages": [{"hand_mask": {"weights": "outliner"}}],
            "readers": [{"whole_hand": {"weights": "known"}}],
            "primary": "known",
        }
    )
    reader = WholeHandReader(loaded(AreaMeans()), WholeHandParameters())
    first = StagedPipeline(spec, [stage()], [reader])
    other = StagedPipeline(spec, [stage(replace(bright_segmenter(), sha256="8" * 64))], [reader])
    assert spec.stage_weights == ("outliner",)
    assert first.models[-1] == ModelIdentity("known", "1.0.0", "7" * 64)
    assert first.fingerprint != other.fingerprint


def test_weights_that_are_not_there_are_named(tmp_path: Path) -> None:
    path = tmp_path / "outlined.yaml"
    path.write_text(
        "name: outlined\nstages: [{hand_mask: {weights: outliner}}]\n"
        "readers: [{whole_hand: {weights: phantom_whole_hand}}]\nprimary: phantom_whole_hand\n"
    )
    assert load_spec(path).stage_weights == ("outliner",)
    with pytest.raises(ValueError, match="no weights named 'outliner' here"):
        build(path)
