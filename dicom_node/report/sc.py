"""The secondary capture: the picture with what a PACS needs around it (PS3.3 A.8.1, C.8.6)."""

from functools import cache

from highdicom import UID
from highdicom.sc import ConversionTypeValues, SCImage
from highdicom.sr import CodedConcept
from PIL import ImageCms
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage
from pydicom.valuerep import DA, TM

from dicom_node.report import codes, identity
from dicom_node.report.contract import AnyCase, BuiltObject, ObjectKind, ReadCase, ReportContext, models_of
from dicom_node.report.encoding import compress
from dicom_node.report.picture import Imprint, Pixels, Shown, draw_picture
from dicom_node.report.rendition import PictureCompression
from dicom_node.report.subject import hand_laterality, identity_lines
from dicom_node.report.summary import superseding_words
from dicom_node.report.uids import ResultUids
from dicom_node.report.words import words_of_use

SERIES_DESCRIPTION = "Bone age heatmap (AI, research use only)"
REFUSAL_DESCRIPTION = "Bone age not read (AI, research use only)"
_SERIES = "capture"


def build_captures(case: AnyCase, context: ReportContext, uids: ResultUids) -> tuple[BuiltObject, ...]:
    """Single-frame RGB in the source's study, drawn once, one object for each compression that is wanted."""
    pixels = draw_picture(case.pixels, _shown(case, context), _imprint(context))
    return tuple(
        BuiltObject(ObjectKind.CAPTURE, _capture(pixels, case, context, uids, compression), compression)
        for compression in context.compressions
    )


def _shown(case: AnyCase, context: ReportContext) -> Shown:
    identity_words = identity_lines(case.header) if context.burn_in_identity else ()
    supersedes = superseding_words(case.predecessor) if case.predecessor else ""
    if not isinstance(case, ReadCase):
        return Shown(case.refusal, identity=identity_words, supersedes=supersedes)
    return Shown(case.reading, case.age_months, hand_laterality(case.header), case.earlier, identity_words, supersedes)


def _imprint(context: ReportContext) -> Imprint:
    return Imprint(
        pipeline_name=context.pipeline_name,
        software_version=context.software_version,
        site_words=context.site_words,
        side_px=context.picture_side_px,
        font_file=context.font_file,
    )


def _capture(
    pixels: Pixels, case: AnyCase, context: ReportContext, uids: ResultUids, compression: PictureCompression
) -> Dataset:
    source = identity.reference(case.header)
    ds = SCImage(
        pixel_array=pixels,
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=("L", "F"),  # asked for by highdicom; the source's replaces it in _describe
        study_instance_uid=source.StudyInstanceUID,
        series_instance_uid=uids.series(_SERIES),
        series_number=context.series_number + 1,
        sop_instance_uid=uids.instance(ObjectKind.CAPTURE, SecondaryCaptureImageStorage, compression),
        instance_number=1,
        manufacturer=identity.MANUFACTURER,
        series_description=SERIES_DESCRIPTION if isinstance(case, ReadCase) else REFUSAL_DESCRIPTION,
        transfer_syntax_uid=ExplicitVRLittleEndian,
    )
    identity.complete(ds, case.header, models_of(case), context)
    _describe(ds, case, context)
    compress(ds, pixels, compression)
    return ds


def _describe(ds: Dataset, case: AnyCase, context: ReportContext) -> None:
    """What highdicom leaves out: derivation, region, capture device, colour, compression, burned-in text."""
    ds.ConversionType = ConversionTypeValues.WSD.value
    ds.ImageType = ["DERIVED", "SECONDARY", "OTHER"]
    what = "Bone age heatmap over the radiograph" if isinstance(case, ReadCase) else "No bone age was read"
    ds.DerivationDescription = f"{what}. {words_of_use(context.site_words)}"[:1024]
    ds.SourceImageSequence = [_source_item(case.header)]
    ds.DateOfSecondaryCapture, ds.TimeOfSecondaryCapture = DA(ds.ContentDate), TM(ds.ContentTime)
    ds.SecondaryCaptureDeviceManufacturer = identity.MANUFACTURER
    ds.SecondaryCaptureDeviceManufacturerModelName = identity.MODEL_NAME
    ds.SecondaryCaptureDeviceSoftwareVersions = context.software_version[:64]
    if context.station_ae_title:
        ds.SecondaryCaptureDeviceID = context.station_ae_title
    ds.BodyPartExamined = "HAND"
    laterality = hand_laterality(case.header)
    if laterality is not None:
        ds.ImageLaterality = laterality.value
    else:
        ds.Laterality = None  # a hand is one of a pair, so the series must speak of it (PS3.3 C.7.3.1)
    orientation = identity.copied(case.header, "PatientOrientation")
    ds.PatientOrientation = orientation.value if orientation is not None and orientation.VM == 2 else None
    ds.ICCProfile, ds.ColorSpace = srgb_profile(), "SRGB"
    _inherit_compression(ds, case.header)
    if context.burn_in_identity:
        ds.BurnedInAnnotation = "YES"
    elif case.header.get("BurnedInAnnotation") in ("YES", "NO"):
        ds.BurnedInAnnotation = case.header.BurnedInAnnotation


def _source_item(header: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = UID(header.SOPClassUID), UID(header.SOPInstanceUID)
    item.PurposeOfReferenceCodeSequence = [CodedConcept.from_code(codes.SOURCE_FOR_PROCESSING)]
    return item


def _inherit_compression(ds: Dataset, header: Dataset) -> None:
    """A lossy source stays lossy for ever (PS3.3 C.7.6.1.1.5)."""
    ds.LossyImageCompression = "00"
    if header.get("LossyImageCompression") == "01":
        ds.LossyImageCompression = "01"
        for keyword in ("LossyImageCompressionRatio", "LossyImageCompressionMethod"):
            element = identity.copied(header, keyword)
            if element is not None:
                ds[keyword] = element


@cache
def srgb_profile() -> bytes:
    """An sRGB ICC profile as an input device's (PS3.3 C.11.15.1.1), the same bytes each time."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[12:16] = b"scnr"
    profile[24:36] = bytes((7, 0xD0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0))  # 2000-01-01, not the time of this call
    profile[84:100] = bytes(16)  # no profile ID: it would be a hash of the above
    return bytes(profile)
