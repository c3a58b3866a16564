"""DICOM objects as pixels: the stored values of a frame, and how they are to be seen. Pure; needs pydicom.

One set of rules for the node, which reads objects as they arrive, and for training, which reads a site's own.
"""
