"""The house: who may import whom, how long things may get, what starts quickly."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "rsdata"
FILES = sorted(PACKAGE.rglob("*.py"))
NAMES = [str(p.relative_to(PACKAGE)) for p in FILES]

BASE = {"record", "errors", "geometry", "hamming", "phash", "place"}
RIM = BASE | {"pixels", "words", "services"}
MAY: dict[str, set[str]] = {
    "record": {"place"},
    "place": {"errors", "store"},
    "store": {"errors"},
    "geometry": set(),
    "hamming": set(),
    "errors": set(),
    "licence": set(),
    "phash": set(),
    "archive": {"errors", "place"},
    "pixels": BASE | {"archive"},
    "words": BASE | {"words"},
    "services": BASE | {"pixels", "words", "services", "train"},  # the scorer loads models as the trainer does
    "execute": BASE,
    "corpus": BASE,
    "readers": RIM | {"readers"},
    "stages": RIM | {"stages", "licence"},
    "sample": RIM | {"sample"},
    "sources": BASE | {"readers"},
    "recipe": BASE | {"sources", "readers", "stages", "sample"},
    "part": BASE | {"corpus", "stages"},
    "sink": BASE | {"corpus", "stages", "readers", "part", "recipe", "execute", "sources"},
    "benchmarks": BASE | {"pixels", "corpus", "execute", "readers", "recipe", "sources", "stages", "run"},
    "merge": BASE | {"corpus", "part", "recipe", "run", "stages"},
    "join": BASE | {"corpus", "readers", "recipe", "report", "run", "sources"},
    "export": RIM | {"export", "corpus", "licence", "report", "run"},
    "run": BASE | {"benchmarks", "corpus", "stages", "sources", "part", "sink", "recipe", "execute", "merge"},
    "report": RIM | {"report", "corpus", "recipe", "sources", "readers", "stages", "licence", "execute", "run"},
}


def imports(path: Path) -> set[str]:
    """Dotted names below rsdata that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "rsdata":
            base = node.module.split(".")[1:]
            found |= {".".join(base) or a.name for a in node.names} if base else {a.name for a in node.names}
        elif isinstance(node, ast.Import):
            found |= {a.name[7:] for a in node.names if a.name.startswith("rsdata.")}
    return found - {"__version__"}


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_data_flows_one_way(path: Path) -> None:
    place = path.relative_to(PACKAGE)
    house = place.parts[0].removesuffix(".py")
    if house in ("cli", "__init__", "train", "evaluate"):
        return
    allowed = MAY[house]
    if str(place) == "stages/read.py":
        allowed = allowed | {"readers"}
    for name in imports(path):
        first, _, rest = name.partition(".")
        assert first in allowed, f"rsdata/{place} imports rsdata.{name}"
        if first == house and house in ("readers", "stages"):
            assert rest.startswith("_") or not rest, f"rsdata/{place} imports its sibling rsdata.{name}"


def test_nobody_imports_the_command_line() -> None:
    for path in FILES:
        if path.parent.name != "cli":
            assert not any(n.split(".")[0] == "cli" for n in imports(path)), path


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_files_and_functions_stay_short(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert node.end_lineno - node.lineno < 80, f"{path.name}: {node.name}"


def test_public_names_have_docstrings() -> None:
    bare = []
    for path in FILES:
        module = ast.parse(path.read_text())
        nodes = [module, *(n for n in module.body if isinstance(n, (ast.FunctionDef, ast.ClassDef)))]
        bare += [
            f"{path.relative_to(PACKAGE)}:{getattr(n, 'name', 'module')}"
            for n in nodes
            if not getattr(n, "name", "x").startswith("_") and not ast.get_docstring(n) and path.read_text().strip()
        ]
    assert bare == []


def test_help_needs_none_of_the_heavy_packages() -> None:
    heavy = ["torch", "pandas", "scipy", "rasterio", "pyarrow", "pycocotools", "numpy", "PIL", "shapely", "babel"]
    code = (
        "import sys; sys.argv = ['rsdata', '--help']\n"
        "from rsdata.cli.app import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print('HEAVY', [m for m in {heavy} if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "HEAVY []" in out and "convert" in out
