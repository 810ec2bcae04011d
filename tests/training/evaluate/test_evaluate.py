"""The command `evaluate` on toy speech: clips, streams, curve, tuning, pairs, and the card that it writes."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kws_app.detection.detector import Detector
from kws_app.detection.operating_curve import OperatingCurve
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.keyword_model import KeywordModel
from kws_app.engine.model_file import read_card
from kws_app.engine.pairs import card_of_pair, curve_of_pair
from tests.support.toy_speech import KEYWORD
from training.__main__ import main
from training.corpus.recordings import audio_files
from training.evaluate import segments
from training.evaluate.hits_and_alarms import Occurrence, StreamScores, count_events
from training.evaluate.stream_plan import READ, Material, plan_stream
from training.evaluate.stream_render import CONDITIONS, Renderer
from training.evaluate.stream_replay import CARD_THRESHOLDS, listener, score_stream, stream_figures
from training.evaluate.tune_decision import tune
from training.export.artifact import Identity, export, update_card
from training.export.calibrate import calibrate
from training.features.frame_store import FrameStore
from training.network.checkpoint import load_crnn

HOURS = "0.05"


@pytest.fixture
def models(toy_models: Path, tmp_path: Path) -> Path:
    """A copy of the toy models. Tests may write its cards."""
    return Path(shutil.copytree(toy_models, tmp_path / "models"))


@pytest.fixture
def command(toy_archive: Path, models: Path, tmp_path: Path) -> list[str]:
    places = ["--models", str(models), "--data", str(toy_archive), "--work", str(tmp_path / "work")]
    return ["evaluate", "--model", "rise/teacher", *places, "--json"]


def run(command: list[str], capsys: pytest.CaptureFixture[str]) -> Any:
    assert main(command) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def test_figures_of_clips_streams_and_given_talk(
    command: list[str], toy_archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = run([*command, "--split", "testing", "--stream", "--hours", HOURS], capsys)
    assert figures["clips"]["testing"]["positives"] == 2
    clean = figures["streams"]["testing"]["clean"]
    assert clean["keywords"] == 2 and clean["hours"] >= float(HOURS)
    assert clean["hours"] == pytest.approx(sum(kind["hours"] for kind in clean["kinds"].values()), rel=1e-3)
    assert clean["false_alarms"] == sum(kind["false_alarms"] for kind in clean["kinds"].values())
    assert clean["speech"]["hours"] < clean["hours"] and clean["seed"] == 0
    thresholds = [row[0] for row in clean["curve"]]
    assert thresholds == sorted(thresholds)

    assert main([*command[:-1], "--talk", str(toy_archive / "talk")]) == 0
    text = capsys.readouterr().out
    assert "real speech" in text and f"{24 * 4.5 / 3600:5.2f} h" in text


@pytest.mark.long
def test_card_equals_a_fresh_evaluation(command: list[str], models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stream = [*command, "--split", "testing", "--stream", "--conditions", "all", "--hours", HOURS]
    run([*stream, "--write-card"], capsys)
    written = read_card(models / "rise" / "teacher.safetensors").figures
    fresh = run(stream, capsys)
    for name in ("clips", "streams", "operating_curve"):
        assert written[name] == fresh[name]
    assert list(fresh["streams"]["testing"]) == [condition.name for condition in CONDITIONS]


def test_the_curve_in_a_card_equals_the_detectors_counts(
    command: list[str], models: Path, toy_archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = models / "rise" / "teacher.safetensors"
    update_card(path, {}, DecisionConfig(threshold=0.51))
    run([*command, "--split", "testing", "--stream", "--hours", HOURS, "--write-card"], capsys)
    card = read_card(path)
    curve = card.figures["operating_curve"]
    assert len(curve["points"]) == len(CARD_THRESHOLDS) + 1 <= 60 and curve["split"] == "testing"
    assert 0.51 in [row[0] for row in curve["points"]]
    row = next(row for row in curve["points"] if row[0] == 0.5)
    at_half = run([*command, "--split", "testing", "--stream", "--hours", HOURS, "--threshold", "0.5"], capsys)
    clean = at_half["streams"]["testing"]["clean"]
    assert row[1:] == [clean["missed"], clean["speech"]["false_alarms"], clean["false_alarms"]]
    assert (curve["keywords"], curve["hours"]) == (clean["keywords"], clean["hours"])


def test_replay_in_blocks_counts_what_the_app_detects(models: Path, toy_archive: Path) -> None:
    model = KeywordModel.load(models / "rise" / "teacher.safetensors")
    clips = toy_archive / "speech_commands"
    material = Material(audio_files(toy_archive / "talk"), audio_files(clips / KEYWORD))
    config = DecisionConfig(threshold=0.3, smoothing_steps=2, patience_steps=2, refractory_s=0.5)
    stream = plan_stream(material, 0, 1.0, filled=0.0)
    (scores,) = score_stream([listener(model)], Renderer(CONDITIONS[0], [], [], 0), stream)
    events = count_events(scores, config, model.card.step_samples)

    sound = np.concatenate([r.sound for r in Renderer(CONDITIONS[0], [], [], 0).render(stream.parts)])
    detector = Detector(model, config)
    live = [d for block in np.array_split(sound, 100) for d in detector.process(block).detections]
    assert len(live) == events.hits + len(events.false_alarms) > 0
    figures = stream_figures(scores, config, model.card.step_samples, stream)
    assert figures.misses is not None
    assert figures.misses.missed + events.hits == figures.misses.keywords == 12


def test_tuning_keeps_to_the_limit_and_writes_the_decision(
    command: list[str], models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = run([*command, "--tune", "--hours", HOURS, "--write-card"], capsys)
    rows = figures["tuning"]
    assert len(rows) == 40 and all(row["fa_per_hour"] <= 0.5 for row in rows)
    assert [row["frr"] for row in rows] == sorted(row["frr"] for row in rows)
    card = read_card(models / "rise" / "teacher.safetensors")
    assert card.decision["smoothing_steps"] == rows[0]["smoothing_steps"]
    assert card.decision["patience_steps"] == rows[0]["patience_steps"]
    assert card.threshold == pytest.approx(rows[0]["threshold"], rel=1e-3)


def test_tuning_finds_the_smoothing_that_helps() -> None:
    # a false alarm is a single high step; the keyword is three lower steps
    scores = np.zeros(750)
    scores[[100, 200, 300, 500]] = 0.9
    scores[400:403] = 0.7
    ends = 1280 * np.arange(1, 751, dtype=np.int64)
    word = Occurrence(399 * 1280, 404 * 1280, 402 * 1280)
    stream = StreamScores(scores, ends, [word], [READ], ends[-1:], {READ: 60 / 3600})
    best = tune([stream], DecisionConfig(), 1280)[0]
    assert (best.false_reject_rate, best.fa_per_hour) == (0.0, 0.0)
    assert best.config.smoothing_steps > 1 or best.config.patience_steps > 1
    assert best.latency_median_s == pytest.approx(0.0, abs=0.09)


@pytest.mark.parametrize(("alarms", "is_kept"), [(2, True), (3, False)])
def test_tuning_wants_few_false_alarms_even_at_their_upper_limit(alarms: int, is_kept: bool) -> None:
    scores = np.zeros(3000)
    scores[[500 * (number + 1) for number in range(alarms)]] = 0.7  # in 10 h: at most 4.3 or 5.5, with a chance of 80 %
    scores[2900] = 0.6
    ends = 1280 * np.arange(1, 3001, dtype=np.int64)
    word = Occurrence(2899 * 1280, 2904 * 1280, 2902 * 1280)
    stream = StreamScores(scores, ends, [word], [READ], ends[-1:], {READ: 10.0})
    best = tune([stream], DecisionConfig(), 1280)[0]
    assert (best.false_reject_rate, best.fa_per_hour) == ((0.0, alarms / 10) if is_kept else (1.0, 0.0))


def test_the_cascade_command_states_its_cost_and_writes_the_curve_of_the_pair(
    command: list[str], models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cascade = [*command, "--cascade", "rise/teacher", "--split", "testing", "--hours", "0.01"]
    clean = run([*cascade, "--write-card"], capsys)["streams"]["testing"]["clean"]
    assert 0 < clean["second_awake"] <= 1 and clean["keywords"] == 2
    card = read_card(models / "rise" / "teacher.safetensors")
    curve = OperatingCurve.of(card_of_pair(card, card))
    assert curve is not None and curve.keywords == 2 and curve != OperatingCurve.of(card)
    at = curve.at(card.threshold)
    assert (at.missed, at.false_alarms) == (clean["missed"], clean["speech"]["false_alarms"])
    other = replace(card, golden={**card.golden, "posterior": [0.5]})
    assert curve_of_pair(card, other) is None, "another second was not measured"
    deaf = run([*cascade, "--stir", "1.1"], capsys)["streams"]["testing"]["clean"]
    assert deaf["second_awake"] == 0 and deaf["missed"] == 2
    strict = run([*cascade, "--threshold", "1"], capsys)["streams"]["testing"]["clean"]
    assert strict["missed"] == 2 and strict["second_awake"] == clean["second_awake"]


def export_again(toy_run: Path, toy_store: FrameStore, models: Path, identity: Identity) -> None:
    """Export the toy network once more, with scores that are calibrated in another way."""
    crnn, settings = load_crnn(toy_run / "best.pt")
    export(crnn, settings, calibrate(crnn, toy_store, misses=0.5), identity, DecisionConfig(), models)


@pytest.mark.parametrize(
    "how",
    [["--stream", "--split", "testing"], ["--tune"], ["--cascade", "rise/teacher"], ["--talk"]],
    ids=["streams", "tuning", "pairs", "talk"],
)
def test_several_models_hear_the_streams_together_and_get_the_figures_that_each_gets_alone(
    command: list[str],
    toy_archive: Path,
    models: Path,
    toy_run: Path,
    toy_store: FrameStore,
    how: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    export_again(toy_run, toy_store, models, Identity(KEYWORD, "student"))
    if how == ["--talk"]:
        how = [*how, str(toy_archive / "talk")]

    def figures(*names: str) -> list[str]:
        assert main([command[0], "--model", *names, *command[3:], *how, "--hours", HOURS]) == 0
        return capsys.readouterr().out.splitlines()

    alone = figures("rise/teacher") + figures("rise/student")
    shutil.rmtree(Path(command[command.index("--work") + 1]))
    played: list[int] = []

    def counted(detectors: list[Detector], *others: object) -> list[StreamScores]:
        played.append(len(detectors))
        return score_stream(detectors, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(segments, "score_stream", counted)
    assert figures("rise/teacher", "rise/student") == alone and len(set(alone)) == 2
    assert played == [2]


def test_clips_leave_the_scores_of_a_stream_and_the_finished_stream_removes_them(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run([*command, "--tune", "--hours", HOURS], capsys)  # keeps its scores, for the evaluation that follows
    kept = sorted(tmp_path.rglob("scores/*/*.npz"))
    run([*command, "--split", "training"], capsys)
    assert kept and sorted(tmp_path.rglob("scores/*/*.npz")) == kept
    run([*command, "--stream", "--hours", HOURS], capsys)
    assert not list(tmp_path.rglob("scores/*/*.npz"))


def test_models_of_several_words_are_measured_together_on_talk_alone(
    command: list[str],
    toy_archive: Path,
    models: Path,
    toy_run: Path,
    toy_store: FrameStore,
    capsys: pytest.CaptureFixture[str],
) -> None:
    export_again(toy_run, toy_store, models, Identity("fall", "teacher"))
    both = [command[0], "--model", "rise/teacher", "fall/teacher", *command[3:]]
    assert main([*both, "--stream"]) == 2
    assert "listen for the same word, got fall and rise" in capsys.readouterr().err
    assert main([*both, "--talk", str(toy_archive / "talk")]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_card_keeps_the_figures_of_other_sets_and_the_curve_of_the_test_set(
    command: list[str], models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for split in ("testing", "validation"):
        run([*command, "--split", split, "--stream", "--hours", HOURS, "--write-card"], capsys)
    figures = read_card(models / "rise" / "teacher.safetensors").figures
    assert {"testing", "validation"} <= figures["clips"].keys() & figures["streams"].keys()
    assert figures["operating_curve"]["split"] == "testing"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--cascade", "rise/teacher", "--split", "testing", "--stir", "0.5", "--write-card"], "at --stir 0.2 --split"),
        (["--cascade", "rise/teacher", "--write-card"], "at --stir 0.2 --split testing"),
        (["--cascade", "rise/teacher", "--split", "all"], "streams of one set"),
        (["--cascade", "rise/teacher", "--tune"], "streams of one set"),
        (["--stream", "--threshold", "0.9", "--write-card"], "leave --threshold or --write-card out"),
    ],
)
def test_options_that_contradict_one_another_are_refused(
    command: list[str], options: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, *options]) == 2
    error = capsys.readouterr().err
    assert expected in error and error.count("\n") == 1


def test_bad_input_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--model", "no/such", "--models", str(tmp_path)]) == 2
    message = capsys.readouterr().err
    assert message.startswith("training evaluate: There is no model 'no/such'") and message.count("\n") == 1
