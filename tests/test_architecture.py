"""Proves the shape of the package from its syntax trees: who may import whom, and how long things get."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "coding_service"
FILES = sorted((ROOT / PACKAGE).rglob("*.py"))
MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 50

GROUND = "errors", "paths", "text_file", "settings"
LAYERS = [
    GROUND,
    ("taxonomy", "corpus", "suggestions", "metrics"),
    ("suggesters", "store", "label_studio"),
    ("services",),
    ("bootstrap",),
    ("api", "cli"),
]
"""Parts from the bottom up: each imports only from lower layers and itself."""

RELATED = {"taxonomy", "corpus", "suggestions", "metrics", *GROUND}
"""Parts that may also import others of their own layer; the siblings of the other layers do not know each other."""

ONLY_IN = {
    "fastapi": "api",
    "starlette": "api",
    "typer": "cli",
    "rich": "cli",
    "sqlalchemy": "store",
    "alembic": "store",
    "label_studio_sdk": "label_studio",
}
"""Library -> the one part that may import it."""

ONE_FILE_EACH = "torch", "sentence_transformers", "spacy", "onnxruntime", "openvino", "tokenizers"
"""Libraries that one file wraps, so that they can be swapped."""

BELOW_BOOTSTRAP = "numpy", "scipy", "sklearn"
"""Libraries that the outer layers leave to the services."""

BANNED = "pickle", "dill", "cloudpickle"
"""Libraries that would run code out of a file."""

VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "manager"}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


def part(module: str) -> str:
    """Name the part of the package that a module belongs to; the package itself is no part."""
    return module.split(".")[1] if "." in module else ""


def imported(tree: ast.AST) -> list[str]:
    """List what a module imports, also inside functions but not for type checking alone, as dotted names."""
    names: list[str] = []
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "write imports from the package root, not relative ones"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
        waiting.extend(ast.iter_child_nodes(node))
    return names


def own_modules(tree: ast.AST) -> set[str]:
    """Modules of the package that a module imports; a name out of a module counts as that module."""
    names = [name for name in imported(tree) if name.split(".")[0] == PACKAGE]
    return {name if name in MODULES else name.rpartition(".")[0] for name in names}


def libraries(tree: ast.AST) -> set[str]:
    return {name.split(".")[0] for name in imported(tree)}


def test_every_part_has_its_layer():
    """Guarantee: nothing stands outside the order of layers."""
    known = {name for layer in LAYERS for name in layer} | {""}
    unknown = {part(module) for module in MODULES} - known
    assert not unknown, f"give these parts a place in LAYERS: {unknown}"


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_one_way(module):
    """Guarantee: a part imports lower layers only, and no sibling that it must not know."""
    layer = {name: position for position, names in enumerate(LAYERS) for name in names}
    here = part(module)
    for target in own_modules(MODULES[module]):
        there = part(target)
        if not here or not there or here == there:
            continue
        related = here in RELATED and layer[there] == layer[here]
        assert layer[there] < layer[here] or related, f"{module} imports {target}: move what both need to a lower layer"


def test_errors_know_nothing():
    """Guarantee: errors import no other module of the package."""
    assert not own_modules(MODULES[f"{PACKAGE}.errors"])


def test_modules_make_no_cycle():
    """Guarantee: the modules can be put in an order in which each imports only those before it."""
    graph = {module: own_modules(tree) - {module} for module, tree in MODULES.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"these modules import each other in a circle, split one: {error.args[1]}")


@pytest.mark.parametrize(("library", "home"), ONLY_IN.items())
def test_library_stays_in_its_part(library, home):
    """Guarantee: each framework is known to one part only."""
    users = {module for module, tree in MODULES.items() if library in libraries(tree)}
    strangers = {module for module in users if part(module) != home}
    assert not strangers, f"only {home}/ may import {library}; pass plain data instead: {strangers}"


@pytest.mark.parametrize("library", ONE_FILE_EACH)
def test_library_is_wrapped_by_one_file(library):
    """Guarantee: each of the heavy libraries can be swapped by changing one file."""
    users = {module for module, tree in MODULES.items() if library in libraries(tree)}
    assert len(users) <= 1, f"let one file wrap {library}: {users}"


@pytest.mark.parametrize("module", [module for module in MODULES if part(module) in {"bootstrap", "api", "cli"}])
def test_outer_layers_compute_nothing(module):
    """Guarantee: no array library is used above the services."""
    used = libraries(MODULES[module]) & set(BELOW_BOOTSTRAP)
    assert not used, f"move the computation out of {module} into a service: {used}"


@pytest.mark.parametrize("module", MODULES)
def test_nothing_unpickles(module):
    """Guarantee: no module imports a library that runs code out of a file."""
    assert not libraries(MODULES[module]) & set(BANNED), "use ONNX, safetensors or JSON"


@pytest.mark.parametrize("module", [module for module in MODULES if module != f"{PACKAGE}.settings"])
def test_only_settings_read_the_environment(module):
    """Guarantee: the environment reaches the package through its settings only."""
    read = [
        ast.unparse(node)
        for node in ast.walk(MODULES[module])
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.getenv", "os.environb"}
    ]
    assert not read, f"add a setting instead of reading {read}"


@pytest.mark.parametrize("module", MODULES)
def test_module_says_what_it_is_for(module):
    """Guarantee: each module opens with a docstring."""
    assert ast.get_docstring(MODULES[module]), "say in one to three sentences what it is for"


@pytest.mark.parametrize(
    "path", [*FILES, *sorted((ROOT / "tests").rglob("*.py"))], ids=lambda path: str(path.relative_to(ROOT))
)
def test_file_is_short_and_named_after_a_thing(path):
    """Guarantee: no file grows over the limit or gathers odds and ends under a vague name."""
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MOST_LINES_OF_A_FILE, f"{lines} lines: split it by noun"
    assert path.stem not in VAGUE_NAMES, "name it after the one thing it holds"


@pytest.mark.parametrize("module", [module for module in MODULES if ".migrations.versions" not in module])
def test_functions_are_short(module):
    """Guarantee: no function has more lines than the limit, its docstring not counted."""
    for node in ast.walk(MODULES[module]):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = node.end_lineno - node.lineno + 1
            if ast.get_docstring(node) is not None:
                lines -= node.body[0].end_lineno - node.body[0].lineno + 1
            assert lines <= MOST_LINES_OF_A_FUNCTION, f"{node.name} has {lines} lines: split it"
