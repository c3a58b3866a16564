"""SIGTERM and SIGINT as an event, so that a process ends between two pieces of work and not within one."""

import os
import signal
import sys
import threading

import structlog

log = structlog.get_logger(__name__)


def stop_event() -> threading.Event:
    """Set when the process is asked to stop. From the main thread only."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        # In a thread: the handler runs wherever the main thread is, also where that holds the event's own lock.
        signal.signal(number, lambda *_: threading.Thread(target=stop.set).start())
    return stop


def end(finished: bool, status: int = 0) -> int:
    """The exit status of a process that was asked to stop; one that has threads left in work ends here.

    The interpreter would wait for those threads without end; what they do is resumed at the next start.
    """
    if not finished:
        log.warning("ended_with_work_in_hand")
        sys.stderr.flush()
        os._exit(status)
    return status
