"""Stages as functions: typed results, progress, an end on request, and nothing printed."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from kws_app.engine.model_file import read_card
from kws_app.paths import MODELS_DIR
from tests.support.toy_speech import KEYWORD, RUN
from training.evaluate.stream_render import CONDITIONS
from training.evaluate.test_sets import WHOLE
from training.export.artifact import load_numbers
from training.features.frame_store import FrameStore
from training.network.checkpoint import load_crnn
from training.progress import Progress, StageStoppedError
from training.stages.evaluation import Evaluating, _data_of, check_pair
from training.stages.model_files import Exporting, export_run
from training.stages.places import Places
from training.stages.runs import refuse_twins, train


@pytest.fixture
def places(toy_archive: Path, toy_cache: Path, toy_store: FrameStore, tmp_path: Path) -> Places:
    work = tmp_path / "work"
    work.mkdir()
    (work / "cache").symlink_to(toy_cache)
    return Places(toy_archive, work, tmp_path / "models", tmp_path / "assets")


def test_a_training_that_is_cancelled_goes_on_where_it_was(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    batches = RUN.train.stream_batches + RUN.train.clip_batches
    told: list[int] = []

    def tell(what: str, done: int, total: int, note: str) -> None:
        assert (what, total) == ("training toy", RUN.train.epochs * batches)
        told.append(done)

    cancelled = Progress(tell, is_cancelled=lambda: len(told) > batches + 2)
    with pytest.raises(StageStoppedError, match="training toy"):
        train(places, {"toy": RUN}, cancelled)
    assert told == list(range(batches + 3))
    saved = torch.load(places.work / "toy" / "last.pt", weights_only=True)
    assert saved["epoch"] == 1, "the finished epoch is kept"

    told.clear()
    assert train(places, {"toy": RUN}, Progress(tell)) == {"toy": places.work / "toy" / "best.pt"}
    assert told == list(range(batches, RUN.train.epochs * batches + 1)), "the second epoch is begun anew"
    exported = export_run(places, Exporting("toy", "teacher"))
    assert exported.path == places.models / KEYWORD / "teacher.safetensors"
    assert exported.size_bytes == exported.path.stat().st_size
    captured = capsys.readouterr()
    assert captured.out == captured.err == "", "a stage prints nothing"


def test_two_seeds_with_the_same_start_are_refused_side_by_side(tmp_path: Path) -> None:
    start = tmp_path / "student.safetensors"
    specs = {"student": "student", "student-1": "student:1"}
    refuse_twins(specs, dict.fromkeys(specs, start))  # there is no such file, so both begin with weights of their own
    start.write_bytes(b"")
    refuse_twins({"student": "student", "micro": "micro"}, {"student": start, "micro": tmp_path / "micro.safetensors"})
    with pytest.raises(ValueError, match=r"student and student-1 would be the same network.*--set train\.seed=1"):
        refuse_twins(specs, dict.fromkeys(specs, start))


def test_a_network_goes_on_learning_from_its_model_file(places: Places) -> None:
    train(places, {"toy": RUN})
    exported = export_run(places, Exporting("toy", "teacher")).path
    still = replace(RUN, train=replace(RUN.train, learning_rate=1e-9))
    best = train(places, {"on": still}, starts={"on": exported})["on"]
    before, after = load_numbers(exported)[0].state_dict(), load_crnn(best)[0].state_dict()
    for name in before:
        torch.testing.assert_close(after[name], before[name], atol=1e-5, rtol=0)
    other = replace(RUN, crnn=replace(RUN.crnn, hidden=2 * RUN.crnn.hidden))
    with pytest.raises(ValueError, match="another shape than this run"):
        train(places, {"wide": other}, starts={"wide": exported})


def test_a_run_that_is_not_there_is_one_sentence(places: Places) -> None:
    with pytest.raises(ValueError, match=r"best\.pt is missing: train that run first"):
        export_run(places, Exporting("nobody"))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"split": "test"}, "split must be one of training, validation, testing or all, got 'test'"),
        ({"conditions": ("noisy",)}, "There is no condition 'noisy'. There are clean, noise, all, 'clean'"),
        ({"hours": 0.0}, "hours must be above 0, got 0"),
        ({"threshold": 0.5, "write_card": True}, "leave --threshold or --write-card out"),
    ],
)
def test_requests_that_make_no_sense_are_refused(settings: dict[str, object], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        Evaluating("rise/teacher", **settings)  # type: ignore[arg-type]


EVERY = tuple(condition.name for condition in CONDITIONS)


@pytest.mark.parametrize(
    ("conditions", "played"),
    [
        (("clean",), WHOLE[:1]),
        (("noise",), (*WHOLE, "after a pause", "after a pause, 10 dB")),
        (("all",), EVERY),
        (("room", "clean", "room"), ("clean", "room")),
    ],
)
def test_conditions_are_chosen_by_name(conditions: tuple[str, ...], played: tuple[str, ...]) -> None:
    names = tuple(condition.name for condition in Evaluating("rise/student", conditions=conditions).played)
    assert names == played


def test_a_card_keeps_a_pair_only_as_the_app_runs_it() -> None:
    asked = Evaluating("rise/student", split="testing", write_card=True)
    check_pair(asked, 0.2)
    with pytest.raises(ValueError, match=r"at --stir 0\.2 --split testing"):
        check_pair(asked, 0.3)


def test_an_expert_is_measured_on_the_audio_of_its_word() -> None:
    cards = {word: read_card(MODELS_DIR / word / "expert.safetensors") for word in ("happy", "computer")}
    assert (_data_of(cards["happy"]).keyword, _data_of(cards["happy"]).clips) == ("happy", "speech_commands")
    assert (_data_of(cards["computer"]).keyword, _data_of(cards["computer"]).clips) == ("computer", "wake_words")
    teacher = read_card(MODELS_DIR / "happy" / "teacher.safetensors")
    assert list(_data_of(teacher).speech) == list(teacher.training["data"]["speech"])
