"""kws-detect: a shipped model over files, and the messages for bad input."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kws_app.commands.detect import CLOSED, main
from kws_app.engine.frontend_config import SAMPLE_RATE
from tests.support.loudness import bursts
from tests.support.speech_commands import SpeechCommands
from tests.support.waiting import PATIENCE_S

GAP_S = 0.8
KEYWORDS, OTHERS = 60, 180
FEWEST_HITS, MOST_FALSE = 54, 2  # of the test clips strung together: happy/teacher misses 8 to 20 % by its card


def string_together(clips: list[np.ndarray]) -> tuple[np.ndarray, list[float]]:
    """The clips with silence between, and the second at which each begins."""
    pieces, starts, at = [], [], 0.0
    for clip in clips:
        starts.append(at + GAP_S)
        pieces += [np.zeros(int(GAP_S * SAMPLE_RATE), np.float32), clip]
        at += GAP_S + len(clip) / SAMPLE_RATE
    return np.concatenate([*pieces, np.zeros(SAMPLE_RATE, np.float32)]), starts


def test_test_clips_strung_together(
    speech_commands: SpeechCommands, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(1)
    words = ["bed", "cat", "up", "no", "yes", "off", "on", "stop", "five"]
    others = [clip for word in words for clip in speech_commands.testing(word, OTHERS // len(words))]
    labelled = [(clip, True) for clip in speech_commands.testing("happy", KEYWORDS)]
    labelled += [(clip, False) for clip in others]
    order = rng.permutation(len(labelled))
    samples, starts = string_together([labelled[i][0] for i in order])
    path = tmp_path / "strung.wav"
    soundfile.write(str(path), samples, SAMPLE_RATE)

    assert main(["--json", str(path)]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert all(set(row) == {"file", "keyword", "model", "time_s", "score"} for row in rows)
    assert all(row["keyword"] == "happy" and row["model"] == "happy/teacher" for row in rows)
    spans = [(start, labelled[i][1]) for start, i in zip(starts, order, strict=True)]
    hits, false = 0, 0
    for row in rows:
        owner = next((is_keyword for start, is_keyword in reversed(spans) if start <= row["time_s"]), False)
        hits, false = hits + owner, false + (not owner)
    assert hits <= KEYWORDS, "one word gives one detection"
    assert hits >= FEWEST_HITS and false <= MOST_FALSE


def test_any_rate_gives_the_same_times(
    speech_commands: SpeechCommands, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import soxr

    samples, _ = string_together(speech_commands.testing("happy", 4))
    times = []
    for rate_hz in (SAMPLE_RATE, 44_100):
        path = tmp_path / f"{rate_hz}.flac"
        soundfile.write(str(path), soxr.resample(samples, SAMPLE_RATE, rate_hz).clip(-1, 1), rate_hz)
        assert main(["--json", str(path)]) == 0
        times.append([json.loads(line)["time_s"] for line in capsys.readouterr().out.splitlines()])
    assert len(times[0]) >= 3
    assert np.allclose(times[0], times[1], atol=0.081)  # a step more or less


def test_words_at_the_very_end_of_a_file_are_found(
    speech_commands: SpeechCommands, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [tmp_path / f"{i}.wav" for i in range(30)]
    for path, clip in zip(paths, speech_commands.testing("happy", 30), strict=True):
        soundfile.write(str(path), clip, SAMPLE_RATE)
    assert main(["--json", *map(str, paths)]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len({row["file"] for row in rows}) >= 27 and all(row["time_s"] <= 1.0 for row in rows)


def test_sound_that_is_no_number_neither_fires_nor_deafens(
    speech_commands: SpeechCommands, write_wav: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    samples, _ = string_together(speech_commands.testing("happy", 5))
    samples[3] = 1e25
    assert main(["--json", str(write_wav(samples))]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) >= 4 and all(0 < row["score"] <= 1 for row in rows)


def test_a_threshold_of_one_finds_nothing(write_wav: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32)
    assert main(["--threshold", "1", str(write_wav(noise))]) == 0
    assert capsys.readouterr().out == ""


def test_a_folder_of_models_takes_the_place_of_the_usual_folders(
    tiny_models: Path, tmp_path: Path, write_wav: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_wav(bursts(1.0, duration_s=3.0))
    asked = ["--json", "--model", "loud/teacher"]
    assert main([*asked, "--models", str(tiny_models), str(path)]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows and all(row["model"] == "loud/teacher" for row in rows)
    assert main([*asked, str(path)]) == 2
    assert "There is no model 'loud/teacher'" in capsys.readouterr().err
    assert main([*asked, "--models", str(tmp_path / "none"), str(path)]) == 2
    assert "name a folder with models" in capsys.readouterr().err


def test_goes_on_after_a_bad_file(write_wav: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    good = write_wav(np.zeros(16_000, np.float32), "good.wav")
    bad = good.parent / "bad.wav"
    bad.write_text("no sound")
    assert main([str(bad), str(good), str(good.parent / "none.wav")]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 2
    assert errors[0].startswith(f"kws-detect: {bad} is not a readable audio file")
    assert errors[1].startswith("kws-detect: There is no")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--model", "happy/nobody"],
            "There is no model 'happy/nobody'. The models are: amelia/expert, computer/expert",
        ),
        (["--threshold", "1.5"], "the threshold must be above 0 and at most 1"),
        (["--threshold", "nan"], "the threshold must be above 0 and at most 1"),
    ],
)
def test_wrong_options_are_one_sentence(
    options: list[str], message: str, write_wav: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*options, str(write_wav(np.zeros(800, np.float32)))]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_the_command_itself_runs_from_any_folder(tmp_path: Path, write_wav: Callable[..., Path]) -> None:
    path = write_wav(np.zeros(16_000, np.float32))
    command = [sys.executable, "-m", "kws_app.commands.detect", str(path)]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_output_that_nobody_reads_ends_it_quietly(tmp_path: Path, tiny_models: Path, write_wav) -> None:
    path = write_wav(bursts(*np.arange(0.5, 190.0, 1.5), duration_s=200.0))
    code = "import sys; from pathlib import Path; import kws_app.commands.detect as d; "
    code += "d.MODELS_DIR = Path(sys.argv.pop(1)); "
    command = [sys.executable, "-c", code + "sys.exit(d.main())", str(tiny_models), "--model", "loud/teacher"]
    process = subprocess.Popen([*command, *[str(path)] * 9], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stderr is not None
    assert "loud" in process.stdout.readline()
    process.stdout.close()
    assert process.wait(PATIENCE_S) == CLOSED
    with process.stderr:
        assert process.stderr.read() == ""
