"""Tables of what the node reads and writes: candidates, character sets, codes, objects. Pure."""

from pydicom.charset import python_encoding
from pydicom.sr.coding import Code

from dicom_node.operate.conformance.network import Rows
from dicom_node.report import codes
from dicom_node.report.contract import ObjectKind
from dicom_node.settings import Candidates
from pipelines.contract import RefusalCode, WarningCode


def candidates() -> Rows:
    """The conditions of a route with their defaults."""
    rows: Rows = [("condition", "default", "meaning")]
    for name, field in Candidates.model_fields.items():
        default = field.get_default(call_default_factory=True)
        shown = ", ".join(default) or "anything" if isinstance(default, tuple) else str(default).lower()
        rows.append((name, shown, " ".join((field.description or "").split()).rstrip(".")))
    return rows


def character_sets() -> Rows:
    """The defined terms whose text is understood; bytes under any other term are passed on as they are."""
    terms = [term for term in python_encoding if term.startswith(("ISO_IR", "ISO 2022 IR", "GB"))]
    return [("without code extensions", "with code extensions (ISO 2022)"), (_among(terms, False), _among(terms, True))]


def objects() -> Rows:
    """The kinds of results."""
    rows: Rows = [("kind", "what it is")]
    return rows + [(str(kind), _meaning(kind)) for kind in ObjectKind]


def private_codes() -> Rows:
    """Every code of the private scheme."""
    own = [each for each in vars(codes).values() if isinstance(each, Code)]
    own += [codes.warning_code(code) for code in WarningCode]
    own += [codes.refusal_code(code) for code in RefusalCode]
    rows: Rows = [("value", "meaning")]
    return rows + sorted({(each.value, each.meaning) for each in own if each.scheme_designator == codes.PRIVATE_SCHEME})


def standard_codes() -> Rows:
    """Standard codes that the results use by name."""
    own = [each for each in vars(codes).values() if isinstance(each, Code)]
    for group in vars(codes).values():
        if isinstance(group, dict):
            own += [each for each in group.values() if isinstance(each, Code)]
    rows: Rows = [("scheme", "value", "meaning")]
    standard = {
        (each.scheme_designator, each.value, each.meaning)
        for each in own
        if each.scheme_designator != codes.PRIVATE_SCHEME
    }
    return rows + sorted(standard)


def _among(terms: list[str], extensions: bool) -> str:
    return ", ".join(term for term in terms if term.startswith("ISO 2022") == extensions)


_MEANINGS = {
    ObjectKind.REPORT: "Comprehensive 3D SR, TID 1500",
    ObjectKind.REPORT_FALLBACK: "Enhanced SR with the same content, where the destination does not take the first",
    ObjectKind.CAPTURE: "Secondary Capture: radiograph, heatmap and panel, or the refusal in words",
    ObjectKind.PRESENTATION: "Grayscale Softcopy Presentation State: boxes and labels over the original",
}


def _meaning(kind: ObjectKind) -> str:
    return _MEANINGS[kind]
