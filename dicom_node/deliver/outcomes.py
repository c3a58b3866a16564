"""How an attempt at a delivery ended: the destination's answers, judged by one table. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dicom_node.jobs.contract import DeliveryOutcome, Verdict


@dataclass(frozen=True)
class StatusRule:
    """C-STORE statuses from first to last mean verdict; source is where the standard says what they are."""

    first: int
    last: int
    verdict: Verdict
    source: str


STATUS_RULES = (
    StatusRule(0x0000, 0x0000, Verdict.DELIVERED, "PS3.4 Table B.2-1, success"),
    StatusRule(0x0001, 0x0001, Verdict.DELIVERED, "PS3.7 C.3, warning"),
    StatusRule(0x0107, 0x0107, Verdict.DELIVERED, "PS3.7 C.4.2, attribute list error, a warning"),
    StatusRule(0x0110, 0x0110, Verdict.RETRY, "PS3.7 C.5.2, processing failure"),
    StatusRule(
        0x0111, 0x0111, Verdict.DELIVERED, "PS3.7 C.5.3, duplicate SOP instance, looked for where queries are answered"
    ),
    StatusRule(0x0116, 0x0116, Verdict.DELIVERED, "PS3.7 C.4.3, attribute value out of range, a warning"),
    StatusRule(0x0117, 0x0117, Verdict.PARKED, "PS3.7 C.5.6, invalid object instance"),
    StatusRule(0x0122, 0x0122, Verdict.PARKED, "PS3.7 C.5.15, SOP class not supported"),
    StatusRule(0x0124, 0x0124, Verdict.PARKED, "PS3.7 C.5.24, not authorised"),
    StatusRule(0x0210, 0x0210, Verdict.RETRY, "PS3.7 C.5.9, duplicate invocation, of the message"),
    StatusRule(0x0211, 0x0211, Verdict.PARKED, "PS3.7 C.5.23, unrecognised operation"),
    StatusRule(0x0212, 0x0212, Verdict.PARKED, "PS3.7 C.5.18, mistyped argument"),
    StatusRule(0x0213, 0x0213, Verdict.RETRY, "PS3.7 C.5.20, resource limitation"),
    StatusRule(0xA700, 0xA7FF, Verdict.RETRY, "PS3.4 Table B.2-1, out of resources"),
    StatusRule(0xA900, 0xA9FF, Verdict.PARKED, "PS3.4 Table B.2-1, data set does not match SOP class"),
    StatusRule(0xB000, 0xBFFF, Verdict.DELIVERED, "PS3.4 Table B.2-1, warning: stored"),
    StatusRule(0xC000, 0xCFFF, Verdict.PARKED, "PS3.4 Table B.2-1, cannot understand"),
)
"""A status that no rule names is tried again: sending twice does no harm, and `give_up_after_h` ends it."""

REJECTIONS = {
    (1, 2): "application-context",
    (1, 3): "calling-ae-title",
    (1, 7): "called-ae-title",
    (2, 2): "protocol-version",
    (3, 1): "congestion",
    (3, 2): "local-limit",
}
"""(source, reason/diagnostic) of an A-ASSOCIATE-RJ (PS3.8 Table 9-21) -> the end of our code for it."""

COMMITMENT_RULES = (
    StatusRule(0x0110, 0x0110, Verdict.RETRY, "PS3.3 C.14.1.1, processing failure"),
    StatusRule(0x0112, 0x0112, Verdict.RETRY, "PS3.3 C.14.1.1, no such object instance"),
    StatusRule(0x0119, 0x0119, Verdict.PARKED, "PS3.3 C.14.1.1, class/instance conflict"),
    StatusRule(0x0122, 0x0122, Verdict.PARKED, "PS3.3 C.14.1.1, referenced SOP class not supported"),
    StatusRule(0x0131, 0x0131, Verdict.RETRY, "PS3.3 C.14.1.1, duplicate transaction UID"),
    StatusRule(0x0213, 0x0213, Verdict.RETRY, "PS3.3 C.14.1.1, resource limitation"),
)
"""Failure Reasons (0008,1197) of storage commitment. RETRY: the object is sent again. One that no rule names: too."""

ACTION_RULES = (
    StatusRule(0x0000, 0x0000, Verdict.PENDING, "PS3.7 Annex C, success: the answer follows"),
    StatusRule(0x0112, 0x0112, Verdict.PARKED, "PS3.7 Annex C, no such SOP instance"),
    StatusRule(0x0117, 0x0117, Verdict.PARKED, "PS3.7 Annex C, invalid object instance"),
    StatusRule(0x0118, 0x0118, Verdict.PARKED, "PS3.7 Annex C, no such SOP class"),
    StatusRule(0x0119, 0x0119, Verdict.PARKED, "PS3.7 Annex C, class-instance conflict"),
    StatusRule(0x0123, 0x0123, Verdict.PARKED, "PS3.7 Annex C, no such action"),
    StatusRule(0x0124, 0x0124, Verdict.PARKED, "PS3.7 Annex C, not authorised"),
    StatusRule(0x0211, 0x0211, Verdict.PARKED, "PS3.7 Annex C, unrecognised operation"),
    StatusRule(0x0212, 0x0212, Verdict.PARKED, "PS3.7 Annex C, mistyped argument"),
)
"""Statuses of the N-ACTION that asks for commitment; one that no rule names is asked again later."""

DELIVERED = DeliveryOutcome(Verdict.DELIVERED, "delivered")
DUPLICATE = DeliveryOutcome(Verdict.DELIVERED, "0111")
DUPLICATE_NOT_FOUND = DeliveryOutcome(Verdict.PARKED, "duplicate-not-found")
"""The destination says that it has an object, and does not list it."""
COMMITTED = DeliveryOutcome(Verdict.DELIVERED, "committed")
COMMITMENT_NOT_OFFERED = DeliveryOutcome(Verdict.PARKED, "no-commitment-context")
"""The destination does not do storage commitment, although the settings say so."""
NO_CONTEXT = DeliveryOutcome(Verdict.PARKED, "no-presentation-context")
"""The destination accepts none of the object's SOP classes: never repeated as it is."""
OBJECT_CHANGED = DeliveryOutcome(Verdict.PARKED, "object-changed", answered=None)
"""The file is gone, or is not the bytes that were built: it is not sent."""
CONNECTION_FAILED = DeliveryOutcome(Verdict.HELD, "connection-failed", answered=False)
ASSOCIATION_TIMEOUT = DeliveryOutcome(Verdict.HELD, "association-timeout", answered=False)
ASSOCIATION_REFUSED = DeliveryOutcome(Verdict.HELD, "association-aborted", answered=False)
"""The peer hung up before it accepted an association."""
ASSOCIATION_ABORTED = DeliveryOutcome(Verdict.RETRY, "association-aborted")
"""The peer hung up in the middle of an association."""
DIMSE_TIMEOUT = DeliveryOutcome(Verdict.RETRY, "dimse-timeout", answered=False)
"""Others wait with this job, but it may be the cause itself: it is tried again after a delay of its own."""
ASSOCIATION_GONE = (ASSOCIATION_ABORTED, DIMSE_TIMEOUT)
"""After these nothing more can be sent in the association."""
TLS_UNUSABLE = DeliveryOutcome(Verdict.HELD, "tls-unusable", answered=False)
"""The peer wants TLS, and node.tls is missing or its files cannot be read: someone will mend the settings."""


