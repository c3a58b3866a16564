"""A reader whose card names a detector is given the hand's box: in training, in evaluation, and in the pipeline."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save
from torch import nn

from models.attention.channel import Channel
from models.attention.coarse import WHOLE, Box, crop
from models.attention.stack import stack_channels
from models.card import Card, Detector, Task, read_card, write_card
from models.data.batches import RadiographDataset
from models.detection.hand import find_hands
from models.evaluation.activation import CELLS, hiding_changes, over_frame, read_maps
from models.evaluation.readings import cropped, read_months, read_with
from models.evaluation.robustness import damaged_set
from models.evaluation.subject import subject_of
from models.loaded import WholeHandOutput
from models.networks import build_network
from models.networks.faster_rcnn import Target
from models.package import package
from models.registry import LoadedModel, load, verify
from models.training.run import train
from pipelines.contract import HandRadiograph, Laterality, Reading, Sex
from pipelines.read import StagedPipeline
from pipelines.readers.whole_hand import WholeHandParameters, WholeHandReader
from pipelines.stages.mirror import MirrorRight
from tests.support.marked import known_detector
from tests.support.radiographs import bright_with_age
from tests.support.readers import CARD, AreaMeans, OffCentre, loaded
from tests.unit.test_pipeline_heatmap import SPEC, centre, spot

BOX = (0.2, 0.1, 0.8, 0.9)
ATTENTION = (Channel.COARSE, Channel.FINE)


class FindsBright(nn.Module):
    """Finds the box around what is bright."""

    def forward(self, images: torch.Tensor) -> list[Target]:
        found = []
        for image in images:
            rows, columns = torch.nonzero(image[0] > 0.5, as_tuple=True)
            box = torch.stack([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]).float()
            found.append({"boxes": box[None], "labels": torch.ones(1, dtype=torch.int64), "scores": torch.ones(1)})
        return found


class Brightness(nn.Module):
    """Reads the mean brightness of its input as months."""

    def forward(self, images: torch.Tensor, male: torch.Tensor) -> WholeHandOutput:
        maps = nn.functional.adaptive_avg_pool2d(images, 8)[:, 0] * 100
        return WholeHandOutput(maps.mean((1, 2)), maps, torch.zeros_like(male))


def finds_bright() -> LoadedModel:
    card = replace(CARD, task=Task.DETECTION, interval=None, classes=("hand",))
    return LoadedModel(FindsBright().eval(), card, "b" * 64)


def reader(network: nn.Module, detector: LoadedModel | None) -> LoadedModel:
    return replace(loaded(network), hand_detector=detector)


def test_training_is_given_what_lies_in_the_boxes() -> None:
    radiographs = replace(bright_with_age(2), boxes={1: Box(*BOX)})
    for channels in (ATTENTION, (Channel.FRAME,)):
        dataset = RadiographDataset(radiographs, channels)
        for n, box in enumerate((WHOLE, Box(*BOX))):
            expected = stack_channels(radiographs.frames[n], channels, box)
            assert np.array_equal((dataset[n]["image"] * 255).round().numpy(), expected)


def test_what_was_computed_for_training_is_not_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = RadiographDataset(replace(bright_with_age(2), boxes={1: Box(*BOX)}), ATTENTION)
    first = dataset[1]["image"]
    monkeypatch.setattr("models.data.batches.stack_channels", None)
    assert torch.equal(dataset[1]["image"], first)


def test_a_set_keeps_its_boxes_when_a_part_is_taken() -> None:
    radiographs = replace(bright_with_age(2), boxes={1: Box(*BOX)})
    (split,) = {label.split for label in radiographs.labels}
    assert radiographs.take([split]).boxes == {1: Box(*BOX)}


def test_evaluation_reads_the_box_that_the_models_detector_finds() -> None:
    radiographs, model = bright_with_age(3), reader(Brightness(), finds_bright())
    boxes = dict(enumerate(find_hands(radiographs.frames, finds_bright())))
    boxed = replace(radiographs, boxes=boxes)
    months = subject_of(model, "cpu").read(radiographs)
    assert months == pytest.approx(read_months(Brightness(), boxed, CARD.input_size))
    assert (months > read_months(Brightness(), radiographs, CARD.input_size) + 5).all()


def test_hands_are_found_again_on_damaged_images() -> None:
    image = np.zeros((299, 299), np.uint8)
    image[100:200, 20:90] = 200
    model, labels = reader(Brightness(), finds_bright()), bright_with_age(1).labels
    turned = damaged_set([image[:, ::-1]], labels, None)
    as_it_was = damaged_set([image], labels, None)
    there, before = cropped(turned, model).boxes[0], cropped(as_it_was, model).boxes[0]
    assert there.left == pytest.approx(1 - before.right, abs=0.02)
    assert read_with(model, turned) == pytest.approx(read_with(model, as_it_was), abs=1)


def test_without_a_detector_nothing_is_cropped() -> None:
    radiographs = bright_with_age(2)
    assert cropped(radiographs, reader(Brightness(), None)) is radiographs


def test_a_map_over_a_box_is_carried_to_its_place_in_the_frame() -> None:
    values = np.zeros((6, 6), np.float32)
    values[4, 1] = 1
    carried = over_frame(values, Box(*BOX))
    row, column = np.unravel_index(carried.argmax(), (CELLS, CELLS))
    assert (row + 0.5) / CELLS == pytest.approx(0.1 + 0.8 * 4.5 / 6, abs=0.03)
    assert (column + 0.5) / CELLS == pytest.approx(0.2 + 0.6 * 1.5 / 6, abs=0.03)
    assert carried[:5].max() == carried[:, :10].max() == 0


def test_where_a_cropped_network_looks_is_said_of_the_frame_and_hidden_in_it() -> None:
    frames = np.full((2, 299, 299), 40, np.uint8)
    frames[:, 120:150, 180:210] = 255
    radiographs = replace(bright_with_age(2), frames=frames, boxes={0: Box(0.5, 0.3, 0.9, 0.7), 1: WHOLE})
    _, maps = read_maps(Brightness(), radiographs, 96)
    for values in maps:
        row, column = np.unravel_index(values.argmax(), values.shape)
        assert (row / CELLS, column / CELLS) == pytest.approx((135 / 299, 195 / 299), abs=0.06)
    changes = hiding_changes(Brightness(), radiographs, 96)
    assert changes.strongest.shape == (2,)


@pytest.mark.parametrize("right", [False, True])
@pytest.mark.parametrize("flips", [False, True])
@pytest.mark.parametrize("network", [AreaMeans, OffCentre])
def test_a_spots_map_lies_at_the_same_place_with_and_without_the_crop(
    network: type[nn.Module], flips: bool, right: bool
) -> None:
    (box,) = find_hands(np.zeros((1, 299, 299), np.uint8), known_detector(BOX, 1.0))
    for y, x in ((0.35, 0.4), (0.5, 0.7), (0.7, 0.55)):
        pixels = spot(480, 300, y, x, 0.04)
        maps = [_heatmap(network(), pixels, flips, right, detector) for detector in (None, known_detector(BOX, 1.0))]
        for heatmap in maps:
            assert heatmap.shape == (480, 300)
            assert centre(heatmap) == pytest.approx((y, x), abs=0.012)
        outside = np.ones((480, 300), bool)
        outside[
            round(box.top * 480) - 2 : round(box.bottom * 480) + 2,
            round(box.left * 300) - 2 : round(box.right * 300) + 2,
        ] = False
        assert maps[1][outside].max() == 0


def _heatmap(
    network: nn.Module, pixels: np.ndarray, flips: bool, right: bool, detector: LoadedModel | None
) -> np.ndarray:
    side = Laterality.RIGHT if right else Laterality.LEFT
    read = WholeHandReader(reader(network, detector), WholeHandParameters(flip_averaging=flips))
    radiograph = HandRadiograph(pixels, sex=Sex.FEMALE, laterality=side)
    (reading,) = StagedPipeline(SPEC, [MirrorRight()], [read]).read([radiograph])
    assert isinstance(reading, Reading)
    return reading.heatmap_months


def test_a_pipeline_names_the_detector_and_another_detector_is_another_pipeline() -> None:
    def pipeline(detector: LoadedModel | None) -> StagedPipeline:
        return StagedPipeline(SPEC, [], [WholeHandReader(reader(AreaMeans(), detector), WholeHandParameters())])

    found, other = known_detector(BOX, 1.0), replace(known_detector(BOX, 1.0), sha256="6" * 64)
    assert [each.sha256 for each in pipeline(found).models] == [loaded(AreaMeans()).sha256, found.sha256]
    assert len({pipeline(each).fingerprint for each in (None, found, other)}) == 3


def test_the_pipeline_reads_what_evaluation_reads() -> None:
    frame = bright_with_age(1).frames[0]
    model = reader(Brightness(), finds_bright())
    pixels = (frame / 255).astype(np.float32)
    pipeline = StagedPipeline(SPEC, [], [WholeHandReader(model, WholeHandParameters())])
    (reading,) = pipeline.read([HandRadiograph(pixels, sex=Sex.FEMALE)])
    assert isinstance(reading, Reading)
    clean = damaged_set([frame], bright_with_age(1).labels, None)
    assert reading.bone_age_months == pytest.approx(read_with(model, clean)[0], abs=1e-3)


def _write_detector(folder: Path, name: str = "hand_detector", seed: int = 0) -> Card:
    """Untrained weights that are sure of the first place they look at."""
    torch.manual_seed(seed)
    parameters = {"widths": [8, 8, 8, 8], "pyramid": 8, "hidden": 8, "anchors": [[32], [48], [64]], "classes": 1}
    network = build_network("faster_rcnn", parameters)
    nn.init.constant_(network.get_submodule("heads.box_predictor.cls_score").bias[1:], 9.0)  # type: ignore[index]
    blob = save({key: value.contiguous() for key, value in network.state_dict().items()})
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.safetensors").write_bytes(blob)
    card = replace(
        CARD, name=name, sha256=hashlib.sha256(blob).hexdigest(), architecture="faster_rcnn", parameters=parameters,
        task=Task.DETECTION, interval=None, classes=("hand",), input_size=64,
    )  # fmt: skip
    write_card(card, folder / f"{name}.json")
    return card


RECIPE = """name: tiny
architecture: whole_hand
parameters: {widths: [4, 4, 4, 8], depths: [1, 1, 1, 1]}
channels: [coarse]
hand_boxes: hand_detector
phantoms: {train: 4, select: 2, calibrate: 19, test: 2}
phases: [{epochs: 1, size: 32}]
batch_size: 2
bfloat16: false
"""


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reader that was trained on phantoms with a detector's boxes, and packaged beside that detector."""
    folder = tmp_path_factory.mktemp("crop")
    _write_detector(folder / "weights")
    (folder / "tiny.yaml").write_text(RECIPE, encoding="utf-8")
    run, at = folder / "run", folder / "weights"
    options = {"data": None, "cache": folder / "cache", "device": "cpu"}
    train(folder / "tiny.yaml", output=run, weights_directory=at, **options)  # type: ignore[arg-type]
    package(run, name="tiny", version="1", directory=at, **options)  # type: ignore[arg-type]
    return at


