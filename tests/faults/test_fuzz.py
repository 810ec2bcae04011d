"""Any bytes from outside give an answer or the promised error: never another error, never a crash.

Each test tries a few hundred cases. `scripts/nightly` sets KWS_FUZZ to thousands.
"""

import contextlib
import io
import json
import os
import struct
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save

from kws_app.audio.audio_file import read_blocks
from kws_app.engine.card import ModelCard
from kws_app.engine.keyword_model import KeywordModel
from kws_app.engine.model_file import read_card
from kws_app.errors import AudioError, ModelError
from kws_app.history.facts import DetectionRecord
from kws_app.history.log import DetectionLog
from kws_app.paths import MODELS_DIR
from kws_app.settings import Settings, SettingsFile
from kws_app.ui.models.add_model import card_rows

CASES = int(os.environ.get("KWS_FUZZ", "200"))
fuzz = settings(
    max_examples=CASES,
    deadline=None,
    derandomize=CASES <= 1000,  # every run of the tests tries the same cases; the nightly run tries others too
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, Phase.shrink],
)


def sounds() -> list[bytes]:
    """A short sound file of each kind."""
    noise = np.random.default_rng(0).normal(0, 0.1, 1600).astype(np.float32)
    files = []
    for options in (
        {"format": "WAV", "subtype": "PCM_16"},
        {"format": "WAV", "subtype": "FLOAT"},
        {"format": "FLAC"},
        {"format": "OGG", "subtype": "VORBIS"},
        {"format": "OGG", "subtype": "OPUS"},
        {"format": "AIFF", "subtype": "PCM_16"},
    ):
        file = io.BytesIO()
        soundfile.write(file, noise, 16_000, **options)
        files.append(file.getvalue())
    return files


@st.composite
def damaged(draw: st.DrawFn, originals: list[bytes]) -> bytes:
    """A file out of these, with bytes changed, cut off, doubled or inserted."""
    content = bytearray(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, max(0, len(content) - 1)))
        at = draw(st.integers(0, 64)) if draw(st.booleans()) else at  # often damage the header
        how = draw(st.integers(0, 3))
        if how == 0:
            content[at : at + 4] = draw(st.binary(min_size=4, max_size=4))
        elif how == 1:
            content[at : at + 4] = struct.pack("<I", draw(st.sampled_from([0, 1, 0xFFFFFFFF, 0x7FFFFFFF, 0x10000])))
        elif how == 2:
            del content[at:]
        else:
            content[at:at] = draw(st.binary(max_size=40))
    return bytes(content)


texts = st.text(max_size=30)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from([10**400, -(10**400)]) | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def changed(good: dict) -> st.SearchStrategy[str]:
    """JSON of an object in which anything replaces some fields, or JSON of anything, or text that is not JSON."""
    fields = st.dictionaries(st.sampled_from(sorted(good)), json_values, max_size=4)
    return st.one_of(fields.map(lambda new: json.dumps(good | new)), json_values.map(json.dumps), st.text(max_size=200))


@fuzz
@given(content=st.one_of(st.binary(max_size=300), damaged(sounds())))
def test_audio(content: bytes):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sound.wav"
        path.write_bytes(content)
        try:
            for block in read_blocks(path, block_s=0.2):
                assert block.dtype == np.float32 and np.isfinite(block).all()
        except AudioError as error:
            assert "\n" not in str(error)


CARD = json.loads(read_card(MODELS_DIR / "happy" / "micro.safetensors").to_json())
PLAIN = {name: value for name, value in CARD.items() if name not in ("training", "figures", "data")}


def with_decision(text: str) -> str:
    """A card in which anything stands for some fields of the decision."""
    return json.dumps(PLAIN)[:-1] + f', "decision": {text}}}'


@fuzz
@given(text=st.one_of(changed(PLAIN), changed(PLAIN["decision"]).map(with_decision)))
def test_cards(text: str):
    try:
        card = ModelCard.from_json(text)
    except ModelError:
        return
    assert card.step_samples > 0 and card.first_step_samples > 0 and card.decision_config().threshold > 0
    assert ModelCard.from_json(card.to_json()) == card
    assert all(isinstance(shown, str) for shown in card_rows(card).values())


