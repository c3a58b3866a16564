"""Where a part of the node ends that must outlive whatever its work raises."""

from collections.abc import Callable
from typing import TypeVar

import structlog

from dicom_node.errors import NodeError

log = structlog.get_logger(__name__)

Returned = TypeVar("Returned")


class Unexpected(NodeError):
    """What no part of the node foresaw; it was logged where it was met."""

    code, retry, blames = "unexpected", True, True


def at_border(work: Callable[[], Returned], event: str, **fields: str) -> Returned:
    """What work returns. Raises NodeError only: anything else is logged as the event, by its kind, without its text."""
    try:
        return work()
    except NodeError:
        raise
    except Exception as error:
        log.error(event, **fields, error=type(error).__name__)
        raise Unexpected from None
