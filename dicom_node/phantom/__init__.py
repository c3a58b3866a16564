"""Phantoms as DICOM: a drawn hand, or any pixels, as a Digital X-Ray object of an invented patient.

Test and commissioning material, never evidence of accuracy. The same arguments give the same bytes.
"""

from dicom_node.phantom.dx import Exposure, dx_dataset
from dicom_node.phantom.encoding import TRANSFER_SYNTAXES, encoded
from dicom_node.phantom.file import PhantomOptions, dataset, write

__all__ = ["TRANSFER_SYNTAXES", "Exposure", "PhantomOptions", "dataset", "dx_dataset", "encoded", "write"]
