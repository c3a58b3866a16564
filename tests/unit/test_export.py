"""What is exported reads what the shipped network reads, to a thousandth of a month."""

import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from monai import bundle
from monai.bundle import ConfigWorkflow

from models import export, registry
from models.attention.coarse import Box
from models.attention.stack import network_input
from models.card import Detector, write_card
from models.export import FlipAveraged, export_onnx
from models.export_bundle import export_bundle
from models.preprocess import standard_frame, standardise
from tests.support.untrained_weights import write_untrained_weights

NAME = "whole_hand"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_untrained_weights(tmp_path_factory.mktemp("weights"))


def shipped_months(weights: Path, images: torch.Tensor, male: torch.Tensor) -> np.ndarray:
    network = registry.load(NAME, directory=weights).network
    with torch.inference_mode():
        both = [network(view, male).age_months for view in (images, images.flip(3))]
    return torch.stack(both).mean(0).numpy()


@pytest.mark.parametrize("shipped", [True, False], ids=["shipped", "untrained"])
def test_onnx_reads_as_the_network_in_another_runtime(shipped: bool, weights: Path, tmp_path: Path) -> None:
    folder = registry.SHIPPED if shipped else weights
    path = export_onnx(NAME, tmp_path, weights_directory=folder)
    size = registry.verify(NAME, directory=folder).input_size
    images = torch.rand(3, 1, size, size, generator=torch.Generator().manual_seed(0))
    male = torch.tensor([0.0, 1.0, 1.0])
    runtime = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (months,) = runtime.run(["age_months"], {"image": images.numpy(), "male": male.numpy()})
    expected = shipped_months(folder, images, male)
    assert months.shape == (3, 1)
    assert months[:, 0] == pytest.approx(expected, abs=1e-3)
    assert np.ptp(expected) > 0.1
    described = json.loads((tmp_path / f"{NAME}.onnx.json").read_text())
    assert described["sha256"] == registry.verify(NAME, directory=folder).sha256


def test_the_onnx_file_is_valid_by_the_standards_own_checker(weights: Path, tmp_path: Path) -> None:
    onnx.checker.check_model(str(export_onnx(NAME, tmp_path, weights_directory=weights)), full_check=True)


def test_without_the_package_onnx_it_is_said_what_to_install(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "find_spec", lambda _name: None)
    with pytest.raises(ValueError, match=r"pip install 'dicom-node\[export\]'"):
        export_onnx(NAME, tmp_path, weights_directory=weights)


def test_an_exported_reading_is_never_below_birth() -> None:
    class Negative(torch.nn.Module):
        def forward(self, image: torch.Tensor, male: torch.Tensor) -> SimpleNamespace:
            return SimpleNamespace(age_months=male - 9)

    assert FlipAveraged(Negative())(torch.zeros(2, 1, 4, 4), torch.tensor([0.0, 1.0])).tolist() == [[0.0], [0.0]]


