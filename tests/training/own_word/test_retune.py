"""The threshold of an expert that is there is set anew: weights stay, the curve moves with it, both files agree."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from kws_app.engine.backends import JITTED, PLAIN
from kws_app.engine.keyword_model import KeywordModel
from kws_app.paths import MODELS_DIR
from training.evaluate.metrics import ALLOWED_AN_HOUR
from training.own_word.compare import read_trained
from training.own_word.measure import Measured, talk_peaks
from training.own_word.retune import moved_curve, retune
from training.own_word.talk_embeddings import Talk, TalkStream, read_talk


def test_points_keep_their_counts_at_the_margin_where_they_were_counted() -> None:
    moved = moved_curve({"split": "testing", "points": [[0.5, 3, 23, 23], [0.7310586, 6, 0, 0]]}, 1.0)
    assert moved == {"split": "testing", "points": [[0.268941, 3, 23, 23], [0.5, 6, 0, 0]]}


@pytest.mark.long
def test_the_threshold_rises_to_what_the_talk_asks_and_stays_there(tmp_path: Path) -> None:
    shutil.copytree(MODELS_DIR / "computer", tmp_path / "computer")
    path = tmp_path / "computer" / "expert.safetensors"
    before, trained = load_file(path), read_trained(path)
    talk = read_talk()
    short = next(stream for stream in talk.of("validation") if stream.source == "speech_streams/librispeech")
    near = TalkStream("near", "validation", short.embeddings)
    lifted = Talk((*talk.of("training")[:1], near), talk.mean, talk.std)
    hours = lifted.hours("validation")
    peaks = talk_peaks(trained.heads, Talk(lifted.streams, trained.mean, trained.std), (near,))
    asked = Measured(peaks, hours, np.zeros(0)).threshold_below(ALLOWED_AN_HOUR)

    done = retune(path, lifted)
    assert done.old == pytest.approx(trained.threshold)
    assert max(asked, done.old) <= done.new + 1e-4 and done.new < max(asked, done.old) + 0.11
    for name, values in load_file(path).items():
        np.testing.assert_array_equal(values, before[name])
    plain, jitted = (KeywordModel.load(path, engine) for engine in (PLAIN, JITTED))
    assert plain.card == jitted.card and read_trained(path).threshold == pytest.approx(done.new)
    assert retune(path, lifted).new == pytest.approx(done.new)  # it never falls
