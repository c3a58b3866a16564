"""An answer as a row of the table that is kept while a node is tried out. Pure."""

from dataclasses import replace
from datetime import datetime

from dicom_node.settings import Route
from dicom_node.spool.commissioned import KeptReading
from dicom_node.spool.origin import Provenance
from pipelines.contract import Pipeline, Reading, Refusal


def kept_row(
    key: str, source: Provenance, route: Route, pipeline: Pipeline, answer: Reading | Refusal, *, now: datetime
) -> KeptReading:
    """The reading in front with its interval, or the code of the refusal."""
    row = KeptReading(key, source.sop_instance_uid, now, route.name, pipeline.fingerprint)
    if isinstance(answer, Refusal):
        return replace(row, refusal=str(answer.code))
    return replace(
        row,
        sex=str(answer.sex or ""),
        bone_age_months=answer.bone_age_months,
        interval_months=answer.interval_months,
        warnings=tuple(str(code) for code in answer.warnings),
    )
