"""A presentation state drawn over its image looks as a viewer would show it."""

from datetime import date

import numpy as np
from PIL import Image
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from dicom_node.operate.gallery.cases import gallery
from dicom_node.operate.gallery.state import over_image
from dicom_node.report.contract import ReadCase, RefusedCase
from dicom_node.report.presentation import build_presentation
from dicom_node.report.uids import result_uids
from pipelines.contract import Bone
from tests.support.headers import bones_of, dx_header, full_case, report_context


def source(photometric: str) -> Dataset:
    """A ramp that grows brighter to the right, whatever the photometric interpretation."""
    ds = dx_header(photometric=photometric)
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.WindowCenter, ds.WindowWidth = "2048", "4096"
    ramp = np.tile(np.linspace(0, 4095, 200).astype(np.uint16), (250, 1))
    ds.PixelData = (4095 - ramp if photometric == "MONOCHROME1" else ramp).tobytes()
    return ds


def drawn(photometric: str) -> Image.Image:
    image, context = source(photometric), report_context(presentation_state=True)
    case = full_case(image)
    state = build_presentation(case, context, result_uids(case, context))
    assert state is not None
    return over_image(image, state)


def test_both_polarities_look_the_same() -> None:
    first, second = (np.asarray(drawn(each)).astype(int) for each in ("MONOCHROME1", "MONOCHROME2"))
    assert np.abs(first - second).max() <= 1
    assert first[245, 195].mean() > first[245, 5].mean() + 200


def test_boxes_lie_where_the_bones_are() -> None:
    pixels = np.asarray(drawn("MONOCHROME2")).astype(int)
    blue = pixels[..., 2] - pixels[..., 0] > 100
    for bone in bones_of()[:5]:
        assert blue[round(bone.top) : round(bone.bottom), round(bone.left) - 1 : round(bone.left) + 2].any(axis=1).all()


def test_the_gallery_shows_three_readings_with_all_bones_and_a_refusal() -> None:
    shown = gallery()
    assert [type(each.case) for each in shown] == [ReadCase] * 3 + [RefusedCase]
    for each in shown[:3]:
        assert isinstance(each.case, ReadCase)
        assert {bone.bone for bone in each.case.reading.bones} == set(Bone)
        assert all(earlier.on < date(2026, 1, 15) for earlier in each.case.earlier)
