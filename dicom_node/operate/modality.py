"""A modality for the demo and the benchmark: it sends image files by C-STORE and notes when each was accepted."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread
from pynetdicom import AE
from pynetdicom.presentation import build_context

from dicom_node.errors import NodeError


class NotAccepted(NodeError):
    """The node did not take an image: no association, or another status than success."""

    code = "not-accepted"


@dataclass(frozen=True)
class Sent:
    """accepted_s: time.monotonic() when the C-STORE response said success."""

    path: Path
    sop_instance_uid: str
    accepted_s: float


def send(files: Sequence[Path], *, host: str, port: int, called_ae_title: str, calling_ae_title: str) -> list[Sent]:
    """Send the files in one association. Raises NotAccepted, which names the file and the status."""
    datasets = [dcmread(path) for path in files]
    wanted = dict.fromkeys((ds.SOPClassUID, ds.file_meta.TransferSyntaxUID) for ds in datasets)
    ae = AE(ae_title=calling_ae_title)
    ae.connection_timeout = ae.acse_timeout = 10
    contexts = [build_context(sop_class, syntax) for sop_class, syntax in wanted]
    assoc = ae.associate(host, port, contexts=contexts, ae_title=called_ae_title)
    if not assoc.is_established:
        raise NotAccepted(f"no association from {calling_ae_title} to {called_ae_title} at {host}:{port}")
    sent = []
    try:
        for path, ds in zip(files, datasets, strict=True):
            status = assoc.send_c_store(ds).get("Status")
            if status != 0x0000:
                answer = "no answer" if status is None else f"status {status:04X}"
                raise NotAccepted(f"{path.name}: {answer} to its C-STORE")
            sent.append(Sent(path, str(ds.SOPInstanceUID), time.monotonic()))
    finally:
        assoc.release()
    return sent
