"""A node on trial, for the demo and the benchmark: its settings, and images for it on the loopback interface."""

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import yaml
from pydicom import dcmread
from pydicom.uid import generate_uid

NODE_AE_TITLE = "BONEAGE"


class Destination(Protocol):
    """Who receives the results."""

    ae_title: str
    host: str
    port: int


def write_settings(
    path: Path, senders: Mapping[str, str], destination: Destination, *, weights: Path | None = None
) -> int:
    """Write a node's YAML with a route from each sender; the port it will listen on.

    senders: pipeline -> AE title of the modality whose images it reads.
    """
    port = free_port()
    pacs = {"ae_title": destination.ae_title, "host": destination.host, "port": destination.port}
    peers: dict[str, object] = {pipeline: _sender(ae_title) for pipeline, ae_title in senders.items()}
    document: dict[str, object] = {
        "node": {"ae_title": NODE_AE_TITLE, "port": port},
        "peers": peers | {"pacs": pacs | {"may": ["receive"]}},
        "routes": [_route(pipeline, ae_title) for pipeline, ae_title in senders.items()],
        "storage": {"directory": "state"},
        "delivery": {"delays_s": [1, 2, 5]},
    }
    if weights is not None:
        document["work"] = {"weights_directory": str(weights.resolve())}
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return port


def copy_as_new_instance(source: Path, copy: Path, number: int = 2) -> None:
    """The same picture under another SOP Instance UID: to the node an image it has not read yet."""
    ds = dcmread(source)
    ds.SOPInstanceUID = generate_uid(entropy_srcs=[str(ds.SOPInstanceUID), str(number)])
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.InstanceNumber = number
    ds.save_as(copy, enforce_file_format=True)


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _sender(ae_title: str) -> dict[str, object]:
    return {"ae_title": ae_title, "host": "127.0.0.1", "may": ["send"]}


def _route(pipeline: str, ae_title: str) -> dict[str, object]:
    candidates = {"calling_ae_titles": [ae_title], "twins": True}  # one exposure may go through every pipeline
    return {"name": pipeline, "candidates": candidates, "pipeline": pipeline, "destinations": ["pacs"]}
