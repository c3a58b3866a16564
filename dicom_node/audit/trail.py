"""The audit trail of one process: each message is a line of the file, durable before the process goes on.

The file is opened anew for each line, so that logrotate may rename it at any time, and several processes append to one.
A trail that cannot be written stops nobody's reading: the log says `audit_not_written`, with the file's fault.
"""

import getpass
import hashlib
import json
import os
import socket
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import structlog
from pydicom import dcmread

from dicom_node.audit import message
from dicom_node.audit.message import Action, Code, Instances, Message, Outcome, Participant
from dicom_node.errors import NodeError
from dicom_node.settings import Settings
from dicom_node.settings_parsing import Parsing
from dicom_node.spool.identity import PARSE_ERRORS
from dicom_node.spool.results import StoredObject
from dicom_node.structure import check_structure

log = structlog.get_logger(__name__)

UNKNOWN_STUDY = "unknown"


class Trail:
    """Writes what a process of the given role does; nothing where the settings name no file."""

    def __init__(self, settings: Settings, role: str) -> None:
        self._file, self._tells_patients = settings.audit.file, settings.audit.patient_ids
        self._limits: Parsing = settings.parsing
        self._source = f"{settings.node.ae_title}@{socket.gethostname()}"
        self._process = Participant(
            f"{role}:{os.getpid()}", requests=False, role=Code.APPLICATION, ae_title=settings.node.ae_title
        )

    def started(self, config: Path) -> None:
        """The process has read its settings, and begins."""
        if self._file is not None:
            sha256 = hashlib.sha256(config.read_bytes()).hexdigest()
            self._add(message.activity(Code.APPLICATION_START, self._process))
            self._add(message.settings_read(self._process, str(config.resolve()), sha256))

    def stopped(self) -> None:
        """The process ends because it was asked to."""
        self._add(message.activity(Code.APPLICATION_STOP, self._process))

    def association_opened(self, ae_title: str, host: str) -> None:
        """A peer was let in."""
        self._add(message.association_opened(_peer(ae_title, host, requests=True), self._process))

    def caller_refused(self, ae_title: str, host: str, reason: str) -> None:
        """A caller was not let in; ae_title: empty where none is known yet."""
        self._add(message.caller_refused(_peer(ae_title, host, requests=True), self._process, reason))

    def received(self, ae_title: str, host: str, stored: Path, sop_class_uid: str, sop_instance_uid: str) -> None:
        """An object was stored, and its sender hears so."""
        if self._file is None:
            return
        instances = self._instances(stored, {sop_class_uid: (sop_instance_uid,)})
        sender = _peer(ae_title, host, requests=True, role=Code.SOURCE_ROLE)
        self._add(message.transferred(
            sender, self._process, instances, action=Action.CREATE, outcome=Outcome.SUCCESS, detail="stored"
        ))  # fmt: skip

    def sending(self, ae_title: str, host: str, objects: Iterable[StoredObject]) -> None:
        """Results are about to go to a destination."""
        instances = self._results(objects)
        if instances is not None:
            receiver = _peer(ae_title, host, requests=False, role=Code.DESTINATION_ROLE)
            self._add(message.transfer_begins(self._process, receiver, instances))

    def sent(self, ae_title: str, host: str, objects: Iterable[StoredObject], outcome: Outcome, code: str) -> None:
        """Results went to a destination, or could not."""
        instances = self._results(objects)
        if instances is not None:
            receiver = _peer(ae_title, host, requests=False, role=Code.DESTINATION_ROLE)
            self._add(message.transferred(
                self._process, receiver, instances, action=Action.READ, outcome=outcome, detail=code
            ))  # fmt: skip

    def operator_did(self, what: str, keys: Iterable[str] = ()) -> None:
        """Somebody at the command line did something that changes what becomes of images."""
        operator = Participant(_user(), requests=True, role=None, host="127.0.0.1")
        self._add(message.restricted_function(operator, what, keys))

    def _results(self, objects: Iterable[StoredObject]) -> Instances | None:
        found = tuple(objects)
        if self._file is None or not found:
            return None
        classes: dict[str, tuple[str, ...]] = {}
        for each in found:
            classes[each.sop_class_uid] = (*classes.get(each.sop_class_uid, ()), each.sop_instance_uid)
        return self._instances(found[0].path, classes)

    def _instances(self, path: Path, classes: dict[str, tuple[str, ...]]) -> Instances:
        study, patient_id = self._subject(path)
        return Instances(study or UNKNOWN_STUDY, classes, patient_id if self._tells_patients else "")

    def _subject(self, path: Path) -> tuple[str, str]:
        """Study Instance UID and Patient ID; pydicom converts them here, and may raise."""
        try:
            check_structure(path, self._limits)
            header = dcmread(path, stop_before_pixels=True, specific_tags=["StudyInstanceUID", "PatientID"])
            return str(header.get("StudyInstanceUID", "")), str(header.get("PatientID", ""))
        except (NodeError, OSError, *PARSE_ERRORS) as error:  # a stranger's bytes; the message goes without them
            log.info("audit_without_study", error=type(error).__name__)
            return "", ""

    def _add(self, what: Message) -> None:
        if self._file is None:
            return
        line = json.dumps(what.fields(at=datetime.now().astimezone(), source=self._source)) + "\n"
        try:
            append_durably(self._file, line.encode("ascii"))
        except OSError as error:
            log.error("audit_not_written", path=self._file, error=type(error).__name__)


def append_durably(path: Path, line: bytes) -> None:
    """One write at the file's end, then fsync: lines of several processes do not mix. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _peer(ae_title: str, host: str, *, requests: bool, role: Code | None = None) -> Participant:
    return Participant(host, requests, role, ae_title, host)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return str(os.getuid())
