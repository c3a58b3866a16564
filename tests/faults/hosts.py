"""Two hosts, as two groups of processes, that are one node by a PostgreSQL database and a storage directory."""

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.faults import account
from tests.faults.phantoms import SMALL, Image, images
from tests.faults.scenario import Row, Scale, Scenario, at_least, at_most, exactly, noted, scratch
from tests.faults.site import PATIENCE_S, REPEAT_S, SENDERS, Site, site, store
from tests.support import postgresql, tools
from tests.support.recording_pacs import RecordingPacs, recording_pacs

MODALITY_WAITS_S = 30.0
"""A common DIMSE timeout of modalities."""
SETTLING_S = 300.0
LEASE_S = 30.0
"""The default: shorter than the database is away, and longer than a busy machine keeps a process from its turn."""
IN_HAND = "SELECT count(*) FROM dbos.workflow_status WHERE status = 'PENDING' AND executor_id LIKE %s"


@dataclass(frozen=True)
class Cluster:
    """Two hosts behind a balancer, the database's server, and a PACS."""

    one: Site
    two: Site
    server: postgresql.Server
    url: str
    pacs: RecordingPacs

    @property
    def acknowledged(self) -> dict[Image, float]:
        """By either host."""
        return self.one.acknowledged | self.two.acknowledged

    @property
    def attempts(self) -> int:
        """Calls of storescu."""
        return self.one.attempts + self.two.attempts

    def send(self, image: Image) -> float:
        """As through a balancer: to one host, then to the other, until it is acknowledged. Seconds that it took."""
        started = time.monotonic()
        while time.monotonic() - started < PATIENCE_S:
            host = (self.one, self.two)[self.attempts % 2]
            host.attempts += 1
            if store(image.path, host.port):
                host.acknowledged[image] = time.monotonic()
                break
            time.sleep(REPEAT_S)
        return time.monotonic() - started

    def send_all(self, sent: Sequence[Image]) -> list[float]:
        """By several modalities at the same time; seconds that each image took."""
        with ThreadPoolExecutor(SENDERS) as pool:
            return list(pool.map(self.send, sent))

    def in_hand(self, host: str) -> int:
        """Jobs that a process of the host has in hand, by the database."""
        with psycopg.connect(self.url) as connection:
            row = connection.execute(IN_HAND, [f"%@{host}"]).fetchone()
        return int(row[0]) if row else 0

    def signal_one(self, number: signal.Signals) -> None:
        """To every process of the first host at once."""
        os.killpg(self.one.process.pid, number)

    def whole(self) -> list[Row]:
        """Nothing acknowledged is lost, answered twice, answered differently, or stuck."""
        return [
            account.settled(self.two.settings, timeout_s=SETTLING_S),
            account.stored(self.two.settings, self.acknowledged),
            *account.answered(self.pacs, self.acknowledged),
            exactly("jobs given up", 0, len(account.parked(self.two.settings)), "jobs"),
        ]


@contextmanager
def cluster(folder: Path, lease_s: float) -> Iterator[Cluster]:
    """Both hosts run until the block ends, unless they were killed in it."""
    with postgresql.running() as server, recording_pacs() as pacs:
        shared = {
            "storage": {"directory": str(folder / "shared")},
            "database": {"url": server.new_database(), "lease_s": lease_s},
            "work": {"concurrency": 4},
        }
        to_pacs = {"PACS": pacs.port}
        with (
            site(folder / "one", to_pacs, quick=True, node={"host_id": "one"}, **shared) as one,
            site(folder / "two", to_pacs, quick=True, node={"host_id": "two"}, **shared) as two,
        ):
            yield Cluster(one, two, server, str(shared["database"]["url"]), pacs)


def killed(scale: Scale) -> Sequence[Row]:
    """One host dies with jobs in hand, while images come to both."""
    return _without_one(scale, "host-killed", dies=True)


