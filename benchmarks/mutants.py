"""Small wrong changes of a program, each with the lines that it changes.

The operators are the standard ones (arithmetic, comparison, boolean, constant, negated
condition, dropped statement) and a few that losses and optimizers suffer from: another
reduction, a dropped keyword argument, a dropped `detach`, arguments swapped.
"""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

SWAPPED = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
PAIRS = [("sum", "mean"), ("min", "max"), ("any", "all"), ("argmin", "argmax")]
PAIRS += [("minimum", "maximum"), ("floor", "ceil"), ("add_", "sub_")]
METHODS = dict(PAIRS) | {b: a for a, b in PAIRS}
STRINGS = {"mean": "sum", "sum": "mean", "none": "mean"}
DROPPED = {"detach", "detach_", "clamp", "clone", "abs"}
SYMMETRIC = {"minimum", "maximum", "min", "max", "promote_types", "logaddexp"}
# Left alone: what says something to people, and what only names things.
SKIPPED = ast.JoinedStr, ast.arg, ast.Import, ast.ImportFrom


@dataclass(frozen=True)
class Mutant:
    """A program with one change.

    Attributes:
        line: Where the change begins, from 1.
        old: The changed lines as they were, stripped and joined.
        new: The same lines after the change.
        text: The whole changed program.
    """

    line: int
    old: str
    new: str
    text: str


def mutants(text: str) -> list[Mutant]:
    """All mutants of a program, in the order of its lines.

    Args:
        text: Python.
    """
    source = text.encode()
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = {}
    for node, code in _changes(ast.parse(text)):
        begin = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        changed = (source[:begin] + code.encode() + source[end:]).decode()
        head, tail = starts[node.lineno - 1], starts[node.end_lineno]
        old = _joined(source[head:tail])
        new = _joined(source[head:begin] + code.encode() + source[end:tail])
        if changed != text:
            found.setdefault(changed, Mutant(node.lineno, old, new, changed))
    return sorted(found.values(), key=lambda mutant: mutant.line)


def _joined(lines: bytes) -> str:
    return " ".join(lines.decode().split())


def _changes(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Nodes, and code to put in their places."""
    for node in _walk(tree):
        if isinstance(node, ast.stmt) and _can_be_dropped(node):
            yield node, "pass"
        for other in _instead(node):
            code = ast.unparse(ast.fix_missing_locations(other))
            atom = isinstance(other, ast.Constant | ast.Call | ast.Attribute | ast.Name)
            yield node, code if atom else f"({code})"


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but annotations, messages and imports."""
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not isinstance(child, SKIPPED):
                yield child
                if not isinstance(child, ast.Raise):
                    yield from _walk(child)


def _can_be_dropped(node: ast.stmt) -> bool:
    """Whether the program without it can run: a name left unbound proves nothing."""
    match node:
        case ast.Expr(value=ast.Constant()):
            return False
        case ast.Expr() | ast.AugAssign() | ast.Raise() | ast.Break() | ast.Continue():
            return True
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            loaded = {n.id for n in ast.walk(value) if isinstance(n, ast.Name)}
            return name in loaded
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            return True
    return False


def _with(node: ast.AST, **fields) -> ast.AST:
    other = copy.copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return other


def _instead(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.BinOp(op=op) | ast.BoolOp(op=op) if type(op) in SWAPPED:
            yield _with(node, op=SWAPPED[type(op)]())
        case ast.Compare(ops=ops):
            for i, op in enumerate(ops):
                other = [*ops[:i], SWAPPED[type(op)](), *ops[i + 1 :]]
                yield _with(node, ops=other)
        case ast.UnaryOp(op=ast.USub() | ast.Not() | ast.Invert(), operand=operand):
            yield operand
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value) | float(value)):
            others = dict.fromkeys([value + 1, value - 1, 0])
            for other in (o for o in others if o != value):
                yield ast.Constant(other)
        case ast.Constant(value=str(value)) if value in STRINGS:
            yield ast.Constant(STRINGS[value])
        case ast.Attribute(attr=name) if name in METHODS:
            yield _with(node, attr=METHODS[name])
        case ast.Call():
            yield from _other_calls(node)
        case ast.IfExp(test=test):
            yield _with(node, test=ast.UnaryOp(ast.Not(), test))


def _other_calls(node: ast.Call) -> Iterator[ast.expr]:
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if name in DROPPED and isinstance(node.func, ast.Attribute):
        yield node.func.value
    if len(node.args) > 1 and name not in SYMMETRIC:
        first, second, *rest = node.args
        yield _with(node, args=[second, first, *rest])
    for i, keyword in enumerate(node.keywords):
        if keyword.arg != "device":  # there is no other one where the tests run
            yield _with(node, keywords=[*node.keywords[:i], *node.keywords[i + 1 :]])
