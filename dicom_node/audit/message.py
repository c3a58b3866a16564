"""The messages of the audit trail, with the names and codes of PS3.15 A.5.2 and A.5.3. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, IntEnum
from typing import Any


class Code(Enum):
    """Codes of DCM (PS3.16 Annex D): EventID, EventTypeCode and RoleIDCode."""

    APPLICATION_ACTIVITY = ("110100", "Application Activity")
    BEGIN_TRANSFERRING = ("110102", "Begin Transferring DICOM Instances")
    INSTANCES_TRANSFERRED = ("110104", "DICOM Instances Transferred")
    NETWORK_ENTRY = ("110108", "Network Entry")
    SECURITY_ALERT = ("110113", "Security Alert")
    APPLICATION_START = ("110120", "Application Start")
    APPLICATION_STOP = ("110121", "Application Stop")
    ATTACH = ("110124", "Attach")
    NODE_AUTHENTICATION = ("110126", "Node Authentication")
    SOFTWARE_CONFIGURATION = ("110131", "Software Configuration")
    RESTRICTED_FUNCTION = ("110132", "Use of Restricted Function")
    APPLICATION = ("110150", "Application")
    DESTINATION_ROLE = ("110152", "Destination Role ID")
    SOURCE_ROLE = ("110153", "Source Role ID")
    STUDY_INSTANCE_UID = ("110180", "Study Instance UID")

    def fields(self) -> dict[str, str]:
        """As a coded value of the schema."""
        return {"csd-code": self.value[0], "codeSystemName": "DCM", "originalText": self.value[1]}


class Outcome(IntEnum):
    """EventOutcomeIndicator (PS3.15 A.5.2.1)."""

    SUCCESS = 0
    MINOR_FAILURE = 4
    """It may pass, and is tried again."""
    SERIOUS_FAILURE = 8


class Action(Enum):
    """EventActionCode."""

    CREATE, READ, EXECUTE = "C", "R", "E"


@dataclass(frozen=True)
class Participant:
    """Somebody or something that took part.

    user: a name of the operating system, or a process; ae_title: AlternativeUserID; host: an address.
    """

    user: str
    requests: bool
    role: Code | None = None
    ae_title: str = ""
    host: str = ""

    def fields(self) -> dict[str, Any]:
        """As an ActiveParticipant."""
        found: dict[str, Any] = {"UserID": self.user, "UserIsRequestor": self.requests}
        if self.ae_title:
            found["AlternativeUserID"] = f"AETITLE={self.ae_title}"
        if self.role is not None:
            found["RoleIDCode"] = self.role.fields()
        if self.host:
            found |= {"NetworkAccessPointTypeCode": 2, "NetworkAccessPointID": self.host}
        return found


@dataclass(frozen=True)
class Instances:
    """Objects of one study. sop_classes: SOP Class UID -> SOP Instance UIDs; patient_id: empty where it is not told."""

    study_instance_uid: str
    sop_classes: Mapping[str, tuple[str, ...]]
    patient_id: str = ""

    def fields(self) -> list[dict[str, Any]]:
        """The study and, where it is told, the patient, as ParticipantObjectIdentification."""
        described = [
            {"UID": uid, "NumberOfInstances": len(names), "Instance": [{"UID": name} for name in names]}
            for uid, names in self.sop_classes.items()
        ]
        study = _object(self.study_instance_uid, 2, 3, Code.STUDY_INSTANCE_UID.fields())
        study["ParticipantObjectDescription"] = {"SOPClass": described}
        patient_number = {"csd-code": "2", "codeSystemName": "RFC-3881", "originalText": "Patient Number"}
        patient = [_object(self.patient_id, 1, 1, patient_number)] if self.patient_id else []
        return [study, *patient]


@dataclass(frozen=True)
class Message:
    """One event. objects: ParticipantObjectIdentification, as fields."""

    event: Code
    action: Action
    outcome: Outcome
    participants: tuple[Participant, ...]
    kind: Code | None = None
    detail: str = ""
    objects: tuple[dict[str, Any], ...] = ()

    def fields(self, *, at: datetime, source: str) -> dict[str, Any]:
        """The whole message. at: with a zone; source: AuditSourceID."""
        event: dict[str, Any] = {
            "EventID": self.event.fields(),
            "EventActionCode": self.action.value,
            "EventDateTime": at.isoformat(timespec="milliseconds"),
            "EventOutcomeIndicator": int(self.outcome),
        }
        if self.kind is not None:
            event["EventTypeCode"] = self.kind.fields()
        if self.detail:
            event["EventOutcomeDescription"] = self.detail
        return {
            "EventIdentification": event,
            "ActiveParticipant": [each.fields() for each in self.participants],
            "AuditSourceIdentification": {"AuditSourceID": source},
            "ParticipantObjectIdentification": list(self.objects),
        }


def activity(kind: Code, process: Participant) -> Message:
    """A process has started, or stops in order (A.5.3.1)."""
    return Message(Code.APPLICATION_ACTIVITY, Action.EXECUTE, Outcome.SUCCESS, (process,), kind)


def settings_read(process: Participant, path: str, sha256: str) -> Message:
    """The settings were read; another hash than before means that they were changed (A.5.3.11)."""
    read = _object(path, 2, 13, {"csd-code": "12", "codeSystemName": "RFC-3881", "originalText": "URI"})
    read["ParticipantObjectDetail"] = {"type": "sha256", "value": sha256}
    kind = Code.SOFTWARE_CONFIGURATION
    return Message(Code.SECURITY_ALERT, Action.READ, Outcome.SUCCESS, (process,), kind, "settings read", (read,))


def association_opened(caller: Participant, process: Participant) -> Message:
    """A peer's association was accepted (A.5.3.9)."""
    return Message(Code.NETWORK_ENTRY, Action.EXECUTE, Outcome.SUCCESS, (caller, process), Code.ATTACH)


