"""Sets the threshold of an expert that is there anew, by the talk that ships with the project."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from kws_app.engine.backends.jitted import JittedFrontend, JittedNetwork
from kws_app.engine.card import CURVE_FIELD
from kws_app.engine.expert_file import ExpertSettings, unpack_head
from kws_app.engine.index import PROGRAM_SUFFIX
from kws_app.engine.keyword_model import golden_scores
from kws_app.engine.model_file import read_model_file, write_model_file
from kws_app.engine.speech_frontend import SpeechFrontend
from training.evaluate.metrics import ALLOWED_AN_HOUR
from training.export.artifact import save_program, update_index
from training.own_word.compare import read_trained
from training.own_word.export import program_of
from training.own_word.measure import Measured, talk_peaks
from training.own_word.talk_embeddings import Talk

STEP = 0.1  # of a margin, in which the curve of a card is stated near the threshold


@dataclass(frozen=True)
class Retuned:
    """A threshold before and after, as margins, and what the card's curve says of both: missed and false alarms."""

    path: Path
    old: float
    new: float
    before: tuple[int, int] | None
    after: tuple[int, int] | None

    def describe(self) -> str:
        """Both thresholds and both counts, in a sentence."""
        said = f"{self.path}: the threshold was {self.old:.2f} and is {self.new:.2f}, as a margin."
        if self.before and self.after:
            missed, alarms = zip(self.before, self.after, strict=True)
            said += (
                f" By the card's curve it missed {missed[0]} words and gave {alarms[0]} false alarms, "
                f"and now it misses {missed[1]} and gives {alarms[1]}."
            )
        return said


def retune(path: Path, talk: Talk) -> Retuned:
    """Raise the threshold of a model file to where even the upper limit of its false alarms is allowed.

    It never falls: the sounds of the word that were kept back have set it as well. Weights stay as they are.
    raises ModelError if the file is no expert
    """
    trained = read_trained(path)
    scaled = replace(talk, mean=trained.mean, std=trained.std)
    peaks = talk_peaks(trained.heads, scaled, scaled.of("validation"), trained.patience_steps)
    lowest = Measured(peaks, talk.hours("validation"), np.zeros(0)).threshold_below(ALLOWED_AN_HOUR)
    up = max(0, int(np.ceil((lowest - trained.threshold) / STEP - 1e-6))) * STEP
    file = read_model_file(path)
    settings = replace(ExpertSettings.from_card(file.card.network), offset=round(trained.threshold + up, 4))
    program = program_of(settings, unpack_head(settings, file.tensors))
    figures = dict(file.card.figures)
    before = after = None
    if CURVE_FIELD in figures:
        figures[CURVE_FIELD] = moved_curve(figures[CURVE_FIELD], up)
        before, after = (_at_half(curve[CURVE_FIELD]["points"]) for curve in (file.card.figures, figures))
    card = replace(
        file.card,
        network=settings.for_card(),
        figures=figures,
        data=_data_at(file.card.data, after) if up else file.card.data,
        golden=golden_scores(JittedNetwork(program), SpeechFrontend(JittedFrontend())),
    )
    save_program(program, card, path.with_suffix(PROGRAM_SUFFIX))
    write_model_file(path, card, file.tensors)
    update_index(path.parent.parent)
    return Retuned(path, trained.threshold, settings.offset, before, after)


def _data_at(data: dict[str, Any], counted: tuple[int, int] | None) -> dict[str, Any]:
    """What the card says of the data, without counts that hold at the old threshold alone."""
    kept = {name: value for name, value in data.items() if name != "measured"}
    if "measured_on_people" in kept:
        people = {name: value for name, value in kept["measured_on_people"].items() if name != "missed_10_db"}
        kept["measured_on_people"] = people | ({"missed": counted[0], "false_alarms": counted[1]} if counted else {})
    return kept


def moved_curve(curve: dict[str, Any], up: float) -> dict[str, Any]:
    """The same counts at posteriors that are lower, as the margin of one half lies higher by `up`."""
    points = []
    for posterior, *counts in curve["points"]:
        margin = np.log(posterior / (1 - posterior)) - up
        points.append([round(float(1 / (1 + np.exp(-margin))), 6), *counts])
    return {**curve, "points": points}


def _at_half(points: list[list[float]]) -> tuple[int, int] | None:
    """Missed and false alarms at a posterior of one half, if the curve has it."""
    found = [point for point in points if abs(point[0] - 0.5) < 1e-4]
    return (int(found[0][1]), int(found[0][2])) if found else None
