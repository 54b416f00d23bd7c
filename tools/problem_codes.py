"""`make codes`: the page of problem codes, docs/reference/problems.md, from the code and what is written of
each code.

    Problem("code", …), `code = "…"` of an error, code="…" of a call  →  the codes, and who fixes each
    problems.toml of the product and of each connector                →  what a code means, and what to do

Where a code is a parameter, the calls of its function are looked at; a code with a part that is filled in
stands with `<name>` in place of it.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PRODUCT = ROOT / "src" / "ml_connector"
PAGE = Path("docs/reference/problems.md")
TEXTS = "problems.toml"
CALLBACKS = {"refuse": "refused"}
"""Parameters that stand for a function with a parameter `code`."""
LEFT_OUT = ("tests", "contract", "migrations")
CODE = re.compile(r"[a-z_<>]+(\.[a-z_<>]+)*")
ALONE = frozenset({"Problem", "Question"})
"""Calls whose codes may be one word; elsewhere `code=` may be that of an account or a dimension."""
NOT_OURS = frozenset({"Account", "Entity", "Translation", "Dimension"})
HEAD = """# Problem codes

Every problem has a code: in brackets at the end of its text, and as `code` with `--json`. The text of the
problem says which record and which value it is about, and which command to type. Who: who can usually fix it.

