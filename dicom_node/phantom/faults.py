"""What can be wrong with a request for a phantom."""

from dicom_node.errors import NodeError


class PhantomInvalid(NodeError):
    """The phantom that was asked for cannot be made: the message says what is allowed."""

    code = "phantom-invalid"


class PhantomUnwritable(NodeError):
    """The phantom's file cannot be written."""

    code = "phantom-unwritable"
