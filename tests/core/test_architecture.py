"""What lint-imports cannot check: `model.py`, `losses.py` and the scripts, which are no packages."""

import ast

import pytest
from support import ROOT

BESIDE = {"model", "losses"}
SCRIPTS = {path.stem for path in ROOT.glob("*.py")} - BESIDE
BELOW = {"munet.core", "munet.network"}  # what model.py and losses.py may stand on
ABOVE = {
    "munet.training",
    "munet.finder",
    "munet.evaluation",
    "munet.inference",
    "munet.export",
    "munet.cluster",
}


def imported(path):
    """The names of all modules that a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def within(name, packages):
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize("name", sorted(BESIDE))
def test_model_and_losses_stand_on_core_and_network_alone(name):
    used = {
        module for module in imported(ROOT / f"{name}.py") if within(module, {"munet"}) or module in SCRIPTS
    }
    assert {module for module in used - {"munet"} if not within(module, BELOW)} == set()


@pytest.mark.parametrize("path", sorted((ROOT / "munet").rglob("*.py")), ids=lambda path: path.stem)
def test_no_room_imports_a_script_and_only_high_ones_the_model(path):
    room = ".".join(path.relative_to(ROOT).parts[:2]).removesuffix(".py")
    tops = {module.partition(".")[0] for module in imported(path)}
    assert not tops & SCRIPTS
    assert not tops & BESIDE or room in ABOVE
