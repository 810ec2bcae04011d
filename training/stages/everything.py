"""The stage `all`: every other stage in turn, until all models of a keyword are made and measured."""

from collections.abc import Sequence
from dataclasses import replace

from kws_app.engine.model_file import MODEL_SUFFIX
from training.config import DataConfig
from training.evaluate.test_sets import HOURS
from training.own_word.make import ROLE as EXPERT
from training.progress import SILENT, Progress
from training.recipes import LARGE, run_name
from training.report.shipped import ORDER
from training.stages.evaluation import Evaluating, evaluate, evaluate_pair, play_ahead, tune
from training.stages.model_files import Exporting, export_run, quantize_run
from training.stages.places import Places
from training.stages.reports import Report, report
from training.stages.runs import Training, distill, train_teacher


def everything(
    places: Places,
    keyword: str = DataConfig.keyword,
    changes: Sequence[str] = (),
    hours: float = HOURS,
    progress: Progress = SILENT,
) -> Report:
    """Make all that ships for a keyword, from `large` to the report. Finished runs are not trained again.

    changes: of the settings, as section.field=value
    hours: of a stream
    """
    train_all(places, keyword, changes, progress)
    for role in ORDER:
        progress.say(f"== exporting {role}")
        if role == "quantized":
            quantize_run(places, Exporting(run_name("student", keyword), role), progress=progress)
        else:
            export_run(places, Exporting(run_name(role, keyword), role), progress)
    measure_all(places, keyword, hours, progress)
    return report(places)


def train_all(places: Places, keyword: str, changes: Sequence[str], progress: Progress) -> None:
    """Train `large`, then the teacher that it teaches, then the students that the teacher teaches."""

    def training(recipe: str) -> Training:
        progress.say(f"== training {recipe}")
        return Training(recipe, keyword, changes=tuple(changes))

    train_teacher(places, training(LARGE), progress)
    for recipe, beside in (("teacher", ()), ("student", ()), ("tiny", ("micro",))):
        distill(places, training(recipe), beside=beside, progress=progress)


def measure_all(places: Places, keyword: str, hours: float, progress: Progress) -> None:
    """Tune and evaluate every model. Then let the expert confirm every model, or the teacher if there is no expert."""
    names = [f"{keyword}/{role}" for role in ORDER]
    each = [Evaluating(name, hours=hours, write_card=True) for name in names]
    progress.say("== playing validation streams to all models")
    play_ahead(places, names, each[0], progress=progress)
    for asked in each:
        tune(places, asked, progress)
    progress.say("== playing the streams of every condition to all models")
    each = [replace(asked, split="all", stream=True, conditions=("all",)) for asked in each]
    play_ahead(places, names, each[0], progress=progress)
    for asked in each:
        progress.say(evaluate(places, asked, progress).as_text())
    is_there = (places.models / keyword / f"{EXPERT}{MODEL_SUFFIX}").is_file()
    second = f"{keyword}/{EXPERT if is_there else ORDER[0]}"  # an expert is more accurate
    confirmed = [Evaluating(name, split="testing", hours=hours, write_card=True) for name in names if name != second]
    progress.say(f"== playing the test streams to all models, confirmed by {second}")
    play_ahead(places, [asked.model for asked in confirmed], confirmed[0], second, progress=progress)
    for asked in confirmed:
        progress.say(evaluate_pair(places, asked, second, progress=progress).as_text())
