"""The packages of ``hypershard_training``: which may import which."""

import ast
from pathlib import Path

PACKAGE = "hypershard_training"
ROOT = Path(__file__).parents[1] / PACKAGE
#: From the lowest: a package imports itself and those before it, so nothing goes in a circle.
LAYERS = ("model", "checkpoint", "reference", "export", "train", "pairs", "interpret", "measure")


def test_packages_import_only_those_below_them() -> None:
    wrong = []
    for file in sorted(ROOT.glob("*/*.py")):
        own = file.parent.name
        for imported in _imported_packages(file):
            if LAYERS.index(imported) > LAYERS.index(own):
                wrong.append(f"{own}/{file.name} imports {imported}")
    assert not wrong, f"{wrong}: move the code down, or what uses it up ({' < '.join(LAYERS)})"


def test_every_module_is_in_a_package_that_says_what_it_holds() -> None:
    assert sorted(file.name for file in ROOT.glob("*.py")) == ["__init__.py", "__main__.py"]
    assert sorted(folder.parent.name for folder in ROOT.glob("*/__init__.py")) == sorted(LAYERS)
    for file in sorted(ROOT.rglob("*.py")):
        assert ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))), f"{file} has no docstring"


def _imported_packages(file: Path) -> set[str]:
    names = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names.append(f"{node.module}.")
        elif isinstance(node, ast.Import):
            names += [f"{alias.name}." for alias in node.names]
    return {name.split(".")[1] for name in names if name.startswith(f"{PACKAGE}.")}
