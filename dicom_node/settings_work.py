"""Settings of reading images."""

from enum import StrEnum

from pydantic import Field

from dicom_node.settings_types import Frozen, PathBeside


class DeviceKind(StrEnum):
    """Where networks run."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


class Work(Frozen):
    """Reading images."""

    pipelines_directory: PathBeside | None = None
    """Folder of pipeline YAML files; null takes those that come with the node."""
    weights_directory: PathBeside | None = None
    """Folder of weights with their manifest; null takes those that come with the node."""
    device: DeviceKind = DeviceKind.AUTO
    """auto takes a GPU where there is one."""
    concurrency: int = Field(default=8, ge=1, le=256)
    """Images in hand at a time."""
    batch_size: int = Field(default=8, ge=1, le=64)
    """At most this many waiting images go through the network together."""
    batch_wait_ms: float = Field(default=30.0, ge=0, le=1000)
    """How long the first image of a batch waits for others."""
    decoder_processes: int = Field(default=2, ge=1, le=32)
    """Processes that decode pixels; one may die without harm to the rest."""
    twin_wait_s: float = Field(default=60.0, ge=0, le=3600)
    """How long a raw or captured image of a known exposure waits for the processed one, which is then read instead."""
    decode_timeout_s: float = Field(default=60.0, gt=0, le=600)
    """A decoder that takes longer is ended."""
    decoder_memory_mib: int = Field(default=4096, ge=256, le=1_048_576)
    """Memory that a decoder may take beyond what it starts with; an image that wants more is refused. MiB."""
    batch_timeout_s: float = Field(default=300.0, gt=0, le=3600)
    """A pipeline that is not done with a batch by then hangs: the worker starts anew and tries each image alone."""
    torch_threads: int = Field(default=0, ge=0, le=128)
    """CPU threads of torch; 0 leaves it to torch."""
