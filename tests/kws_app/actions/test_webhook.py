"""Web hooks with a real local server that answers, is slow, is down, sends nonsense or redirects."""

import json
import socket
import threading
import time

import pytest

from kws_app.actions.choices import WebhookChoice
from kws_app.actions.event import DetectionEvent
from kws_app.actions.webhook import Webhook
from kws_app.errors import ActionError
from tests.support.hook import Hook
from tests.support.waiting import PATIENCE_S, Stopwatch

HEARD = DetectionEvent("$(x)\n\"'", "happy/teacher", 0.9, 1.5, "2026-01-02T03:04:05+00:00", "USB mic")


def post(url: str, limit_s: float = 20.0) -> None:
    Webhook(WebhookChoice(True, url), HEARD, limit_s).run()


def test_it_posts_the_detection_as_json(hook: Hook):
    post(f"{hook.url}/201?token=a%20b")
    ((path, headers, body),) = hook.told
    assert path == "/201?token=a%20b" and headers["Content-Type"] == "application/json"
    assert json.loads(body) == HEARD.to_json()


@pytest.mark.parametrize("status", [400, 404, 500, 304])
def test_any_other_answer_is_a_failure(hook: Hook, status: int):
    with pytest.raises(ActionError, match=rf"^The web hook at 127.0.0.1 answered {status} "):
        post(f"{hook.url}/{status}")


@pytest.mark.parametrize(("path", "target"), [("to-file", "file:///etc/passwd"), ("to-web", "/200")])
def test_redirects_are_not_followed(hook: Hook, path: str, target: str):
    with pytest.raises(ActionError, match=f"redirects to another address.*{target}"):
        post(f"{hook.url}/{path}")
    assert [path for path, _, _ in hook.told] == [f"/{path}"]


def test_a_server_that_is_down_is_said():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # taken, but nobody listens
        with pytest.raises(ActionError, match=r"cannot be reached \(.*refused"):
            post(f"http://127.0.0.1:{free.getsockname()[1]}/")


def test_a_host_that_does_not_exist_is_said():
    with pytest.raises(ActionError, match=r"The web hook at nobody.invalid cannot be reached"):
        post("http://nobody.invalid/")


@pytest.mark.parametrize("path", ["hang", "drip"])
def test_a_slow_answer_is_broken_off(hook: Hook, path: str):
    stopwatch = Stopwatch()
    with pytest.raises(ActionError, match=r"did not answer within 0.5 s"):
        post(f"{hook.url}/{path}", limit_s=0.5)
    assert stopwatch.seconds < 15


def test_an_answer_that_is_no_http_is_said():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"SSH-2.0-x\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(ActionError, match="cannot be reached"):
            post(f"http://127.0.0.1:{server.getsockname()[1]}/")
        thread.join()


def test_https_wants_a_certificate(hook: Hook):
    with pytest.raises(ActionError, match="cannot be reached"):
        post(hook.url.replace("http:", "https:"))


def test_it_can_be_ended_before_and_while_it_runs(hook: Hook):
    webhook = Webhook(WebhookChoice(True, f"{hook.url}/hang"), HEARD, 30.0)

    def run() -> None:
        with pytest.raises(ActionError):
            webhook.run()

    thread = threading.Thread(target=run)
    thread.start()
    while not hook.told:
        time.sleep(0.01)
    webhook.end()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()
    with pytest.raises(ActionError):
        webhook.run()
    assert len(hook.told) == 1


def test_a_bad_address_is_refused_at_once():
    with pytest.raises(ActionError, match="must begin with http"):
        Webhook(WebhookChoice(True, "file:///etc/passwd"), HEARD)
