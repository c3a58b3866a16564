"""The pipeline's YAML: what it may say, what it means, and how faults are named."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from dicom_node.errors import SettingsInvalid
from dicom_node.shipped import pipeline_path, pipelines_directory
from pipelines.build import build
from pipelines.contract import Sex
from pipelines.spec import PipelineInvalid, load_spec
from pipelines.stages.checks import Checks
from tests.support.untrained_weights import write_untrained_weights

MINIMAL = """
name: tried
stages: [checks, mirror_right]
readers: [{whole_hand: {weights: whole_hand}}]
primary: whole_hand
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "tried.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", ["bone_age", "phantom"])
def test_shipped_pipelines_can_be_built(name: str, tmp_path: Path) -> None:
    pipeline = build(pipeline_path(name), weights_directory=write_untrained_weights(tmp_path), device="cpu")
    assert pipeline.name == name
    spec = load_spec(pipeline_path(name))
    assert [model.name for model in pipeline.models] == [spec.primary, *spec.stage_weights]


def test_shipped_parameters_are_the_defaults() -> None:
    text = yaml.safe_load(pipeline_path("bone_age").read_text())
    assert Checks.model_validate(text["stages"][0]["checks"]) == Checks()
    assert (
        load_spec(pipeline_path("bone_age")).method
        == load_spec(pipeline_path("bone_age")).__class__.model_fields["method"].get_default()
    )


def test_every_key_of_the_shipped_pipelines_has_a_comment() -> None:
    for path in pipelines_directory().glob("*.yaml"):
        assert all(key in path.read_text() for key in ("# Name of the pipeline", "# Months;", "# Name of the weights"))


def test_a_spec_says_what_the_file_says(tmp_path: Path) -> None:
    spec = load_spec(written(tmp_path, MINIMAL))
    assert spec.weights == ("whole_hand",)
    assert spec.last_standard_months == {Sex.FEMALE: 216, Sex.MALE: 228}
    assert "Greulich and Pyle" in spec.method


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("primary:", "sharpen: 3\nprimary:"), "sharpen: unknown key"),
        (("primary: whole_hand", "primary: other"), "none of the readers' weights"),
        (("[checks, mirror_right]", "[{checks: {}, mirror_right: {}}]"), "one name with its parameters"),
        (("{weights: whole_hand}", "{}"), "readers.0.weights"),
        (("name: tried", "name: Tried it"), "name:"),
        (("name: tried", "name: ["), "tried.yaml"),
        (("primary:", "last_standard_months: {F: 216}\nprimary:"), "needs F and M"),
        (("{whole_hand: {weights: whole_hand}}", ""), "readers:"),
    ],
)
def test_a_fault_in_the_file_is_named(change: tuple[str, str], said: str, tmp_path: Path) -> None:
    with pytest.raises(PipelineInvalid, match=r"tried\.yaml") as caught:
        load_spec(written(tmp_path, MINIMAL.replace(*change)))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ("mirror_right", "sharpen"),
            "unknown stage 'sharpen'; known: bone_ages, bones, checks, hand_mask, levels, mirror_right",
        ),
        (("{whole_hand:", "{bones:"), "unknown reader 'bones'; known: diibaa, whole_hand"),
        (("[checks,", "[{checks: {maximum_frame: 2}},"), "checks: maximum_frame: unknown key"),
        (("[checks,", "[{checks: {minimum_range: 2}},"), "checks: minimum_range: Input should be less than"),
        (("weights: whole_hand}", "weights: whole_hand, flips: 2}"), "whole_hand: flips: unknown key"),
    ],
)
def test_a_fault_in_a_step_is_named_before_weights_are_loaded(
    change: tuple[str, str], said: str, tmp_path: Path
) -> None:
    with pytest.raises(PipelineInvalid, match=r"tried\.yaml") as caught:
        build(written(tmp_path, MINIMAL.replace(*change)), weights_directory=tmp_path, device="cpu")
    assert said in str(caught.value)


def test_missing_weights_are_named(tmp_path: Path) -> None:
    text = MINIMAL.replace("weights: whole_hand", "weights: elsewhere").replace(
        "primary: whole_hand", "primary: elsewhere"
    )
    with pytest.raises(ValueError, match="no weights named 'elsewhere'"):
        build(written(tmp_path, text), weights_directory=tmp_path, device="cpu")


def test_the_fingerprint_follows_the_meaning(tmp_path: Path) -> None:
    weights = write_untrained_weights(tmp_path / "weights")

    def fingerprint(text: str) -> str:
        return build(written(tmp_path, text), weights_directory=weights, device="cpu").fingerprint

    first = fingerprint(MINIMAL)
    assert fingerprint("# a comment\n" + MINIMAL.replace("name: tried", "name:   tried")) == first
    assert fingerprint(MINIMAL.replace("[checks,", "[{checks: {minimum_side_px: 200}},")) != first
    assert fingerprint(MINIMAL.replace("whole_hand}", "phantom_whole_hand}").replace(
        "primary: whole", "primary: phantom_whole"
    )) != first  # fmt: skip
    card = weights / "whole_hand.json"
    card.write_text(card.read_text().replace("24.0", "25.0"))
    assert fingerprint(MINIMAL) != first


def test_a_pipeline_that_does_not_exist_is_named_with_those_that_do(tmp_path: Path) -> None:
    with pytest.raises(
        SettingsInvalid,
        match="bone_age, bone_age_bones, bone_age_cq, bone_age_diibaa, bone_age_dq, bone_age_levels, bone_age_nq",
    ):
        pipeline_path("knee")
    with pytest.raises(SettingsInvalid, match="there is: none"):
        pipeline_path("bone_age", tmp_path)
    with pytest.raises(SettingsInvalid):
        pipeline_path("../pipelines/bone_age")


def test_a_spec_is_read_without_torch() -> None:
    code = "import sys, pipelines.spec, dicom_node.shipped; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
