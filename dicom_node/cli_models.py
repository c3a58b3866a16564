"""The commands of those who adapt the models: a site's data, weights and calibration. Only wiring, as in `cli`."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

data_app = typer.Typer(name="data", no_args_is_help=True)
models_app = typer.Typer(name="models", no_args_is_help=True)

SiteWeights = Annotated[Path, typer.Option("--weights-directory", help="The site's folder (work.weights_directory).")]
AnyWeights = Annotated[
    Path | None, typer.Option("--weights-directory", help="The site's folder; default the project's own.")
]
Result = TypeVar("Result")


def with_clear_faults(command: Callable[[], Result]) -> Result:
    """What the command returns; a fault it names becomes one line and exit status 1."""
    try:
        return command()
    except (ValueError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


@data_app.callback()
def data() -> None:
    """Look at a set of radiographs of your own.

    Example: dicom-node data check site.yaml
    """


@data_app.command("check")
def data_check(
    site: Annotated[Path, typer.Argument(help="YAML file that describes the set.", exists=True, dir_okay=False)],
    contact_sheet: Annotated[Path | None, typer.Option(help="PNG to write; it shows radiographs.")] = None,
) -> None:
    """Check a site's own set: counts, faults and what to do; exit 1 if anything prevents training.

    Example: dicom-node data check site.yaml
    """
    from models.data.check import check

    raise typer.Exit(with_clear_faults(lambda: check(site, contact_sheet=contact_sheet)))


@data_app.command("carry")
def data_carry(
    recipes: Annotated[list[Path], typer.Argument(help="YAMLs of config/training.", exists=True, dir_okay=False)],
    data: Annotated[Path, typer.Option(help="Folder of radiographs, or a site's YAML file.", exists=True)],
    output: Annotated[Path, typer.Option(help="Folder to write into; it will hold radiographs.")],
) -> None:
    """Prepare a training on a machine where little is installed: frames that train and select, and recipes.

    Example: dicom-node data carry config/training/regression_cnn.s5.paper.yaml --data /data --output carried
    """
    from models.training.carry import carry

    for path in with_clear_faults(lambda: carry(recipes, data=data, output=output)):
        typer.echo(f"{path}  {path.stat().st_size / 1e6:.1f} MB")


@data_app.command("phantom-levels")
def data_phantom_levels(
    output: Annotated[Path, typer.Option(help="Folder to write into.", file_okay=False)],
    hands: Annotated[int, typer.Option(min=10, help="How many.")] = 400,
    seed: Annotated[int, typer.Option(help="Another one draws other hands.")] = 0,
) -> None:
    """Write a set of synthetic hands whose thirteen levels are known, laid out as a site's own.

    Example: dicom-node data phantom-levels --output phantoms
    """
    from models.levels.phantom_site import write_phantom_site

    typer.echo(str(with_clear_faults(lambda: write_phantom_site(output, hands, seed))))


@data_app.command("derived-levels")
def data_derived_levels(
    data: Annotated[Path, typer.Option(help="Folder of radiographs.", exists=True, file_okay=False)],
    output: Annotated[
        Path, typer.Option(help="Folder to write into; it names images, and holds none.", file_okay=False)
    ],
    images: Annotated[
        int, typer.Option(min=4, help="At most so many to train on, and a quarter for each other use.")
    ] = 2000,
) -> None:
    """Write a set whose levels are derived from bone ages by Greulich & Pyle, for research: no reader gave them.

    Example: dicom-node data derived-levels --data /data --output derived
    """
    from models.levels.derived_site import write_derived_site

    typer.echo(str(with_clear_faults(lambda: write_derived_site(data, output, images))))


@models_app.callback()
def models() -> None:
    """The weights this site reads with.

    Example: dicom-node models list
    """


@models_app.command("list")
def models_list(weights_directory: AnyWeights = None) -> None:
    """List all weights; * marks the version that is read with.

    Example: dicom-node models list --weights-directory /srv/weights
    """
    from models.store import listed

    for each in with_clear_faults(lambda: listed(weights_directory)):
        what = each.fault or (f"{each.card.version} sha256 {each.card.sha256[:12]}" if each.card else "")
        typer.echo(f"{'*' if each.active else ' '} {each.name}@{each.version}  {what}")


@models_app.command("show")
def models_show(
    name: Annotated[str, typer.Argument(help="NAME or NAME@VERSION.")], weights_directory: AnyWeights = None
) -> None:
    """Print the card.

    Example: dicom-node models show whole_hand
    """
    import json
    from dataclasses import asdict

    from models.store import show

    stored = with_clear_faults(lambda: show(name, weights_directory))
    card = asdict(stored.card) if stored.card else {}
    typer.echo(f"{stored.folder}\n{json.dumps(card, indent=2, ensure_ascii=False)}")


@models_app.command("verify")
def models_verify(weights_directory: AnyWeights = None) -> None:
    """Check all weights by hash; exit 1 if any is faulty.

    Example: dicom-node models verify
    """
    from models.store import listed

    found = with_clear_faults(lambda: listed(weights_directory))
    for each in found:
        typer.echo(f"{'FAIL' if each.fault else 'ok'} {each.name}@{each.version} {each.fault or ''}".rstrip())
    if any(each.fault for each in found):
        raise typer.Exit(1)


@models_app.command("add")
def models_add(
    card: Annotated[Path, typer.Argument(help="NAME.json beside NAME.safetensors.", exists=True)],
    weights_directory: SiteWeights,
) -> None:
    """Copy weights into the site's store.

    Example: dicom-node models add new/whole_hand.json --weights-directory /srv/weights
    """
    from models.store import add

    typer.echo(f"added {with_clear_faults(lambda: add(card, weights_directory)).folder}")


@models_app.command("use")
def models_use(
    name: Annotated[str, typer.Argument(help="NAME, NAME@VERSION or NAME@shipped.")],
    weights_directory: SiteWeights,
    previous: Annotated[bool, typer.Option("--previous", help="Go back one switch.")] = False,
) -> None:
    """Choose the version to read with, from the node's next start on.

    Example: dicom-node models use whole_hand@1.1.0 --weights-directory /srv/weights
    """
    from models.store import use, use_previous

    stored = with_clear_faults(lambda: (use_previous if previous else use)(name, weights_directory))
    typer.echo(f"{stored.name}@{stored.version} is active; restart the node to read with it")


@models_app.command("export")
def models_export(
    name: Annotated[str, typer.Argument(help="Name of weights.")],
    output: Annotated[Path, typer.Option(help="Folder to write into.")],
    form: Annotated[str, typer.Option("--format", help="onnx or bundle.")] = "bundle",
    weights_directory: AnyWeights = None,
) -> None:
    """Write the active weights as ONNX or as a MONAI Bundle.

    Example: dicom-node models export whole_hand --format bundle --output out
    """
    typer.echo(str(with_clear_faults(lambda: _export(form)(name, output, weights_directory=weights_directory))))


def _export(form: str) -> Callable[..., object]:
    if form == "onnx":
        from models.export import export_onnx

        return export_onnx
    if form == "bundle":
        from models.export_bundle import export_bundle

        return export_bundle
    raise ValueError(f"--format: onnx or bundle, not {form}")


def calibrate(
    model: Annotated[str, typer.Argument(help="Name of weights.")],
    site: Annotated[str, typer.Option(help="Name of the site, as the file says it.")],
    output: Annotated[Path, typer.Option(help="The calibration file to write; with --check, to read.")],
    readings: Annotated[
        Path | None, typer.Option(help="CSV: id, bone_age_months, sex, read_months.", exists=True)
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder of radiographs, or a site's YAML file, to read now.", exists=True)
    ] = None,
    fold: Annotated[list[int] | None, typer.Option(help="Folds of --data; default 8.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Measure an existing file on fold 9 of --data.")] = False,
    weights_directory: AnyWeights = None,
) -> None:
    """Fit a site's bias by sex and age, with figures before and after.

    Example: dicom-node calibrate whole_hand --site north --readings readings.csv --output north.json
    """
    from models import calibration_run as run

    def chosen() -> str:
        if not check:
            return run.calibrate(
                model,
                site=site,
                output=output,
                readings=readings,
                data=data,
                folds=tuple(fold or (8,)),
                weights_directory=weights_directory,
            )
        if data is None:
            raise ValueError("--check needs --data")
        return run.check(output, model, data=data, weights_directory=weights_directory)

    typer.echo(with_clear_faults(chosen))


def evaluate_runs(
    document: Annotated[Path, typer.Argument(help="A YAML of config/evaluation.", exists=True, dir_okay=False)],
    runs: Annotated[Path, typer.Option(help="Folder of the run folders.", exists=True, file_okay=False)],
    data: Annotated[Path, typer.Option(help="Folder of radiographs, or a site's YAML file.", exists=True)],
    output: Annotated[Path, typer.Option(help="Writes OUTPUT.md, and pictures and CSV into OUTPUT.")],
    fold: Annotated[int, typer.Option(min=0, help="Fold to measure on; 9 was never trained on.")] = 9,
    limit: Annotated[int | None, typer.Option(help="A fixed choice of so many images.")] = None,
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
    document: Annotated[Path, typer.Argument(help="A YAML of config/evaluation.", exists=True, dir_okay=False)],
    runs: Annotated[Path, typer.Option(help="Folder of the run folders.", exists=True, file_okay=False)],
    data: Annotated[Path, typer.Option(help="Folder of radiographs.", exists=True, file_okay=False)],
    output: Annotated[Path, typer.Option(help="Writes OUTPUT.md, and pictures into OUTPUT.")],
    fold: Annotated[int, typer.Option(min=0, help="Fold to measure on; 9 was never trained on.")] = 9,
    limit: Annotated[int | None, typer.Option(help="A fixed choice of so many images.")] = None,
) -> None:
    """Write the results document of poor images: damage, what improves them, how readers read both.

    Example: dicom-node evaluate-quality config/evaluation/bonet_plus.yaml --runs runs --data /data --output results/bp
    """
    from models.evaluation.poor.run import write_quality

    page = with_clear_faults(
        lambda: write_quality(document, runs=runs, data=data, output=output, fold=fold, limit=limit)
    )
    typer.echo(str(page))


def evaluate_bones(
    reader: Annotated[str, typer.Argument(help="Name of a run below --runs, or of weights, that reads single bones.")],
    runs: Annotated[Path, typer.Option(help="Folder of the run folders.", exists=True, file_okay=False)],
    data: Annotated[Path, typer.Option(help="Folder of radiographs, or a site's YAML file.", exists=True)],
    output: Annotated[Path, typer.Option(help="Markdown file to write.", dir_okay=False)],
    grader: Annotated[str | None, typer.Option(help="Name of a run that learnt the derived levels of --site.")] = None,
    site: Annotated[Path | None, typer.Option(help="YAML file of `data derived-levels`.", exists=True)] = None,
    fold: Annotated[int, typer.Option(min=0, help="Fold to measure on; 9 was never trained on.")] = 9,
    limit: Annotated[int | None, typer.Option(help="A fixed choice of so many images.")] = None,
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
    document: Annotated[Path, typer.Argument(help="A YAML of config/evaluation.", exists=True, dir_okay=False)],
    runs: Annotated[Path, typer.Option(help="Folder of the run folders.", exists=True, file_okay=False)],
    data: Annotated[Path, typer.Option(help="Folder of radiographs, or a site's YAML file.", exists=True)],
    output: Annotated[Path, typer.Option(help="Markdown file to write.", dir_okay=False)],
    fold: Annotated[int, typer.Option(min=0, help="Fold to measure on; 9 was never trained on.")] = 9,
    limit: Annotated[int | None, typer.Option(help="A fixed choice of so many images.")] = None,
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
    data: Annotated[Path, typer.Option(help="Folder of radiographs.", exists=True, file_okay=False)],
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
