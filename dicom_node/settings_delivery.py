"""Settings of delivery: the policy for every destination, and what one destination may have otherwise."""

from typing import Annotated

from pydantic import Field

from dicom_node.settings_types import Frozen

Concurrency = Annotated[int, Field(ge=1, le=32)]
Delays = Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)]
Hours = Annotated[float, Field(gt=0)]


class Delivery(Frozen):
    """Sending results."""

    concurrency: Concurrency = 2
    """Associations to one destination at a time."""
    delays_s: Delays = (5, 30, 120, 600, 1800, 3600)
    """Waits before each next attempt; the last one repeats."""
    give_up_after_h: Hours = 72.0
    """Then a result is parked."""
    connect_timeout_s: float = Field(default=10.0, gt=0, le=600)
    """Longest wait for a connection and for the association."""
    dimse_timeout_s: float = Field(default=60.0, gt=0, le=3600)
    """Longest wait for the answer to one C-STORE."""
    commitment_wait_s: float = Field(default=2.0, ge=0, le=60)
    """How long the association stays open for the answer to a request for storage commitment."""
    commitment_timeout_s: float = Field(default=600.0, gt=0, le=86400)
    """Storage commitment that was not answered by then is asked for again."""


class PeerDelivery(Frozen):
    """What differs from `delivery` for one destination; null takes it from there."""

    concurrency: Concurrency | None = None
    """Associations to this destination at a time."""
    delays_s: Delays | None = None
    """Waits before each next attempt at this destination; the last one repeats."""
    give_up_after_h: Hours | None = None
    """Then a result for this destination is parked."""

    def over(self, delivery: Delivery) -> Delivery:
        """The policy for this destination."""
        return delivery.model_copy(update=self.model_dump(exclude_none=True))
