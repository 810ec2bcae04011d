"""Pairs of models: one listens all the time, another of the same keyword confirms what it stirs at. No torch, no Qt.

A pair has a name of its own, such as happy/student+teacher, and with it its own threshold, curve and count.
"""

from dataclasses import replace

from kws_app.card import ModelCard
from kws_app.errors import ModelError
from kws_app.operating import FIELD
from kws_app.translation import _

PLUS = "+"  # in no model's own name


def pair_name(first: str, second: str) -> str:
    """Of two models of a keyword, the one that listens first; without a second it is the first's own."""
    return f"{first}{PLUS}{second.rsplit('/', 1)[-1]}" if second else first


def halves(name: str) -> tuple[str, str]:
    """The names of the model that listens and of the one that confirms; that is empty for a single model."""
    first, _plus, role = name.partition(PLUS)
    return first, f"{first.rsplit('/', 1)[0]}/{role}" if role else ""


def can_confirm(first: str, second: str) -> bool:
    """Whether two different models are of one keyword."""
    return first != second and first.split("/")[0] == second.split("/")[0]


def card_of_pair(first: ModelCard, second: ModelCard) -> ModelCard:
    """It steps as the first and decides as the second; what is known of it was measured with the second alone.

    raises ModelError if they are of different keywords
    """
    if first.keyword != second.keyword:
        raise ModelError(
            _(
                "A model of “{other}” cannot confirm one of “{keyword}”: choose another.",
                other=second.keyword,
                keyword=first.keyword,
            )
        )
    return replace(
        first,
        role=f"{first.role}{PLUS}{second.role}",
        threshold=second.threshold,
        decision=second.decision,
        parameters=first.parameters + second.parameters,
        weight_bytes=first.weight_bytes + second.weight_bytes,
        figures={FIELD: second.figures[FIELD]} if FIELD in second.figures else {},
    )
