"""Reads the Exec line of a .desktop file as a desktop does."""

import configparser
import re


def read_exec(text: str) -> list[str]:
    """The arguments that a desktop takes from the Exec line. Both levels of escapes in the specification are undone."""
    parser = configparser.RawConfigParser(delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    value = parser["Desktop Entry"]["Exec"]
    value = re.sub(r"\\(.)", lambda m: {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}[m[1]], value)
    pieces = re.findall(r'"((?:[^"\\]|\\.)*)"|([^\s"]+)', value)
    unquoted = [plain if plain else re.sub(r"\\(.)", r"\1", quoted) for quoted, plain in pieces]
    return [argument.replace("%%", "%") for argument in unquoted]
