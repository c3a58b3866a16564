"""A role that does nothing but live, as told: python -m tests.support.fake_role BEHAVIOUR FILE

Each start adds its process id as a line to FILE.
"""

import os
import signal
import sys
import time
from pathlib import Path

from dicom_node.operate import notify
from dicom_node.operate.signals import stop_event


def main(behaviour: str, file: str) -> int:
    with Path(file).open("a") as starts:
        starts.write(f"{os.getpid()}\n")
    stop = stop_event()
    if behaviour == "dies":
        return 3
    if behaviour == "never-ready":
        stop.wait(60)
    notify.ready()
    notify.watchdog()
    if behaviour == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(60)
    if behaviour == "silent":
        stop.wait(60)
    while not stop.wait(0.05):
        notify.watchdog()
    notify.stopping()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
