"""Event counting against hand-worked timelines; streams and clips end to end on toy speech."""

import json
from pathlib import Path

import numpy as np
import pytest

from kws_app.decision import DecisionConfig
from tests.training.toy_speech import KEYWORD
from training.__main__ import main
from training.data import audio_files
from training.evaluate import StreamScores, count_events
from training.streams import CONDITIONS, Occurrence, Part, Renderer, plan_stream

STEP = 1280
CONFIG = DecisionConfig(threshold=0.5, refractory_s=0.0)


def timeline(*peaks_s: float, keywords: list[tuple[float, float]]) -> StreamScores:
    """60 s of scores with a peak of one step at each time, and keyword clips (start, end) in seconds."""
    ends = STEP * np.arange(1, 751, dtype=np.int64)
    scores = np.zeros(750, dtype=np.float32)
    for at in peaks_s:
        scores[round(at * 12.5) - 1] = 0.9
    spans = [Occurrence(int(a * 16_000), int(b * 16_000), int((b - 0.2) * 16_000)) for a, b in keywords]
    return StreamScores(scores, ends, spans, 60 / 3600)


def test_a_detection_in_the_window_is_a_hit_with_its_latency() -> None:
    events = count_events(timeline(10.8, keywords=[(10.0, 11.0)]), CONFIG, STEP)
    assert (events.hits, events.doubles, events.false_alarms) == (1, 0, 0)
    assert events.latencies_s == [pytest.approx(0.0)]


@pytest.mark.parametrize(("at", "hits", "alarms"), [(11.44, 1, 0), (11.6, 0, 1), (9.92, 0, 1), (10.0, 1, 0)])
def test_edges_of_the_window(at: float, hits: int, alarms: int) -> None:
    events = count_events(timeline(at, keywords=[(10.0, 11.0)]), CONFIG, STEP)
    assert (events.hits, events.false_alarms) == (hits, alarms)


def test_a_second_fire_on_one_word_is_a_double_and_an_alarm() -> None:
    events = count_events(timeline(10.4, 10.8, keywords=[(10.0, 11.0)]), CONFIG, STEP)
    assert (events.hits, events.doubles, events.false_alarms) == (1, 1, 1)


def test_refractory_time_swallows_the_double() -> None:
    config = DecisionConfig(threshold=0.5, refractory_s=1.0)
    events = count_events(timeline(10.4, 10.8, keywords=[(10.0, 11.0)]), config, STEP)
    assert (events.hits, events.doubles, events.false_alarms) == (1, 0, 0)


def test_neighbouring_keywords_each_count() -> None:
    stream = timeline(10.8, 11.6, 40.0, keywords=[(10.0, 11.0), (11.2, 12.2), (20.0, 21.0)])
    events = count_events(stream, CONFIG, STEP)
    assert (events.hits, events.doubles, events.false_alarms) == (2, 0, 1)
    assert events.false_alarm_times_s == [pytest.approx(40.0)]


def test_every_keyword_is_laid_in_once_and_no_talk_is_lost(toy_archive: Path) -> None:
    talk = audio_files(toy_archive / "talk")
    keywords = audio_files(toy_archive / "speech_commands" / KEYWORD)
    parts = plan_stream(talk, keywords, seed=3)
    assert parts == plan_stream(talk, keywords, seed=3)
    assert sorted(p.path for p in parts if p.is_keyword) == keywords
    renderer = Renderer(CONDITIONS[0], [], [], seed=0)
    rendered = list(renderer.render(parts))
    talk_s = sum(len(sound) for sound, part in rendered if not part.is_keyword) / 16_000
    assert talk_s == pytest.approx(len(talk) * (4.0 + 0.3), abs=0.01)


def test_broken_recordings_are_named_and_passed_over(
    toy_archive: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_text("no sound")
    talk = audio_files(toy_archive / "talk")[:3]
    parts = plan_stream([broken, *talk], [], seed=0)
    assert {part.path for part in parts} == set(talk) and "broken.wav" in caplog.text
    noisy = Renderer(CONDITIONS[1], [broken], [], seed=0)
    assert len(list(noisy.render([*parts, Part(broken, True)]))) == 3
    with pytest.raises(ValueError, match="no continuous speech"):
        plan_stream([broken], [], seed=0)


def test_noise_is_laid_at_the_stated_ratio(toy_archive: Path) -> None:
    part = Part(audio_files(toy_archive / "speech_commands" / KEYWORD)[0], True)
    clean, _ = next(Renderer(CONDITIONS[0], [], [], 0).render([part]))
    noisy, _ = next(Renderer(CONDITIONS[1], [], [], 0).render([part]))
    noise = noisy - clean
    loud = np.sqrt(np.percentile(clean**2, 90) / 2.5)
    assert 20 * np.log10(loud / np.sqrt(np.mean(noise**2))) == pytest.approx(10.0, abs=1.5)


def test_the_command_prints_figures_of_clips_streams_and_given_talk(
    toy_archive: Path, toy_models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["evaluate", "--model", "rise/teacher", "--models", str(toy_models), "--data", str(toy_archive)]
    assert main([*common, "--split", "testing", "--stream", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["clips"]["testing"]["positives"] == 2
    clean = figures["streams"]["testing"]["clean"]
    assert clean["keywords"] == 2 and clean["hours"] > 0.005
    thresholds = [row[0] for row in clean["curve"]]
    assert thresholds == sorted(thresholds)
    assert main([*common, "--talk", str(toy_archive / "talk")]) == 0
    assert "false alarms in" in capsys.readouterr().out


def test_figures_written_to_the_card_equal_a_fresh_evaluation(
    toy_archive: Path, toy_models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from kws_app.card import read_card

    common = ["evaluate", "--model", "rise/teacher", "--models", str(toy_models), "--data", str(toy_archive)]
    assert main([*common, "--split", "testing", "--stream", "--json", "--write-card"]) == 0
    capsys.readouterr()
    written = read_card(toy_models / "rise" / "teacher.pt").figures
    assert main([*common, "--split", "testing", "--stream", "--json"]) == 0
    fresh = json.loads(capsys.readouterr().out)
    assert written["clips"] == fresh["clips"] and written["streams"] == fresh["streams"]


def test_bad_input_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--model", "no/such", "--models", str(tmp_path)]) == 2
    message = capsys.readouterr().err
    assert message.startswith("training evaluate: There is no model 'no/such'") and message.count("\n") == 1
