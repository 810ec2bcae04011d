"""Command-line overrides of the frozen settings: section.field=value."""

import ast
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

Config = TypeVar("Config")


def override(config: Config, assignments: list[str]) -> Config:
    """The config with some values replaced.

    assignments: such as ["train.epochs=80", "crnn.hidden=12"]
    raises ValueError, with the names that there are or the type that is wanted
    """
    for assignment in assignments:
        name, found, text = assignment.partition("=")
        if not found:
            raise ValueError(f"{assignment!r} is no setting: write section.field=value.")
        config = _replace(config, name.split("."), text, name)
    return config


def _replace(config: Any, path: list[str], text: str, name: str) -> Any:
    known = {field.name: getattr(config, field.name) for field in fields(config)}
    if path[0] not in known:
        raise ValueError(f"There is no setting {name!r}. In place of {path[0]!r} write one of: {', '.join(known)}.")
    current = known[path[0]]
    if len(path) > 1:
        if not is_dataclass(current):
            raise ValueError(f"{name!r} has too many parts: {path[0]!r} is a value, not a section.")
        return replace(config, **{path[0]: _replace(current, path[1:], text, name)})
    if is_dataclass(current):
        parts = ", ".join(field.name for field in fields(current))
        raise ValueError(f"{name!r} is a section: name one of its fields: {parts}.")
    return replace(config, **{path[0]: _parse(text, current, name)})


def _parse(text: str, current: Any, name: str) -> Any:
    """The text as a value of the type that the setting has now."""
    if isinstance(current, str):
        return text
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError) as error:
        raise ValueError(f"{name} must be a {type(current).__name__}, got {text!r}.") from error
    if isinstance(current, float) and isinstance(value, int):
        return float(value)
    if type(value) is not type(current):
        raise ValueError(f"{name} must be a {type(current).__name__}, got {text!r}.")
    return value
