"""What a result shares with its source and its maker: patient, study, character set, equipment, times."""

from collections.abc import Iterable
from copy import deepcopy
from datetime import datetime

from highdicom import ContributingEquipment
from pydicom import DataElement, Dataset, config
from pydicom.dataelem import RawDataElement, convert_raw_data_element
from pydicom.valuerep import DA, DT, TM, validate_value

from dicom_node.report import codes, uids
from dicom_node.report.contract import ReportContext
from dicom_node.report.text import (
    UTF_8,
    decode_texts,
    keeps_character_set,
    settle_texts,
    terms_of,
    text_as_it_is,
)
from pipelines.contract import ModelIdentity

MANUFACTURER = "dicom-node project"
MODEL_NAME = "dicom-node bone age"

_TYPE_2 = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
    "StudyID",
    "AccessionNumber",
)
"""Present in every result, empty where the source has nothing (PS3.3 C.7.1.1, C.7.2.1)."""

_TYPE_3 = (
    "IssuerOfPatientID",
    "TypeOfPatientID",
    "IssuerOfPatientIDQualifiersSequence",
    "OtherPatientIDsSequence",
    "OtherPatientNames",
    "PatientBirthTime",
    "EthnicGroup",
    "PatientComments",
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "DeidentificationMethodCodeSequence",
    "StudyDescription",
    "IssuerOfAccessionNumberSequence",
    "PhysiciansOfRecord",
    "NameOfPhysiciansReadingStudy",
    "ProcedureCodeSequence",
    "PatientAge",
    "PatientSize",
    "PatientWeight",
    "AdmissionID",
    "AdditionalPatientHistory",
    "ClinicalTrialSponsorName",
    "ClinicalTrialProtocolID",
    "ClinicalTrialProtocolName",
    "ClinicalTrialSiteID",
    "ClinicalTrialSiteName",
    "ClinicalTrialSubjectID",
    "ClinicalTrialSubjectReadingID",
    "ClinicalTrialTimePointID",
    "ClinicalTrialTimePointDescription",
)
"""Patient, General Study, Patient Study and Clinical Trial attributes, copied where the source has them."""

_EQUIPMENT = ("Manufacturer", "ManufacturerModelName", "StationName", "DeviceSerialNumber", "SoftwareVersions")
_STRICT_VRS = frozenset({"AS", "CS", "DA", "DS", "TM"})


def reference(header: Dataset) -> Dataset:
    """The least that highdicom's constructors ask of a source: its UIDs, and type 2 attributes that are empty.

    The rest is copied by `complete`, so that no odd value of a source can stop a result.
    """
    bare = Dataset()
    for keyword in _TYPE_2:
        setattr(bare, keyword, None)
    bare.SOPClassUID, bare.SOPInstanceUID = header.SOPClassUID, header.SOPInstanceUID
    bare.StudyInstanceUID, bare.SeriesInstanceUID = uids.study_uid(header), uids.series_uid(header)
    return bare


def complete(ds: Dataset, header: Dataset, models: Iterable[ModelIdentity], context: ReportContext) -> None:
    """Add to a result everything that SR and secondary capture have in common."""
    own_text = f"{context.site_words}{context.institution_name}"
    as_it_is = keeps_character_set(header, (*_TYPE_2, *_TYPE_3, *_EQUIPMENT, "InstitutionName"), own_text)
    _copy_patient_and_study(ds, header, as_it_is=as_it_is)
    _set_character_set(ds, header, as_it_is=as_it_is)
    _set_equipment(ds, header, models, context, as_it_is=as_it_is)
    _set_times(ds, context.now)
    ds.file_meta.ImplementationClassUID = uids.IMPLEMENTATION_CLASS_UID
    ds.file_meta.ImplementationVersionName = f"DCMNODE {context.software_version}"[:16]


def _copy_patient_and_study(ds: Dataset, header: Dataset, *, as_it_is: bool) -> None:
    for keyword in (*_TYPE_2, *_TYPE_3):
        element = _transferred(header, keyword, as_it_is=as_it_is)
        if element is not None:
            ds[keyword] = element
        elif keyword in _TYPE_2:
            setattr(ds, keyword, None)


