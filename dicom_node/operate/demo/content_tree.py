"""The content tree of a Structured Report: walked, searched and written as text (PS3.3 C.17.3)."""

from collections.abc import Iterator

from pydicom import Dataset


def walk(item: Dataset, depth: int = 0) -> Iterator[tuple[int, Dataset]]:
    """Every content item with its depth, parents first; the root is the report itself."""
    yield depth, item
    for child in item.get("ContentSequence", ()):
        yield from walk(child, depth + 1)


def concept(item: Dataset) -> str:
    """The code value of the item's concept name, or nothing."""
    names = item.get("ConceptNameCodeSequence")
    return str(names[0].get("CodeValue") or names[0].get("LongCodeValue", "")) if names else ""


def find(root: Dataset, code_value: str) -> list[Dataset]:
    """The content items with this concept name, at any depth."""
    return [item for _, item in walk(root) if concept(item) == code_value]


def number(item: Dataset) -> float:
    """The value of a NUM item. Raises AttributeError or IndexError where it has none."""
    return float(item.MeasuredValueSequence[0].NumericValue)


def text(root: Dataset) -> str:
    """The tree as indented lines: relationship, value type, concept name and value."""
    return "".join(f"{'  ' * depth}{_line(item)}\n" for depth, item in walk(root))


def _line(item: Dataset) -> str:
    names = item.get("ConceptNameCodeSequence")
    meaning = names[0].CodeMeaning if names else "(no name)"
    relationship = item.get("RelationshipType", "ROOT")
    value = _value(item)
    return f"{relationship} {item.get('ValueType', '?')}: {meaning}" + (f" = {value}" if value else "")


def _value(item: Dataset) -> str:
    match item.get("ValueType"):
        case "NUM":
            measured = item.get("MeasuredValueSequence")
            return f"{float(measured[0].NumericValue):g} {_unit(measured[0])}".strip() if measured else "no value"
        case "CODE":
            code = item.ConceptCodeSequence[0]
            return f"{code.CodeMeaning} ({code.get('CodeValue')}, {code.get('CodingSchemeDesignator')})"
        case "IMAGE" | "COMPOSITE":
            return str(item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID)
        case "TEXT" | "UIDREF" | "PNAME" | "DATE" | "TIME" | "DATETIME" as kind:
            keyword = {"TEXT": "TextValue", "UIDREF": "UID", "PNAME": "PersonName"}.get(kind, kind.capitalize())
            return str(item.get("DateTime" if kind == "DATETIME" else keyword, ""))
        case _:
            return ""


def _unit(measured: Dataset) -> str:
    units = measured.get("MeasurementUnitsCodeSequence")
    return str(units[0].CodeValue) if units else ""
