"""What strangers may send: changed objects and PDUs, bombs, connections that say nothing."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path
from socket import create_connection
from struct import pack
from typing import Any
from zlib import MAX_WBITS, compressobj

import psutil
import yaml
from pydicom import Dataset, dcmwrite
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    RLELossless,
    generate_uid,
)

from dicom_node.errors import NodeError
from dicom_node.operate.node_process import NodeProcess
from dicom_node.phantom import PhantomOptions, dataset
from dicom_node.settings import Settings, load
from dicom_node.spool.layout import Layout
from dicom_node.work.decode import decode
from dicom_node.work.decoders import Decoders
from dicom_node.work.header import read_header
from dicom_node.work.radiograph import radiograph
from dicom_node.work.select import select
from tests.faults.mutation import Mutator, elements
from tests.faults.raw_peer import PeerGone, RawPeer, associate_rq, release_rq, store_rq
from tests.faults.scenario import Row, Scale, Scenario, at_most, exactly, noted, scratch
from tests.support.orthanc import free_port

SYNTAXES = (
    ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian,
    RLELossless, JPEGLosslessSV1, JPEG2000Lossless,
)  # fmt: skip
PLANTED = "Planted^Name"
SENDERS = 4
SETTLING_S = 60.0
POOLED_DESCRIPTORS = 10
"""The job database's five connections, of two files each, are opened when senders first meet, and stay."""
MIB = 1 << 20


@dataclass(frozen=True)
class Original:
    """A data set as bytes, and what a request says of it."""

    context: int
    syntax: str
    sop_class: str
    sop_instance: str
    data_set: bytes


@dataclass(frozen=True)
class Held:
    """What a process holds: resident bytes, threads, descriptors."""

    resident: int
    threads: int
    descriptors: int

    @classmethod
    def by(cls, process: psutil.Process) -> "Held":
        return cls(process.memory_info().rss, process.num_threads(), process.num_fds())


@dataclass
class Target:
    """A running receiver. statuses: what it answered so far, in hex, or that it hung up."""

    settings: Settings
    port: int
    process: NodeProcess
    log: Path
    statuses: Counter[str] = field(default_factory=Counter)

    def held(self) -> Held:
        return Held.by(psutil.Process(self.process.pid))

    def settled(self, before: Held) -> Held:
        """What it holds once threads and descriptors are no more than before, or after a minute."""
        deadline = time.monotonic() + SETTLING_S
        while time.monotonic() < deadline:
            now = self.held()
            more = now.descriptors - before.descriptors
            if now.threads <= before.threads and more <= POOLED_DESCRIPTORS:
                return now
            time.sleep(0.2)
        return self.held()

    def answers(self, number: int) -> bool:
        """Whether an ordinary image is stored now."""
        one = originals(f"ordinary-{number}", (ExplicitVRLittleEndian,))[0]
        try:
            with closing(RawPeer(self.port, contexts((one,))).open()) as peer:
                return peer.store(one.context, one.sop_class, one.sop_instance, one.data_set) == 0
        except PeerGone:
            return False


@contextmanager
def target(folder: Path) -> Iterator[Target]:
    """A receiver as its own process, until the block ends."""
    port, config, log = free_port(), folder / "node.yaml", folder / "node.log"
    document: dict[str, Any] = {
        "node": {"port": port, "maximum_object_mib": 16, "association_timeout_s": 3.0, "idle_timeout_s": 10.0},
        "peers": {"modality": {"ae_title": "MODALITY", "host": "127.0.0.1"}},
        "routes": [{"name": "hands", "candidates": {"body_parts": []}}],
        "storage": {"directory": "state", "minimum_free_mib": 64},
        "audit": {"file": "audit.jsonl"},
    }
    config.write_text(yaml.safe_dump(document))
    with NodeProcess(config, log, role="receive", timeout_s=300) as process:
        yield Target(load(config), port, process, log)


