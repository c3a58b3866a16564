"""Whether files and job database say the same. Pure."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum

from dicom_node.jobs.standing import Standing, State


class Kind(StrEnum):
    """How files and database can differ."""

    IMAGE_WITHOUT_JOB = "image without a job"
    JOB_WITHOUT_IMAGE = "unfinished job without its image"
    DELIVERY_WITHOUT_RESULTS = "unfinished delivery without results"
    RESULTS_WITHOUT_DELIVERY = "results without a delivery"


@dataclass(frozen=True)
class Difference:
    """One difference, of one image version."""

    kind: Kind
    key: str


def differences(
    images: Set[str], results: Mapping[str, Sequence[str]], jobs: Mapping[str, Sequence[Standing]]
) -> Iterator[Difference]:
    """Each difference once. images: keys of those stored. results: key -> destinations of its final results."""
    for key in sorted(images - set(jobs)):
        yield Difference(Kind.IMAGE_WITHOUT_JOB, key)
    for key, of_image in jobs.items():
        unfinished = [job for job in of_image if job.state is not State.DONE]
        if unfinished and key not in images:
            yield Difference(Kind.JOB_WITHOUT_IMAGE, key)
        elif any(job.destination for job in unfinished) and key not in results:
            yield Difference(Kind.DELIVERY_WITHOUT_RESULTS, key)
        elif _read(of_image) and set(results.get(key, ())) - {job.destination for job in of_image}:
            yield Difference(Kind.RESULTS_WITHOUT_DELIVERY, key)


def _read(jobs: Sequence[Standing]) -> bool:
    return any(job.destination is None and job.state is State.DONE for job in jobs)
