"""The two workflows: read an image, deliver its results. What a step returns is durable; the rest is repeated.

The runner's border lies here: whatever a callable raises becomes a recorded outcome, so that no exception with values
in its text reaches the engine's log.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NotRequired, TypedDict

import structlog
from dbos import DBOS, EnqueueOptions, WorkflowStatus

from dicom_node.border import at_border
from dicom_node.errors import NodeError
from dicom_node.jobs import names
from dicom_node.jobs.attempts import BLAMED, HOUR_S, PASSING, Patience, next_delay_s, stretch
from dicom_node.jobs.blame import times_blamed
from dicom_node.jobs.contract import DeliverResults, DeliveryOutcome, GiveUp, ReadImage, Verdict
from dicom_node.jobs.gate import PAUSED, Gate
from dicom_node.settings_delivery import Delivery

PROCESS_DIED = "process-died"
JOB_UNEXPECTED = "job_unexpected"
DELIVERY_DEATHS = 3
"""A delivery during which the process died is only sent again; after this often it waits for its next attempt."""

GIVING_UP_DEATHS = 2
"""Where the process dies over telling that an image was not read, too, nobody is told."""

log = structlog.get_logger(__name__)


def answer_nobody(key: str, code: str) -> Sequence[str]:
    """The `GiveUp` of those who have no results to give."""
    return ()


class Outcome(TypedDict):
    """What one attempt came to: JSON, as it lies in the job database.

    delay_s: wait before the next attempt, None where there is none. at: end of the attempt, seconds since 1970.
    rank: of the job in its queue, the lowest first. blamed: the image may be the cause itself.
    """

    verdict: str
    code: str
    destinations: list[str]
    delay_s: float | None
    at: float
    rank: NotRequired[int]
    blamed: NotRequired[bool]


@dataclass(frozen=True)
class ImageWorkflow:
    """Read one image version, then hand its results to each destination.

    give_up: asked once an image is blamed for what happened to its worker, and not tried again.
    """

    read_image: ReadImage
    give_up: GiveUp

    def run(self, key: str, attempt: int, first_at: float) -> Outcome:
        """One attempt. first_at: seconds since 1970, 0 for the first attempt itself."""
        outcome = DBOS.run_step({"name": "read"}, ranked, self._attempt, key, attempt, first_at)
        for destination in outcome["destinations"]:
            options = as_urgent(outcome, delivery_options(key, destination, 0, None))
            DBOS.enqueue_workflow_with_options(options, key, destination, 0, 0.0)
        if outcome["delay_s"] is not None:
            options = as_urgent(outcome, image_options(key, attempt + 1, outcome["delay_s"]))
            DBOS.enqueue_workflow_with_options(options, key, attempt + 1, first_at or outcome["at"])
        return outcome

    def _attempt(self, key: str, attempt: int, first_at: float) -> Outcome:
        if runs_of_this_job() > 1:
            return self._blamed(PROCESS_DIED, key, attempt, first_at)
        try:
            destinations = at_border(lambda: list(self.read_image(key)), JOB_UNEXPECTED, key=key)
        except NodeError as error:
            if error.blames:
                return self._blamed(error.code, key, attempt, first_at)
            return _failed("image", error.code, PASSING if error.retry else None, key, attempt, first_at)
        return Outcome(verdict="read", code="read", destinations=destinations, delay_s=None, at=time.time())

    def _blamed(self, code: str, key: str, attempt: int, first_at: float) -> Outcome:
        """Alone next time; after the last attempt whoever waits for a reading hears that there is none."""
        times = times_blamed(key, attempt, first_at, _outcome_of)
        outcome = _failed("image", code, BLAMED, key, attempt, first_at, times=times)
        outcome["blamed"] = True
        if outcome["verdict"] == Verdict.PARKED and runs_of_this_job() <= GIVING_UP_DEATHS:
            try:
                outcome["destinations"] = at_border(lambda: list(self.give_up(key, code)), JOB_UNEXPECTED, key=key)
            except NodeError as error:
                log.warning("image_not_answered", key=key, code=error.code)
        return outcome


@dataclass(frozen=True)
class DeliveryWorkflow:
    """Send the results of one image version to one destination, once its gate lets them."""

    deliver_results: DeliverResults
    gate: Gate

    def run(self, key: str, destination: str, attempt: int, first_at: float) -> Outcome:
        """One attempt. first_at: seconds since 1970, 0 for the first attempt itself."""
        with self.gate.place(destination):
            outcome = DBOS.run_step({"name": "send"}, ranked, self._attempt, key, destination, attempt, first_at)
        began = first_at or outcome["at"]
        if outcome["verdict"] == Verdict.HELD:
            options = as_urgent(outcome, held_options(key, destination, attempt + 1))
            began = 0.0 if outcome["code"] == PAUSED.code else began  # a pause takes nothing of a delivery's time
            DBOS.enqueue_workflow_with_options(options, key, destination, attempt + 1, began)
        elif outcome["delay_s"] is not None:
            options = as_urgent(outcome, delivery_options(key, destination, attempt + 1, outcome["delay_s"]))
            DBOS.enqueue_workflow_with_options(options, key, destination, attempt + 1, began)
        return outcome

    def _attempt(self, key: str, destination: str, attempt: int, first_at: float) -> Outcome:
        if runs_of_this_job() > DELIVERY_DEATHS:
            sent = DeliveryOutcome(Verdict.RETRY, PROCESS_DIED, answered=None)
        else:
            sent = self._send(key, destination)
        if sent.verdict is Verdict.DELIVERED:
            log.info("delivered", key=key, destination=destination, attempt=attempt, code=sent.code)
            return Outcome(verdict=Verdict.DELIVERED, code=sent.code, destinations=[], delay_s=None, at=time.time())
        patience = delivery_patience(self.gate.policy(destination))
        if sent.verdict is Verdict.HELD and not _is_over(patience, sent, first_at):
            log.info("delivery_held", key=key, destination=destination, attempt=attempt, code=sent.code)
            return Outcome(verdict=Verdict.HELD, code=sent.code, destinations=[], delay_s=None, at=time.time())
        again = patience if sent.verdict in (Verdict.RETRY, Verdict.PENDING) else None
        if again is not None and sent.after_s is not None:
            again = replace(again, delays_s=(sent.after_s,))
        return _failed(
            "delivery", sent.code, again, key, attempt, first_at, destination=destination, goes_on=sent.verdict
        )

    def _send(self, key: str, destination: str) -> DeliveryOutcome:
        try:
            return at_border(
                lambda: self.gate.attempt(destination, lambda: self.deliver_results(key, destination)),
                JOB_UNEXPECTED,
                key=key,
                destination=destination,
            )
        except NodeError as error:
            return DeliveryOutcome(Verdict.RETRY if error.retry else Verdict.PARKED, error.code, answered=None)


def _is_over(patience: Patience, held: DeliveryOutcome, first_at: float) -> bool:
    """Whether a delivery whose destination is away has waited as long as it may."""
    return held.code != PAUSED.code and bool(first_at) and time.time() - first_at > patience.give_up_after_s


def delivery_patience(delivery: Delivery) -> Patience:
    """The settings' policy."""
    return Patience(delivery.delays_s, delivery.give_up_after_h * HOUR_S)