def test_the_card_of_a_reader_names_the_detector_it_was_trained_with(weights: Path) -> None:
    card, detector = read_card(weights / "tiny.json"), read_card(weights / "hand_detector.json")
    assert card.hand_detector == Detector("hand_detector", detector.sha256)
    assert verify("tiny", directory=weights) == card
    model = load("tiny", directory=weights)
    assert model.hand_detector is not None
    frames = bright_with_age(1)
    assert cropped(frames, model).boxes[0] != WHOLE


def test_a_reader_without_its_detector_or_with_another_one_is_not_loaded(weights: Path, tmp_path: Path) -> None:
    for suffix in (".json", ".safetensors"):
        (tmp_path / f"tiny{suffix}").write_bytes((weights / f"tiny{suffix}").read_bytes())
    card = read_card(tmp_path / "tiny.json")
    named = Detector("no_such_detector", "0" * 64)
    write_card(replace(card, hand_detector=named), tmp_path / "tiny.json")
    for ask in (load, verify):
        with pytest.raises(ValueError, match="no weights named 'no_such_detector' here"):
            ask("tiny", directory=tmp_path)
    write_card(card, tmp_path / "tiny.json")
    _write_detector(tmp_path, seed=1)
    for ask in (load, verify):
        with pytest.raises(
            ValueError, match=r"tiny reads hands that 'hand_detector' with sha256 .* found; the one here"
        ):
            ask("tiny", directory=tmp_path)


def test_a_card_of_before_there_were_detectors_names_none(weights: Path, tmp_path: Path) -> None:
    document = json.loads((weights / "tiny.json").read_text())
    del document["hand_detector"]
    (tmp_path / "old.json").write_text(json.dumps(document))
    assert read_card(tmp_path / "old.json").hand_detector is None


def test_the_crop_ends_on_pixels() -> None:
    frame = np.random.default_rng(0).integers(0, 255, (299, 299)).astype(np.uint8)
    assert crop(frame, Box(0.999, 0.999, 1.0, 1.0)).shape == (299, 299)
