"""Turns the user's command into arguments for one detection: fills the placeholders. No shell is used."""

import os
import sys
from pathlib import Path

from kws_app.actions.event import DetectionEvent
from kws_app.errors import ActionError
from kws_app.translation import _

SHOWN_CHARACTERS = 200  # of an argument or an output in a message


def filled(arguments: tuple[str, ...], event: DetectionEvent) -> list[str]:
    """The arguments with filled placeholders.

    raises ActionError without a program, or if the value of a placeholder would turn an argument into an option
    """
    if not arguments or not arguments[0].strip():
        raise ActionError(_("Give the command: the program first, then its arguments."))
    return [_filled(template, event) for template in arguments]


def _filled(template: str, event: DetectionEvent) -> str:
    argument = event.fill(os.path.expanduser(template) if template.startswith("~/") else template)
    if argument.startswith("-") and not template.startswith("-"):
        raise ActionError(
            _(
                "The command was not run, because {argument!r} would count as an option: use the environment "
                "variables (KWS_KEYWORD and so on) instead of the placeholder.",
                argument=argument[:SHOWN_CHARACTERS],
            )
        )
    return argument


def program_name(arguments: list[str]) -> str:
    """The name of the program in messages: its file name."""
    return Path(arguments[0]).name or arguments[0]


def environment_for(event: DetectionEvent) -> dict[str, str]:
    """The user's environment with the KWS_ variables. A bundle's own paths of libraries are taken out."""
    environment = dict(os.environ)
    if getattr(sys, "frozen", False):
        for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
            environment.pop(name, None)
            if (before := environment.pop(f"{name}_ORIG", None)) is not None:
                environment[name] = before
    return {**environment, **event.environment}


def home() -> Path | None:
    """The folder in which a program starts: the home folder; None for the present folder."""
    return Path.home() if Path.home().is_dir() else None


def not_started(arguments: list[str], error: OSError | ValueError) -> ActionError:
    """Why a program could not be started, in one sentence."""
    if isinstance(error, FileNotFoundError):
        return ActionError(_("There is no program “{name}”: give its full path.", name=arguments[0][:SHOWN_CHARACTERS]))
    return ActionError(_("“{name}” cannot be run ({error}).", name=program_name(arguments), error=error))
