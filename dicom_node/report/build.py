"""All objects of one reading."""

from dicom_node.report.contract import BuiltObject, ObjectKind, ReadCase, ReportContext
from dicom_node.report.sc import build_capture
from dicom_node.report.sr import build_report
from dicom_node.report.uids import result_uids


def build_objects(case: ReadCase, context: ReportContext) -> tuple[BuiltObject, ...]:
    """The report, its fallback and the capture, in this order, all in the source's study.

    The same case and context give the same objects. The source must have SOPClassUID and SOPInstanceUID; anything
    else may be missing.
    """
    uids = result_uids(case, context)
    capture = build_capture(case, context, uids)
    reports = (
        BuiltObject(kind, build_report(kind, case, context, uids, capture))
        for kind in (ObjectKind.REPORT, ObjectKind.REPORT_FALLBACK)
    )
    return (*reports, BuiltObject(ObjectKind.CAPTURE, capture))
