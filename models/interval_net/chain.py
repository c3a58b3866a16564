"""Which steps of the preprocessing chain an image passes. Nothing here loads torch: cards name the chain too."""

from collections.abc import Mapping
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Chain:
    """The steps of section IV, each true or false, in the order in which they are done; `transforms` does them."""

    bilateral: bool = True
    """Smooth what is alike, and keep edges."""
    tone: bool = True
    """Raise brightness and contrast."""
    normalise: bool = True
    """Stretch between two percentiles and cut off what lies outside."""
    blur: bool = True
    """A Gaussian."""
    clahe: bool = True
    """Equalise locally."""

    def __post_init__(self) -> None:
        for entry in fields(self):
            if not isinstance(getattr(self, entry.name), bool):
                raise ValueError(f"chain.{entry.name} is true or false, not {getattr(self, entry.name)!r}")

    @property
    def steps(self) -> tuple[str, ...]:
        """Names of the steps that are done, in order."""
        return tuple(entry.name for entry in fields(self) if getattr(self, entry.name))


def to_chain(values: object) -> Chain:
    """Switches from a recipe or a card. Raises ValueError that names an unknown step."""
    known = [entry.name for entry in fields(Chain)]
    if not isinstance(values, Mapping):
        raise ValueError(f"chain is a mapping of {', '.join(known)} to true or false, not {values!r}")
    unknown = sorted(str(key) for key in values if key not in known)
    if unknown:
        raise ValueError(f"unknown key '{unknown[0]}' of chain; allowed: {', '.join(known)}")
    return Chain(**values)
