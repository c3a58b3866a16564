"""Headers of hand radiographs as modalities write them, of invented patients, and readings of them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import ComputedRadiographyImageStorage, DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

from dicom_node.report.build import build_objects
from dicom_node.report.contract import (
    AnyCase,
    EarlierReading,
    ObjectKind,
    Predecessor,
    ReadCase,
    RefusedCase,
    ReportContext,
)
from dicom_node.report.predecessor import predecessor
from dicom_node.report.subject import chronological_age_months, patient_sex
from pipelines.contract import (
    Bone,
    Enhancement,
    FoundBone,
    ImageQuality,
    Maturity,
    ModelIdentity,
    ReaderReading,
    Reading,
    Refusal,
    RefusalCode,
    ScaleEnd,
    Sex,
    WarningCode,
)

MODEL = ModelIdentity("whole-hand", "1.0.0", "5f" * 32)
OTHER_MODEL = ModelIdentity("regression-cnn", "2.0.0", "6e" * 32)


def dx_header(
    *,
    name: str = "Beispiel^Kind",
    character_set: str | Sequence[str] | None = "ISO_IR 100",
    sex: str = "F",
    birth_date: str = "20151104",
    laterality: str = "L",
    photometric: str = "MONOCHROME2",
    rows: int = 250,
    columns: int = 200,
) -> Dataset:
    """A DX FOR PRESENTATION header without pixels, as it comes out of a file: text decoded from its character set."""
    ds = Dataset()
    if character_set is not None:
        ds.SpecificCharacterSet = character_set
    _add_identity(ds, name, sex, birth_date)
    _add_series(ds)
    _add_image(ds, laterality, photometric, rows, columns)
    return reread(ds)


def _add_identity(ds: Dataset, name: str, sex: str, birth_date: str) -> None:
    ds.PatientName, ds.PatientID, ds.IssuerOfPatientID = name, "INV-000123", "INVENTED"
    ds.PatientBirthDate, ds.PatientSex, ds.PatientAge = birth_date, sex, "010Y"
    ds.StudyInstanceUID = "2.25.1001"
    ds.StudyDate, ds.StudyTime, ds.StudyID = "20260112", "101500", "S42"
    ds.AccessionNumber, ds.ReferringPhysicianName = "A000042", "Muster^Referrer"
    ds.StudyDescription = "Hand left"
    procedure = Dataset()
    procedure.CodeValue, procedure.CodingSchemeDesignator, procedure.CodeMeaning = "37362-1", "LN", "XR Bone age"
    ds.ProcedureCodeSequence = [procedure]


def _add_series(ds: Dataset) -> None:
    ds.SOPClassUID, ds.SOPInstanceUID = DigitalXRayImageStorageForPresentation, "2.25.1003"
    ds.SeriesInstanceUID, ds.SeriesNumber, ds.InstanceNumber = "2.25.1002", 1, 1
    ds.Modality, ds.SeriesDescription = "DX", "Hand a.p."
    ds.Manufacturer, ds.ManufacturerModelName, ds.StationName = "Invented X-ray Works", "Ray 3000", "ROOM1"
    ds.DeviceSerialNumber, ds.SoftwareVersions = "X-77", ["2.1", "rev 4"]
    ds.InstitutionName = "Invented Clinic"
    ds.AcquisitionDate, ds.AcquisitionTime = "20260112", "101710.5"


def _add_image(ds: Dataset, laterality: str, photometric: str, rows: int, columns: int) -> None:
    ds.ImageType = ["ORIGINAL", "PRIMARY", ""]
    ds.PresentationIntentType = "FOR PRESENTATION"
    ds.BodyPartExamined, ds.ViewPosition, ds.ImageLaterality = "HAND", "AP", laterality
    ds.PatientOrientation = ["L", "F"]
    ds.Rows, ds.Columns, ds.SamplesPerPixel = rows, columns, 1
    ds.PhotometricInterpretation = photometric
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.ImagerPixelSpacing = [0.139, 0.139]
    ds.LossyImageCompression, ds.BurnedInAnnotation = "00", "NO"
    region = Dataset()
    region.CodeValue, region.CodingSchemeDesignator = codes.SCT.Hand.value, "SCT"
    region.CodeMeaning = "Hand"
    ds.AnatomicRegionSequence = [region]


def sparse_header() -> Dataset:
    """A CR header with little but its UIDs: no names, no dates, nothing of the image."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = ComputedRadiographyImageStorage, "2.25.2003"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = "2.25.2001", "2.25.2002"
    return reread(ds)


def reread(ds: Dataset) -> Dataset:
    """The header as it is after a journey through a file."""
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    buffer.seek(0)
    return dcmread(buffer)


def reading_of(
    sex: Sex | None = Sex.FEMALE,
    *,
    bone_age_months: float = 123.4,
    shape: tuple[int, int] = (250, 200),
    warnings: tuple[WarningCode, ...] = (),
    models: tuple[ModelIdentity, ...] = (MODEL,),
) -> Reading:
    """A reading with an interval of 14 months to either side; without a sex, one for each."""
    sexes = (sex,) if sex else (Sex.FEMALE, Sex.MALE)
    readings = tuple(
        ReaderReading(one, "whole_hand", age, (age - 14.3, age + 13.6))
        for one, age in zip(sexes, (bone_age_months, bone_age_months + 9), strict=False)
    )
    return Reading(
        bone_age_months=readings[0].bone_age_months if sex else None,
        interval_months=readings[0].interval_months if sex else None,
        readings=readings,
        sex=sex,
        method="Whole-hand regression, trained on Greulich and Pyle ratings",
        heatmap_months=spots(shape),
        models=models,
        warnings=warnings,
    )


