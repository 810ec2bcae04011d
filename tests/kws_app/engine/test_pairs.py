"""Pairs of models: their names and cards, in the worker, in the window, and over files."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from kws_app.commands import detect
from kws_app.detection.cascade import Cascade
from kws_app.engine.catalogue import find_models
from kws_app.engine.pairs import card_of_pair, cards_of_pairs
from kws_app.errors import ModelError
from kws_app.paths import MODELS_DIR
from kws_app.ui.window import MainWindow
from tests.support.listener import Listener, play, use
from tests.support.loudness import bursts, save_loudness_model
from tests.support.window_bench import Bench
from tests.support.words import names, set_threshold, threshold, use_network

PAIR = "loud/teacher+student"


def test_a_pair_steps_as_the_first_and_decides_as_the_second():
    cards = {entry.name: entry.card for entry in find_models(MODELS_DIR)}
    first, second = cards["happy/tiny"], cards["happy/teacher"]
    card = cards_of_pairs(cards)["happy/tiny+teacher"]
    assert card.step_frames == first.step_frames and card.decision_config() == second.decision_config()
    assert card.weight_bytes == first.weight_bytes + second.weight_bytes
    alone = card_of_pair(replace(first, figures={}), second)
    assert alone.figures == {"operating_curve": second.figures["operating_curve"]}  # no misses that were not measured
    for broken in (None, {"teacher": None}, {"teacher": {"golden": second.golden["posterior"]}}):
        assert card_of_pair(replace(first, figures={"confirmed_by": broken}), second).figures == alone.figures
    assert not [name for name in cards_of_pairs(cards) if name.startswith("amelia/")]  # it has one model alone
    assert "happy/student+expert" in cards_of_pairs(cards)
    with pytest.raises(ModelError, match="cannot confirm"):
        card_of_pair(first, cards["computer/teacher"])


def test_the_second_decides_in_the_worker(listener: Listener, qtbot, write_wav):
    (model,) = use(listener, qtbot, PAIR)
    assert (model.name, model.keyword, model.recommended, model.main) == (PAIR, "loud", 0.9, True)
    assert [path.stem for path in model.paths] == ["teacher", "student"]
    assert isinstance(listener.worker._active.detectors[PAIR], Cascade)
    play(listener, qtbot, write_wav(bursts(1.0, 4.0, duration_s=6.0)))
    assert [mark.record.model for mark in listener.marks] == [PAIR, PAIR]
    play(listener, qtbot, write_wav(bursts(1.0, duration_s=3.0, amplitude=0.004)))  # one half: stirs, is not confirmed
    assert len(listener.marks) == 2


def choices(window: MainWindow) -> list[str]:
    combo = window.parts.words.advanced.confirm
    return [combo.itemData(i) for i in range(combo.count())]


def confirm_with(window: MainWindow, name: str) -> None:
    """As the user does."""
    combo = window.parts.words.advanced.confirm
    combo.setCurrentIndex(combo.findData(name))
    combo.activated.emit(combo.currentIndex())


def test_who_confirms_is_chosen_for_each_model_and_remembered(bench: Bench):
    window = bench.open()
    window.parts.words.advanced_button.click()
    assert window.parts.words.advanced.confirm.isVisible()
    assert choices(window) == ["", "loud/broken", "loud/student"]
    confirm_with(window, "loud/student")
    bench.qtbot.waitUntil(lambda: names(window) == [PAIR])
    assert threshold(window) == 0.9
    set_threshold(window, 0.95)  # of the pair, not of the first alone
    window.close()
    saved = json.loads((bench.folder / "settings.json").read_text())
    assert saved["model"] == "loud/teacher" and saved["confirm_with"] == {"loud/teacher": "loud/student"}
    assert saved["thresholds"] == {PAIR: 0.95}
    again = bench.open()
    assert names(again) == [PAIR] and threshold(again) == 0.95
    use_network(again, "loud/student")
    bench.qtbot.waitUntil(lambda: names(again) == ["loud/student"])
    use_network(again, "loud/teacher")  # with the network that confirms it
    bench.qtbot.waitUntil(lambda: names(again) == [PAIR])
    confirm_with(again, "")
    bench.qtbot.waitUntil(lambda: names(again) == ["loud/teacher"])
    assert threshold(again) == 0.5
    again.close()
    assert json.loads((bench.folder / "settings.json").read_text())["confirm_with"] == {}


def test_one_that_cannot_be_used_confirms_nothing(bench: Bench):
    window = bench.open()
    confirm_with(window, "loud/broken")
    bench.qtbot.waitUntil(lambda: "damaged" in window.parts.banner.text)
    assert names(window) == ["loud/teacher"]
    assert window.parts.words.advanced.confirm.currentData() == ""


def test_where_there_is_no_other_model_there_is_no_choice(bench: Bench, tmp_path: Path):
    save_loudness_model(tmp_path / "one" / "loud" / "teacher.safetensors")
    window = bench.open(models=tmp_path / "one")
    window.parts.words.advanced_button.click()
    assert not window.parts.words.advanced.confirm.isVisible()


def test_one_that_is_gone_is_done_without(bench: Bench, tmp_path: Path, tiny_models: Path):
    bench.models = tmp_path / "fewer"
    shutil.copytree(tiny_models, bench.models)
    window = bench.open()
    confirm_with(window, "loud/student")
    bench.qtbot.waitUntil(lambda: names(window) == [PAIR])
    window.close()
    (bench.models / "loud" / "student.safetensors").unlink()
    assert names(bench.open()) == ["loud/teacher"]


def test_over_files(
    tiny_models: Path, write_wav, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(detect, "MODELS_DIR", tiny_models)
    loud = write_wav(bursts(1.0, duration_s=3.0))
    half = write_wav(bursts(1.0, duration_s=3.0, amplitude=0.004), "half.wav")
    assert detect.main(["--model", "loud/teacher", "--threshold", "0.3", str(half)]) == 0
    assert capsys.readouterr().out  # the first alone would
    pair = ["--model", "loud/teacher", "--confirm", "loud/student", "--json"]
    assert detect.main([*pair, str(loud), str(half)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["model"] == PAIR and json.loads(line)["file"] == str(loud)
    assert detect.main(["--model", "loud/teacher", "--confirm", "loud/nobody", str(loud)]) == 2
    assert "There is no model 'loud/nobody'" in capsys.readouterr().err
