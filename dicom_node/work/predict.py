"""The node's pipeline on files, without a network.

1. Files are found; folders are searched for DICOM objects and pictures.
2. A process of its own decodes DICOM objects, while the pipeline is built here.
3. Each file is read on its own; whatever one does, the next is read.
4. With an output folder, the objects and the picture of each reading are written there.
"""

import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dicom_node import logs
from dicom_node.errors import NodeError, PixelsUndecodable, SettingsInvalid
from dicom_node.settings import Logging
from dicom_node.shipped import pipeline_path
from dicom_node.work.decode import DecodedImage, PixelsMissing, PixelsSuspect, decode
from dicom_node.work.decoders import Decoders
from dicom_node.work.files import is_dicom, is_picture, read_picture
from dicom_node.work.prediction import Failure, Prediction, json_line, table
from dicom_node.work.radiograph import radiograph
from pipelines.contract import HandRadiograph, Pipeline, Reading, Refusal, RefusalCode, Sex

DECODE_TIMEOUT_S = 120.0
DECODE_MEMORY_MIB = 4096
OLDEST_MONTHS = 1500
LINE_WIDTH = 1000
"""Lines are not broken: a terminal wraps them, and a file is searched by line."""


class OutputUnwritable(NodeError):
    """The output folder cannot be written."""

    code = "output-unwritable"


@dataclass(frozen=True)
class Overrides:
    """What stands in front of the file's own header."""

    sex: Sex | None = None
    age_months: float | None = None


@dataclass(frozen=True)
class FileReader:
    """Reads one file after the other. output: where results go, None for nowhere."""

    pipeline: Pipeline
    decode: Callable[[Path], DecodedImage]
    overrides: Overrides = Overrides()
    output: Path | None = None

    def read(self, file: Path, name: str) -> Prediction:
        """What became of the file; never raises for a fault of it. name: of its results in the output folder."""
        begun = perf_counter()
        exposure: HandRadiograph | None = None
        try:
            image = None if is_picture(file) else self.decode(file)
            exposure = self._exposure(file, image)
            outcome: Reading | Refusal | Failure = self.pipeline.read([exposure])[0]
            if isinstance(outcome, Reading) and self.output is not None:
                self._write(file, self.output / name, image, exposure, outcome)
        except PixelsMissing as error:
            outcome = Refusal(RefusalCode.NO_PIXELS, str(error))
        except PixelsSuspect as error:
            outcome = Refusal(RefusalCode.DECODE_SUSPECT, str(error))
        except PixelsUndecodable as error:
            outcome = Refusal(RefusalCode.NOT_DECODABLE, str(error))
        except NodeError as error:
            outcome = Failure(error.code, str(error))
        except Exception as error:  # this command's border: one bad file never stops the rest
            outcome = Failure("unexpected", type(error).__name__)
        return Prediction(file, outcome, perf_counter() - begun, exposure.sex if exposure else None)

    def _exposure(self, file: Path, image: DecodedImage | None) -> HandRadiograph:
        sex, age_months = self.overrides.sex, self.overrides.age_months
        if image is None:
            return read_picture(file, sex=sex, age_months=age_months)
        return radiograph(image, sex=sex, age_months=age_months)

    def _write(
        self, file: Path, base: Path, image: DecodedImage | None, exposure: HandRadiograph, reading: Reading
    ) -> None:
        from dicom_node.work import written

        try:
            base.parent.mkdir(parents=True, exist_ok=True)
            written.write_picture(base, exposure, reading, self.pipeline)
            if image is not None:
                content_sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
                context = written.context(self.pipeline, content_sha256)
                written.write_objects(base, image, exposure, reading, context)
        except OSError as error:
            raise OutputUnwritable(f"{base.parent}: {error.strerror}") from None


