"""What a snapshot means: a finding for each thing, and what to do where it needs a person. Pure."""

from collections.abc import Iterator
from datetime import timedelta

from dicom_node.jobs.standing import State
from dicom_node.operate.finding import Finding, fail, ok, warn
from dicom_node.operate.status.snapshot import READING, Line, Snapshot

ROLES = ("receive", "work", "deliver")
LATE = timedelta(hours=1)
"""What has waited longer than this needs a person."""


def judge(snapshot: Snapshot) -> Iterator[Finding]:
    """In the order in which a person would ask."""
    yield from _processes(snapshot)
    yield from _today(snapshot)
    for line in snapshot.lines:
        yield _line(line)
    yield _disk(snapshot)
    yield from _reader(snapshot)


def age(seconds: float) -> str:
    """`45 s`, `12 min`, `5 h`, `3 d`: whole units, rounded down."""
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{int(seconds // unit)} {name}"
    return f"{max(0, int(seconds))} s"


def _processes(snapshot: Snapshot) -> Iterator[Finding]:
    now = snapshot.at.timestamp()
    for role in ROLES:
        ours = [sign for sign in snapshot.signs if sign.role == role]
        alive = [sign for sign in ours if sign.is_alive(now)]
        places = ", ".join(f"{sign.host} (process {sign.pid}, {sign.version})" for sign in alive)
        remedy = f"start it, or see its log: systemctl status dicom-node, or dicom-node-{role}"
        if alive:
            yield ok(role, f"runs on {places}")
        elif ours:
            last = max(sign.at for sign in ours)
            yield fail(role, f"silent for {age(now - last)}", remedy)
        else:
            yield fail(role, "does not run", remedy)


def _today(snapshot: Snapshot) -> Iterator[Finding]:
    if snapshot.today is None:
        remedy = "see that it can be reached: dicom-node check. Images are received and wait meanwhile"
        yield fail("job database", snapshot.database_fault, remedy)
        return
    today = snapshot.today
    counts = f"{today.received} received, {today.read} read, {today.refused} refused, {today.passed_over} no candidates"
    yield ok("today", counts)
    if snapshot.deferred:
        yield warn(
            "deferred", f"{snapshot.deferred} images wait for their job", "the receiver gives them one by itself"
        )


def _line(line: Line) -> Finding:
    what = READING if line.name == READING else f"to {line.name}"
    detail = ", ".join(f"{count} {state}" for state, count in line.counts.items()) or "nothing waits"
    detail += f", the oldest for {age(line.oldest_s)}" if line.oldest_s is not None else ""
    detail += f", last outcome {line.last_code}" if line.last_code else ""
    option = "" if line.name == READING else f" --destination {line.name}"
    if line.counts.get(State.PARKED) or line.counts.get(State.FAILED):
        remedy = f"see dicom-node jobs list --state parked{option}, mend it, then jobs retry"
        return fail(what, detail, f"{remedy} --all{option}" if option else f"{remedy} ID, or jobs reread ID")
    if line.is_paused:
        return warn(what, f"paused; {detail}", f"dicom-node jobs resume {line.name}")
    if line.oldest_s is not None and line.oldest_s > LATE.total_seconds():
        remedy = "see the worker's log" if line.name == READING else "see that it answers: dicom-node check"
        return fail(what, detail, remedy)
    if line.absence is not None:
        return warn(what, f"did not answer {line.absence.failures} times; {detail}", "it is tried again by itself")
    return ok(what, detail)


def _disk(snapshot: Snapshot) -> Finding:
    disk = snapshot.disk
    detail = f"{disk.free_mib} MiB free, {disk.reserve_mib} MiB kept in reserve, the node uses {disk.used_mib} MiB"
    remedy = "free some room, or lower storage.retention"
    if disk.free_mib < disk.reserve_mib:
        return fail("disk", detail, f"images are refused: {remedy}")
    if disk.free_mib < 2 * disk.reserve_mib:
        return warn("disk", detail, f"images are refused soon: {remedy}")
    return ok("disk", detail)


def _reader(snapshot: Snapshot) -> Iterator[Finding]:
    if snapshot.pipelines:
        read_by = f"; last read by {', '.join(snapshot.models)}" if snapshot.models else ""
        yield ok("pipelines", ", ".join(snapshot.pipelines) + read_by)
