"""Streams in segments: nothing is lost between segments, a cut evaluation goes on, and processes change nothing."""

from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from kws_app.commands import job_runner
from kws_app.commands.job_runner import JobError
from kws_app.detection.detector import Detector
from tests.support.dask_cluster import dask_cluster
from tests.support.toy_speech import KEYWORD
from training.corpus.recordings import audio_files
from training.evaluate import segments
from training.evaluate.hits_and_alarms import StreamScores
from training.evaluate.segments import (
    Heard,
    SegmentScores,
    Surroundings,
    Workers,
    joined,
    score_segments,
    score_together,
    segments_of,
)
from training.evaluate.stream_plan import Material, Stream, plan_stream
from training.evaluate.stream_render import CONDITIONS, Condition
from training.evaluate.stream_replay import score_stream
from training.progress import Progress, StageStoppedError

AROUND = Surroundings(CONDITIONS[0], (), (), 0)


@pytest.fixture
def stream(toy_archive: Path, monkeypatch: pytest.MonkeyPatch) -> Stream:
    """24 recordings of talk with 12 keywords, in segments of 20 parts."""
    monkeypatch.setattr(segments, "SEGMENT_PARTS", 20)
    clips = toy_archive / "speech_commands"
    return plan_stream(Material(audio_files(toy_archive / "talk"), audio_files(clips / KEYWORD)), 0, 1.0, filled=0.0)


@pytest.fixture
def heard(toy_models: Path) -> Heard:
    return Heard(toy_models / KEYWORD / "teacher.safetensors")


def equal(one: StreamScores, two: StreamScores) -> bool:
    arrays = all(np.array_equal(getattr(one, n), getattr(two, n)) for n in ("scores", "step_ends", "kind_ends"))
    return arrays and (one.occurrences, one.kinds, one.hours) == (two.occurrences, two.kinds, two.hours)


def test_segments_are_cut_where_a_recording_begins_and_lose_nothing(stream: Stream) -> None:
    parts = segments_of(stream)
    assert len(parts) == 3 and [part for segment in parts for part in segment.parts] == stream.parts
    assert all(segment.parts[0].from_s == 0 and not segment.parts[0].is_keyword for segment in parts)


def test_segments_together_are_the_stream(stream: Stream, heard: Heard) -> None:
    whole = score_stream([heard.make()], AROUND.renderer(0), stream)[0]
    found = score_segments(heard, AROUND, stream, None).scores
    assert (found.occurrences, found.kinds) == (whole.occurrences, whole.kinds)
    assert np.array_equal(found.kind_ends, whole.kind_ends) and found.hours == pytest.approx(whole.hours)
    first = int(whole.kind_ends[len(segments_of(stream)[0].parts) - 1])  # sample at which the first segment ends
    before = int(np.searchsorted(found.step_ends, first, side="right"))
    # other blocks add the same sums in another order
    np.testing.assert_allclose(found.scores[:before], whole.scores[:before], rtol=0, atol=1e-5)
    assert (np.diff(found.step_ends) >= 1280).all(), "time goes on from segment to segment"
    # the other two segments begin with a fresh state: the first step needs 20 frames and a window, not 8 frames
    assert 0 < len(whole.scores) - len(found.scores) <= 2 * 3


