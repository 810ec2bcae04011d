"""Pairs of models: the first listens all the time, the second confirms what the first heard. No torch, no Qt.

Both have the same keyword. A pair has its own name, such as happy/student+teacher, and its own threshold, curve and
count.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kws_app.engine.card import CURVE_FIELD, PAIRS_FIELD, ModelCard
from kws_app.engine.names import PLUS, ModelName, pair_of
from kws_app.errors import ModelError
from kws_app.translation import _


def card_of_pair(first: ModelCard, second: ModelCard | None) -> ModelCard:
    """The card of a pair: the steps of the first model, the decision of the second. Without a second: `first`.

    The operating curve was measured with both models. If `curve_of_pair` has none, it is the curve of the second model.
    raises ModelError if the models have different keywords
    """
    if second is None:
        return first
    if first.keyword != second.keyword:
        raise ModelError(
            _(
                "A model of “{other}” cannot confirm a model of “{keyword}”: choose another model.",
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
    """The operating curve that was measured with both models. None if another second model was measured."""
    pairs = first.figures.get(PAIRS_FIELD)
    measured = pairs.get(second.role) if isinstance(pairs, dict) else None
    if not isinstance(measured, dict) or measured.get("golden") != second.golden["posterior"]:
        return None
    return measured.get(CURVE_FIELD)


def with_pair(first: ModelCard, second: ModelCard, measured: dict[str, Any]) -> dict[str, Any]:
    """The figures to add to the first model's card when the pair was measured: `curve_of_pair` reads them."""
    pairs = first.figures.get(PAIRS_FIELD, {})
    return {PAIRS_FIELD: pairs | {second.role: measured | {"golden": second.golden["posterior"]}}}


def confirming(name: str, cards: Mapping[str, ModelCard]) -> list[str]:
    """The names of the models in `cards` that can confirm a model: all other models of its keyword."""

    def keywords(model: str) -> tuple[str, str]:
        return ModelName.parse(model).keyword, cards[model].keyword

    return [other for other in cards if other != name and keywords(other) == keywords(name)]


def cards_of_pairs(cards: Mapping[str, ModelCard]) -> dict[str, ModelCard]:
    """The cards of all pairs that the models in `cards` can form, by name."""
    return {
        pair_of(first, second): card_of_pair(cards[first], cards[second])
        for first in cards
        for second in confirming(first, cards)
    }
