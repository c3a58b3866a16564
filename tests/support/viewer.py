"""OHIF in headless Chromium, from the packages that tests/viewer/package.json pins: what it decodes and draws.

`python -m tests.support.viewer OUTPUT`: the gallery's child of ten in OHIF, as OUTPUT/window-OT.png, -SR and -DX.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dicom_node.operate.gallery.cases import gallery
from dicom_node.report.build import build_objects
from tests.support import orthanc, tools
from tests.support.headers import report_context

DRIVER = Path(__file__).parents[1] / "viewer/show.mjs"
TIMEOUT_S = 600.0


@dataclass(frozen=True)
class ShownImage:
    """decoded: (H, W) or (H, W, 3) as the viewer holds it; canvas: (H, W, 3) uint8, the viewport as it is drawn."""

    decoded: NDArray[Any]
    canvas: NDArray[np.uint8]


@dataclass(frozen=True)
class Listed:
    """A display set of the viewer's list. unsupported: the viewer says that it cannot show it."""

    modality: str
    unsupported: bool


@dataclass(frozen=True)
class ShownStudy:
    """images: by SOP Instance UID. report: the lines of the window where a report is drawn over its image."""

    listed: tuple[Listed, ...]
    images: dict[str, ShownImage]
    report: tuple[str, ...]


def require() -> None:
    """End the test where Node, Chromium or the packages are missing: skipped, and failed where CI is set."""
    tools.require("node")
    tools.require("chromium")
    if not (DRIVER.parent / "node_modules/@ohif/app").is_dir():
        tools.absent("OHIF is not installed (npm ci --prefix tests/viewer)")


def shown(server: str, study_uid: str, folder: Path) -> ShownStudy:
    """Open a study of a DICOMweb server in OHIF, with its images and reports. One that is not shown fails the test."""
    result = tools.run("node", DRIVER, server, study_uid, folder, timeout_s=TIMEOUT_S)
    assert result.returncode == 0, result.stderr
    display_sets = json.loads(result.stdout)
    images = [image for each in display_sets for image in each.get("images", ())]
    return ShownStudy(
        tuple(Listed(each["modality"], each["unsupported"]) for each in display_sets),
        {image["instance"]: _image(image, folder) for image in images},
        tuple(line for each in display_sets for line in each.get("text", "").splitlines()),
    )


def _image(image: dict[str, Any], folder: Path) -> ShownImage:
    kind = np.dtype(image["type"].removesuffix("Array").lower())
    decoded = np.fromfile(folder / f"{image['instance']}.raw", kind)
    shape = (image["rows"], image["columns"], *((3,) if decoded.size > image["rows"] * image["columns"] else ()))
    canvas = np.asarray(Image.open(folder / f"{image['instance']}.png").convert("RGB"))
    return ShownImage(decoded.reshape(shape), canvas)


def main(folder: Path) -> None:
    """Draw the pictures of docs/results/viewers.md."""
    folder.mkdir(parents=True, exist_ok=True)
    (child,) = (each for each in gallery() if each.name == "age-10")
    context = report_context(presentation_state=True, picture_side_px=1024)
    built = [one.dataset for one in build_objects(child.case, context) if one.kind != "report-fallback"]
    with orthanc.running(folder / "orthanc", dicomweb=True) as archive:
        for number, ds in enumerate([child.source, *built]):
            ds.save_as(path := folder / f"{number}.dcm", enforce_file_format=True)
            archive.store(path)
        print(shown(archive.url, child.source.StudyInstanceUID, folder).listed)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