MODEL = (MODELS_DIR / "happy" / "micro.safetensors").read_bytes()


@fuzz
@given(content=damaged([MODEL]))
def test_model_files(content: bytes):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        path.write_bytes(content)
        try:
            model = KeywordModel.load(path, "plain")
        except ModelError as error:
            assert str(path) in str(error) and "\n" not in str(error)
        else:  # the damage lies outside of the numbers
            assert model.card.golden


@fuzz
@given(data=st.data())
def test_networks_of_model_files(data: st.DataObject):
    network = json.loads(json.dumps(CARD["network"]))
    for part in (network, network["shape"]):
        for name in data.draw(st.lists(st.sampled_from(sorted(part)), max_size=2)):
            number = st.integers(-2, 300) | st.sampled_from([2**31, 2**63, 10**400, 0.5, True])
            part[name] = data.draw(number | json_values)
    card = json.dumps(PLAIN | {"network": network})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        path.write_bytes(save(load(MODEL), metadata={"card": card}))
        with contextlib.suppress(ModelError):
            KeywordModel.load(path, "plain")


GOOD_SETTINGS = {"version": 1, "model": "a/b", "thresholds": {"a/b": 0.4}, "geometry": "00", "microphone": "mic"}
GOOD_SETTINGS |= {name: value for name, value in vars(Settings()).items() if name not in GOOD_SETTINGS}
GOOD_SETTINGS = json.loads(json.dumps(GOOD_SETTINGS, default=lambda value: getattr(value, "__dict__", str(value))))


@fuzz
@given(content=st.one_of(changed(GOOD_SETTINGS).map(lambda t: t.encode(errors="replace")), st.binary(max_size=100)))
def test_settings(content: bytes):
    with tempfile.TemporaryDirectory() as folder:
        file = SettingsFile(Path(folder))
        file.path.write_bytes(content)
        found, notice = file.load()
        assert found == Settings() if notice else isinstance(found, Settings)
        file.save(found)
        assert file.load() == (found, "")


RECORD = {"wall_time": "2026-01-01T10:00:00.000+00:00", "file": None, "microphone": "mic", "keyword": "happy"}
RECORD |= {"model": "a/b", "time_s": 1.5, "score": 0.9, "id": "x", "event": "label", "label": "true"}


@fuzz
@given(lines=st.lists(st.one_of(changed(RECORD).map(lambda t: t.encode(errors="replace")), st.binary(max_size=60))))
def test_logs(lines: list[bytes]):
    with tempfile.TemporaryDirectory() as folder:
        log = DetectionLog(Path(folder))
        content = b"\n".join(lines)
        log.path.write_bytes(content)
        said, bad = log.read()
        assert len(said) + bad <= content.count(b"\n") + 1
        for record in log.last():
            assert isinstance(record, DetectionRecord) and record.clock


OPTIONS = ["--model", "--threshold", "--json", "--input", "--listen", "--data-dir", "--help", "--", "-h", "--x", "0.5"]
OPTIONS += ["nan", "-1", "happy/teacher", "../../etc/passwd", "/dev/null", "/dev/zero", "", "é", "\udce9"]


@fuzz
@given(arguments=st.lists(st.sampled_from(OPTIONS) | texts.filter(lambda text: "\0" not in text), max_size=6))
def test_command_lines(arguments: list[str]):
    from kws_app import __main__ as app
    from kws_app.commands import detect
    from tests.soak import __main__ as soak

    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        for parse in (app.parse_arguments, detect.parse_arguments, soak.parse_arguments):
            try:
                options = parse(list(arguments))
            except SystemExit as end:
                assert end.code in (0, 2)
                continue
            if parse is app.parse_arguments:
                with tempfile.TemporaryDirectory() as folder:
                    options.data_dir = Path(folder) / "data"
                    with contextlib.suppress(ValueError, AudioError, ModelError):
                        app.check(options)
