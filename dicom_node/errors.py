"""One tree of errors: each has a stable code without patient data, and says whether trying again may help."""

from typing import ClassVar


class NodeError(Exception):
    """Something the node can name went wrong."""

    code: ClassVar[str] = "node-error"
    retry: ClassVar[bool] = False
    blames: ClassVar[bool] = False
    """The image itself may be the cause: it is tried a few times more, alone, and then given up."""


class SettingsInvalid(NodeError):
    """The YAML file names an unknown key, a wrong type or a value out of range."""

    code = "settings-invalid"


class SpoolUnwritable(NodeError):
    """The spool directory cannot be written."""

    code, retry = "spool-unwritable", True


class StorageFull(NodeError):
    """Less disk is free than the settings keep in reserve."""

    code, retry = "storage-full", True


class ObjectTooLarge(NodeError):
    """The object is larger than the settings allow."""

    code = "object-too-large"


class PeerTooFast(NodeError):
    """The peer sends more images a minute than its settings allow."""

    code, retry = "peer-too-fast", True


class ObjectUnreadable(NodeError):
    """The file is not a whole DICOM object, or its data set cannot be parsed."""

    code = "object-unreadable"


class IdentityMismatch(NodeError):
    """The data set's SOP class or instance is not the one the C-STORE request names."""

    code = "identity-mismatch"


class PixelsUndecodable(NodeError):
    """No decoder turned the pixel data into an image."""

    code = "pixels-undecodable"


class JobsUnavailable(NodeError):
    """The job database cannot be reached."""

    code, retry = "jobs-unavailable", True


class DestinationUnreachable(NodeError):
    """No association with the destination: refused, aborted or no answer."""

    code, retry = "destination-unreachable", True


class DestinationBusy(NodeError):
    """The destination answered with a failure that may pass (0110, A7xx)."""

    code, retry = "destination-busy", True


class DestinationRefused(NodeError):
    """The destination refused the object for good; it is parked."""

    code = "destination-refused"
