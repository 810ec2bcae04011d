"""The code of a TorchScript archive, read as a syntax tree: only what our models are made of is let through.

Straight-line arithmetic on tensors: no loop, no import, no method but the two that the app calls, no operator outside
the list. Such code ends, and touches nothing but its own tensors. What is returned is written anew from the tree, so
that what torch compiles is what was read here, whatever else another parser might have seen in the text.
"""

import ast

from kws_app.errors import ModelError
from kws_app.translation import _

LONGEST_CODE = 64_000  # characters; ours have 5,000
LARGEST_NUMBER = 100_000  # a size or an index; ours stay below 3,000
METHODS = {"forward", "initial_state"}  # what the app calls; nothing runs by itself, such as __setstate__ at loading
TYPES = {"Tensor", "Tuple", "Optional", "List", "int", "float", "bool"}
OPERATORS = {
    f"torch.{name}"
    for name in (
        # sizes and choices
        "__contains__ __is__ __isnot__ __not__ add dim eq floordiv format ge gt le len list lt mul ne neg size sub "
        # tensors
        "cat clamp conv1d conv2d div exp flatten full gru linear log matmul mean new_zeros ones permute relu reshape "
        "select sigmoid slice softmax squeeze sum tanh transpose unflatten unfold unsqueeze view zeros"
    ).split()
} | {"ops.prim.RaiseException", "ops.prim.device", "ops.prim.dtype", "ops.prim.max", "ops.prim.min"}
FORMS = {"uninitialized", "unchecked_cast", "annotate"}  # of TorchScript itself: they compute nothing
STATEMENTS = (ast.Assign, ast.AnnAssign, ast.If, ast.Pass, ast.Expr, ast.Return)
EXPRESSIONS = (ast.Tuple, ast.List, ast.Name, ast.Subscript, ast.Constant, ast.UnaryOp, ast.Call, ast.Attribute)


def checked_code(text: str) -> str:
    """The code of one module of an archive, the same in meaning. raises ModelError naming what is not allowed"""
    if len(text) > LONGEST_CODE:
        raise ModelError(_("its code has {count} characters, more than {most}", count=len(text), most=LONGEST_CODE))
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ModelError(_("its code cannot be read")) from error
    try:
        for statement in tree.body:
            _check_class(statement)
        return ast.unparse(tree) + "\n"
    except RecursionError as error:
        raise ModelError(_("its code is nested too deeply")) from error


def _refuse(what: str, node: ast.AST) -> ModelError:
    return ModelError(
        _("its code uses {what}, in line {line}, which no model needs", what=what, line=getattr(node, "lineno", 0))
    )


def _check_class(node: ast.stmt) -> None:
    if not isinstance(node, ast.ClassDef):
        raise _refuse(_("“{what}” outside a class", what=type(node).__name__), node)
    if node.decorator_list or node.keywords or [getattr(base, "id", "") for base in node.bases] != ["Module"]:
        raise _refuse(_("a class that is no module"), node)
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef):
            _check_function(statement)
        elif isinstance(statement, ast.AnnAssign) and statement.value is None:
            _check_target(statement.target)
            _check_type(statement.annotation)  # an attribute; its value is among the pickled data
        elif ast.unparse(statement) not in ("__parameters__ = []", "__buffers__ = []"):
            raise _refuse(_("“{what}” in a class", what=type(statement).__name__), statement)


def _check_function(node: ast.FunctionDef) -> None:
    if node.name not in METHODS or node.decorator_list:
        raise _refuse(_("the method {name!r}", name=node.name), node)
    arguments = node.args
    if arguments.vararg or arguments.kwarg or arguments.kwonlyargs or arguments.posonlyargs:
        raise _refuse(_("arguments of a kind"), node)
    for argument in arguments.args:
        if argument.annotation is not None:
            _check_type(argument.annotation)
    if node.returns is not None:
        _check_type(node.returns)
    for default in arguments.defaults:
        _check_expression(default)
    for statement in node.body:
        _check_statement(statement)


def _check_statement(node: ast.stmt) -> None:
    if not isinstance(node, STATEMENTS):
        raise _refuse(f"“{type(node).__name__}”", node)
    if isinstance(node, ast.If):
        _check_expression(node.test)
        for statement in (*node.body, *node.orelse):
            _check_statement(statement)
    elif isinstance(node, ast.AnnAssign):
        _check_target(node.target)
        _check_type(node.annotation)
        if node.value is not None:
            _check_expression(node.value)
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            _check_target(target)
        _check_expression(node.value)
    elif isinstance(node, ast.Expr | ast.Return) and node.value is not None:
        _check_expression(node.value)


def _check_target(node: ast.expr) -> None:
    """Local names alone are assigned to: a model keeps its state in what it returns."""
    names = node.elts if isinstance(node, ast.Tuple) else [node]
    if not all(isinstance(name, ast.Name) for name in names):
        raise _refuse(_("an assignment to something other than a local name"), node)


def _check_type(node: ast.expr) -> None:
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            if part.id not in TYPES and part.id != "__torch__":
                raise _refuse(_("the type {name!r}", name=part.id), part)
        elif not isinstance(part, ast.Attribute | ast.Subscript | ast.Tuple | ast.expr_context):
            raise _refuse(_("a type of a kind"), part)


def _check_expression(node: ast.expr) -> None:
    if not isinstance(node, EXPRESSIONS):
        raise _refuse(f"“{type(node).__name__}”", node)
    if isinstance(node, ast.Call):
        _check_call(node)
    elif isinstance(node, ast.Constant):
        _check_constant(node)
    elif isinstance(node, ast.Attribute):
        if not (isinstance(node.value, ast.Name) and node.value.id == "CONSTANTS"):
            raise _refuse(f"{ast.unparse(node)!r}", node)
    elif isinstance(node, ast.UnaryOp):
        if not isinstance(node.op, ast.USub):
            raise _refuse(f"“{type(node.op).__name__}”", node)
        _check_expression(node.operand)
    elif isinstance(node, ast.Subscript):
        _check_expression(node.value)
        _check_expression(node.slice)
    elif isinstance(node, ast.Tuple | ast.List):
        for part in node.elts:
            _check_expression(part)


def _check_call(node: ast.Call) -> None:
    name = ast.unparse(node.func)
    values = list(node.args)
    if name in FORMS:
        types = values[:1] if name != "uninitialized" else values
        for part in types:
            _check_type(part)
        values = values[len(types) :]
    elif name not in OPERATORS:
        raise _refuse(_("the operator {name!r}", name=name), node)
    for part in (*values, *(keyword.value for keyword in node.keywords)):
        _check_expression(part)


def _check_constant(node: ast.Constant) -> None:
    value = node.value
    if isinstance(value, str):
        if not (value.isascii() and value.isprintable()) or "\\" in value or '"' in value or "'" in value:
            raise _refuse(_("text that is not plain"), node)
    elif isinstance(value, int) and abs(value) > LARGEST_NUMBER:
        raise _refuse(_("the number {value}", value=value), node)
    elif not (value is None or isinstance(value, bool | int | float)):
        raise _refuse(_("a constant of type {type}", type=type(value).__name__), node)
