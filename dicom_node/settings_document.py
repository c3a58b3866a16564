"""A YAML file with the line of each key, and its faults as lines that say what is allowed."""

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from dicom_node.errors import SettingsInvalid

Place = tuple[str | int, ...]
"""Keys and indices from the top of the document, as in ("peers", "pacs", "port")."""
Model = TypeVar("Model", bound=BaseModel)
FAULTS = "faults"


@dataclass(frozen=True)
class Fault:
    """What is wrong at a place, and what is allowed there instead; line: where it is not the place's first."""

    place: Place
    wrong: str
    allowed: str = ""
    line: int | None = None


def faults_error(faults: Iterable[Fault]) -> PydanticCustomError:
    """For a validator: one error of several faults, their places relative to the validated field."""
    return PydanticCustomError(FAULTS, "see its faults", {FAULTS: list(faults)})


@dataclass(frozen=True)
class Document:
    """A parsed file. lines: the line (from 1) of each place."""

    path: Path
    content: dict[str, Any]
    lines: Mapping[Place, int]
    duplicates: tuple[Fault, ...]

    @classmethod
    def read(cls, path: Path) -> "Document":
        """Raises SettingsInvalid where the file cannot be read, is no YAML, or is no mapping."""
        try:
            text = path.read_text(encoding="utf-8")
            root = yaml.compose(text, Loader=yaml.SafeLoader)
            content = yaml.safe_load(text)
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsInvalid(f"{path}: cannot be read: {type(error).__name__}") from None
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            raise SettingsInvalid(_yaml_fault(path, error)) from None
        if content is not None and not isinstance(content, dict):
            raise SettingsInvalid(f"{path}:1: not a mapping of keys to values")
        lines: dict[Place, int] = {(): 1}
        duplicates = tuple(_walk(root, (), lines, frozenset())) if root is not None else ()
        return cls(path, content or {}, lines, duplicates)

    def validate(self, model: type[Model], content: dict[str, Any], *, context: dict[str, Any]) -> Model:
        """The content as the model. Raises SettingsInvalid with a line for each fault, in the file's order.

        Validated as JSON and strictly: YAML's `yes` is no number and `8104` is no text.
        """
        faults = list(self.duplicates)
        try:
            settings = model.model_validate_json(json.dumps(content, default=str), strict=True, context=context)
        except ValidationError as error:
            schema = model.model_json_schema()
            for details in error.errors(include_url=False, include_input=False):
                faults += _faults(details, schema)
        except (TypeError, ValueError):
            raise SettingsInvalid(f"{self.path}:1: keys are not text, or the document contains itself") from None
        if faults:
            raise SettingsInvalid("\n".join(text for _line, text in sorted(map(self._located, faults))))
        return settings

    def _located(self, fault: Fault) -> tuple[int, str]:
        place = fault.place
        while place not in self.lines:
            place = place[:-1]
        line = fault.line or self.lines[place]
        allowed = f"; allowed: {fault.allowed}" if fault.allowed else ""
        key = _dotted(fault.place) or "the file"
        return line, f"{self.path}:{line}: {key}: {fault.wrong}{allowed}"


