"""Jobs whose next attempt lies further ahead than anything waits: the clock was set back since, and they go at once."""

from collections.abc import Iterable

from dicom_node.jobs.attempts import BLAMED, LONGEST_STRETCH, PASSING
from dicom_node.jobs.client import DatabaseQueue
from dicom_node.settings_delivery import Delivery


def longest_wait_s(policies: Iterable[Delivery]) -> float:
    """Of any attempt, at a reading or at a delivery, by these policies."""
    waits = [*PASSING.delays_s, *BLAMED.delays_s]
    for policy in policies:
        waits += [*policy.delays_s, policy.commitment_timeout_s]
    return (1 + LONGEST_STRETCH) * max(waits)


def wake(queue: DatabaseQueue, now: float, longest_s: float) -> int:
    """Let those go that would wait longer than longest_s; how many. now: seconds since 1970. Raises JobsUnavailable."""
    client, _engine = queue.open()
    delayed = client.list_workflows(status="DELAYED", load_input=False, load_output=False)
    latest_ms = 1000 * (now + longest_s)
    late = [each.workflow_id for each in delayed if (each.delay_until_epoch_ms or 0) > latest_ms]
    for workflow_id in late:
        client.set_workflow_delay(workflow_id, delay_seconds=0)
    return len(late)
