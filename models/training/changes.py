"""Keys of a recipe that are other than in its file, as a command line gives them: KEY=VALUE, the value in YAML."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml


def parse_changes(texts: Sequence[str]) -> dict[str, Any]:
    """By key; that of a mapping within is joined by dots. Raises ValueError for what is no KEY=VALUE."""
    changes = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not sign or not all(key.split(".")):
            raise ValueError(f"--set {text}: give KEY=VALUE, as intervals.count=3")
        try:
            changes[key] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise ValueError(f"--set {text}: the value is no YAML") from None
    return changes


def changed(document: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The document with its changes, deep ones too. Raises ValueError for a dot behind what is no mapping."""
    whole = dict(document)
    for key, value in changes.items():
        first, dot, rest = key.partition(".")
        if not dot:
            whole[first] = value
            continue
        below = whole.get(first, {})
        if not isinstance(below, Mapping):
            raise ValueError(f"--set {key}: {first} is no mapping in this recipe")
        whole[first] = changed(below, {rest: value})
    return whole
