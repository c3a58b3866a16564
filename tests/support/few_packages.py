"""Runs a module as where little is installed: python few_packages.py MODULE ARGUMENTS...

Whatever else lies in site-packages cannot be found: only torch, torchvision, numpy, Pillow, safetensors and what
these require, and MONAI and ignite with the one thing that they cannot do without.
"""

import importlib.metadata
import re
import runpy
import sys
from importlib.machinery import ModuleSpec, PathFinder

WITH_REQUIREMENTS = ("torch", "torchvision", "numpy", "pillow", "safetensors")
ALONE = ("monai", "pytorch-ignite", "packaging")


class FewPackages(PathFinder):
    """Finds the standard library, the project, and packages of some distributions."""

    def __init__(self, packages: set[str]) -> None:
        self.packages = packages

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:  # type: ignore[override]
        spec = PathFinder.find_spec(name, path)  # type: ignore[arg-type]
        if spec is None or name.partition(".")[0] in self.packages:
            return spec
        places = (spec.origin or "", *(spec.submodule_search_locations or ()))
        return None if any("site-packages" in place for place in places) else spec


def closure(names: tuple[str, ...]) -> set[str]:
    """The distributions with all that they require, by name."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name not in found:
            found.add(name)
            required = [line for line in requires(name) if "extra ==" not in line]
            waiting += [re.split(r"[^A-Za-z0-9_.-]", line)[0] for line in required]
    return found


def requires(name: str) -> list[str]:
    """Nothing of what is not installed, as what another system needs."""
    try:
        return importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:
        return []


def packages(distributions: set[str]) -> set[str]:
    """Top-level names of what the distributions install."""
    names: set[str] = set()
    for name in distributions:
        try:
            files = importlib.metadata.files(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        names |= {file.parts[0].partition(".")[0] for file in files}
    return names


if __name__ == "__main__":
    sys.argv = sys.argv[1:]
    allowed = packages(closure(WITH_REQUIREMENTS) | set(ALONE))
    sys.meta_path = [FewPackages(allowed) if finder is PathFinder else finder for finder in sys.meta_path]  # type: ignore[misc]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
