"""Printing it: a line for each thing, or one JSON object."""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import typer

from dicom_node.errors import SpoolUnwritable
from dicom_node.operate.finding import Level
from dicom_node.operate.status.judgement import judge
from dicom_node.operate.status.snapshot import take
from dicom_node.settings import load


def show_status(config: Path, *, as_json: bool) -> int:
    """Print how the node is; 1 if something needs a person. Raises SettingsInvalid, SpoolUnwritable."""
    settings = load(config)
    try:
        snapshot = take(settings, datetime.now().astimezone())
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SpoolUnwritable(f"{settings.storage.directory}: {reason}; see storage.directory") from None
    findings = list(judge(snapshot))
    needs_person = any(finding.level is Level.FAIL for finding in findings)
    if as_json:
        document = asdict(snapshot) | {"needs_person": needs_person, "findings": [asdict(each) for each in findings]}
        typer.echo(json.dumps(document, indent=1, default=str))
    else:
        for finding in findings:
            typer.echo(finding.line())
    return int(needs_person)
