"""`dicom-node status`: `snapshot` gathers how the node is, `judgement` says what it means, `run` prints it."""

from dicom_node.operate.status.run import show_status

__all__ = ["show_status"]
