"""What stages cost, as a ratio to the reader."""

import pytest

from dicom_node.operate.stage_costs import costs_markdown, stage_costs
from dicom_node.shipped import pipeline_path
from models.phantom.drawing import draw
from pipelines.build import build
from pipelines.contract import HandRadiograph, Sex


def test_every_stage_and_the_reader_are_timed_on_each_radiograph() -> None:
    pipeline = build(pipeline_path("phantom"), device="cpu")
    hand = HandRadiograph(draw(120, "F", height=320, width=256).pixels, sex=Sex.FEMALE)
    costs = stage_costs(pipeline, [hand], runs=1)
    assert list(costs) == ["checks", "mirror_right", "phantom_whole_hand"]
    assert all(took > 0 for took in costs.values())


def test_the_table_names_the_ratio_to_the_reader() -> None:
    assert costs_markdown({"checks": 0.01, "known": 0.2}).splitlines() == [
        "| step | median, s | ratio to known |",
        "|---|--:|--:|",
        "| checks | 0.010 | 0.05 |",
        "| known | 0.200 | 1.00 |",
    ]


def test_a_radiograph_that_a_stage_refuses_is_not_timed() -> None:
    pipeline = build(pipeline_path("phantom"), device="cpu")
    flat = HandRadiograph(draw(120, "F", height=320, width=256).pixels * 0, sex=Sex.FEMALE)
    with pytest.raises(ValueError, match="checks refuses a phantom"):
        stage_costs(pipeline, [flat], runs=1)
