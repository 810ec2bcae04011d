"""Pairs of models: one listens all the time, another of the same keyword confirms what it stirs at. No torch, no Qt.

A pair has a name of its own, such as happy/student+teacher, and with it its own threshold, curve and count.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kws_app.engine.card import CURVE_FIELD, PAIRS_FIELD, ModelCard
from kws_app.engine.names import PLUS, ModelName
from kws_app.errors import ModelError
from kws_app.translation import _


def pair_name(first: str, second: str) -> str:
    """Of two models of a keyword, the one that listens first; without a second it is the first's own."""
    return str(ModelName.parse(first).with_second(ModelName.parse(second).role)) if second else first


def halves(name: str) -> tuple[str, str]:
    """The names of the model that listens and of the one that confirms; that is empty for a single model."""
    parsed = ModelName.parse(name)
    return str(parsed.first), str(parsed.second or "")


def card_of_pair(first: ModelCard, second: ModelCard | None) -> ModelCard:
    """It steps as the first and decides as the second. Without a second it is the first's own.

    Its operating curve was measured with both or, where `curve_of_pair` has none, with the second alone.
    raises ModelError if they are of different keywords
    """
    if second is None:
        return first
    if first.keyword != second.keyword:
        raise ModelError(
            _(
                "A model of “{other}” cannot confirm one of “{keyword}”: choose another.",
                other=second.keyword,
                keyword=first.keyword,
            )
        )
    curve = curve_of_pair(first, second) or second.figures.get(CURVE_FIELD)
    return replace(
        first,
        role=f"{first.role}{PLUS}{second.role}",
        threshold=second.threshold,
        decision=second.decision,
        parameters=first.parameters + second.parameters,
        weight_bytes=first.weight_bytes + second.weight_bytes,
        figures={CURVE_FIELD: curve} if curve else {},
    )


def curve_of_pair(first: ModelCard, second: ModelCard) -> dict[str, Any] | None:
    """The operating curve that was measured with both, if the second is the very model that confirmed."""
    pairs = first.figures.get(PAIRS_FIELD)
    measured = pairs.get(second.role) if isinstance(pairs, dict) else None
    if not isinstance(measured, dict) or measured.get("golden") != second.golden["posterior"]:
        return None
    return measured.get(CURVE_FIELD)


def with_pair(first: ModelCard, second: ModelCard, measured: dict[str, Any]) -> dict[str, Any]:
    """What to add to the first's figures when both were measured together: `curve_of_pair` finds it there."""
    pairs = first.figures.get(PAIRS_FIELD, {})
    return {PAIRS_FIELD: pairs | {second.role: measured | {"golden": second.golden["posterior"]}}}


def confirming(name: str, cards: Mapping[str, ModelCard]) -> list[str]:
    """Those of some models, by name, that can confirm one of them: the others of its keyword."""

    def word(one: str) -> tuple[str, str]:
        return ModelName.parse(one).keyword, cards[one].keyword

    return [other for other in cards if other != name and word(other) == word(name)]


def cards_of_pairs(cards: Mapping[str, ModelCard]) -> dict[str, ModelCard]:
    """The cards of all pairs of some models, by name."""
    return {
        pair_name(first, second): card_of_pair(cards[first], cards[second])
        for first in cards
        for second in confirming(first, cards)
    }