def caller_refused(caller: Participant, process: Participant, reason: str) -> Message:
    """An association was rejected, or a TLS handshake failed (A.5.3.11)."""
    kind, parties = Code.NODE_AUTHENTICATION, (caller, process)
    return Message(Code.SECURITY_ALERT, Action.EXECUTE, Outcome.MINOR_FAILURE, parties, kind, reason)


def transfer_begins(sender: Participant, receiver: Participant, instances: Instances) -> Message:
    """Results are about to be sent (A.5.3.3)."""
    objects = tuple(instances.fields())
    return Message(
        Code.BEGIN_TRANSFERRING, Action.EXECUTE, Outcome.SUCCESS, (sender, receiver), detail="", objects=objects
    )


def transferred(
    sender: Participant, receiver: Participant, instances: Instances, *, action: Action, outcome: Outcome, detail: str
) -> Message:
    """Objects were received (action CREATE) or sent (READ), or could not be (A.5.3.7)."""
    objects, parties = tuple(instances.fields()), (sender, receiver)
    return Message(Code.INSTANCES_TRANSFERRED, action, outcome, parties, detail=detail, objects=objects)


def restricted_function(operator: Participant, what: str, keys: Iterable[str]) -> Message:
    """Somebody at the command line changed what becomes of images (A.5.3.11)."""
    number = {"csd-code": "10", "codeSystemName": "RFC-3881", "originalText": "Search Criteria"}
    objects = tuple(_object(key, 2, 20, number) for key in keys)
    kind = Code.RESTRICTED_FUNCTION
    return Message(Code.SECURITY_ALERT, Action.EXECUTE, Outcome.SUCCESS, (operator,), kind, what, objects)


def _object(identifier: str, kind: int, role: int, id_type: dict[str, str]) -> dict[str, Any]:
    """kind: 1 person, 2 system object; role: 1 patient, 3 report, 13 security resource, 20 job."""
    return {
        "ParticipantObjectID": identifier,
        "ParticipantObjectTypeCode": kind,
        "ParticipantObjectTypeCodeRole": role,
        "ParticipantObjectIDTypeCode": id_type,
    }
