"""The status line: empty while all is well, names a trouble, and shows numbers on request."""

import pytest
from pytestqt.qtbot import QtBot

from kws_app.listening.session import Health
from kws_app.ui.widgets.status_line import StatusLine


def health(lag_ms: float = 20.0, overruns: int = 0, lost_samples: int = 0) -> Health:
    return Health(16_000, lag_ms, lag_ms + 10, {"loud/teacher": 0.5}, overruns, lost_samples)


@pytest.fixture
def line(qtbot: QtBot) -> StatusLine:
    line = StatusLine()
    qtbot.addWidget(line)
    return line


def test_it_is_quiet_while_all_is_well(line: StatusLine):
    line.show_health(health())
    assert line.trouble.text() == "" and "rate 16000 Hz" in line.text()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (health(lag_ms=2300.0), "decisions come 2.3 s late, because this computer is busy"),
        (health(overruns=1), "the device dropped sound 1 time"),
        (health(lost_samples=24_000), "1.5 s of sound were lost"),
    ],
)
def test_it_says_what_is_wrong(line: StatusLine, wrong: Health, said: str):
    line.show_health(wrong)
    assert line.trouble.text() == said
    line.show_health(health())
    assert line.trouble.text() == ""


def test_a_file_that_is_played_as_fast_as_it_goes_is_not_late(line: StatusLine):
    line.show_health(health(lag_ms=2300.0), live=False)
    assert line.trouble.text() == ""


def test_the_numbers_come_when_asked_and_go_on(line: StatusLine):
    line.show_health(health())
    line.details.click()
    assert line.dialog is not None and line.dialog.isVisible()
    line.show_health(health(lag_ms=33.0))
    assert "delay 33 ms, 43" in [label.text() for label in line.dialog._labels]


def test_what_went_wrong_stays_in_sight_until_it_was_read(line: StatusLine):
    line.show_health(health())
    line.note("<b>The disk is full.</b>" + "x" * 500)
    for _ in range(2):
        line.note("The settings could not be written.")
    line.show_health(health())
    assert line.trouble.text().endswith("The settings could not be written.")
    line.show_health(health(overruns=1))
    assert line.trouble.text() == "the device dropped sound 1 time"
    line.show_health(health())
    line.details.click()
    assert line.trouble.text() == ""
    assert line.dialog is not None and line.dialog.noted.isVisible()
    lines = line.dialog.noted.text().splitlines()
    assert len(lines) <= 4 and "<b>The disk is full.</b>" in lines[1] and len(lines[1]) < 320
    line.note("Another.")
    assert line.dialog.noted.text().endswith("Another.") and line.trouble.text().endswith("Another.")


def test_nothing_is_said_to_have_gone_wrong_where_nothing_did(line: StatusLine):
    line.details.click()
    assert line.dialog is not None and not line.dialog.noted.isVisible()
