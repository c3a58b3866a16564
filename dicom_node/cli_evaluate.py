"""The commands that write what was measured: documents of papers' systems, refusals, readers side by side."""

from pathlib import Path
from typing import Annotated

import typer

from dicom_node.cli_models import AnyWeights, with_clear_faults

Specification = Annotated[Path, typer.Argument(help="A YAML of config/evaluation.", exists=True, dir_okay=False)]
RunFolders = Annotated[Path, typer.Option(help="Folder of the run folders.", exists=True, file_okay=False)]
Radiographs = Annotated[Path, typer.Option(help="Folder of radiographs.", exists=True, file_okay=False)]
RadiographsOrSite = Annotated[Path, typer.Option(help="Folder of radiographs, or a site's YAML file.", exists=True)]
PageAndPictures = Annotated[Path, typer.Option(help="Writes OUTPUT.md, and pictures into OUTPUT.")]
Page = Annotated[Path, typer.Option(help="Markdown file to write.", dir_okay=False)]
Fold = Annotated[int, typer.Option(min=0, help="Fold to measure on; 9 was never trained on.")]
Limit = Annotated[int | None, typer.Option(help="A fixed choice of so many images.")]


def evaluate_runs(
    document: Specification,
    runs: RunFolders,
    data: RadiographsOrSite,
    output: Annotated[Path, typer.Option(help="Writes OUTPUT.md, and pictures and CSV into OUTPUT.")],
    fold: Fold = 9,
    limit: Limit = None,
    weights_directory: AnyWeights = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Write the results document of a paper's system: its tables from run folders, the paper's figures beside them.

    Example: dicom-node evaluate-runs config/evaluation/regression_cnn.yaml --runs runs --data /data --output results/rc
    """
    from models.evaluation.paper.run import write_results

    page = with_clear_faults(
        lambda: write_results(
            document,
            runs=runs,
            data=data,
            output=output,
            fold=fold,
            limit=limit,
            weights_directory=weights_directory,
            device=device,
        )
    )
    typer.echo(str(page))


def evaluate_quality(
    document: Specification,
    runs: RunFolders,
    data: Radiographs,
    output: PageAndPictures,
    fold: Fold = 9,
    limit: Limit = None,
) -> None:
    """Write the results document of poor images: damage, what improves them, how readers read both.

    Example: dicom-node evaluate-quality config/evaluation/bonet_plus.yaml --runs runs --data /data --output results/bp
    """
    from models.evaluation.poor.run import write_quality

    page = with_clear_faults(
        lambda: write_quality(document, runs=runs, data=data, output=output, fold=fold, limit=limit)
    )
    typer.echo(str(page))


def evaluate_intervals(
    document: Specification,
    runs: RunFolders,
    data: Radiographs,
    output: PageAndPictures,
    fold: Fold = 9,
    limit: Limit = None,
) -> None:
    """Write the results document of ages as classes: accuracies, what the sex and each step of the chain bring.

    Example: dicom-node evaluate-intervals config/evaluation/interval_net.yaml --runs runs --data /data --output out/in
    """
    from models.evaluation.intervals.run import write_intervals

    page = with_clear_faults(
        lambda: write_intervals(document, runs=runs, data=data, output=output, fold=fold, limit=limit)
    )
    typer.echo(str(page))


def evaluate_readers(
    document: Specification,
    runs: RunFolders,
    data: Radiographs,
    output: Page,
    fold: Fold = 9,
    limit: Limit = None,
    weights_directory: AnyWeights = None,
) -> None:
    """Set all readers of all papers side by side on the same images: errors, parameters, time.

    Example: dicom-node evaluate-readers config/evaluation/readers.yaml --runs runs --data /data --output readers.md
    """
    from dicom_node.operate.readers.run import evaluate_readers as run

    page = with_clear_faults(
        lambda: run(
            document, runs=runs, data=data, output=output, fold=fold, limit=limit, weights_directory=weights_directory
        )
    )
    typer.echo(str(page))


def evaluate_bones(
    reader: Annotated[str, typer.Argument(help="Name of a run below --runs, or of weights, that reads single bones.")],
    runs: RunFolders,
    data: RadiographsOrSite,
    output: Page,
    grader: Annotated[str | None, typer.Option(help="Name of a run that learnt the derived levels of --site.")] = None,
    site: Annotated[Path | None, typer.Option(help="YAML file of `data derived-levels`.", exists=True)] = None,
    fold: Fold = 9,
    limit: Limit = None,
) -> None:
    """Write the page about single bones: the bone age each says, by age, beside the whole hand, and derived levels.

    Example: dicom-node evaluate-bones bone_ages.slim --runs runs --data /data --output results/bone-ages.md
    """
    from models.evaluation.single_bones.run import write_single_bones

    page = with_clear_faults(
        lambda: write_single_bones(
            reader, runs=runs, data=data, output=output, grader=grader, site=site, fold=fold, limit=limit
        )
    )
    typer.echo(str(page))


def evaluate_stages(
    document: Specification,
    runs: RunFolders,
    data: RadiographsOrSite,
    output: Page,
    fold: Fold = 9,
    limit: Limit = None,
) -> None:
    """Write the results document of a system of stages: how often stages are told, ages with and without them.

    Example: dicom-node evaluate-stages config/evaluation/diibaa.yaml --runs runs --data /data --output diibaa.md
    """
    from models.evaluation.staging.run import write_staging

    page = with_clear_faults(
        lambda: write_staging(document, runs=runs, data=data, output=output, fold=fold, limit=limit)
    )
    typer.echo(str(page))


def evaluate_refusals(
    data: Radiographs,
    fold: Annotated[int, typer.Option(min=0, help="Fold of hands to measure on; 9 was never trained on.")] = 9,
    each: Annotated[int, typer.Option(min=1, help="Pictures of each kind that is not to be read.")] = 20,
    pipeline: Annotated[str, typer.Option(help="A pipeline by name.")] = "bone_age",
    output: Annotated[Path | None, typer.Option(help="Markdown file to write.", dir_okay=False)] = None,
    weights_directory: AnyWeights = None,
) -> None:
    """Measure what is refused: hands that should be read, and made-up pictures that should not.

    Example: dicom-node evaluate-refusals --data /data --output refusals.md
    """
    from dicom_node.operate.refusals.run import evaluate_refusals as run

    text = with_clear_faults(
        lambda: run(
            data=data,
            fold=fold,
            each=each,
            pipeline=pipeline,
            output=output,
            weights_directory=weights_directory,
        )
    )
    typer.echo(text)