def image_options(key: str, attempt: int, delay_s: float) -> EnqueueOptions:
    """How a further attempt at an image is enqueued: one at a time, so that a deadly image takes no other with it."""
    options: EnqueueOptions = {
        "workflow_name": names.READ_IMAGE,
        "workflow_id": names.image_job(key, attempt),
        "queue_name": names.ALONE,
        "app_version": names.VERSION,
    }
    return _delayed(options, delay_s)


def delivery_options(key: str, destination: str, attempt: int, delay_s: float | None) -> EnqueueOptions:
    """How an attempt at a delivery is enqueued: a destination that is away holds up no other."""
    options: EnqueueOptions = {
        "workflow_name": names.DELIVER_RESULTS,
        "workflow_id": names.delivery_job(key, destination, attempt),
        "queue_name": names.DELIVER,
        "queue_partition_key": destination,
        "app_version": names.VERSION,
    }
    return _delayed(options, delay_s)


def held_options(key: str, destination: str, attempt: int) -> EnqueueOptions:
    """How an attempt at a delivery is laid aside until the keeper lets it go."""
    return {**delivery_options(key, destination, attempt, None), "queue_name": names.held(destination)}


def runs_of_this_job() -> int:
    """How often this job was started; more than once means that a process died (or was killed) with it in hand."""
    status = this_job()
    return (status.recovery_attempts or 1) if status else 1


def this_job() -> WorkflowStatus | None:
    """Its row in the job database. Within a step only: elsewhere DBOS makes a step of it."""
    return DBOS.get_workflow_status(DBOS.workflow_id) if DBOS.workflow_id else None


def ranked(attempt: Callable[..., Outcome], *given: object) -> Outcome:
    """The attempt's outcome, with the rank of its job: asked for within the step, so that it is no step of its own."""
    outcome = attempt(*given)
    status = this_job()
    if status is not None and status.priority:
        outcome["rank"] = status.priority
    return outcome


def as_urgent(outcome: Outcome, options: EnqueueOptions) -> EnqueueOptions:
    """What comes of a job goes as soon as the job itself: the results of an urgent image before others."""
    if rank := outcome.get("rank"):
        options["priority"] = rank
    return options


def _delayed(options: EnqueueOptions, delay_s: float | None) -> EnqueueOptions:
    if delay_s:
        options["delay_seconds"] = delay_s
    return options


def _outcome_of(workflow_id: str) -> Mapping[str, Any] | None:
    status = DBOS.get_workflow_status(workflow_id)
    return status.output if status and isinstance(status.output, dict) else None


def _failed(
    kind: str,
    code: str,
    patience: Patience | None,
    key: str,
    attempt: int,
    first_at: float,
    *,
    destination: str | None = None,
    goes_on: Verdict = Verdict.RETRY,
    times: int | None = None,
) -> Outcome:
    """Log the fault, and say when to try again; patience None: not at all. goes_on: the verdict where it is.

    times: how often it was tried before, where not every attempt counts.
    """
    now = time.time()
    delay_s = None
    if patience is not None:
        stretched = stretch(key, destination, str(attempt)) if destination else 1.0
        counted = attempt if times is None else times
        delay_s = next_delay_s(patience, attempt=counted, first_at=first_at or now, now=now, stretched=stretched)
    verdict = Verdict.PARKED if delay_s is None else goes_on
    level = log.error if delay_s is None else log.info if verdict is Verdict.PENDING else log.warning
    fields = {"destination": destination} if destination else {}
    level(f"{kind}_{verdict}", key=key, attempt=attempt, code=code, delay_s=delay_s, **fields)
    return Outcome(verdict=verdict, code=code, destinations=[], delay_s=delay_s, at=now)
