"""The checked values of actions in the settings, and the addresses of web hooks."""

import json

import pytest

from kws_app.actions.choices import (
    CommandChoice,
    KeywordActions,
    MediaKeyChoice,
    ProgramChoice,
    WebhookChoice,
    url_fault,
)
from kws_app.actions.media_key import MediaKey


def test_choices_survive_json():
    actions = KeywordActions(
        sound=True,
        command=CommandChoice(True, ("notify", "{keyword}", "two\nlines", ""), 2.5),
        webhook=WebhookChoice(True, "http://localhost:1/x"),
        program=ProgramChoice(True, ("xterm", "-e", "top")),
        media_key=MediaKeyChoice(True, MediaKey.NEXT),
    )
    assert KeywordActions.from_dict(json.loads(json.dumps(actions.to_dict()))) == actions


def test_nothing_is_set_off_by_default_and_unknown_fields_are_passed_over():
    assert KeywordActions.from_dict({"smell": True, "command": {"colour": 1}}) == KeywordActions()
    assert not any((KeywordActions().sound, KeywordActions().notification, KeywordActions().command.on))


@pytest.mark.parametrize(
    "raw",
    [
        [],
        {"sound": 1},
        {"notification": "yes"},
        {"command": []},
        {"command": {"arguments": "rm -rf"}},
        {"command": {"arguments": ["a", 1]}},
        {"command": {"arguments": ["a\0b"]}},
        {"command": {"arguments": ["x"] * 101}},
        {"command": {"limit_s": 0}},
        {"command": {"limit_s": float("nan")}},
        {"command": {"limit_s": True}},
        {"program": {"arguments": "xterm"}},
        {"program": {"on": 1}},
        {"media_key": {"key": "self-destruct"}},
        {"media_key": {"key": None}},
        {"webhook": {"url": None}},
        {"webhook": {"on": 1}},
    ],
)
def test_values_without_sense_are_refused(raw):
    with pytest.raises(ValueError):
        KeywordActions.from_dict(raw)


@pytest.mark.parametrize("url", ["http://a", "https://a.b:8123/x?y=1", "http://[::1]:80/", "http://127.0.0.1"])
def test_addresses_that_can_be_posted_to(url):
    assert url_fault(url) == ""


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", "Give the web hook's address"),
        ("file:///etc/passwd", "must begin with http://"),
        ("ftp://a/b", "must begin with http://"),
        ("localhost:80", "must begin with http://"),
        ("http://", "name a machine"),
        ("http://a:99999/", "is not an address"),
        ("http://[x/", "is not an address"),
        ("http://a/ b", "contains a space"),
        ("http://a/\r\nHost: b", "contains a space"),
        ("http://ä/", "is not allowed"),
        ("http://me:secret@a/", "remove the part before the @"),
    ],
)
def test_addresses_that_cannot_be_used(url, expected):
    assert expected in url_fault(url)
