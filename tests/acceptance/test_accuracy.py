"""The shipped reader on radiographs it never saw; needs the radiographs."""

from pathlib import Path

import pytest

from models.evaluation.run import evaluate

RELEASED_MAE_MONTHS = 8.87
"""Of the shipped reader on the same images; set anew with each better reader, never upwards."""
TOLERANCE_MONTHS = 0.3


@pytest.mark.data
@pytest.mark.timeout(900)
def test_the_reader_is_no_worse_than_released_on_200_fixed_images_of_fold_9(data_directory: Path) -> None:
    rows = evaluate("whole_hand", data=data_directory, fold=9, limit=200, device="cpu")
    assert rows[0].count == 200
    assert rows[0].mae.value <= RELEASED_MAE_MONTHS + TOLERANCE_MONTHS