def test_the_bundle_run_by_monai_reads_as_the_shipped_network(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = export_bundle(NAME, tmp_path / "bundles", weights_directory=weights)
    frames = [np.random.default_rng(n).integers(0, 255, (90 + 40 * n, 110), dtype=np.uint8) for n in range(3)]
    write_data(tmp_path / "data", frames)
    monkeypatch.setattr(sys, "path", list(sys.path))
    months = run_bundle(root, tmp_path / "data")
    inputs = torch.from_numpy(np.stack([standardise((frame / 255).astype(np.float32), 64) for frame in frames]))[
        :, None
    ]
    expected = shipped_months(weights, inputs, torch.tensor([0.0, 1.0, 0.0]))
    assert months == pytest.approx(list(expected), abs=1e-3)
    assert np.ptp(expected) > 0.05


def test_the_bundle_of_a_reader_that_crops_takes_the_hands_box_with_each_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = cropping_weights(tmp_path / "weights")
    root = export_bundle(NAME, tmp_path / "bundles", weights_directory=weights)
    frames = [np.zeros((120, 110), np.uint8) for _ in range(2)]
    for n, frame in enumerate(frames):
        frame[30 : 60 + 20 * n, 50:70] = 200  # what lies in the box and what lies in the frame look different
    boxes = [(0.1, 0.2, 0.7, 0.9), (0.3, 0.0, 1.0, 0.8)]
    write_data(tmp_path / "data", frames, boxes)
    monkeypatch.setattr(sys, "path", list(sys.path))
    months = run_bundle(root, tmp_path / "data")
    standard = [standard_frame((frame / 255).astype(np.float32)) for frame in frames]
    inputs = [network_input(frame, 64, box=Box(*box)) for frame, box in zip(standard, boxes, strict=True)]
    expected = shipped_months(weights, torch.stack(inputs), torch.tensor([0.0, 1.0]))
    uncropped = torch.stack([network_input(frame, 64) for frame in standard])
    assert months == pytest.approx(list(expected), abs=1e-3)
    assert np.abs(shipped_months(weights, uncropped, torch.tensor([0.0, 1.0])) - expected).max() > 1e-2
    assert registry.verify("hand_detector").sha256 in (root / "docs" / "README.md").read_text()


def test_monais_loader_gives_the_network_and_which_weights_it_is(weights: Path, tmp_path: Path) -> None:
    export_bundle(NAME, tmp_path, weights_directory=weights)
    network, facts, _ = bundle.load(NAME, bundle_dir=tmp_path, load_ts_module=True, device="cpu")
    images, male = torch.rand(4, 1, 64, 64), torch.tensor([0.0, 1.0, 1.0, 0.0])
    assert network(images, male)[:, 0].numpy() == pytest.approx(shipped_months(weights, images, male), abs=1e-3)
    assert facts["weights_sha256"] == registry.verify(NAME, directory=weights).sha256


def test_the_bundle_carries_terms_intended_use_and_shapes(weights: Path, tmp_path: Path) -> None:
    root = export_bundle(NAME, tmp_path, weights_directory=weights)
    metadata, card = (
        json.loads((root / "configs" / "metadata.json").read_text()),
        registry.verify(NAME, directory=weights),
    )
    assert metadata["copyright"] == card.terms
    assert metadata["intended_use"] == card.intended_use
    assert metadata["network_data_format"]["inputs"]["image"]["spatial_shape"] == [64, 64]
    assert card.intended_use in (root / "docs" / "README.md").read_text()


def run_bundle(root: Path, data: Path) -> list[float]:
    """Months of 0.png, 1.png, ..., by MONAI's own workflow."""
    workflow = ConfigWorkflow(
        str(root / "configs" / "inference.json"), workflow_type="infer", bundle_root=str(root),
        dataset_dir=str(data), device="cpu",
    )  # fmt: skip
    workflow.initialize()
    assert workflow.check_properties() == []
    workflow.run()
    with (root / "eval" / "predictions.csv").open(newline="") as file:
        months = {Path(row[0]).stem: float(row[1]) for row in csv.reader(file)}
    return [months[str(n)] for n in range(len(months))]


def cropping_weights(folder: Path) -> Path:
    """Untrained weights whose card names the detector that ships."""
    write_untrained_weights(folder)
    card = registry.verify(NAME, directory=folder)
    detector = Detector("hand_detector", registry.verify("hand_detector").sha256)
    write_card(replace(card, hand_detector=detector), folder / f"{NAME}.json")
    return folder


def write_data(folder: Path, frames: list[np.ndarray], boxes: Sequence[tuple[float, ...]] = ()) -> None:
    """Images and the dataset.json that the bundle reads; every second one is a boy's."""
    folder.mkdir()
    for n, frame in enumerate(frames):
        cv2.imwrite(str(folder / f"{n}.png"), frame)
    items = [
        {"image": f"{n}.png", "male": float(n % 2)} | ({"box": boxes[n]} if boxes else {}) for n in range(len(frames))
    ]
    (folder / "dataset.json").write_text(json.dumps({"test": items}))
