"""The page: its parts in order, each with its pictures behind its text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from models.evaluation.canvas import Picture
from models.evaluation.paper.origin import Origin


@dataclass(frozen=True)
class Part:
    """A part of the page. pictures: by file name."""

    title: str
    text: str
    pictures: Mapping[str, Picture] = field(default_factory=dict)


def document(title: str, origin: Origin, parts: Sequence[Part], folder: str) -> str:
    """Markdown. folder: that of the pictures, as seen from the page."""
    first = (
        f"The mechanisms of {origin.paper} at a size that two CPU cores train; research use only. Months throughout; "
        f"SD is that of the absolute error. All runs read the same {len(origin.labels)} images of fold {origin.fold}. "
        f"What {origin.paper} printed stands beside: it was measured on other images."
    )
    texts = [f"# {title}", first]
    for part in parts:
        texts += [f"## {part.title}", part.text, *(f"![{part.title}]({folder}/{name})" for name in part.pictures)]
    return "\n\n".join(texts) + "\n"
