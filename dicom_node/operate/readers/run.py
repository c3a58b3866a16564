"""Write the page that sets all readers side by side.

1. read the specification; 2. choose the images of a fold; 3. each reader that was trained reads them, or what it said
is taken from beside the runs; 4. time each on some; 5. write. What was not trained is a cell that says so.
"""

from pathlib import Path

from dicom_node.operate.readers.document import Measured, Page, document
from dicom_node.operate.readers.reading import Images, SideReader, reader_of, seconds_an_image
from dicom_node.operate.readers.specification import read_readers_specification
from models.data.folder import FolderSource
from models.data.labels import Label, Split
from models.evaluation.metrics import Array
from models.evaluation.paper.kept import kept_values
from models.evaluation.run import choose

KEPT = "readers"
"""Below the folder of runs: what each reader said."""


def evaluate_readers(
    path: Path, *, runs: Path, data: Path, output: Path, fold: int = 9, limit: int | None = None,
    weights_directory: Path | None = None,
) -> Path:  # fmt: skip
    """Write the page at `output`, as the specification at `path` asks, of runs below `runs` and of packaged weights.

    limit: a fixed choice of so many images. Raises ValueError where the specification, a run or the data is at fault.
    """
    asked, source = read_readers_specification(path), FolderSource(data)
    wanted = tuple(label for label in source.labels() if label.split is not Split.CALIBRATE)
    labels = choose(wanted, fold, limit)
    if not labels:
        raise ValueError(f"{data}: no radiographs in fold {fold}")
    by_id = {label.id: label for label in labels}
    images = sorted(((by_id[image_id], pixels) for image_id, pixels in source.pixels(labels)), key=lambda i: i[0].id)
    (runs / KEPT).mkdir(exist_ok=True)
    found = {}
    for name, row in asked.rows.items():
        reader = reader_of(row, runs, weights_directory)
        if reader is not None:
            kept = runs / KEPT / f"{row.run or row.pipeline}-fold{fold}.csv"
            found[name] = _measured(reader, images, labels, kept)
    few = f" --limit {limit}" if limit else ""
    command = f"dicom-node evaluate-readers {path.as_posix()} --runs DIR --data DIR --output OUTPUT --fold {fold}{few}"
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(document(Page(asked.title, command, fold, labels, asked.rows, found)), encoding="utf-8")
    return output


def _measured(reader: SideReader, images: Images, labels: tuple[Label, ...], kept: Path) -> Measured:
    def compute(missing: tuple[Label, ...]) -> list[Array]:
        ids = {label.id for label in missing}
        return [reader.read([image for image in images if image[0].id in ids])]

    (months,) = kept_values(kept, reader.sha256, labels, ["read_months"], compute)
    return Measured(months, reader.parameters, seconds_an_image(reader.read, images), reader.sha256)
