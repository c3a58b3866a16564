"""A destination, tried from here: the association, C-ECHO, and the presentation contexts that results need."""

from collections.abc import Iterator

from pydicom.uid import (
    UID,
    Comprehensive3DSRStorage,
    EnhancedSRStorage,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
)
from pynetdicom.association import Association
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from dicom_node.deliver.association import associate
from dicom_node.jobs.contract import DeliveryOutcome
from dicom_node.operate.finding import Finding, fail, ok, warn
from dicom_node.settings import Peer, Settings

SYNTAXES = {"explicit": ExplicitVRLittleEndian, "implicit": ImplicitVRLittleEndian}
RESULTS = {
    "Comprehensive 3D SR": Comprehensive3DSRStorage,
    "Enhanced SR": EnhancedSRStorage,
    "Secondary Capture": SecondaryCaptureImageStorage,
}
REMEDIES = {
    "connection-failed": "start the destination; see its host and port, and the firewall between",
    "no-presentation-context": "let the destination accept Verification and the classes of results",
    "association-timeout": "nothing answers as DICOM there; see host and port",
    "association-aborted": "see the destination's log; one side may want TLS and the other not",
    "tls-unusable": "see node.tls: the three files, and that the peer's certificate is for its host",
}


def probe(name: str, peer: Peer, settings: Settings) -> Iterator[Finding]:
    """What the destination says, a finding each: association, C-ECHO, report, picture."""
    where = f"{peer.ae_title} at {peer.host}:{peer.port}{' (TLS)' if peer.tls else ''}"
    wanted = [Verification, *RESULTS.values()]
    proposed = [build_context(sop_class, syntax) for sop_class in wanted for syntax in SYNTAXES.values()]
    assoc = associate(peer, settings, proposed)
    if isinstance(assoc, DeliveryOutcome):
        yield fail(f"{name}: association", f"{where}: {assoc.code}", _remedy(assoc.code, settings))
        return
    try:
        yield ok(f"{name}: association", where)
        yield from _echo(name, assoc)
        yield from _classes(name, assoc)
    finally:
        assoc.release()


def _remedy(code: str, settings: Settings) -> str:
    if code in REMEDIES:
        return REMEDIES[code]
    return f"let the destination know this node: AE title {settings.node.ae_title}, this host; see its own AE title"


def _echo(name: str, assoc: Association) -> Iterator[Finding]:
    what = f"{name}: C-ECHO"
    if not _accepted(assoc, Verification):
        yield warn(what, "the destination does not offer Verification", "results may still be delivered")
        return
    status = assoc.send_c_echo()
    if "Status" not in status:
        yield fail(what, "no answer", "see the destination's log")
    elif status.Status != 0:
        yield fail(what, f"status {status.Status:04X}", "see the destination's log")
    else:
        yield ok(what, "answered")


def _classes(name: str, assoc: Association) -> Iterator[Finding]:
    """The report goes as Comprehensive 3D SR, else as Enhanced SR; the picture as Secondary Capture."""
    taken = {title: _accepted(assoc, sop_class) for title, sop_class in RESULTS.items()}
    first, fallback, picture = taken
    if taken[first]:
        yield ok(f"{name}: report", f"{first} ({taken[first]})")
    elif taken[fallback]:
        yield warn(f"{name}: report", f"no {first}; {fallback} ({taken[fallback]}) goes instead")
    else:
        yield fail(f"{name}: report", f"neither {first} nor {fallback}", "let the destination accept one of them")
    if taken[picture]:
        yield ok(f"{name}: picture", f"{picture} ({taken[picture]})")
    else:
        yield fail(f"{name}: picture", f"no {picture}", "let the destination accept it")


def _accepted(assoc: Association, sop_class: UID) -> str:
    """The accepted syntaxes of the class in words; empty where there is none."""
    found = {cx.transfer_syntax[0] for cx in assoc.accepted_contexts if cx.abstract_syntax == sop_class}
    return " and ".join(word for word, syntax in SYNTAXES.items() if syntax in found)
