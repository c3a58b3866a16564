"""The whole-hand reader: a squashed frame, cropped to the hand where the weights were trained so, and the sex in;
months and a regression activation map out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, cast

import numpy as np
import torch
from monai.inferers import SimpleInferer
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict

from models.attention.coarse import WHOLE, Box, on_pixels
from models.attention.stack import network_input
from models.calibration import Calibration, apply, require_weights
from models.calibration_file import fingerprint, read_calibration
from models.detection.hand import find_hands
from models.loaded import WholeHandOutput
from models.preprocess import FRAME_PX, standard_frame
from models.registry import LoadedModel
from pipelines.contract import HandRadiograph, ModelIdentity, ReaderReading, Sex, WarningCode
from pipelines.heatmap import View, measured_centres
from pipelines.readers.contract import Answer, Request

Maps = NDArray[np.float32]


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("give an absolute path")
    return path


class WholeHandParameters(BaseModel):
    """The reader's parameters in the YAML file."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    flip_averaging: bool = True
    """Read the frame and its mirror image, and give the mean."""
    calibration: Annotated[Path, AfterValidator(_absolute)] | None = None
    """A file of `dicom-node calibrate` for these weights: the site's bias is taken off; null reads as shipped."""


@dataclass(frozen=True)
class _Input:
    """image: (C, S, S) float32 in [0, 1] of what lies in the box of a frame."""

    image: torch.Tensor
    box: Box


class WholeHandReader:
    """Reads with one network; the interval and the aspect it was trained for come from the model's card.

    With a site's calibration its bias is taken off the age, and the interval is the site's; the map keeps the months
    of the network, and the version in results ends in + and the calibration's hash. Raises ValueError for a
    calibration that is missing, altered or of other weights.
    """

    Parameters = WholeHandParameters

    def __init__(self, model: LoadedModel, parameters: WholeHandParameters, *, device: str = "cpu") -> None:
        card = model.card
        self.name = card.name
        self._site = _calibration(parameters.calibration, model.sha256)
        sha256 = fingerprint(self._site) if self._site else ""
        self.identity = ModelIdentity(card.name, card.version + (f"+{sha256[:8]}" if sha256 else ""), model.sha256)
        self.calibration = f"{card.reading_interval()!r} {sha256}".rstrip()
        self.select_mae_months = card.metrics.get("select_mae_months")
        self._card = card
        self._interval = self._site.interval if self._site else card.reading_interval()
        self._network = model.network
        self._hand_detector = model.hand_detector
        self.detectors = tuple(_identity(each) for each in (model.hand_detector,) if each is not None)
        self._device = device
        self._flips = (False, True) if parameters.flip_averaging else (False,)
        self._infer = SimpleInferer()
        self._centres = measured_centres(model.network, card.input_size, device, len(card.channels))

    def read(self, requests: Sequence[Request]) -> list[Answer]:
        """All requests and their mirror images go through the network as one batch."""
        if not requests:
            return []
        radiographs = {id(request.radiograph): request.radiograph for request in requests}
        seen = dict(zip(radiographs, self._prepared(list(radiographs.values())), strict=True))
        inputs = [seen[id(request.radiograph)] for request in requests]
        return self._answers(requests, inputs, self._run(requests, torch.stack([each.image for each in inputs])))

    def _answers(
        self, requests: Sequence[Request], inputs: Sequence["_Input"], output: WholeHandOutput
    ) -> list[Answer]:
        """One a request, from its rows of the output: as it is, then mirrored."""
        months = output.age_months.reshape(len(self._flips), -1).mean(0).tolist()
        maps = output.activation_months.unflatten(0, (len(self._flips), -1)).cpu().numpy()
        return [
            self._answer(request, self._corrected(months[index], request.sex), maps[:, index], inputs[index].box)
            for index, request in enumerate(requests)
        ]

    def _prepared(self, radiographs: Sequence[HandRadiograph]) -> list["_Input"]:
        """What the network sees of each, and where in its frame that is."""
        frames = np.stack([standard_frame(radiograph.pixels) for radiograph in radiographs])
        boxes = [WHOLE] * len(frames)
        if self._hand_detector is not None:
            boxes = find_hands(frames, self._hand_detector, device=self._device)
        size, channels = self._card.input_size, self._card.channels
        return [
            _Input(network_input(frame, size, channels, box), on_pixels(box, FRAME_PX))
            for frame, box in zip(frames, boxes, strict=True)
        ]

    def _run(self, requests: Sequence[Request], images: torch.Tensor) -> WholeHandOutput:
        """Rows: every request as it is, then every request mirrored."""
        male = torch.tensor([float(request.sex is Sex.MALE) for request in requests])
        views = torch.cat([images.flip(3) if flip else images for flip in self._flips])
        males = male.repeat(len(self._flips))
        with torch.inference_mode():
            output = self._infer(views.to(self._device), self._network, males.to(self._device))
        return cast(WholeHandOutput, output)  # MONAI's annotation knows tensors only

    def _corrected(self, months: float, sex: Sex) -> float:
        return apply(self._site, months, sex.value) if self._site else max(0.0, months)

    def _answer(self, request: Request, months: float, maps: Maps, box: Box) -> Answer:
        """maps: (flips, h, w) activations of this request, over a box of its frame."""
        height, width = request.radiograph.pixels.shape
        views = [View(values, flip) for values, flip in zip(maps, self._flips, strict=True)]
        heatmap_months = self._centres.over_frame(views, height, width, box)
        low, high = self._interval.around(months)
        reading = ReaderReading(request.sex, self.name, months, (max(0.0, low), high))
        return Answer(reading, heatmap_months, self._warnings(request))

    def _warnings(self, request: Request) -> tuple[WarningCode, ...]:
        height, width = request.radiograph.pixels.shape
        least, most = self._card.aspect_range
        return (
            ()
            if least <= request.radiograph.pixel_aspect * height / width <= most
            else (WarningCode.OUTSIDE_TRAINING_ASPECT,)
        )


def _identity(model: LoadedModel) -> ModelIdentity:
    return ModelIdentity(model.card.name, model.card.version, model.sha256)


def _calibration(path: Path | None, sha256: str) -> Calibration | None:
    """The site's calibration, once it is known to be of the weights with this hash."""
    if path is None:
        return None
    calibration = read_calibration(path)
    require_weights(calibration, sha256)
    return calibration
