"""Tables of what the node accepts, proposes, answers and judges on the network. Pure."""

from collections.abc import Sequence

from pydantic import BaseModel
from pydantic_core import PydanticUndefined
from pydicom.uid import UID, ExplicitVRLittleEndian, GrayscaleSoftcopyPresentationStateStorage
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StorageCommitmentPushModel,
    StudyRootQueryRetrieveInformationModelFind,
    Verification,
)

from dicom_node import implementation
from dicom_node.deliver import outcomes
from dicom_node.deliver.plan import contexts
from dicom_node.jobs.contract import Verdict
from dicom_node.operate.probe import COMPRESSED, RESULTS
from dicom_node.receive import commitment
from dicom_node.receive.admission import REJECTION
from dicom_node.receive.contexts import SOP_CLASSES, TRANSFER_SYNTAXES
from dicom_node.receive.handlers import STATUS, SUCCESS, UNFORESEEN
from dicom_node.report.rendition import PictureCompression
from dicom_node.settings import Delivery
from dicom_node.settings_network import Node, Tls

Rows = list[tuple[str, ...]]
"""The first row is the heading."""

_COMMITMENT, _QUERY = UID(StorageCommitmentPushModel), UID(StudyRootQueryRetrieveInformationModelFind)
_RESULTS: tuple[UID, ...] = (*RESULTS.values(), GrayscaleSoftcopyPresentationStateStorage)
_OFFERS = {
    PictureCompression.NONE: ExplicitVRLittleEndian,
    **{compression: next(iter(syntaxes.values())) for compression, syntaxes in COMPRESSED.items()},
}
"""What the node writes a picture in, by what the destination's settings ask for."""


def services() -> Rows:
    """Every SOP class, with the roles that the node takes in it."""
    rows: Rows = [("SOP class", "UID", "as user (SCU)", "as provider (SCP)")]
    for uid in dict.fromkeys((Verification, *SOP_CLASSES, *_RESULTS)):
        user, provider = uid in (Verification, *_RESULTS), uid in (Verification, *SOP_CLASSES)
        rows.append((UID(uid).name, str(uid), "yes" if user else "no", "yes" if provider else "no"))
    rows.append((_COMMITMENT.name, str(_COMMITMENT), "yes", "no"))
    return [*rows, (_QUERY.name, str(_QUERY), "yes", "no")]


def accepted_contexts() -> Rows:
    """SOP classes as an acceptor; storage classes with every transfer syntax of the next table."""
    rows: Rows = [("abstract syntax", "UID", "role", "extended negotiation")]
    rows += [(UID(uid).name, str(uid), "SCP", "none") for uid in (Verification, *SOP_CLASSES)]
    return [*rows, (_COMMITMENT.name, str(_COMMITMENT), "SCU", "the peer proposes the role of SCP")]


def accepted_syntaxes() -> Rows:
    """Of those that a peer proposes in one context, the first of these is taken."""
    rows: Rows = [("order", "transfer syntax", "UID")]
    return rows + [(str(n), uid.name, str(uid)) for n, uid in enumerate(TRANSFER_SYNTAXES, start=1)]


def proposed_contexts() -> Rows:
    """What the node proposes as an initiator, a context each."""
    rows: Rows = [("abstract syntax", "transfer syntax", "UID", "where")]
    for sop_class in _RESULTS:
        for compression, own in _OFFERS.items():
            if compression is not PictureCompression.NONE and sop_class != RESULTS["Secondary Capture"]:
                continue
            where = "always" if compression is PictureCompression.NONE else f"picture_compression: {compression}"
            if sop_class == GrayscaleSoftcopyPresentationStateStorage:
                where = "presentation_state: true"
            rows += [
                (UID(sop_class).name, cx.transfer_syntax[0].name, str(cx.transfer_syntax[0]), where)
                for cx in contexts([(sop_class, own)])
            ]
    for abstract, where in ((_COMMITMENT, "storage_commitment: true"), (_QUERY, "after a duplicate (0111)")):
        proposed = build_context(abstract)
        rows += [(abstract.name, syntax.name, str(syntax), where) for syntax in proposed.transfer_syntax]
    return rows


def answered_statuses() -> Rows:
    """What C-STORE is answered with."""
    rows: Rows = [("status", "meaning", "Error Comment")]
    rows.append((f"{SUCCESS:04X}", "stored and durable; also for an object that was here before", ""))
    for error, status in STATUS.items():
        rows.append((f"{status:04X}", _first_sentence(error.__doc__), error.code))
    rows.append((f"{UNFORESEEN:04X}", "anything unforeseen", ""))
    return rows


def answered_rejections() -> Rows:
    """Why an association is rejected."""
    rows: Rows = [("reason", "result", "source", "reason/diagnostic")]
    return rows + [(str(reason), *map(str, answer)) for reason, answer in REJECTION.items()]


def judged_statuses() -> Rows:
    """What becomes of a result by the destination's status."""
    return _judged("status", outcomes.STATUS_RULES)


def judged_actions() -> Rows:
    """What becomes of a request for storage commitment by the status of the N-ACTION response."""
    return _judged("status", outcomes.ACTION_RULES)


def judged_failures() -> Rows:
    """What becomes of an object that was not committed, by its Failure Reason."""
    return _judged("failure reason", outcomes.COMMITMENT_RULES)


def _judged(what: str, rules: Sequence[outcomes.StatusRule]) -> Rows:
    rows: Rows = [(what, "what follows", "source")]
    for rule in rules:
        span = f"{rule.first:04X}" if rule.first == rule.last else f"{rule.first:04X} to {rule.last:04X}"
        rows.append((span, str(rule.verdict), rule.source))
    return [*rows, ("any other", str(Verdict.RETRY), "")]


def answered_reports() -> Rows:
    """What N-EVENT-REPORT of storage commitment is answered with."""
    rows: Rows = [("status", "meaning")]
    return rows + [(f"{status:04X}", meaning) for status, meaning in commitment.STATUSES.items()]


def judged_rejections() -> Rows:
    """What becomes of a result by the destination's rejection."""
    rows: Rows = [("source", "reason/diagnostic", "code in the log", "what follows")]
    for source, diagnostic in outcomes.REJECTIONS:
        judged = outcomes.judge_rejection(source, diagnostic)
        rows.append((str(source), str(diagnostic), judged.code, str(judged.verdict)))
    return rows


def implementation_names() -> Rows:
    """How the node names itself in associations and files."""
    return [
        ("what", "value"),
        ("Implementation Class UID", str(implementation.CLASS_UID)),
        ("Implementation Version Name", f"{implementation.VERSION_NAME.split()[0]} and the version"),
    ]


def network_parameters() -> Rows:
    """Every setting of the network that is a number, a name or a switch, with its default."""
    rows: Rows = [("setting", "default", "meaning")]
    for section, model in (("node", Node), ("node.tls", Tls), ("delivery", Delivery)):
        rows += _parameters(section, model)
    return rows


def _parameters(section: str, model: type[BaseModel]) -> Rows:
    rows: Rows = []
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True)
        shown = "required" if default is PydanticUndefined else _shown(default)
        rows.append((f"{section}.{name}", shown, _first_sentence(field.description)))
    return rows


def _shown(default: object) -> str:
    if isinstance(default, tuple):
        return ", ".join(f"{each:g}" if isinstance(each, float) else str(each) for each in default)
    return "none" if default is None else str(default)


def _first_sentence(text: str | None) -> str:
    return " ".join((text or "").split()).rstrip(".")
