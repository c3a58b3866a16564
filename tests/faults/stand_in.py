"""A pipeline that answers at once: for faults that have nothing to do with the reader, on machines without time."""

from collections.abc import Sequence

from dicom_node.settings import Settings
from pipelines.contract import HandRadiograph, ModelIdentity, Pipeline, Reading, Refusal, Sex
from tests.support.headers import MODEL, reading_of

STANDS_FOR = "bone_age"


class StandIn:
    """Every hand is of 123.4 months; decoding, reports and all that follows are the node's own."""

    name = STANDS_FOR
    fingerprint = "5a" * 32
    models: tuple[ModelIdentity, ...] = (MODEL,)

    def read(self, radiographs: Sequence[HandRadiograph]) -> list[Reading | Refusal]:
        """The same reading for each."""
        return [reading_of(Sex.FEMALE, shape=each.pixels.shape) for each in radiographs]


def install() -> None:
    """The worker of this process builds no networks."""
    from dicom_node.work import run

    def build_pipelines(node: Settings) -> dict[str, Pipeline]:
        return {STANDS_FOR: StandIn()}

    run.build_pipelines = build_pipelines
