"""What is negotiated: the classes and syntaxes that hand radiographs come in, and no more.

Few contexts keep an association cheap: all storage classes and syntaxes cost 15 times the processor time.
"""

from collections.abc import Iterable

from pydicom.uid import HTJ2K as HTJ2K_LOSSY
from pydicom.uid import (
    JPEG2000,
    UID,
    ComputedRadiographyImageStorage,
    DeflatedExplicitVRLittleEndian,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
    RLELossless,
    SecondaryCaptureImageStorage,
)
from pynetdicom.presentation import PresentationContext, build_context
from pynetdicom.sop_class import StorageCommitmentPushModel, Verification  # type: ignore[attr-defined]

SOP_CLASSES: tuple[UID, ...] = (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    SecondaryCaptureImageStorage,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
)
"""Storage classes; under auto-forwarding the images that nobody reads come too."""

TRANSFER_SYNTAXES: tuple[UID, ...] = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
    RLELossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    JPEG2000Lossless,
    JPEG2000,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    HTJ2K_LOSSY,
)
"""In the acceptor's order: of those that a peer proposes in one context, the first of these is taken."""


def supported_contexts() -> list[PresentationContext]:
    """Verification, each storage class with every syntax, and storage commitment for its answers."""
    storage = [build_context(uid, list(TRANSFER_SYNTAXES)) for uid in SOP_CLASSES]
    return [build_context(Verification), *storage, _commitment()]


def usable_contexts(
    contexts: Iterable[PresentationContext], *, may_send: bool, may_commit: bool
) -> list[PresentationContext]:
    """Of the contexts those that a peer may use: verification always."""
    usable = {Verification} | (set(SOP_CLASSES) if may_send else set())
    usable |= {StorageCommitmentPushModel} if may_commit else set()
    return [cx for cx in contexts if cx.abstract_syntax in usable]


def _commitment() -> PresentationContext:
    """The peer calls as the provider (SCP) and this node is the user (PS3.4 J.3.3); both roles must be allowed here."""
    context = build_context(StorageCommitmentPushModel)
    context.scu_role = context.scp_role = True
    return context