def spots(shape: tuple[int, int]) -> NDArray[np.float32]:
    """(H, W) float32 months: two warm places on a cool ground."""
    rows, columns = np.mgrid[0 : 1 : complex(shape[0]), 0 : 1 : complex(shape[1])]
    near = [np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 0.01) for y, x in ((0.75, 0.5), (0.4, 0.45))]
    return (300 * near[0] + 180 * near[1] - 5).astype(np.float32)


def case_of(header: Dataset, reading: Reading | None = None) -> ReadCase:
    """A case as the worker makes it: age and sex from the header, pixels from a ramp."""
    shape = (int(header.get("Rows") or 250), int(header.get("Columns") or 200))
    sex = patient_sex(header)
    missing = () if sex else (WarningCode.SEX_MISSING,)
    pixels = np.linspace(0, 1, shape[0] * shape[1], dtype=np.float32).reshape(shape)
    return ReadCase(
        header=header,
        pixels=pixels,
        reading=reading or reading_of(sex, shape=shape, warnings=missing),
        age_months=chronological_age_months(header),
    )


def bones_of(rows: int = 250, columns: int = 200, *, level: int | None = None) -> tuple[FoundBone, ...]:
    """All 13 bones as made-up boxes in three rows, with fractions of pixels; the first has a bone age of its own."""
    height, width = rows / 8, columns / 8
    places = [(0.05 + 0.18 * (n % 5), 0.1 + 0.3 * (n // 5)) for n in range(len(Bone))]
    return tuple(
        FoundBone(
            bone,
            left := round(columns * x, 2),
            top := round(rows * y, 2),
            round(left + width, 2),
            round(top + height, 2),
            score=0.975,
            level=level,
            level_score=None if level is None else 5 * level,
            bone_age_months=118.3 if bone is Bone.RADIUS else None,
            interval_months=(104.9, 131.7) if bone is Bone.RADIUS else None,
        )
        for bone, (x, y) in zip(Bone, places, strict=True)
    )


def full_reading(sex: Sex | None = Sex.FEMALE) -> Reading:
    """A reading with everything that a pipeline may say: bones, another reader, quality, an improved image."""
    plain = reading_of(sex, models=(MODEL, OTHER_MODEL), warnings=(WarningCode.RIGHT_HAND,))
    one = plain.readings[0]
    others = tuple(
        replace(each, reader=OTHER_MODEL.name, bone_age_months=each.bone_age_months - 4) for each in plain.readings
    )
    unqualified = replace(one, reader="levels", bone_age_months=99.9, qualified=False)
    return replace(
        plain,
        readings=(*plain.readings, *others, unqualified),
        bones=bones_of(level=8),
        maturity=tuple(maturity_of(each.sex) for each in plain.readings),
        quality=ImageQuality.POOR,
        enhancements=(Enhancement("clahe", one, replace(one, bone_age_months=126.1), in_front=False),),
    )


def maturity_of(sex: Sex = Sex.FEMALE, end: ScaleEnd | None = None) -> Maturity:
    """A total score of about half the scale."""
    return Maturity("RUS-CHN", "grader", "levels of phantoms", sex, 520.04, 1000, 118.66, (108.2, 128.8), end)


def earlier_of() -> tuple[EarlierReading, ...]:
    """Two earlier readings of the child of `dx_header`."""
    return EarlierReading(84.2, 78.0, date(2022, 11, 9)), EarlierReading(101.0, 98.5, date(2024, 4, 2))


def full_case(header: Dataset | None = None) -> ReadCase:
    """A case with everything in it."""
    given = dx_header() if header is None else header
    return replace(case_of(given, full_reading(patient_sex(given))), earlier=earlier_of())


def refused_case(
    header: Dataset | None = None, code: RefusalCode = RefusalCode.SATURATED, *, pixels: bool = True
) -> RefusedCase:
    """A refusal of the radiograph that `case_of` reads."""
    given = dx_header() if header is None else header
    shown = case_of(given).pixels if pixels else None
    return RefusedCase(given, Refusal(code, "62 % of the frame is white.", (MODEL,)), shown)


def predecessor_of(case: AnyCase, context: ReportContext, reason: str = "sex corrected") -> Predecessor:
    """The reports of a case, as what the next one supersedes."""
    kinds = (ObjectKind.REPORT, ObjectKind.REPORT_FALLBACK)
    reports = [one for one in build_objects(case, context) if one.kind in kinds]
    return predecessor(((one.compression, one.dataset) for one in reports), reason)


def report_context(**changes: object) -> ReportContext:
    """A context with a fixed clock."""
    values: dict[str, object] = {
        "content_sha256": "ab" * 32,
        "pipeline_name": "bone_age",
        "pipeline_fingerprint": "c0ffee" * 10 + "beef",
        "software_version": "0.1.0",
        "now": datetime(2026, 1, 12, 10, 18, 30, 250000, tzinfo=UTC),
        "station_ae_title": "BONEAGE",
        "picture_side_px": 512,
    }
    return ReportContext(**{**values, **changes})  # type: ignore[arg-type]