def predict(
    paths: Sequence[Path],
    *,
    output: Path | None = None,
    as_json: bool = False,
    sex: str | None = None,
    age_months: float | None = None,
    pipeline: str = "bone_age",
    weights_directory: Path | None = None,
) -> int:
    """Read files and folders; 0 where every file was read or refused, 1 where one failed.

    pipeline: a name, or a YAML file. weights_directory: None takes the weights that come with the node.
    Raises SettingsInvalid for what the command line or the pipeline says wrong.
    """
    overrides = Overrides(_sex(sex), _age_months(age_months))
    specification = _pipeline_file(pipeline)
    files = named(find(paths, outside=output))
    if not files:
        raise SettingsInvalid("no DICOM object, PNG, JPEG or AVIF there")
    logs.configure(Logging(), role="predict")
    with _reader(specification, weights_directory, overrides, output) as reader:
        predictions = [_told(reader.read(file, name), as_json) for file, name in _followed(files, as_json)]
    if not as_json:
        Console(width=LINE_WIDTH, highlight=False).print(table(predictions))
    return int(any(prediction.failed for prediction in predictions))


def find(paths: Iterable[Path], *, outside: Path | None = None) -> list[tuple[Path, Path]]:
    """(folder it was found through, file) of each file given, and of each DICOM object and picture in a folder.

    outside: a folder that is left out, so that results are not read again.
    """
    left_out = outside.resolve() if outside else None
    found: list[tuple[Path, Path]] = []
    for path in paths:
        if not path.is_dir():
            found.append((path.parent, path))
            continue
        inside = (each for each in sorted(path.rglob("*")) if each.is_file() and _readable(each))
        found += [(path, each) for each in inside if left_out not in each.resolve().parents]
    return found


def named(found: Iterable[tuple[Path, Path]]) -> list[tuple[Path, str]]:
    """(file, name of its results): its path below the folder without the suffix, numbered where two are alike."""
    files: list[tuple[Path, str]] = []
    taken: set[str] = set()
    for folder, file in found:
        plain = name = file.relative_to(folder).with_suffix("").as_posix()
        number = 2
        while name in taken:
            name, number = f"{plain}-{number}", number + 1
        taken.add(name)
        files.append((file, name))
    return files


def _readable(file: Path) -> bool:
    """Whether a file of a folder is to be read."""
    if file.name.startswith(".") or file.name.upper() == "DICOMDIR":
        return False
    try:
        return is_picture(file) or is_dicom(file)
    except OSError:
        return True  # it fails with its name, rather than being passed over


def _sex(sex: str | None) -> Sex | None:
    if sex is not None and sex.upper() not in set(Sex):
        raise SettingsInvalid(f"--sex takes F or M, not '{sex}'")
    return Sex(sex.upper()) if sex else None


def _age_months(age_months: float | None) -> float | None:
    if age_months is not None and not 0 <= age_months <= OLDEST_MONTHS:
        raise SettingsInvalid(f"--age-months takes 0 to {OLDEST_MONTHS}, not {age_months:g}")
    return age_months


def _pipeline_file(pipeline: str) -> Path:
    """The YAML file that the command line names, or the shipped one of that name."""
    path = Path(pipeline)
    if path.suffix not in (".yaml", ".yml"):
        return pipeline_path(pipeline)
    if not path.is_file():
        raise SettingsInvalid(f"{path}: no such file")
    return path


@contextmanager
def _reader(
    specification: Path, weights_directory: Path | None, overrides: Overrides, output: Path | None
) -> Iterator[FileReader]:
    """Decoding processes first: they start while torch is loaded here."""
    with closing(Decoders(decode, count=1, timeout_s=DECODE_TIMEOUT_S, memory_mib=DECODE_MEMORY_MIB)) as decoders:
        from pipelines.build import build

        try:
            pipeline = build(specification, weights_directory=weights_directory)
        except ValueError as error:
            raise SettingsInvalid(str(error)) from None
        yield FileReader(pipeline, decoders.decode, overrides, output)


def _told(prediction: Prediction, as_json: bool) -> Prediction:
    """Each JSON line as soon as it is known; a detail that has no place in it goes to standard error."""
    if as_json:
        sys.stdout.write(json_line(prediction) + "\n")
        sys.stdout.flush()
        if isinstance(prediction.outcome, Failure):
            sys.stderr.write(f"{prediction.file}: {prediction.outcome.detail}\n")
    return prediction


def _followed(files: Sequence[tuple[Path, str]], as_json: bool) -> Iterator[tuple[Path, str]]:
    """The files, with a progress bar on standard error where there are several and it is not in the lines' way."""
    bar = Progress(
        TextColumn("reading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False,
        disable=len(files) < 2 or not sys.stderr.isatty() or (as_json and sys.stdout.isatty()),
    )  # fmt: skip
    with bar:
        yield from bar.track(files)