def judge_status(status: int) -> DeliveryOutcome:
    """What a C-STORE response's Status (0000,0900) means; the code is "delivered" or four hex digits."""
    if status == 0x0000:
        return DELIVERED
    return DeliveryOutcome(_verdict(STATUS_RULES, status), f"{status:04x}")


def judge_action(status: int) -> DeliveryOutcome:
    """What the Status of an N-ACTION response means for the request for commitment; PENDING where it was taken."""
    return DeliveryOutcome(_verdict(ACTION_RULES, status), f"commitment-{status:04x}")


def judge_failures(reasons: Iterable[str]) -> DeliveryOutcome:
    """What Failure Reasons (four hex digits each) of objects that were not committed mean together."""
    codes = sorted(set(reasons))
    return combine(
        [DeliveryOutcome(_verdict(COMMITMENT_RULES, int(code, 16)), f"commitment-failed-{code}") for code in codes]
    )


def _verdict(rules: Sequence[StatusRule], status: int) -> Verdict:
    rule = next((rule for rule in rules if rule.first <= status <= rule.last), None)
    return rule.verdict if rule else Verdict.RETRY


def judge_rejection(source: int, diagnostic: int) -> DeliveryOutcome:
    """What an A-ASSOCIATE-RJ means (PS3.8 9.3.4): tried again even where it says "permanent".

    A peer that does not know our AE title yet rejects permanently, until its administrator enters it.
    """
    reason = REJECTIONS.get((source, diagnostic))
    code = f"association-rejected-{reason}" if reason else "association-rejected"
    return DeliveryOutcome(Verdict.HELD, code, answered=False)


_GRAVITY = {Verdict.DELIVERED: 0, Verdict.PARKED: 1, Verdict.PENDING: 2, Verdict.RETRY: 2, Verdict.HELD: 2}


def combine(outcomes: Sequence[DeliveryOutcome]) -> DeliveryOutcome:
    """The outcome of all objects together: the one that is furthest from done, the first of equals.

    RETRY goes before PARKED, so that a refused report does not keep its picture from being tried again.
    """
    return max(outcomes, key=lambda outcome: _GRAVITY[outcome.verdict], default=DELIVERED)
