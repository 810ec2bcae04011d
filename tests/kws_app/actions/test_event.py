"""Placeholders and environment variables with values from foreign cards and file names."""

from kws_app.actions.event import DetectionEvent

HEARD = DetectionEvent(
    "happy", "happy/teacher", 0.98765, 12.3456, "2026-01-02T03:04:05.678+00:00", "/tmp/{model} $(x).wav"
)


def test_each_placeholder_is_replaced_once():
    filled = HEARD.fill("{keyword}|{model}|{score}|{time}|{wall_time}|{source}")
    assert filled == "happy|happy/teacher|0.9877|12.346|2026-01-02T03:04:05.678+00:00|/tmp/{model} $(x).wav"


def test_other_braces_stay():
    assert (
        HEARD.fill("{} {x} {keyword {{keyword}} {keyword.__class__}") == "{} {x} {keyword {happy} {keyword.__class__}"
    )


def test_the_environment_holds_the_same_values_without_nul():
    odd = DetectionEvent("a\0b", "m", 1.0, 0.0, "", "quote' \" $HOME `id`\nnew line")
    assert odd.environment["KWS_KEYWORD"] == "ab"
    assert odd.environment["KWS_SOURCE"] == "quote' \" $HOME `id`\nnew line"
    assert set(odd.environment) == {
        "KWS_KEYWORD",
        "KWS_MODEL",
        "KWS_SCORE",
        "KWS_TIME",
        "KWS_WALL_TIME",
        "KWS_SOURCE",
    }


def test_a_webhook_is_not_told_the_source():
    assert HEARD.to_json() == {
        "keyword": "happy",
        "model": "happy/teacher",
        "score": 0.98765,
        "time_s": 12.3456,
        "wall_time": "2026-01-02T03:04:05.678+00:00",
    }