def _yaml_fault(path: Path, error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "cannot be parsed"
    return f"{path}:{mark.line + 1 if mark else 1}: not YAML: {problem}"


def _walk(node: yaml.Node, place: Place, lines: dict[Place, int], above: frozenset[int]) -> Iterator[Fault]:
    """Note each place's line; give keys that stand there twice (YAML would take the last one silently)."""
    if id(node) in above:
        return
    above |= {id(node)}
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            below = (*place, str(key.value))
            if below in lines:
                wrong = f"stands here twice, first in line {lines[below]}"
                yield Fault(below, wrong, "each key once", key.start_mark.line + 1)
                continue
            lines[below] = key.start_mark.line + 1
            yield from _walk(value, below, lines, above)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            lines[(*place, index)] = value.start_mark.line + 1
            yield from _walk(value, (*place, index), lines, above)


def _faults(details: ErrorDetails, schema: Mapping[str, Any]) -> Iterator[Fault]:
    place = tuple(part for part in details["loc"] if part != "[key]")
    if details["type"] == FAULTS:
        for fault in details["ctx"][FAULTS]:
            yield Fault((*place, *fault.place), fault.wrong, fault.allowed)
    elif details["type"] == "extra_forbidden":
        yield _unknown_key(place, schema)
    elif details["loc"][-1:] == ("[key]",):
        patterns = _schema_at(schema, place[:-1]).get("patternProperties", {})
        yield Fault(place, "not a name", f"names matching {' or '.join(patterns)}")
    else:
        says_all = details["type"] == "value_error"  # of a validator here, whose sentence says what is right
        yield Fault(place, _sentence(details), "" if says_all else _allowed(_schema_at(schema, place)))


def _sentence(details: ErrorDetails) -> str:
    if details["type"] == "missing":
        return "is missing"
    reason = (details.get("ctx") or {}).get("error")
    return str(reason) if isinstance(reason, ValueError) else details["msg"].replace("Input", "the value", 1)


def _unknown_key(place: Place, schema: Mapping[str, Any]) -> Fault:
    known = sorted(_schema_at(schema, place[:-1]).get("properties", {}))
    near = difflib.get_close_matches(str(place[-1]), known, n=2, cutoff=0.6)
    hint = f" (did you mean {' or '.join(near)}?)" if near else ""
    return Fault(place, f"unknown key{hint}", ", ".join(known))


def _schema_at(root: Mapping[str, Any], place: Place) -> Mapping[str, Any]:
    """The JSON schema of a place; empty where there is none."""
    schema = _resolved(root, root)
    for part in place:
        if isinstance(part, int):
            schema = schema.get("items", {})
        elif part in schema.get("properties", {}):
            schema = schema["properties"][part]
        else:
            schema = _any_property(schema)
        schema = _resolved(root, schema)
    return schema


def _any_property(schema: Mapping[str, Any]) -> Any:
    """The schema of a mapping's values, whatever their key."""
    for found in schema.get("patternProperties", {}).values():
        return found
    return schema.get("additionalProperties")


def _resolved(root: Mapping[str, Any], schema: Any) -> Mapping[str, Any]:
    """Follow a reference, and of "something or null" take the something."""
    if not isinstance(schema, Mapping):
        return {}
    own = {key: value for key, value in schema.items() if key not in ("$ref", "anyOf")}
    if "$ref" in schema:
        return {**_resolved(root, root["$defs"][schema["$ref"].rpartition("/")[2]]), **own}
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null":
            return {**_resolved(root, choice), **own, "nullable": True}
    return schema


def _allowed(schema: Mapping[str, Any]) -> str:
    """A schema in words: choices, a range, a form; then what the field means."""
    kind = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "string": "text"}
    kinds = {"array": "a list", "object": "a mapping of keys to values"}
    form = (kind | kinds).get(schema.get("type", ""), "")
    if "enum" in schema:
        form = ", ".join(schema["enum"])
    words = [form, *_range(schema)]
    if "pattern" in schema:
        words.append(f"matching {schema['pattern']}")
    if schema.get("nullable"):
        words.append("or null")
    meaning = " ".join(schema.get("description", "").split())
    return " ".join(filter(None, words)) + (f" ({meaning})" if meaning else "")


def _range(schema: Mapping[str, Any]) -> Iterator[str]:
    words = {
        "minimum": "from {}",
        "exclusiveMinimum": "above {}",
        "maximum": "to {}",
        "exclusiveMaximum": "below {}",
        "minLength": "of {} characters or more",
        "maxLength": "of at most {} characters",
    }
    return (text.format(schema[key]) for key, text in words.items() if key in schema)


def _dotted(place: Place) -> str:
    """peers.pacs.port, routes[0].name"""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