def originals(entropy: str, syntaxes: Sequence[str] = SYNTAXES) -> list[Original]:
    """A small phantom in each transfer syntax, with a planted name and a nested sequence."""
    found = []
    for number, syntax in enumerate(syntaxes):
        ds = dataset(PhantomOptions(100, "F", height=160, width=128, transfer_syntax=syntax.keyword))
        ds.PatientName = PLANTED
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[entropy, syntax])
        found.append(Original(2 * number + 1, syntax, ds.SOPClassUID, ds.SOPInstanceUID, _data_set(ds)))
    return found


def _data_set(ds: Dataset) -> bytes:
    buffer = BytesIO()
    dcmwrite(buffer, ds, enforce_file_format=True)
    whole = buffer.getvalue()
    return whole[144 + int.from_bytes(whole[140:144], "little") :]


def contexts(of: Sequence[Original]) -> list[tuple[int, str, str]]:
    """Presentation contexts of the originals."""
    return [(each.context, each.sop_class, each.syntax) for each in of]


def mutant(number: int, of: Sequence[Original]) -> Original:
    """The changed object of that number, with an identity of its own: the same again whenever it is asked for."""
    one = of[number % len(of)]
    uid = generate_uid(prefix="1.2.3.", entropy_srcs=[str(number)])[: len(one.sop_instance)].ljust(
        len(one.sop_instance), "1"
    )
    mutator = Mutator(random.Random(number), implicit=one.syntax == ImplicitVRLittleEndian)
    if one.syntax in (DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian):
        return Original(one.context, one.syntax, one.sop_class, one.sop_instance, mutator.flipped(one.data_set))
    named = one.data_set.replace(one.sop_instance.encode(), uid.encode())
    return Original(one.context, one.syntax, one.sop_class, uid, mutator.data_set(named))


def store_all(target: Target, mutants: Sequence[Original], of: Sequence[Original]) -> None:
    """Send one after the other in one association, and open another where the node ends it."""
    peer: RawPeer | None = None
    for each in mutants:
        try:
            peer = peer or RawPeer(target.port, contexts(of)).open()
            status = peer.store(each.context, each.sop_class, each.sop_instance, each.data_set)
            target.statuses[f"{status:04X}"] += 1
        except PeerGone as gone:
            target.statuses[str(gone)] += 1
            if peer is not None:
                peer.close()
            peer = None
    if peer is not None:
        peer.close()


def objects(scale: Scale) -> Sequence[Row]:
    """Changed objects to a receiver, then those that it stored to the parser and decoders of a worker."""
    count = scale.pick(500, 5_000)
    with scratch("objects") as folder, target(folder) as node:
        of = originals("objects")
        store_all(node, of, of)
        before = node.settled(node.held())
        mutants = [mutant(number, of) for number in range(count)]
        started = time.monotonic()
        with ThreadPoolExecutor(SENDERS) as senders:
            list(senders.map(lambda part: store_all(node, mutants[part::SENDERS], of), range(SENDERS)))
        seconds = time.monotonic() - started
        rows = [
            exactly("objects answered, or their association ended", count + len(of), sum(node.statuses.values())),
            noted("stored", node.statuses["0000"]),
            noted("refused with C000 or A900", node.statuses["C000"] + node.statuses["A900"]),
            exactly("answered as unforeseen (C211)", 0, node.statuses["C211"]),
            noted("objects a second", count / seconds),
            *_unharmed(node, before),
        ]
        return [*rows, *_parsed(node)]


