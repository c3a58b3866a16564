"""A training on a site's own set, from its YAML file to weights; and what it needs to be installed."""

import json
import sys
from pathlib import Path

import pytest

from models.data.images import ImageUnreadable, read_image
from models.training.run import train
from tests.support.site import write_site

RECIPE = """name: tiny
architecture: whole_hand
parameters: {widths: [8, 8, 8, 16], depths: [1, 1, 1, 1]}
phases: [{epochs: 1, size: 32}]
batch_size: 2
bfloat16: false
"""


def test_a_reader_is_trained_on_the_set_of_a_sites_file(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(RECIPE, encoding="utf-8")
    run = tmp_path / "run"
    weights = train(tmp_path / "tiny.yaml", data=write_site(tmp_path), output=run, cache=tmp_path / "cache")
    assert weights.exists()
    facts = json.loads((run / "facts.json").read_text(encoding="utf-8"))
    assert (facts["train_images"], facts["select_images"]) == (2, 1)


def test_without_pydicom_pictures_are_read_and_a_dicom_image_says_what_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_site(tmp_path)
    monkeypatch.setitem(sys.modules, "pydicom", None)
    assert read_image(tmp_path / "images" / "girl.png").shape == (160, 128)
    with pytest.raises(ImageUnreadable, match="pip install pydicom"):
        read_image(tmp_path / "images" / "boy.dcm")