def copied(header: Dataset, keyword: str, *, decode: bool = True) -> DataElement | None:
    """An element of the source, decoded from its character set; None where it is absent, empty or unreadable.

    decode: the items of a sequence too. Dates, times, ages, codes and numbers that break their VR count as unreadable.
    Names and identifiers are never judged: a result that differs from its source there would be lost in the PACS.
    """
    try:
        element = deepcopy(_element(header, keyword))
    except (KeyError, ValueError, TypeError, ArithmeticError, NotImplementedError):
        return None  # absent, or text that is no number where one belongs
    if element.is_empty:
        return None
    if decode:
        decode_texts(element)
    if element.VR in _STRICT_VRS and not _is_valid(element):
        return None
    return element


def _element(header: Dataset, keyword: str) -> DataElement:
    """The element, decoded without leaving it so in the header: its bytes may be wanted for another result."""
    element = header.get_item(keyword)
    if isinstance(element, RawDataElement):
        return convert_raw_data_element(element, encoding=header.original_character_set, ds=header)
    return header[keyword]


def _is_valid(element: DataElement) -> bool:
    values = element.value if element.VM > 1 else [element.value]
    try:
        for value in values:
            validate_value(element.VR, str(value), config.RAISE)
    except ValueError:
        return False
    return True


def _transferred(header: Dataset, keyword: str, *, as_it_is: bool) -> DataElement | None:
    """An element for a result; as_it_is: with its bytes, where it is text."""
    if as_it_is and (kept := text_as_it_is(header, keyword, terms_of(header))) is not None:
        return kept
    element = copied(header, keyword, decode=not as_it_is)
    if element is not None and as_it_is and element.VR == "SQ":
        settle_texts(element.value, terms_of(header))
    return element


def _set_character_set(ds: Dataset, header: Dataset, *, as_it_is: bool) -> None:
    """The source's, or UTF-8 (PS3.3 C.12.1.1.2)."""
    ds.pop("SpecificCharacterSet", None)
    terms = terms_of(header)
    if not as_it_is:
        ds.SpecificCharacterSet = UTF_8
    elif terms:
        ds.SpecificCharacterSet = terms if len(terms) > 1 else terms[0]


def _set_equipment(
    ds: Dataset, header: Dataset, models: Iterable[ModelIdentity], context: ReportContext, *, as_it_is: bool
) -> None:
    """General Equipment is this node; the modality and each model contributed (PS3.3 C.7.5.1, C.12.1.1.5)."""
    ds.Manufacturer, ds.ManufacturerModelName = MANUFACTURER, MODEL_NAME
    ds.DeviceSerialNumber = context.pipeline_fingerprint[:16] or "unknown"
    ds.SoftwareVersions = [context.software_version[:64], f"pipeline {context.pipeline_name}"[:64]]
    if context.station_ae_title:
        ds.StationName = context.station_ae_title
    institution = _transferred(header, "InstitutionName", as_it_is=as_it_is)
    if institution is not None:
        ds["InstitutionName"] = institution
    elif context.institution_name:
        ds.InstitutionName = context.institution_name
    ds.ContributingEquipmentSequence = [
        *_modality(header, as_it_is=as_it_is),
        *(_algorithm(model, context.now) for model in models),
    ]


def _modality(header: Dataset, *, as_it_is: bool) -> list[Dataset]:
    if copied(header, "Manufacturer") is None:
        return []
    item = ContributingEquipment("", codes.ACQUISITION_EQUIPMENT)
    for keyword in _EQUIPMENT:
        element = _transferred(header, keyword, as_it_is=as_it_is)
        if element is not None:
            item[keyword] = element
    return [item]


def _algorithm(model: ModelIdentity, now: datetime) -> Dataset:
    item = ContributingEquipment(
        MANUFACTURER,
        codes.PROCESSING_EQUIPMENT,
        manufacturer_model_name=model.name[:64],
        software_versions=model.version[:64],
        contribution_datetime=DT(now),
        contribution_description=f"Neural network, weights sha256 {model.sha256}",
    )
    item.DeviceUID = uids.device_uid(model.sha256)
    return item


def _set_times(ds: Dataset, now: datetime) -> None:
    today, time = DA(now.date()), TM(now.time().replace(tzinfo=None))
    ds.InstanceCreationDate, ds.InstanceCreationTime = today, time
    ds.SeriesDate, ds.SeriesTime = today, time
    ds.ContentDate, ds.ContentTime = today, time
