"""How an image is shown, told to a presentation state as the image tells it (PS3.3 C.11.1, C.11.6, C.11.8).

A state replaces all of the image's own transformations: what it leaves out is not applied.
"""

import numpy as np
from numpy.typing import NDArray
from pydicom import DataElement, Dataset
from pydicom.uid import ExplicitVRBigEndian

from dicom_node.report.identity import copied


def copy_look(ds: Dataset, header: Dataset) -> None:
    """Modality LUT, VOI LUT, polarity and pixel aspect ratio of the source into the state."""
    _copy_modality(ds, header)
    voi = _voi(header)
    if voi is not None:
        ds.SoftcopyVOILUTSequence = [voi]
    ds.PresentationLUTShape = "INVERSE" if _inverted(header) else "IDENTITY"
    aspect = copied(header, "PixelAspectRatio")
    if aspect is not None and aspect.VM == 2:
        ds.DisplayedAreaSelectionSequence[0].PresentationPixelAspectRatio = list(aspect.value)


def _copy_modality(ds: Dataset, header: Dataset) -> None:
    table = _table(header, "ModalityLUTSequence")
    if table is not None:
        ds.ModalityLUTSequence = [table]
        return
    slope, intercept = copied(header, "RescaleSlope"), copied(header, "RescaleIntercept")
    if slope is None or intercept is None:
        return
    ds["RescaleSlope"], ds["RescaleIntercept"] = slope, intercept
    kind = copied(header, "RescaleType")
    ds.RescaleType = str(kind.value) if kind is not None else "US"


def _voi(header: Dataset) -> Dataset | None:
    """The table or window that the node reads by: the first of each, a table before a window."""
    item = Dataset()
    table = _table(header, "VOILUTSequence", shown=True)
    if table is not None:
        item.VOILUTSequence = [table]
        return item
    centre, width = _first(header, "WindowCenter"), _first(header, "WindowWidth")
    function = str(header.get("VOILUTFunction") or "LINEAR")
    if centre is None or width is None or width <= (1 if function == "LINEAR" else 0):
        return None
    item.WindowCenter, item.WindowWidth = centre, width
    if function in ("LINEAR_EXACT", "SIGMOID"):
        item.VOILUTFunction = function
    return item


def _first(header: Dataset, keyword: str) -> float | None:
    element = copied(header, keyword)
    if element is None:
        return None
    return float(element.value[0] if element.VM > 1 else element.value)


def _table(header: Dataset, keyword: str, *, shown: bool = False) -> Dataset | None:
    """The first table in 16-bit words, its VRs settled: without the source's Pixel Representation nobody could later.

    shown: the table's output is brightness, so that its depth may be stretched to 16 bits, as validators want it.
    """
    element = copied(header, keyword)
    if element is None:
        return None
    source = element.value[0]
    try:
        entries, first, bits = _descriptor(source, header)
        values = _entries(source, entries, header)
    except (AttributeError, ValueError, TypeError):
        return None  # a part is missing, or is no number
    if bits not in (8, 16):
        top = max(2**bits - 1, int(values.max()))
        values = np.round(values * (65535 / top)) if shown else values
        bits = 16
    table = Dataset()
    table.add(DataElement("LUTDescriptor", "SS" if first < 0 else "US", [entries % 2**16, first, bits]))
    table.add(DataElement("LUTData", "OW", values.astype("<u2").tobytes()))
    if keyword == "ModalityLUTSequence":
        table.ModalityLUTType = str(source.get("ModalityLUTType") or "US")
    return table


def _descriptor(source: Dataset, header: Dataset) -> tuple[int, int, int]:
    """Entries, the first value mapped (signed where the pixels are), and bits an entry (PS3.3 C.11.1.1.1)."""
    entries, first, bits = (int(value) for value in source.LUTDescriptor)
    signed = header.get("PixelRepresentation") == 1
    first = first - 2**16 if signed and first >= 2**15 else first + 2**16 if not signed and first < 0 else first
    return entries % 2**16 or 2**16, first, bits


def _entries(source: Dataset, entries: int, header: Dataset) -> NDArray[np.float64]:
    data = source.LUTData
    if not isinstance(data, bytes):
        return np.atleast_1d(np.asarray(data, dtype=np.float64))
    meta = getattr(header, "file_meta", Dataset())
    order = ">" if meta.get("TransferSyntaxUID") == ExplicitVRBigEndian else "<"
    kind = f"{order}u2" if len(data) >= 2 * entries else "u1"
    return np.frombuffer(data, dtype=kind, count=entries).astype(np.float64)


def _inverted(header: Dataset) -> bool:
    return header.get("PhotometricInterpretation") == "MONOCHROME1" or header.get("PresentationLUTShape") == "INVERSE"
