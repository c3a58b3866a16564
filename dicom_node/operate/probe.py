"""A destination, tried from here: the association, C-ECHO, and the presentation contexts that results need."""

from collections.abc import Iterator, Mapping

from pydicom.uid import (
    UID,
    Comprehensive3DSRStorage,
    EnhancedSRStorage,
    ExplicitVRLittleEndian,
    GrayscaleSoftcopyPresentationStateStorage,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    RLELossless,
    SecondaryCaptureImageStorage,
)
from pynetdicom.association import Association
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import StorageCommitmentPushModel, Verification  # type: ignore[attr-defined]

from dicom_node.deliver.association import associate
from dicom_node.jobs.contract import DeliveryOutcome
from dicom_node.operate.finding import Finding, fail, ok, warn
from dicom_node.report.rendition import PictureCompression
from dicom_node.settings import Settings
from dicom_node.settings_network import Peer

SYNTAXES = {"explicit": ExplicitVRLittleEndian, "implicit": ImplicitVRLittleEndian}
COMPRESSED = {
    PictureCompression.RLE: {"RLE Lossless": RLELossless},
    PictureCompression.JPEG: {"JPEG Baseline": JPEGBaseline8Bit},
}
"""What a compressed picture is sent in, and nothing else."""
RESULTS = {
    "Comprehensive 3D SR": Comprehensive3DSRStorage,
    "Enhanced SR": EnhancedSRStorage,
    "Secondary Capture": SecondaryCaptureImageStorage,
}
BOXES = "Grayscale Softcopy Presentation State"
_PICTURE, _STATE = SecondaryCaptureImageStorage, GrayscaleSoftcopyPresentationStateStorage
REMEDIES = {
    "connection-failed": "start the destination; see its host and port, and the firewall between",
    "no-presentation-context": "let the destination accept Verification and the classes of results",
    "association-timeout": "nothing answers as DICOM there; see host and port",
    "association-aborted": "see the destination's log; one side may want TLS and the other not",
    "tls-unusable": "see node.tls: the three files, and that the peer's certificate is for its host",
}


def probe(name: str, peer: Peer, settings: Settings) -> Iterator[Finding]:
    """What the destination says, a finding each: association, C-ECHO, report, picture, boxes where they are sent."""
    where = f"{peer.ae_title} at {peer.host}:{peer.port}{' (TLS)' if peer.tls else ''}"
    wanted = [Verification, *RESULTS.values(), *([_STATE] if peer.presentation_state else [])]
    proposed = [build_context(sop_class, syntax) for sop_class in wanted for syntax in SYNTAXES.values()]
    pictures = COMPRESSED.get(peer.picture_compression, SYNTAXES)
    proposed += [build_context(_PICTURE, syntax) for syntax in pictures.values() if pictures is not SYNTAXES]
    proposed += [build_context(StorageCommitmentPushModel)] if peer.storage_commitment else []
    assoc = associate(peer, settings, proposed)
    if isinstance(assoc, DeliveryOutcome):
        yield fail(f"{name}: association", f"{where}: {assoc.code}", _remedy(assoc.code, settings))
        return
    try:
        yield ok(f"{name}: association", where)
        yield from _echo(name, assoc)
        yield from _report(name, assoc)
        yield from _others(name, peer, assoc, pictures)
        if peer.storage_commitment:
            yield _commitment(name, assoc)
    finally:
        assoc.release()


def _remedy(code: str, settings: Settings) -> str:
    if code in REMEDIES:
        return REMEDIES[code]
    return f"let the destination know this node: AE title {settings.node.ae_title}, this host; see its own AE title"


def _echo(name: str, assoc: Association) -> Iterator[Finding]:
    what = f"{name}: C-ECHO"
    if not _accepted(assoc, Verification, SYNTAXES):
        yield warn(what, "the destination does not offer Verification", "results may still be delivered")
        return
    status = assoc.send_c_echo()
    if "Status" not in status:
        yield fail(what, "no answer", "see the destination's log")
    elif status.Status != 0:
        yield fail(what, f"status {status.Status:04X}", "see the destination's log")
    else:
        yield ok(what, "answered")


def _report(name: str, assoc: Association) -> Iterator[Finding]:
    """The report goes as Comprehensive 3D SR, else as Enhanced SR."""
    taken = {title: _accepted(assoc, sop_class, SYNTAXES) for title, sop_class in RESULTS.items()}
    first, fallback, _ = taken
    if taken[first]:
        yield ok(f"{name}: report", f"{first} ({taken[first]})")
    elif taken[fallback]:
        yield warn(f"{name}: report", f"no {first}; {fallback} ({taken[fallback]}) goes instead")
    else:
        yield fail(f"{name}: report", f"neither {first} nor {fallback}", "let the destination accept one of them")


def _others(name: str, peer: Peer, assoc: Association, pictures: Mapping[str, UID]) -> Iterator[Finding]:
    """The picture goes as Secondary Capture in the peer's compression; the boxes as a presentation state."""
    wanted = {"picture": ("Secondary Capture", _PICTURE, pictures)}
    if peer.presentation_state:
        wanted["boxes"] = (BOXES, _STATE, SYNTAXES)
    for what, (title, sop_class, syntaxes) in wanted.items():
        taken = _accepted(assoc, sop_class, syntaxes)
        if taken:
            yield ok(f"{name}: {what}", f"{title} ({taken})")
        else:
            words = f"no {title}" if syntaxes is SYNTAXES else f"no {title} in {' or '.join(syntaxes)}"
            yield fail(f"{name}: {what}", words, "let the destination accept it")


def _commitment(name: str, assoc: Association) -> Finding:
    """Whether commitment may be asked for; the answer comes to node.port, which only the destination can try."""
    what = f"{name}: storage commitment"
    if any(cx.abstract_syntax == StorageCommitmentPushModel for cx in assoc.accepted_contexts):
        return ok(what, "offered; the destination must know this node's host and port for its answer")
    return fail(what, "not offered", "let the destination offer it to this node, or set storage_commitment: false")


def _accepted(assoc: Association, sop_class: UID, syntaxes: Mapping[str, UID]) -> str:
    """The accepted ones of these syntaxes in words; empty where there is none."""
    found = {cx.transfer_syntax[0] for cx in assoc.accepted_contexts if cx.abstract_syntax == sop_class}
    return " and ".join(word for word, syntax in syntaxes.items() if syntax in found)