def _parsed(node: Target) -> list[Row]:
    """Every stored object through header, selection and decoding, as the worker does it."""
    layout, settings, outcomes = Layout(node.settings.storage.directory), node.settings, Counter[str]()
    images = [path.parent.name for path in layout.images.glob("*/*/source.dcm")]
    work = partial(decode, limits=settings.parsing)
    process = psutil.Process()
    with closing(Decoders(work, count=2, timeout_s=60, memory_mib=2048)) as decoders:
        with suppress(NodeError):
            decoders.decode(layout.image(images[0]))  # the codecs are loaded now
        before = Held.by(process)
        with ThreadPoolExecutor(2) as workers:
            outcomes.update(workers.map(lambda key: _outcome(layout.image(key), settings, decoders), images))
        after = Held.by(process)
    unforeseen = {name: times for name, times in outcomes.items() if name.startswith("unforeseen")}
    return [
        noted("objects parsed and decoded as in a worker", len(images)),
        noted("of them read", outcomes["read"]),
        noted("of them too complex to be parsed", outcomes["object-too-complex"]),
        exactly("faults without a name", {}, unforeseen),
        noted("decoders that died or hung", outcomes["decoder-died"] + outcomes["decoder-hung"]),
        at_most("worker's memory grown by", 200, (after.resident - before.resident) / MIB, "MiB"),
        at_most("worker's descriptors more", 2, after.descriptors - before.descriptors),
    ]


def _outcome(path: Path, settings: Settings, decoders: Decoders) -> str:
    try:
        select(read_header(path, settings.parsing), "MODALITY", settings.routes)
        radiograph(decoders.decode(path))
        return "read"
    except NodeError as error:
        return error.code
    except Exception as error:
        return f"unforeseen {type(error).__name__} {path.parent.name[:8]}"


def pdus(scale: Scale) -> Sequence[Row]:
    """Changed PDUs, each in a connection of its own."""
    count = scale.pick(200, 2_000)
    with scratch("pdus") as folder, target(folder) as node:
        (one,) = of = originals("pdus", (ExplicitVRLittleEndian,))
        store_all(node, of, of)
        before = node.settled(node.held())
        with ThreadPoolExecutor(2 * SENDERS) as senders:
            list(senders.map(lambda number: _wrong_pdus(node.port, one, number), range(count)))
        return [noted("sequences of PDUs with a wrong one", count), *_unharmed(node, before)]


def _wrong_pdus(port: int, one: Original, number: int) -> None:
    """Associate, store, release; one PDU of it is changed."""
    chance = random.Random(number)
    sent = [associate_rq(contexts((one,))), *store_rq(1, one.sop_class, one.sop_instance, one.data_set), release_rq()]
    at = chance.randrange(len(sent)) if chance.random() < 0.5 else chance.randrange(2)
    sent[at] = Mutator(chance).pdu(sent[at])
    peer = RawPeer(port, (), timeout_s=0.5)
    try:
        peer._connection = create_connection(("127.0.0.1", port), timeout=0.5)
        for each in sent:
            peer.write(each)
        while True:
            peer.read()
    except (PeerGone, OSError):
        return
    finally:
        peer.close()


def half_open(scale: Scale) -> Sequence[Row]:
    """Connections that say nothing, or half a PDU; meanwhile an image comes."""
    count = scale.pick(200, 1_000)
    with scratch("half-open") as folder, target(folder) as node:
        node.answers(0)
        before, held = node.settled(node.held()), []
        beginnings = (b"", b"\x01", associate_rq([])[:40])
        for number in range(count):
            held.append(create_connection(("127.0.0.1", node.port), timeout=10))
            try:
                held[-1].sendall(beginnings[number % 3])
            except OSError:
                continue  # it was among too many, and hung up on
        most, started = node.held().threads, time.monotonic()
        while not (stored := node.answers(1)) and time.monotonic() - started < SETTLING_S:
            time.sleep(0.2)
        seconds = time.monotonic() - started
        for each in held:
            each.close()
        return [
            noted("connections that say nothing, held open", count),
            exactly("an image is stored meanwhile", True, stored),
            at_most("it waits for", 10, seconds, "s"),
            at_most("threads at the time", 2 * (2 * node.settings.node.maximum_associations + 16) + 20, most),
            *_unharmed(node, before),
        ]


