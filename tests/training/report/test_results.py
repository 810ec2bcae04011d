"""The tables of the report."""

from dataclasses import replace

from kws_app.engine.card import CURVE_FIELD
from kws_app.engine.catalogue import find_model
from kws_app.engine.pairs import with_pair
from kws_app.paths import MODELS_DIR
from training.evaluate.figures import Figures
from training.ready_word.expert import ON_PEOPLE
from training.report.results import expert_table, pair_table, stream_table
from training.report.shipped import Shipped


def test_experts_are_told_with_intervals_and_in_noise_where_it_was_measured() -> None:
    entry = find_model("happy/expert", MODELS_DIR)
    curve = {**entry.card.figures[CURVE_FIELD], "keywords": 100, "speech_hours": 10.0}
    curve["points"] = [[0.1, 1, 30, 30], [0.3, 2, 20, 20], [0.5, 3, 5, 5], [0.7, 4, 1, 1]]
    by_curve = replace(entry, card=replace(entry.card, figures={CURVE_FIELD: curve}, data={}))
    at = {"missed_at": {"0.1": 5, "0.5": 0, "2": 0}, "missed_at_10_db": {"0.1": 9, "0.5": 10, "2": 7}}
    counted = replace(by_curve, card=replace(by_curve.card, data={ON_PEOPLE: at}))
    rows = expert_table([by_curve, counted])
    # the Wilson intervals of 4, 3 and 2 of 100, and of 5, 0 and 10 of 100
    assert rows[2] == (
        "| happy/expert | 100 | 10.0 | 4.0% (1.6% to 9.8%) | 3.0% (1.0% to 8.5%) | 2.0% (0.6% to 7.0%) |  |"
    )
    assert rows[3] == (
        "| happy/expert | 100 | 10.0 | 5.0% (2.2% to 11.2%) | 0.0% (0.0% to 3.7%) | 0.0% (0.0% to 3.7%) "
        "| 10.0% (5.5% to 17.4%) |"
    )


def test_a_pair_with_the_expert_is_told_if_that_expert_is_there() -> None:
    student, expert = (find_model(name, MODELS_DIR) for name in ("happy/student", "happy/expert"))
    clean = student.card.figures["streams"]["testing"]["clean"] | {"second_awake": 0.031}
    streams = {"testing": {"clean": clean}}
    confirmed = with_pair(
        student.card, expert.card, {CURVE_FIELD: student.card.figures[CURVE_FIELD], "streams": streams}
    )
    card = replace(student.card, figures=student.card.figures | confirmed)
    entries = [Shipped(replace(student, card=card), Figures.of_card(card))]
    rows = [row for row in pair_table(entries, expert) if row.startswith("| student+expert")]
    assert len(rows) == 1 and rows[0].endswith("| 3.1% |")
    assert not [row for row in pair_table(entries) if row.startswith("| student+expert")]


def test_conditions_come_in_one_order_however_they_were_measured() -> None:
    student = find_model("happy/student", MODELS_DIR)
    figures = Figures.of_card(student.card)
    turned = replace(figures, streams={"testing": dict(reversed(figures.streams["testing"].items()))})
    table, other = (stream_table([Shipped(student, each)]) for each in (figures, turned))
    assert table == other and table[2].startswith("| student | clean |")
