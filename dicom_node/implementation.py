"""Who made an association or an object (PS3.7 D.3.3.2, PS3.10 7.1)."""

from typing import Final

from pydicom.uid import UID

from dicom_node import __version__

CLASS_UID: Final = UID("2.25.302091957773586126846367853929711092278")
"""Implementation Class UID, of this software in every version; derived from a UUID (PS3.5 B.2)."""
VERSION_NAME: Final = f"DCMNODE {__version__}"[:16]
"""Implementation Version Name."""
