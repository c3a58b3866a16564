"""Telling the supervisor: ready, stopping, still alive (sd_notify(3): datagrams to the socket in NOTIFY_SOCKET).

Without a supervisor every call does nothing. `serve` listens in the same way to its own children.
"""

import os
import socket
from contextlib import suppress

READY = b"READY=1"
STOPPING = b"STOPPING=1"
WATCHDOG = b"WATCHDOG=1"


def ready() -> None:
    """The service does its work from now on."""
    _send(READY)


def stopping() -> None:
    """The service finishes what is in hand and ends."""
    _send(STOPPING)


def watchdog() -> None:
    """The service is alive; due at least once in each watchdog interval."""
    _send(WATCHDOG)


def watchdog_interval_s() -> float | None:
    """How often `watchdog` should be called, in seconds: half of the supervisor's limit; None where it sets none.

    sd_watchdog_enabled(3): WATCHDOG_USEC holds for the process named in WATCHDOG_PID, or for any.
    """
    limit_us, process = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not limit_us.isdigit() or (process and process != str(os.getpid())):
        return None
    return int(limit_us) / 1e6 / 2


def _send(message: bytes) -> None:
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):  # Linux's abstract name space
        address = "\0" + address[1:]
    # A supervisor that is gone or busy is no reason to stop working.
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        sender.setblocking(False)
        sender.sendto(message, address)
