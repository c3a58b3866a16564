"""Names that are written into the job database: changing one loses sight of the jobs that carry it."""

from typing import Final

APPLICATION: Final = "dicom-node"
VERSION: Final = "1"
"""Of the workflows' names, steps and arguments, not of the software; a whole number. Raised by one with any of them: a
process runs jobs of its own version and adopts those of lower ones (docs/decisions/0017-jobs-outlive-versions.md)."""

IMAGES: Final = "images"
ALONE: Final = "alone"
DELIVER: Final = "deliver"
_HELD: Final = "held:"

READ_IMAGE: Final = "read_image"
DELIVER_RESULTS: Final = "deliver_results"


def image_job(key: str, attempt: int = 0) -> str:
    """The workflow id of one attempt at reading an image version; the first has none in its name."""
    return f"image:{key}:{attempt}" if attempt else f"image:{key}"


def delivery_job(key: str, destination: str, attempt: int = 0) -> str:
    """The workflow id of one attempt at a delivery."""
    return f"deliver:{key}:{destination}:{attempt}"


def job_id(key: str, destination: str | None, attempt: int) -> str:
    """The workflow id of one attempt at a delivery, or (destination None) at reading."""
    return image_job(key, attempt) if destination is None else delivery_job(key, destination, attempt)


def jobs_of(key: str) -> tuple[str, str]:
    """What the workflow ids of an image version begin with."""
    return f"image:{key}", f"deliver:{key}:"


def deliveries_of(key: str, destination: str) -> str:
    """What the workflow ids of one delivery begin with."""
    return f"deliver:{key}:{destination}:"


def held(destination: str) -> str:
    """The queue of the deliveries that wait until the destination is back; nobody listens to it."""
    return f"{_HELD}{destination}"


def is_held(queue: str | None) -> bool:
    """Whether a job in this queue waits for its destination."""
    return (queue or "").startswith(_HELD)


def parsed(workflow_id: str) -> tuple[str, str | None, int]:
    """Key, destination (None for an attempt at reading) and number of an attempt."""
    kind, key, *rest = workflow_id.split(":")
    if kind == "deliver":
        return key, rest[0], int(rest[1])
    return key, None, int(rest[0]) if rest else 0
