"""reading.json: what was made of an image version, for people and for the next start. Pure; no patient data."""

from collections.abc import Mapping
from typing import Any

from dicom_node import __version__
from dicom_node.settings import Route
from pipelines.contract import ModelIdentity, Pipeline, Reading, Refusal


def reading_summary(route: Route, pipeline: Pipeline, reading: Reading, seconds: Mapping[str, float]) -> dict[str, Any]:
    """Of an image that was read. seconds: by stage."""
    return _frame("read", route, pipeline, reading.models, seconds, route.destinations) | {
        "bone_age_months": reading.bone_age_months,
        "interval_months": reading.interval_months,
        "readings": [
            {
                "sex": str(each.sex),
                "reader": each.reader,
                "bone_age_months": each.bone_age_months,
                "interval_months": each.interval_months,
            }
            for each in reading.readings
        ],
        "warnings": [str(code) for code in reading.warnings],
    }


def refusal_summary(
    route: Route, pipeline: Pipeline, refusal: Refusal, seconds: Mapping[str, float], destinations: tuple[str, ...]
) -> dict[str, Any]:
    """Of an image that was not read. destinations: none where there are no objects."""
    return _frame("refused", route, pipeline, refusal.models, seconds, destinations) | {
        "refusal": {"code": str(refusal.code), "detail": refusal.detail}
    }


def _frame(
    status: str,
    route: Route,
    pipeline: Pipeline,
    models: tuple[ModelIdentity, ...],
    seconds: Mapping[str, float],
    destinations: tuple[str, ...],
) -> dict[str, Any]:
    return {
        "status": status,
        "route": route.name,
        "destinations": list(destinations),
        "pipeline": {"name": pipeline.name, "fingerprint": pipeline.fingerprint},
        "models": [{"name": each.name, "version": each.version, "sha256": each.sha256} for each in models],
        "software_version": __version__,
        "seconds": dict(seconds),
    }
