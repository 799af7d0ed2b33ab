"""Operators that a user's repository adds: Python files, loaded for one compilation.

Such a file imports from `compiler.extension` what it needs, and registers lowerings and estimates
of cycles as the compiler's own operator families do. docs/adding_an_operator.md has a whole one.
"""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, is_dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from compiler.errors import Code, CompileError, Problem, UnsupportedForm
from compiler.ir import Operation
from compiler.output_files import read_text

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext
    from compiler.operators.registry import LoweringFunction

PACKAGE = "compiler.operator_modules"
"""Where modules have their names: `<PACKAGE>.<file name>`, whatever folder the file is in."""

GUIDE = "docs/adding_an_operator.md has a complete module"
_NAME = re.compile(r"[a-z_][a-z0-9_]*")


@dataclass(frozen=True)
class _Loaded:
    """A file as it was loaded, and what it has registered."""

    path: Path
    text: str
    module: str
    operators: tuple[tuple[str, str], ...]
    estimates: tuple[str, ...]


_loaded: list[_Loaded] = []


def use_operators(paths: Sequence[Path]) -> None:
    """Gives the compiler the operators of these files beside its own, and of no others.

    A process that compiles several models calls it for each of them.

    Raises:
        CompileError: TW-0001 or TW-0203, the problems of all files.
    """
    _check_names(paths)
    texts = [read_text(path) for path in paths]
    if [(loaded.path, loaded.text) for loaded in _loaded] == list(zip(paths, texts, strict=True)):
        return
    _forget()
    problems: list[Problem] = []
    for path, text in zip(paths, texts, strict=True):
        try:
            _loaded.append(_load(path, text))
        except CompileError as error:
            problems += error.problems
    if problems:
        _forget()
        raise CompileError(problems)


def problem_of(error: BaseException) -> Problem | None:
    """The problem that an exception tells of, if the code of an operator module is its cause."""
    from compiler.interpreter import WrongResult

    if isinstance(error, WrongResult):
        for loaded in _loaded:
            if type(error.operation).__module__ == loaded.module:
                kind = type(error.operation).__name__
                found = f"{kind}.evaluate does not make what {kind}.infer says: {error}"
                return _problem(loaded.path, found, "correct the module")
    where = _line(error, {str(loaded.path) for loaded in _loaded})
    if where is None:
        return None
    return _problem(Path(where[0]), f"line {where[1]} raises {_shown(error)}", "correct the module")


def _check_names(paths: Sequence[Path]) -> None:
    problems: list[Problem] = []
    for index, path in enumerate(paths):
        if _NAME.fullmatch(path.stem) is None or path.suffix != ".py":
            supported = "a small letter, then [a-z0-9_], then .py"
            problems.append(_problem(path, "its name is no module's", "rename it", supported))
        elif path.stem in [other.stem for other in paths[:index]]:
            found = "another operator module has this name"
            problems.append(_problem(path, found, "rename one of them"))
    if problems:
        raise CompileError(problems)


def _forget() -> None:
    while _loaded:
        loaded = _loaded.pop()
        _unregister(loaded.module, loaded.operators, loaded.estimates)


def _unregister(
    module: str, operators: Sequence[tuple[str, str]], estimates: Sequence[str]
) -> None:
    from compiler.operators import OPERATORS
    from compiler.target.cluster_cycles import ESTIMATES

    for key in operators:
        del OPERATORS[key]
    for function in estimates:
        del ESTIMATES[function]
    sys.modules.pop(module, None)


def _load(path: Path, text: str) -> _Loaded:
    # Commands that need no operators do not wait for them.
    from compiler.operators import OPERATORS
    from compiler.target.cluster_cycles import ESTIMATES

    name = f"{PACKAGE}.{path.stem}"
    operators, estimates = set(OPERATORS), set(ESTIMATES)
    module = ModuleType(name)
    module.__file__ = str(path)
    # Data classes look for their module there, and so does the reader of plans.
    sys.modules[name] = module
    found: list[Problem] = []
    try:
        exec(compile(text, str(path), "exec", dont_inherit=True), module.__dict__)
        found += _problems(path, module, sorted(set(OPERATORS) - operators))
    # Whatever a user's file raises is told as its problem.
    except Exception as error:
        where = _line(error, {str(path)})
        line = f"line {where[1]} raises " if where is not None else ""
        found.append(_problem(path, f"{line}{_shown(error)}", "correct the module"))
    loaded = _Loaded(
        path,
        text,
        name,
        tuple(sorted(set(OPERATORS) - operators)),
        tuple(sorted(set(ESTIMATES) - estimates)),
    )
    if found:
        _unregister(loaded.module, loaded.operators, loaded.estimates)
        raise CompileError(found)
    for key in loaded.operators:
        OPERATORS[key] = replace(OPERATORS[key], lower=_guarded(path, OPERATORS[key].lower))
    return loaded


def _problems(
    path: Path, module: ModuleType, registered: Sequence[tuple[str, str]]
) -> Iterator[Problem]:
    """What of a module that was loaded would only fail later, or in part."""
    from compiler.operators import OPERATORS

    if not registered:
        yield _problem(path, "it registers no operator", "decorate a function with @lowering")
    for domain, operator in registered:
        if domain and OPERATORS[domain, operator].result_types is None:
            yield _problem(
                path,
                f"the lowering of {domain}.{operator} has no result_types",
                "say what shapes and types its results have: ONNX does not know the operator",
            )
    for value in module.__dict__.values():
        if _is_own_operation(value, module) and not _is_frozen(value):
            yield _problem(
                path, f"{value.__name__} is an Operation that can change", "@dataclass(frozen=True)"
            )


def _is_own_operation(value: object, module: ModuleType) -> bool:
    if not (isinstance(value, type) and issubclass(value, Operation)):
        return False
    return value.__module__ == module.__name__ and not getattr(value, "__abstractmethods__", None)


def _is_frozen(kind: type[Any]) -> bool:
    return is_dataclass(kind) and kind.__dataclass_params__.frozen  # pyright: ignore


def _guarded(path: Path, lower: LoweringFunction) -> LoweringFunction:
    """The lowering; an exception that it does not mean to raise is a problem with its node."""

    def guarded(node: OnnxNode, context: LoweringContext) -> None:
        try:
            lower(node, context)
        except (UnsupportedForm, CompileError):
            raise
        except Exception as error:
            where = _line(error, {str(path)})
            at = f"{path}, line {where[1]}," if where is not None else f"{path}"
            raise UnsupportedForm(
                f"its lowering in {at} raises {_shown(error)}",
                advice=f"correct the module; {GUIDE}",
                code=Code.OPERATOR_MODULE,
            ) from error

    return guarded


def _line(error: BaseException, files: set[str]) -> tuple[str, int] | None:
    """The innermost line of one of these files that an exception passed, or is about."""
    if isinstance(error, SyntaxError) and error.filename in files and error.lineno:
        return error.filename, error.lineno
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename in files and frame.lineno:
            return frame.filename, frame.lineno
    return None


def _shown(error: BaseException) -> str:
    message = error.msg if isinstance(error, SyntaxError) else ""
    with suppress(Exception):
        message = message or str(error)
    text = " ".join(message.split())[:400]
    return f"{type(error).__name__}{f': {text}' if text else ''}"


def _problem(path: Path, found: str, advice: str, supported: str = "") -> Problem:
    return Problem(
        Code.OPERATOR_MODULE, f"operator module {path}", found, supported, f"{advice}; {GUIDE}"
    )