def stopped(scale: Scale) -> Sequence[Row]:
    """One host is frozen with jobs in hand, and goes on after the other has taken them over."""
    return _without_one(scale, "host-stopped", dies=False)


def _without_one(scale: Scale, name: str, *, dies: bool) -> Sequence[Row]:
    count, lease_s = scale.pick(40, 300), scale.pick(15, 30)
    if missing := _missing():
        return missing
    with scratch(name) as folder:
        sent = images(folder / "images", count, SMALL)
        with cluster(folder, lease_s) as both:
            waits: list[float] = []
            load = threading.Thread(target=lambda: waits.extend(both.send_all(sent)))
            load.start()
            in_hand = _freeze_with_jobs_in_hand(both)
            if dies:
                both.signal_one(signal.SIGKILL)
            taken_s = _taken_over_s(both)
            if not dies:
                both.signal_one(signal.SIGCONT)
            load.join()
            return [
                at_least("jobs in hand of the host that went", 1, in_hand, "jobs"),
                at_most("until all of them were taken over (two leases)", 2 * lease_s, taken_s, "s"),
                exactly("images acknowledged in the end", count, len(both.acknowledged), "images"),
                noted("longest wait for an acknowledgement", max(waits), "s"),
                *both.whole(),
            ]


def _freeze_with_jobs_in_hand(both: Cluster) -> int:
    """Stop the first host at a time when it has jobs in hand; how many."""
    deadline = time.monotonic() + SETTLING_S
    while time.monotonic() < deadline:
        if both.in_hand("one"):
            both.signal_one(signal.SIGSTOP)
            left = both.in_hand("one")
            if left:
                return left
            both.signal_one(signal.SIGCONT)
        time.sleep(0.02)
    return 0


def _taken_over_s(both: Cluster) -> float:
    """Seconds until the first host has nothing in hand any more."""
    started = time.monotonic()
    while both.in_hand("one") and time.monotonic() - started < SETTLING_S:
        time.sleep(0.1)
    return time.monotonic() - started


def database_stopped(scale: Scale) -> Sequence[Row]:
    """PostgreSQL is stopped while images come; what came before is in hand."""
    count, away_s = scale.pick(12, 120), scale.pick(45, 60)
    if missing := _missing():
        return missing
    with scratch("postgresql-stopped") as folder:
        sent = images(folder / "images", count, SMALL)
        with cluster(folder, LEASE_S) as both:
            both.send_all(sent[: count // 3])
            both.server.stop()
            started = time.monotonic()
            waits = both.send_all(sent[count // 3 :])
            time.sleep(max(0.0, away_s - (time.monotonic() - started)))
            both.server.start()
            back = time.monotonic()
            rows = both.whole()
            return [
                at_most("longest wait for an acknowledgement meanwhile", MODALITY_WAITS_S, max(waits), "s"),
                exactly("calls of storescu for each image", 1, both.attempts / count, "calls"),
                exactly("processes that died of it", 0, (both.one.log + both.two.log).count("role_died")),
                exactly(
                    "jobs taken over, of hosts that live", 0, (both.one.log + both.two.log).count("job_taken_over")
                ),
                *rows,
                noted("from the database's return to the last answer", time.monotonic() - back, "s"),
            ]


def _missing() -> list[Row]:
    """No row where PostgreSQL is installed; one that fails in CI where it is not."""
    if tools.find("initdb") is not None:
        return []
    return [Row("PostgreSQL is installed", "yes", "no", passed="CI" not in os.environ)]


SCENARIOS = (
    Scenario("host-killed", "Of two hosts on PostgreSQL one is killed under load; the reader is a stand-in.", killed),
    Scenario(
        "host-stopped",
        "Of two hosts on PostgreSQL one is frozen under load, and goes on after its jobs were taken over.",
        stopped,
    ),
    Scenario("postgresql-stopped", "The database of two hosts is stopped while images come.", database_stopped),
)
