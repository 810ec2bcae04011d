"""An hour in one file: kws-detect finds in large blocks what a live stream finds, in little memory."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kws_app.detection.detector import Detector
from kws_app.engine.backends import PLAIN
from kws_app.engine.catalogue import find_model
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.engine.keyword_model import KeywordModel
from kws_app.paths import MODELS_DIR
from tests.support.made_sound import made_minute
from tests.support.memory import CAN_TELL
from tests.support.paths import REPOSITORY

MINUTES = 60
SHARE = 0.99  # the threshold is above this share of a minute's scores: so low that the made sound has many detections
MODEL = "happy/student"
HEAR = """
import json, sys
from kws_app.commands.file_hearing import Question, hear_file, models_of
from tests.support.memory import most_mb
question = Question(sys.argv[1], "", float(sys.argv[2]), "plain", (sys.argv[3],))
models_of(question)
before = most_mb()
result = hear_file(question, sys.argv[4])
print(json.dumps([[[row.time_s, row.score] for row in result.rows], result.error, result.length_s, most_mb() - before]))
"""


def minutes() -> list[np.ndarray]:
    """The minute again and again, each time louder or fainter and begun elsewhere, as whole numbers of 16 bits."""
    minute = made_minute()
    rng = np.random.default_rng(0)
    return [
        np.round(np.roll(minute, int(rng.integers(len(minute)))) * rng.uniform(0.05, 1.2) * 32767).astype(np.int16)
        for _ in range(MINUTES)
    ]


@pytest.mark.long
@pytest.mark.skipif(not CAN_TELL, reason="reads /proc")
def test_an_hour_is_heard_as_live_in_less_than_150_mb(tmp_path: Path) -> None:
    path = tmp_path / "hour.wav"
    live = KeywordModel.load(find_model(MODEL, MODELS_DIR).path, PLAIN)
    heard = minutes()
    first_minute = Detector(live, live.card.decision_config()).process(heard[0].astype(np.float32) / 32768)
    threshold = float(np.quantile(first_minute.scores, SHARE))
    detector = Detector(live, live.card.decision_config(threshold))
    rows = []
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 1, subtype="PCM_16") as file:
        for minute in heard:
            file.write(minute)
            samples = minute.astype(np.float32) / 32768
            for first in range(0, len(samples), live.card.step_samples):
                found = detector.process(samples[first : first + live.card.step_samples]).detections
                rows += [[detection.time_s, detection.score] for detection in found]
    command = [sys.executable, "-c", HEAR, MODEL, str(threshold), str(MODELS_DIR), str(path)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    found_rows, error, length_s, taken_mb = json.loads(done.stdout)
    assert (error, length_s) == ("", 60.0 * MINUTES)
    assert taken_mb < 150
    assert len(rows) > 20
    assert [time_s for time_s, _ in found_rows] == [time_s for time_s, _ in rows]
    np.testing.assert_allclose([score for _, score in found_rows], [score for _, score in rows], rtol=0, atol=1e-5)
