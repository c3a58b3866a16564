"""`python -m tests.support.validators`: what dciodvfy says of every object, into docs/results/validators.md.

A table for each profile of a destination: a row a variant, a column a kind of object, a cell the number of errors.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from dicom_node.report.contract import ObjectKind
from tests.support.variants import PROFILES, VARIANTS, Verdict, validated

DOCUMENT = Path(__file__).parents[2] / "docs/results/validators.md"
HEADINGS = {
    ObjectKind.REPORT: "report",
    ObjectKind.REPORT_FALLBACK: "fallback",
    ObjectKind.CAPTURE: "capture",
    ObjectKind.PRESENTATION: "boxes",
}
Verdicts = Mapping[ObjectKind, Verdict]
_MARK = "<!-- written by python -m tests.support.validators -->\n"
_TABLE = re.compile(r"^### (?P<profile>.+)\n\n(?P<lines>(?:\|.*\n)+)", re.MULTILINE)


def main() -> None:
    """Validate everything, and write the document's tables anew below its mark."""
    above = DOCUMENT.read_text(encoding="utf-8").partition(_MARK)[0]
    verdicts = {profile: dict(_judged(profile)) for profile in PROFILES}
    DOCUMENT.write_text(above + _MARK + "\n".join(document(verdicts)) + "\n", encoding="utf-8")


def document(verdicts: Mapping[str, Mapping[str, Verdicts]]) -> Iterator[str]:
    """Lines below the mark. verdicts: by profile, variant and kind of object."""
    every = [one for variants in verdicts.values() for kinds in variants.values() for one in kinds.values()]
    errors = sum(len(one.errors) for one in every)
    yield f"\n{len(every)} objects, {errors} errors.\n"
    for profile, variants in verdicts.items():
        yield f"### {profile}\n"
        yield f"| variant | {' | '.join(HEADINGS.values())} |"
        yield f"|---|{len(HEADINGS) * '--:|'}"
        for variant, kinds in variants.items():
            yield f"| {variant} | {' | '.join(_cell(kinds.get(kind)) for kind in HEADINGS)} |"
        yield ""
    yield "### Warnings\n"
    for warning, count in sorted(Counter(_kind_of(line) for one in every for line in one.warnings).items()):
        yield f"- {count} times: `{warning}`"


def tables(text: str) -> dict[str, list[tuple[str, list[str]]]]:
    """The tables of the document: by profile, each row's variant and cells."""
    return {
        match["profile"]: [_row(line) for line in match["lines"].splitlines()[2:]] for match in _TABLE.finditer(text)
    }


def _judged(profile: str) -> Iterator[tuple[str, Verdicts]]:
    for variant, case in VARIANTS.items():
        with TemporaryDirectory() as folder:
            yield variant, validated(case(), profile, Path(folder))
        print(f"{profile}: {variant}", file=sys.stderr, flush=True)


def _cell(verdict: Verdict | None) -> str:
    return "-" if verdict is None else str(len(verdict.errors))


def _row(line: str) -> tuple[str, list[str]]:
    variant, *cells = (cell.strip() for cell in line.strip("|").split("|"))
    return variant, cells


def _kind_of(warning: str) -> str:
    """A warning with the attribute that it is about, without that one's place in the object."""
    attribute = re.search(r"/(\w+)\([0-9a-f]{4},[0-9a-f]{4}\)>", warning)
    said = re.sub(r"</[^>]*>\s*-?\s*", "", warning.removeprefix("Warning - "))
    return f"{attribute[1]}: {said}" if attribute else said


if __name__ == "__main__":
    main()
