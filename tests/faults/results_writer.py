"""Writes the results of made-up cases, and says "made KEY" after each: a process for the power-loss scenario to trace.

python -m tests.faults.results_writer DIRECTORY COUNT
"""

import hashlib
import os
import sys
from dataclasses import replace
from pathlib import Path

from pydicom.uid import generate_uid

from dicom_node.report.build import build_objects
from dicom_node.spool.layout import Layout
from dicom_node.spool.results import NewObject, write_results
from tests.support.headers import case_of, dx_header, report_context

MADE = b"made "


def new_objects(number: int) -> list[NewObject]:
    """Report, fallback and picture of one case."""
    header = dx_header(rows=64, columns=50)
    header.SOPInstanceUID = generate_uid(entropy_srcs=["case", str(number)])
    context = replace(report_context(), content_sha256=key_of(number))
    return [
        NewObject(str(each.kind), each.dataset, str(each.compression))
        for each in build_objects(case_of(header), context)
    ]


def key_of(number: int) -> str:
    """64 hex digits."""
    return hashlib.sha256(f"case {number}".encode()).hexdigest()


def main(directory: Path, count: int) -> None:
    for number in range(count):
        write_results(Layout(directory), key_of(number), new_objects(number), {"status": "read", "destinations": []})
        os.write(1, MADE + key_of(number).encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
