"""A YAML file read key by key: what is missing, unknown or of a wrong kind is named by file, line and key."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_SCALARS = (str, int, float)


@dataclass
class Section:
    """One mapping of the file; each key is taken once, and `close` names those that nobody took.

    lines: the line (from 1) of each dotted key of the file.
    """

    path: Path
    values: Mapping[str, Any]
    lines: Mapping[str, int]
    place: str = ""
    _taken: set[str] = field(default_factory=set)

    def fault(self, key: str, wrong: str) -> ValueError:
        """`site.yaml:7: folds.count: must be ...`; a missing key stands at its section."""
        line = self.lines.get(self._dotted(key), self.lines.get(self.place, 1))
        return ValueError(f"{self.path}:{line}: {self._dotted(key)}: {wrong}")

    def section(self, key: str, *, required: bool = True) -> "Section":
        """A mapping below; one that may be left out is empty then."""
        value = self._take(key)
        if value is None and not required:
            value = {}
        if not isinstance(value, Mapping):
            raise self.fault(key, "is missing; a mapping of keys to values" if value is None else "not a mapping")
        return Section(self.path, value, self.lines, self._dotted(key))

    def text(self, key: str, default: str | None = None) -> str:
        """Text that is not empty; required where there is no default."""
        value = self.optional_text(key)
        if value is None and default is None:
            raise self.fault(key, "is missing")
        return default or "" if value is None else value

    def optional_text(self, key: str) -> str | None:
        value = self._take(key)
        if value is not None and (not isinstance(value, str) or not value):
            raise self.fault(key, "must be text; put it in quotes")
        return value

    def whole(self, key: str, default: int) -> int:
        value = self._take(key)
        return default if value is None else self._whole(key, value)

    def wholes(self, key: str, default: tuple[int, ...]) -> tuple[int, ...]:
        """A list of whole numbers."""
        value = self._take(key)
        return default if value is None else tuple(self._whole(key, each) for each in self._list(key, value))

    def texts(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """A list of text or numbers, as text."""
        value = self._take(key)
        if value is None:
            return default
        values = self._list(key, value)
        if any(isinstance(each, bool) or not isinstance(each, _SCALARS) for each in values):
            raise self.fault(key, "must be a list of text; put words like yes, no, on and off in quotes")
        return tuple(str(each).strip() for each in values)

    def close(self) -> None:
        """Raises ValueError for the first key that was not taken."""
        unknown = [str(key) for key in self.values if key not in self._taken]
        if unknown:
            raise self.fault(unknown[0], f"unknown key; allowed: {', '.join(sorted(self._taken))}")

    def _take(self, key: str) -> Any:
        self._taken.add(key)
        return self.values.get(key)

    def _dotted(self, key: str) -> str:
        return f"{self.place}.{key}" if self.place else key

    def _list(self, key: str, value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise self.fault(key, "must be a list, as in [a, b]")
        return value

    def _whole(self, key: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.fault(key, "must be a whole number")
        return value


def read_document(path: Path) -> Section:
    """The file's top. Raises ValueError where it cannot be read, is no YAML, no mapping, or says a key twice."""
    try:
        text = path.read_text(encoding="utf-8")
        root, values = yaml.compose(text, Loader=yaml.SafeLoader), yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: cannot be read ({type(error).__name__})") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ValueError(f"{path}:{mark.line + 1 if mark else 1}: not YAML") from None
    if not isinstance(values, dict):
        raise ValueError(f"{path}:1: not a mapping of keys to values")
    lines: dict[str, int] = {}
    for key, line in _keys(root, ""):
        if key in lines:
            raise ValueError(f"{path}:{line}: {key}: stands here twice, first in line {lines[key]}")
        lines[key] = line
    return Section(path, values, lines)


def _keys(node: yaml.Node | None, place: str) -> Iterator[tuple[str, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            dotted = f"{place}.{key.value}" if place else str(key.value)
            yield dotted, key.start_mark.line + 1
            yield from _keys(value, dotted)
