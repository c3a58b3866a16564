"""A DICOM node that reads bone age from hand radiographs and answers into the same study.

The way of an image: receive -> spool -> jobs -> work (pipelines) -> report -> deliver.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("dicom-node")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+source"
