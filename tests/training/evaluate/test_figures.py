"""Figures: a card is read and written back unchanged, and rates follow from their counts."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kws_app.engine.card import PAIRS_FIELD, ModelCard
from kws_app.engine.model_file import read_card
from kws_app.paths import MODELS_DIR
from training.evaluate.as_text import as_text
from training.evaluate.figures import (
    AlarmRate,
    CardCurve,
    CardPoint,
    CurveRow,
    Figures,
    Fired,
    Interval,
    KindOfSound,
    Misses,
    StreamFigures,
    TunedRow,
)

RATE = AlarmRate.counted(2, 4.0)
MISSES = Misses(
    keywords=50,
    missed=1,
    frr=0.02,
    interval=Interval(0.004, 0.105),
    latency_median_s=0.05,
    latency_95th_s=None,
    fa_per_hour_at_frr={"0.05": 0.25},
    frr_at_fa_per_hour={"0.1": None, "0.5": 0.04},
    frr_at_fa_per_hour_in_all={"0.5": 0.02},
)
STREAM = StreamFigures(
    seed=3,
    composition="0123456789ab",
    threshold=0.5,
    alarms=AlarmRate.counted(3, 10.0),
    speech=RATE,
    kinds={"read speech": KindOfSound(7, RATE)},
    doubles=1,
    false_alarm_times_s=(1.5, 2.5),
    misses=MISSES,
    curve=(CurveRow(0.5, 0.02, 0.5, 0.3),),
    second_awake=0.1,
)
FIGURES = Figures(
    passed_over=("a.wav is no audio",),
    streams={"testing": {"clean": STREAM, "given": replace(STREAM, misses=None, second_awake=None)}},
    curve=CardCurve("testing", 1, 2, 1.0, 50, 4.0, 10.0, (CardPoint(0.5, 1, 2, 3),)),
    sentences={"near keyword": Fired(4, 1)},
    tuning=(TunedRow(1, 2, 0.5, 0.02, 0.5, 0.05),),
)


def shipped() -> list[Path]:
    return sorted(MODELS_DIR.glob("*/*.safetensors"))


@pytest.mark.parametrize("path", shipped(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_figures_of_a_shipped_card_come_back_as_they_are(path: Path) -> None:
    card = read_card(path)
    figures = Figures.of_card(card)
    held = {name: value for name, value in card.figures.items() if value and name != PAIRS_FIELD}
    assert held and figures.to_json() == held
    for role, measured in card.figures.get(PAIRS_FIELD, {}).items():
        assert figures.pairs[role].to_json() == {name: value for name, value in measured.items() if name != "golden"}


def test_all_kinds_of_figures_survive_json() -> None:
    assert Figures.from_json(json.loads(json.dumps(FIGURES.to_json()))) == FIGURES


def test_a_count_becomes_a_rate_with_its_interval() -> None:
    # Poisson, two events: 0.2422 to 7.2247 in the table of Garwood (1936), here in 4 h
    assert (RATE.hours, RATE.false_alarms, RATE.fa_per_hour) == (4.0, 2, 0.5)
    assert RATE.interval == pytest.approx((0.2422 / 4, 7.2247 / 4), rel=1e-3)
    assert AlarmRate.counted(0, 0.0) == AlarmRate(0.0, 0, None, None)


def test_misses_at_a_rate_have_the_interval_of_their_count() -> None:
    found = MISSES.at("0.5")
    assert found is not None and found[0] == 0.04
    assert found[1] == pytest.approx((0.0110, 0.1346), abs=2e-4)  # Wilson, 2 of 50
    assert MISSES.at("0.1") is None and MISSES.at("7") is None


def test_each_rate_stands_with_its_hours_and_interval() -> None:
    text = as_text(FIGURES)
    assert "real speech           2 false alarms in  4.00 h: 0.50 an hour (0.06 to 1.81)" in text
    assert "4.0% (1.1% to 13.5%) at no more than 0.5 false alarms an hour of real speech" in text
    assert "at no more than 0.1" not in text, "no threshold keeps to it"
    assert "passed over: a.wav is no audio" in text
    assert "near keyword: fires in 1 of 4 recordings" in text


def test_damaged_figures_are_told_with_the_name_of_the_model(tmp_path: Path) -> None:
    card: ModelCard = read_card(shipped()[0])
    damaged = replace(card, figures={"streams": {"testing": {"clean": {"seed": 1}}}})
    with pytest.raises(ValueError, match=f"the card of {card.keyword}/{card.role} cannot be read"):
        Figures.of_card(damaged)