def bombs(_scale: Scale) -> Sequence[Row]:
    """Objects that are small and become large, deep, or say that they are something else."""
    with scratch("bombs") as folder, target(folder) as node:
        of = originals("bombs", (ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, RLELossless))
        store_all(node, of, of)
        before, node.statuses = node.settled(node.held()), Counter()
        rows = []
        for what, (one, data_set) in _bombs(*of).items():
            store_all(node, [Original(one.context, one.syntax, one.sop_class, one.sop_instance, data_set)], of)
            (answer,) = node.statuses
            rows.append(noted(f"{what}: answer", answer))
            node.statuses.clear()
        return [*rows, *_unharmed(node, before), *_parsed(node)]


def _bombs(plain: Original, deflated: Original, encapsulated: Original) -> dict[str, tuple[Original, bytes]]:
    """What it is, in whose name it goes, and its bytes."""
    explicit = {each: _explicit(each) for each in (plain, deflated, encapsulated)}
    return {
        "10,000 sequences inside each other": (plain, plain.data_set + _deep(10_000)),
        "the same before the identity": (plain, _deep(10_000, b"\x08\x00\x06\x00") + plain.data_set),
        "1 GiB of zeros deflated": (deflated, _bomb(explicit[deflated], 1024)),
        "data that is not deflated in a deflated syntax": (deflated, explicit[deflated]),
        "pixels that are not in their transfer syntax": (encapsulated, explicit[encapsulated]),
    }


def _explicit(one: Original) -> bytes:
    """An uncompressed data set of the same name."""
    ds = dataset(PhantomOptions(100, "F", height=160, width=128))
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = one.sop_instance
    return _data_set(ds)


def _deep(depth: int, tag: bytes = b"\x08\x00\x15\x11") -> bytes:
    return (tag + b"SQ\0\0" + b"\xff" * 4 + b"\xfe\xff\x00\xe0" + b"\xff" * 4) * depth


def _bomb(data_set: bytes, mib: int) -> bytes:
    """The data set with so many MiB for pixels, deflated."""
    header = data_set[: elements(data_set, implicit=False)[-1].start]
    head = b"\xe0\x7f\x10\x00OB\0\0" + pack("<L", mib * MIB)
    found = compressobj(9, wbits=-MAX_WBITS)
    return found.compress(header + head) + b"".join(found.compress(bytes(MIB)) for _ in range(mib)) + found.flush()


def _unharmed(node: Target, before: Held) -> list[Row]:
    """It stores, holds no more than before, logged no crash, and no value of a patient."""
    stored, after = node.answers(threading.get_native_id()), node.settled(before)
    text = node.log.read_text(errors="replace") + (node.log.parent / "audit.jsonl").read_text()
    crashes = [word for word in ("Traceback", "uncaught_exception", "store_failed", "admission_failed") if word in text]
    return [
        exactly("an ordinary image is stored afterwards", True, stored),
        exactly("the receiver runs", True, node.process.running),
        at_most("receiver's memory grown by", 64, (after.resident - before.resident) / MIB, "MiB"),
        at_most("receiver's threads more", 0, after.threads - before.threads),
        at_most("receiver's descriptors more", POOLED_DESCRIPTORS, after.descriptors - before.descriptors),
        exactly("crashes in its log", [], crashes),
        exactly("a patient's name in log or audit trail", False, "Planted" in text),
        exactly("lines that a peer forged", False, "key=forged" in text or "\x1b" in text),
    ]


SCENARIOS = (
    Scenario("hostile-objects", "Changed objects reach a receiver, and a worker's parser and decoders.", objects),
    Scenario("hostile-pdus", "Changed PDUs reach a receiver.", pdus),
    Scenario("hostile-connections", "Connections are opened that say nothing or too little.", half_open),
    Scenario("hostile-bombs", "Objects nest, inflate or lie about their encoding.", bombs),
)
