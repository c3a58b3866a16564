"""All objects of one answer."""

from collections.abc import Iterator

from dicom_node.report.contract import AnyCase, BuiltObject, ObjectKind, ReadCase, RefusedCase, ReportContext
from dicom_node.report.presentation import build_presentation
from dicom_node.report.sc import build_captures
from dicom_node.report.sr import build_reports
from dicom_node.report.uids import ResultUids, result_uids


def build_objects(case: AnyCase, context: ReportContext) -> tuple[BuiltObject, ...]:
    """For each compression the report, its fallback and the capture, then the presentation state; all in one study.

    A refusal has a picture where the context says so, and never a presentation state; a reading has one where the
    context wants it and bones were found in a grey image. The same case and context give the same objects. The
    source must have SOPClassUID and SOPInstanceUID; anything else may be missing.
    """
    uids = result_uids(case, context)
    return tuple(_built(case, context, uids))


def _built(case: AnyCase, context: ReportContext, uids: ResultUids) -> Iterator[BuiltObject]:
    pictured = context.refusal_picture or not isinstance(case, RefusedCase)
    captures = build_captures(case, context, uids) if pictured else (None,)
    for capture in captures:
        yield from build_reports(case, context, uids, capture)
        if capture:
            yield capture
    if context.presentation_state and isinstance(case, ReadCase):
        presentation = build_presentation(case, context, uids)
        if presentation is not None:
            yield BuiltObject(ObjectKind.PRESENTATION, presentation)