Made by `make codes` from the code and the `problems.toml` files; a test fails when it is out of date.
"""
OF_ALL = "Every connection"
DEFAULT_OWNER = "administrator"
COLUMNS = "| code | what it means | what to do | who |\n| --- | --- | --- | --- |\n"


@dataclass(slots=True)
class Source:
    """One file, with what its names stand for."""

    path: Path
    tree: ast.Module
    names: dict[str, str]
    parents: dict[int, ast.AST]


def main() -> int:
    """Write the page."""
    (ROOT / PAGE).write_text(page(codes(), texts()), encoding="utf-8")
    print(f"{PAGE} is written.")
    return 0


def codes(product: Path = PRODUCT) -> dict[str, dict[str, set[str]]]:
    """By part, "" for the product and the folder of a connector else: each code with who fixes it."""
    sources = [_source(path) for path in sorted(product.rglob("*.py")) if _is_read(path, product)]
    takes, errors = dict(_taking(sources)), _errors(sources)
    takes |= {name: takes[stands_for] for name, stands_for in CALLBACKS.items() if stands_for in takes}
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for source in sources:
        for code, owners in _of_source(source, takes, errors):
            found[part_of(source.path, product)][code] |= owners
    return found


def texts() -> dict[str, dict[str, list[str]]]:
    """By part: the meaning of each code, what to do, and who does it where the code does not say."""
    files = [PRODUCT / TEXTS, *sorted(PRODUCT.glob(f"connectors/*/{TEXTS}"))]
    return {part_of(path): tomllib.loads(path.read_text(encoding="utf-8")) for path in files}


def part_of(path: Path, product: Path = PRODUCT) -> str:
    """The folder of the connector that a file is in; empty for all else."""
    below = path.relative_to(product).parts
    return below[1] if below[0] == "connectors" and len(below) > 2 else ""


def page(found: dict[str, dict[str, set[str]]], known: dict[str, dict[str, list[str]]]) -> str:
    """The page; a code without a text has an empty meaning."""
    parts = [HEAD]
    for part in sorted(found):
        own = {code: owners for code, owners in found[part].items() if not part or code not in known[""]}
        if own:
            parts.append(f"\n## {title(part)}\n\n{COLUMNS}")
            parts.extend(_row(code, own[code], known.get(part, {})) for code in sorted(own))
    return "".join(parts)


def title(part: str) -> str:
    """The heading of a part."""
    if not part:
        return OF_ALL
    quality = tomllib.loads((PRODUCT / "connectors" / part / "quality.toml").read_text(encoding="utf-8"))
    return str(quality.get("title", part))


def _row(code: str, owners: set[str], known: dict[str, list[str]]) -> str:
    meaning, remedy, *who = known.get(code, ["", ""])
    return f"| `{code}` | {meaning} | {remedy} | {', '.join(who or sorted(owners))} |\n"


# --- reading the code ---------------------------------------------------------------------------------------


def _is_read(path: Path, product: Path) -> bool:
    return not set(path.relative_to(product).parts) & set(LEFT_OUT)


def _source(path: Path) -> Source:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {
        node.targets[0].id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }
    parents = {id(child): node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    return Source(path, tree, names, parents)


def _taking(sources: list[Source]) -> Iterator[tuple[str, tuple[int, set[str]]]]:
    """Functions and classes with a parameter `code`: its place in a call, and who their problems are for."""
    for source in sources:
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.FunctionDef):
                continue
            given = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
            if "code" not in given or not _makes_problems(node):
                continue
            above = source.parents.get(id(node))
            name = above.name if node.name == "__init__" and isinstance(above, ast.ClassDef) else node.name
            place = given.index("code") - (given[0] == "self")
            yield name, (place, _owners(node))


def _makes_problems(node: ast.FunctionDef) -> bool:
    """Whether the parameter is the code of a problem: it is handed on, or kept by an exception."""
    called = {_called(call) for call in ast.walk(node) if isinstance(call, ast.Call)}
    return node.name == "__init__" or bool(called & {"Problem", "Refused", "Finding"})


def _errors(sources: list[Source]) -> dict[str, str]:
    """Error classes with the owner that they have by default, those of their parents included."""
    own: dict[str, str] = {}
    parents: dict[str, list[str]] = {}
    for source in sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ClassDef):
                parents[node.name] = [base.id for base in node.bases if isinstance(base, ast.Name)]
                for statement in node.body:
                    if isinstance(statement, ast.Assign) and _name(statement.targets[0]) == "owner":
                        own[node.name] = next(iter(_owners(statement)), "")

    def owner(name: str) -> str:
        return own.get(name) or next(filter(None, map(owner, parents.get(name, []))), "")

    return {name: found for name in parents if (found := owner(name))}


def _of_source(
    source: Source, takes: dict[str, tuple[int, set[str]]], errors: dict[str, str]
) -> Iterator[tuple[str, set[str]]]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef):
            for statement in node.body:
                if isinstance(statement, ast.Assign) and _name(statement.targets[0]) == "code":
                    for code in _values(statement.value, source):
                        yield code, {errors[node.name]} if node.name in errors else set()
        elif isinstance(node, ast.Call) and (argument := _argument(node, takes)) is not None:
            name = _called(node)
            owners = _owners(node)
            if not owners and name in takes:
                owners = takes[name][1]
            if not owners:
                owners = (
                    {errors[name]} if name in errors else {"administrator"} if name == "Problem" else set()
                )
            for code in _values(argument, source):
                if name in ALONE or "." in code:
                    yield code, owners


def _argument(call: ast.Call, takes: dict[str, tuple[int, set[str]]]) -> ast.expr | None:
    """What a call gives as a code."""
    name = _called(call)
    if name in NOT_OURS:
        return None
    for keyword in call.keywords:
        if keyword.arg == "code":
            return keyword.value
    place = 0 if name == "Problem" else takes[name][0] if name in takes else None
    return call.args[place] if place is not None and len(call.args) > place else None


def _values(node: ast.expr, source: Source) -> Iterator[str]:
    """Every text that an expression can be; none where it is handed on."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if CODE.fullmatch(node.value):
            yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _values(node.body, source)
        yield from _values(node.orelse, source)
    elif isinstance(node, ast.JoinedStr):
        yield from _filled(node, source)
    elif (isinstance(node, ast.Name) and node.id.isupper()) or isinstance(node, ast.Attribute):
        name = node.id if isinstance(node, ast.Name) else node.attr
        known = _constant(source, name) if name.isupper() else None
        if known is not None and CODE.fullmatch(known):
            yield known
    elif isinstance(node, ast.Name):
        function: ast.AST | None = node
        while function is not None and not isinstance(function, ast.FunctionDef):
            function = source.parents.get(id(function))
        for statement in ast.walk(function) if function is not None else ():
            if isinstance(statement, ast.Assign) and _name(statement.targets[0]) == node.id:
                yield from _values(statement.value, source)


def _filled(node: ast.JoinedStr, source: Source) -> Iterator[str]:
    """The texts of an f-string: each part that is chosen in it, `<name>` for one that is not known here."""
    found = [""]
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            chosen = list(_values(part.value, source)) or [f"<{_name(part.value) or 'name'}>"]
        else:
            chosen = [str(part.value)] if isinstance(part, ast.Constant) else []
        found = [before + text for before in found for text in chosen]
    yield from found


def _constant(source: Source, name: str) -> str | None:
    """A constant of the file, or of one of its package."""
    if name in source.names:
        return source.names[name]
    for path in sorted(source.path.parent.glob("*.py")):
        if name in (names := _source(path).names):
            return names[name]
    return None


def _owners(node: ast.AST) -> set[str]:
    return {
        part.attr.lower()
        for part in ast.walk(node)
        if isinstance(part, ast.Attribute) and _name(part.value) == "Owner"
    }


def _called(call: ast.Call) -> str:
    return _name(call.func)


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


if __name__ == "__main__":
    raise SystemExit(main())
