"""The reference of the computer: a process that loads torchvision's Inception-V3 and reads images at 299 px.

Run as a module it says "ready" after its first pass, and then a JSON line with its memory and its later passes.
"""

import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

PASSES = 10


@dataclass(frozen=True)
class Inception:
    """start_s: from the start of its process to the end of its first pass. pass_s: median of later passes."""

    start_s: float
    pass_s: float
    rss_mib: float


def measure() -> Inception:
    """Run it in a process of its own, as the node's roles are."""
    started = time.monotonic()
    command = [sys.executable, "-m", __name__]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        process.stdout.readline()
        start_s = time.monotonic() - started
        measured = json.loads(process.stdout.readline())
    return Inception(start_s, measured["pass_s"], measured["rss_mib"])


def _main() -> None:
    import psutil
    import torch
    from torchvision.models import inception_v3

    torch.manual_seed(0)
    network = inception_v3(weights=None, init_weights=False).eval()
    image = torch.rand(1, 3, 299, 299)
    seconds = []
    with torch.inference_mode():
        network(image)
        print("ready", flush=True)
        for _ in range(PASSES):
            started = time.monotonic()
            network(image)
            seconds.append(time.monotonic() - started)
    rss_mib = psutil.Process().memory_info().rss / 2**20
    print(json.dumps({"pass_s": statistics.median(seconds), "rss_mib": rss_mib}), flush=True)


if __name__ == "__main__":
    _main()
