"""How like the clean image an improved one is, beside methods that learnt nothing (BoNet+ gives no such figures)."""

from collections.abc import Callable, Mapping, Sequence

import cv2
import numpy as np
import torch
from monai.metrics import SSIMMetric
from numpy.typing import NDArray

from models.degradation.kinds import DAMAGES, Kind
from models.evaluation.poor.conditions import Condition
from models.phantom.damage import Pixels
from models.preprocess import shrink, stretched_frame
from models.quality.improving import psnr_db

Method = Callable[[Pixels, Pixels], Pixels]
"""Poor and clean pixels -> improved; of the clean ones only what damage was done is looked at, never what it hid."""


def non_local_means(poor: Pixels, _clean: Pixels) -> Pixels:
    """Buades et al. 2005, as OpenCV has it: h is the noise's SD, a weak exposure's at middle brightness."""
    photons = DAMAGES[Kind.NOISE].strength
    grey = np.round(poor.clip(0, 1) * 255).astype(np.uint8)
    deviation = 255 * float(np.percentile(poor, 99.5)) * (0.5 / photons) ** 0.5
    return np.asarray(cv2.fastNlMeansDenoising(grey, None, max(deviation, 1.0)) / 255, dtype=np.float32)


def inpainted(poor: Pixels, clean: Pixels) -> Pixels:
    """Telea 2004, as OpenCV has it, told exactly where the label lies."""
    grey = np.round(poor.clip(0, 1) * 255).astype(np.uint8)
    covered = ((poor != clean) * 255).astype(np.uint8)
    box = cv2.boundingRect(covered)
    mask = np.zeros_like(covered)
    mask[box[1] : box[1] + box[3], box[0] : box[0] + box[2]] = 255
    return np.asarray(cv2.inpaint(grey, mask, 3, cv2.INPAINT_TELEA) / 255, dtype=np.float32)


def bicubic(poor: Pixels, clean: Pixels) -> Pixels:
    """The few pixels that were left, enlarged by bicubic instead of linear interpolation."""
    factor = DAMAGES[Kind.LOW_RESOLUTION].strength
    height, width = poor.shape
    small = cv2.resize(clean, (int(width / factor), int(height / factor)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1), dtype=np.float32)


UNLEARNT: Mapping[Kind, tuple[str, Method]] = {
    Kind.NOISE: ("non-local means", non_local_means),
    Kind.LABEL: ("inpainting", inpainted),
    Kind.LOW_RESOLUTION: ("bicubic", bicubic),
}


def unlearnt(condition: Condition, poor: Sequence[Pixels], clean: Sequence[Pixels]) -> tuple[str, list[Pixels]] | None:
    """The method that suits the damage, and what it makes; None where there is none."""
    if len(condition.kinds) != 1 or condition.kinds[0] not in UNLEARNT:
        return None
    name, method = UNLEARNT[condition.kinds[0]]
    return name, [method(*both) for both in zip(poor, clean, strict=True)]


def likeness(images: Sequence[Pixels], clean: Sequence[Pixels], size: int) -> tuple[float, float]:
    """Mean PSNR in dB and mean SSIM (Wang et al. 2004) at a side of `size` pixels, in the tone of the clean images.

    Each image gets the brightness and contrast with which it is nearest to its clean one: readers make both standard.
    """
    truth = _small(clean, size)
    seen = torch.stack([_toned(one, other) for one, other in zip(_small(images, size), truth, strict=True)])
    psnr = [psnr_db(one.numpy(), other.numpy()) for one, other in zip(seen, truth, strict=True)]
    ssim = SSIMMetric(spatial_dims=2, data_range=1.0)(seen, truth)
    return float(np.mean(psnr)), float(torch.as_tensor(ssim).mean())


def _small(images: Sequence[Pixels], size: int) -> torch.Tensor:
    frames: NDArray[np.float32] = np.stack([stretched_frame(pixels) for pixels in images])
    return shrink(torch.from_numpy(frames)[:, None], size)


def _toned(image: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """The image times the factor, plus the offset, that leave the least squared error."""
    centred = image - image.mean()
    factor = (centred * truth).sum() / centred.square().sum().clamp_min(1e-9)
    return (factor * centred + truth.mean()).clamp(0, 1)