def test_a_cut_evaluation_reads_kept_scores_and_scores_the_rest(
    stream: Stream, heard: Heard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    cut = Progress(tell=lambda what, done, total, note: told.append(done), is_cancelled=lambda: len(told) == 1)
    whole = score_segments(heard, AROUND, stream, None).scores
    with pytest.raises(StageStoppedError):
        score_segments(heard, AROUND, stream, tmp_path, progress=cut)
    kept = len(list(tmp_path.glob("*.npz")))
    assert 1 <= kept < 3
    scored: list[int] = []

    def counted(*arguments: object) -> list[StreamScores]:
        scored.append(1)
        return score_stream(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(segments, "score_stream", counted)
    assert equal(score_segments(heard, AROUND, stream, tmp_path).scores, whole)
    assert len(scored) == 3 - kept
    assert equal(score_segments(heard, AROUND, stream, tmp_path).scores, whole) and len(scored) == 3 - kept
    other = Surroundings(Condition("loud", gain_db=6.0), (), (), 0)
    score_segments(heard, other, stream, tmp_path)
    assert len(scored) == 6 - kept, "another condition is another file"


@pytest.mark.long
def test_two_at_a_time_score_the_same(stream: Stream, heard: Heard) -> None:
    alone = score_segments(heard, AROUND, stream, None)
    together = score_segments(heard, AROUND, stream, None, Workers(jobs=2))
    assert equal(alone.scores, together.scores)


@pytest.mark.long
def test_a_cluster_that_loses_a_worker_scores_the_same(stream: Stream, heard: Heard, tmp_path: Path) -> None:
    alone = score_segments(heard, AROUND, stream, None)
    with contextmanager(dask_cluster)() as cluster:

        def told(what: str, done: int, total: int, note: str) -> None:
            if done == 1:
                cluster.workers[0].kill()

        together = score_segments(
            heard, AROUND, stream, tmp_path, Workers(scheduler=cluster.address), Progress(tell=told)
        )
        assert cluster.workers[0].wait() != 0 and cluster.workers[1].poll() is None
    assert equal(alone.scores, together.scores)
    assert len(list(tmp_path.glob("*.npz"))) == 3, "the process that asked keeps the scores"


def test_workers_that_contradict_each_other_or_are_not_there_are_refused(
    stream: Stream, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_runner, "CONNECT_S", 0.5)
    with pytest.raises(ValueError, match="leave --jobs 2 out"):
        Workers(jobs=2, scheduler="tcp://127.0.0.1:8786")
    with pytest.raises(ValueError, match="at least 1, got 0"):
        Workers(jobs=0)
    with pytest.raises(JobError, match=r"no Dask scheduler at tcp://127\.0\.0\.1:1 "):
        score_segments(heard, AROUND, stream, None, Workers(scheduler="tcp://127.0.0.1:1"))


def test_a_pair_counts_what_its_second_model_hears(stream: Stream, heard: Heard, tmp_path: Path) -> None:
    pair = Heard(heard.model, heard.model, stir=0.2)
    assert pair.name() != heard.name() != Heard(heard.model, heard.model, stir=0.3).name()
    found = score_segments(pair, AROUND, stream, tmp_path)
    assert 0 < found.second_frames <= found.frames
    again = score_segments(pair, AROUND, stream, tmp_path)
    assert (again.second_frames, again.frames) == (found.second_frames, found.frames)


def test_models_that_hear_a_stream_together_score_as_alone_and_only_what_lacks_is_played_again(
    stream: Stream, heard: Heard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = Heard(heard.model, heard.model, stir=0.2)
    alone = {one: score_segments(one, AROUND, stream, None) for one in (heard, pair)}
    assert not equal(alone[heard].scores, alone[pair].scores)
    asked: list[int] = []

    def counted(detectors: list[Detector], *others: object) -> list[StreamScores]:
        asked.append(len(detectors))
        return score_stream(detectors, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(segments, "score_stream", counted)
    folders = {heard: tmp_path / "alone", pair: tmp_path / "pair"}
    score_segments(heard, AROUND, stream, folders[heard])
    sorted(folders[heard].glob("*.npz"))[0].unlink()
    together = score_together(folders, AROUND, stream)
    assert sorted(asked) == [1, 1, 1, 1, 1, 2], "three segments alone; then two for the pair and one for both"
    for one in folders:
        assert equal(together[one].scores, alone[one].scores)
        assert together[one].second_frames == alone[one].second_frames
    score_together(folders, AROUND, stream)
    assert len(asked) == 6


def test_joined_segments_follow_one_another() -> None:
    ends = np.array([100, 200])
    one = StreamScores(np.array([0.1, 0.2]), ends, [], ["read speech"], np.array([250]), {"read speech": 1.0})
    both = joined([SegmentScores(one, 1, 2), SegmentScores(one, 3, 4)])
    assert both.scores.step_ends.tolist() == [100, 200, 350, 450]
    assert both.scores.kind_ends.tolist() == [250, 500] and both.scores.hours == {"read speech": 2.0}
    assert (both.second_frames, both.frames) == (4, 6)
