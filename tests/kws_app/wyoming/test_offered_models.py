"""Which models kws-wyoming offers, and what a client is told that asks for others."""

import asyncio
from pathlib import Path

import pytest

pytest.importorskip("wyoming", reason="needs the wyoming package: pip install 'kws-app[wyoming]'")

from wyoming.error import Error
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong
from wyoming.wake import Detect, Detection, NotDetected

from kws_app.engine.card import CURVE_FIELD
from kws_app.engine.model_file import read_card
from kws_app.engine.pairs import with_pair
from tests.support.loudness import bursts, save_loudness_model
from tests.support.programs import StartServer, logged
from tests.support.wyoming_client import answer, connected, send


def test_describe_names_the_models(uri: str):
    async def scene(uri: str) -> None:
        async with connected(uri) as client:
            await client.write_event(Describe().event())
            info = Info.from_event(await answer(client))
            (program,) = info.wake
            assert [model.name for model in program.models] == ["loud/teacher", "loud/broken", "loud/student"]
            assert {model.phrase for model in program.models} == {"loud"}
            assert ["recommended" in model.description for model in program.models] == [True, False, False]
            assert all(model.installed for model in program.models)
            await client.write_event(Ping(text="still there?").event())
            assert Pong.from_event(await answer(client)).text == "still there?"

    asyncio.run(scene(uri))


def test_a_model_that_is_none_and_one_that_is_broken_are_said(uri: str):
    async def scene(uri: str) -> None:
        async with connected(uri) as client:
            await client.write_event(Detect(names=["jarvis", "loud"]).event())
            error = Error.from_event(await answer(client))
            assert error.code == "unknown-model"
            assert (
                error.text
                == "There is no model 'jarvis'. The models are: loud, loud/broken, loud/student, loud/teacher."
            )
            await send(client, bursts(1.0, duration_s=2.0))  # the model that there is listens
            assert Detection.from_event(await answer(client)).name == "loud"
            await client.write_event(Detect(names=["loud/broken"]).event())
            await send(client, bursts(1.0, duration_s=2.0))
            assert "does not give the scores on its card" in Error.from_event(await answer(client)).text
            assert NotDetected.is_type((await answer(client)).type)

    asyncio.run(scene(uri))


def test_a_model_is_called_what_the_client_calls_it_each_way(uri: str):
    async def scene(uri: str) -> None:
        async with connected(uri) as client:
            await client.write_event(Detect(names=["loud", "loud/teacher", "loud"]).event())
            await send(client, bursts(1.0, duration_s=2.0))
            assert [Detection.from_event(await answer(client)).name for _ in range(2)] == ["loud", "loud/teacher"]

    asyncio.run(scene(uri))


def test_more_models_than_are_heard_at_once_are_named_and_logged(serve: StartServer, tmp_path: Path):
    for i in range(10):
        save_loudness_model(tmp_path / f"loud{i}" / "teacher.safetensors")
    uri, process = serve("--uri", "tcp://127.0.0.1:0", "--models", str(tmp_path), "--debug")
    names = [f"loud{i}" for i in range(10)]

    async def scene(uri: str) -> None:
        async with connected(uri) as client:
            await client.write_event(Detect(names=names).event())
            error = Error.from_event(await answer(client))
            assert error.code == "too-many-models"
            assert error.text == "At most 8 models run at once, so these are left out: 'loud8', 'loud9'."
            await send(client, bursts(1.0, duration_s=2.0))
            assert [Detection.from_event(await answer(client)).name for _ in range(8)] == names[:8]
            await client.write_event(Detect(names=["x" * 100 + "\x1b[31m"] * 2 + [str(i) for i in range(9)]).event())
            assert "and 5 more" in Error.from_event(await answer(client)).text
            await client.write_event(Detect(names=["x"] * 2000).event())
            assert "at most 1000" in Error.from_event(await answer(client)).text

    asyncio.run(scene(uri))
    said = logged(process)
    assert "left out: 'loud8', 'loud9'" in said and "will hear loud0/teacher" in said and "loud7 at " in said
    assert "\x1b" not in said and "16000 Hz, 2 bytes a sample, 1 channels" in said


def test_a_pair_that_was_measured_is_served_by_its_name(serve: StartServer, tmp_path: Path):
    save_loudness_model(tmp_path / "loud" / "teacher.safetensors", threshold=0.9)
    teacher = read_card(tmp_path / "loud" / "teacher.safetensors")
    known = with_pair(teacher, teacher, {CURVE_FIELD: {"threshold": [0.9]}})  # one network, so it is what was measured
    save_loudness_model(tmp_path / "loud" / "student.safetensors", figures=known)
    pair = "loud/student+teacher"

    async def scene(uri: str) -> None:
        async with connected(uri) as client:
            await client.write_event(Describe().event())
            info = Info.from_event(await answer(client))
            assert [model.name for model in info.wake[0].models] == ["loud/teacher", "loud/student", pair]
            await client.write_event(Detect(names=["loud/student", pair]).event())
            for amplitude, expected in ((0.004, ["loud/student"]), (0.2, ["loud/student", pair])):  # one half; one
                await send(client, bursts(1.0, duration_s=2.0, amplitude=amplitude))
                assert [Detection.from_event(await answer(client)).name for _ in expected] == expected
            await client.write_event(Detect(names=["loud/teacher+student"]).event())  # never heard together
            assert Error.from_event(await answer(client)).code == "unknown-model"

    asyncio.run(scene(serve("--uri", "tcp://127.0.0.1:0", "--models", str(tmp_path))[0]))
