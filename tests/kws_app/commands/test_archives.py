"""kws-detect over many files: on several cores, on a cluster, interrupted, and continued."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from kws_app.commands import detect
from kws_app.commands.detect import main
from kws_app.commands.file_hearing import BLOCK_S, FileResult, Question, detections, hear_file, models_of
from kws_app.commands.interruption import INTERRUPTED
from tests.support.dask_cluster import Cluster, dask_cluster
from tests.support.loudness import bursts
from tests.support.paths import REPOSITORY
from tests.support.programs import end
from tests.support.waiting import PATIENCE_S, until

BURSTS_S = np.arange(1.0, 59.0, 4.0)
PROGRAM = """
import sys
from pathlib import Path
import kws_app.commands.detect as detect
detect.MODELS_DIR = Path(sys.argv.pop(1))
sys.exit(detect.main())
"""
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def archive(write_wav: Callable[..., Path], tmp_path: Path) -> Path:
    """A folder of 24 files of a minute, with a word at each of BURSTS_S."""
    sound = write_wav(bursts(*BURSTS_S, duration_s=60.0))
    folder = tmp_path / "archive"
    folder.mkdir()
    for i in range(24):
        os.link(sound, folder / f"{i:02}.wav")
    return folder


@pytest.fixture
def start(tiny_models: Path) -> Iterator[Start]:
    """start(arguments) -> kws-detect, as a process group of its own"""
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: object, **options: object) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", PROGRAM, tiny_models, "--model", "loud/teacher", "--engine", "plain"]
        command += arguments
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        process = subprocess.Popen(
            list(map(str, command)),
            cwd=REPOSITORY,
            text=True,
            start_new_session=True,
            **pipes,  # type: ignore[call-overload]
        )
        started.append(process)
        return process

    yield run
    for process in started:
        end(process)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def rest(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """What a process prints after a line was read: `communicate` would lose what is read ahead."""
    assert process.stdout is not None and process.stderr is not None
    out, err = process.stdout.read(), process.stderr.read()  # of stderr there is little
    process.wait()
    return out, err


def expected(archive: Path) -> Counter[str]:
    return Counter({str(path): len(BURSTS_S) for path in archive.iterdir()})


def counted(lines: str) -> Counter[str]:
    """Detections by file, each time once."""
    rows = [json.loads(line) for line in lines.splitlines()]
    found = {(row["file"], row["time_s"]) for row in rows if "time_s" in row}
    assert len(found) == sum("time_s" in row for row in rows), "a detection twice"
    return Counter(file for file, _ in found)


def test_several_processes_find_what_one_finds(archive: Path, start: Start):
    alone, together = start(archive, "--json"), start(archive, "--json", "--jobs", 2)
    one, two = alone.communicate(timeout=PATIENCE_S), together.communicate(timeout=PATIENCE_S)
    assert (alone.returncode, together.returncode, one[1], two[1]) == (0, 0, "", "")
    assert sorted(one[0].splitlines()) == sorted(two[0].splitlines())
    assert counted(one[0]) == expected(archive)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_bad_file_harms_no_other(archive: Path, start: Start, jobs: int):
    (archive / "05.wav").unlink()
    (archive / "05.wav").write_text("no sound")
    process = start(archive, "--json", "--jobs", jobs)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2 and err.count("\n") == 1 and "05.wav is not a readable audio file" in err
    assert counted(out).total() == 23 * len(BURSTS_S)


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_ends_it_with_what_was_found(archive: Path, start: Start, jobs: int):
    process = start(*[archive] * 50, "--json", "--jobs", jobs)
    assert process.stdout is not None
    first = process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers, too
    out, err = rest(process)
    assert process.returncode == INTERRUPTED
    assert err == ""
    rows = [json.loads(line) for line in [first, *out.splitlines()]]
    assert rows and all(row["time_s"] > 0 for row in rows)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the workers below /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_program_that_is_ended_takes_its_workers_with_it(archive: Path, start: Start, number: signal.Signals):
    process = start(*[archive] * 50, "--json", "--jobs", 2)
    assert process.stdout is not None
    first = process.stdout.readline()
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(children) >= 2 and json.loads(first)["time_s"] > 0
    process.send_signal(number)
    _, err = rest(process)
    assert (process.returncode, err) == (128 + number, "")
    until(lambda: not any(is_running(child) for child in children))


def is_running(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_ctrl_c_need_not_wait_for_a_detection(write_wav: Callable[..., Path], tiny_models: Path):
    """A step is a block, also where nothing is found: between steps Ctrl-C is let through."""
    question = Question("loud/teacher", "", None, "plain", (str(tiny_models),))
    sound = write_wav(np.zeros(round(3.5 * BLOCK_S) * 16_000, np.float32))
    steps = list(detections(sound, models_of(question).detector(), lambda remark: None, FileResult("")))
    assert len(steps) >= 5 and not any(steps)  # a step for each block that is decoded, and one for the network


@pytest.mark.parametrize("delay_s", [0.05, 0.15, 0.3, 0.5, 0.8])
def test_ctrl_c_while_it_starts_is_no_traceback(archive: Path, start: Start, delay_s: float):
    process = start(*[archive] * 200)
    time.sleep(delay_s)  # wherever this is on this machine
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_S)
    if "Traceback" in err:  # Python itself was starting, where no program can help
        ours = [line for line in err.splitlines() if "kws_app" in line and line.endswith("in main")]
        assert not ours, err
    else:
        assert process.returncode in (INTERRUPTED, -signal.SIGINT) and err == ""


def test_a_run_that_was_ended_goes_on_where_it_was(archive: Path, start: Start, tmp_path: Path):
    result = tmp_path / "result.jsonl"
    process = start(archive, "--resume", result)
    until(lambda: result.exists() and result.read_text().count("done") >= 3)
    process.kill()
    process.wait()
    done_before = result.read_text().count("done")
    process = start(archive, "--resume", result, "--jobs", 2)
    assert process.communicate(timeout=PATIENCE_S) == ("", "") and process.returncode == 0
    assert done_before < 24 == result.read_text().count("done")
    assert counted(result.read_text()) == expected(archive)
    before = result.read_bytes()
    process = start(archive, "--resume", result)
    assert process.communicate(timeout=PATIENCE_S) == ("", "") and process.returncode == 0
    assert result.read_bytes() == before


def test_standard_input_is_heard(archive: Path, start: Start):
    with (archive / "00.wav").open("rb") as file:
        process = start("-", "--json", "--jobs", 2, stdin=file)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, err) == (0, "")
    assert counted(out) == {"-": len(BURSTS_S)}
    process = start("-", stdin=subprocess.DEVNULL)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert err == "kws-detect: Standard input is not a readable audio file (WAV, FLAC, OGG or MP3).\n"


@pytest.mark.skipif(sys.platform == "win32", reason="closes a file descriptor in the child")
def test_a_closed_output_or_input_is_one_sentence(archive: Path, start: Start):
    process = start(archive, stdout=None, preexec_fn=lambda: os.close(1))
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert err == "kws-detect: There is no standard output to write the result to: it is closed.\n"
    process = start("-", preexec_fn=lambda: os.close(0))
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert err == "kws-detect: There is no sound on standard input: it is closed.\n"


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_an_output_that_is_full_is_one_sentence(archive: Path, start: Start, jobs: int):
    with open("/dev/full", "w") as full:
        process = start(archive, "--jobs", jobs, stdout=full)
        _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert err == "kws-detect: The result cannot be written: No space left on device.\n"


def test_names_that_no_encoding_has_are_escaped_and_come_back_from_json(
    write_wav: Callable[..., Path], tiny_models: Path, tmp_path: Path, start: Start
):
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9 \x1b[31m\xc3\xa9.wav")
    write_wav(bursts(1.0, duration_s=2.0)).rename(odd)
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    process = start(odd, env=environment)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, err) == (0, "")
    assert r"caf\udce9 \x1b[31m\xe9.wav" in out and out.count("\n") == 1
    out, _ = start(odd, "--json", env=environment).communicate(timeout=PATIENCE_S)
    assert json.loads(out)["file"] == odd


def test_the_version_and_the_bounds_of_jobs(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as done:
        main(["--version"])
    assert done.value.code == 0 and re.fullmatch(r"kws-detect \d+\.\d+\.\d+\n", capsys.readouterr().out)
    for jobs in ("0", "-1", "257", "x"):
        with pytest.raises(SystemExit) as wrong:
            main(["--jobs", jobs, "a.wav"])
        assert wrong.value.code == 2 and "must be from 1 to 256" in capsys.readouterr().err


def test_progress_is_for_terminals_alone(
    archive: Path, tiny_models: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(detect, "MODELS_DIR", tiny_models)
    options = ["--model", "loud/teacher", "--engine", "plain", str(archive)]
    assert main(options) == 0
    without = capsys.readouterr()
    assert without.err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert main(options) == 0
    with_bar = capsys.readouterr()
    assert "x real time" in with_bar.err
    assert with_bar.out == without.out


@pytest.fixture
def cluster(tiny_models: Path) -> Iterator[Cluster]:
    """It starts after the models are there."""
    yield from dask_cluster()


def test_a_cluster_that_loses_a_worker_finds_every_detection_once(cluster: Cluster, archive: Path, start: Start):
    process = start(archive, "--json", "--scheduler", cluster.address)
    assert process.stdout is not None
    first = process.stdout.readline()
    cluster.workers[0].kill()
    out, err = rest(process)
    assert (process.returncode, err) == (0, "")
    assert counted(first + out) == expected(archive)
    assert cluster.workers[0].wait() == -signal.SIGKILL and cluster.workers[1].poll() is None


def test_a_relative_name_begins_where_the_command_was_started(tiny_models: Path, archive: Path):
    """A worker of a cluster runs in another folder."""
    question = Question("loud/teacher", "", None, "plain", (str(tiny_models),), started_in=str(archive))
    result = hear_file(question, "00.wav")
    assert (result.file, result.error, len(result.rows)) == ("00.wav", "", len(BURSTS_S))


@pytest.mark.long
def test_a_scheduler_that_is_not_there_is_one_sentence(archive: Path, start: Start):
    pytest.importorskip("distributed")
    process = start(archive, "--scheduler", "tcp://127.0.0.1:1")
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2 and out == ""
    assert err.startswith("kws-detect: There is no Dask scheduler at tcp://127.0.0.1:1") and err.count("\n") == 1
