"""A row of buttons: one line if there is room, else several lines; the last button stands at the right end."""

from collections.abc import Iterator

import pytest
from PyQt6.QtWidgets import QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from kws_app.ui.widgets.wrapping_row import SPACING, WrappingRow


@pytest.fixture
def buttons(qtbot: QtBot) -> Iterator[list[QPushButton]]:
    buttons = [QPushButton(text) for text in ("one", "number two", "the third of them")]
    panel = QWidget()
    column = QVBoxLayout(panel)
    column.setContentsMargins(0, 0, 0, 0)
    column.addLayout(WrappingRow(*buttons))
    column.addStretch(1)
    qtbot.addWidget(panel)
    panel.show()
    yield buttons
    panel.close()  # the fixture holds the panel until here: Qt deletes a panel that Python drops


def resize(buttons: list[QPushButton], room: int) -> None:
    panel = buttons[0].window()
    panel.resize(room, 300)
    panel.layout().activate()


def test_with_room_there_is_one_line_with_the_last_at_its_end(buttons: list[QPushButton]):
    resize(buttons, 600)
    one, two, three = buttons
    assert [button.y() for button in buttons] == [0, 0, 0]
    assert (one.x(), two.x(), three.geometry().right()) == (0, one.width() + SPACING, 599)
    assert [button.width() for button in buttons] == [button.sizeHint().width() for button in buttons]


def test_without_room_the_last_goes_below(buttons: list[QPushButton]):
    one, two, three = buttons
    room = one.sizeHint().width() + two.sizeHint().width() + SPACING
    resize(buttons, room)
    assert (one.y(), two.y(), three.y()) == (0, 0, one.height() + SPACING)
    assert three.geometry().right() == room - 1


def test_no_narrower_than_the_widest(buttons: list[QPushButton]):
    resize(buttons, 10)
    one, two, three = buttons
    panel = buttons[0].window()
    assert panel.width() >= three.sizeHint().width()
    assert 0 == one.y() < two.y() < three.y() and three.geometry().bottom() < panel.height()


def test_hidden_widgets_take_no_room(buttons: list[QPushButton]):
    one, two, three = buttons
    two.hide()
    resize(buttons, one.sizeHint().width() + three.sizeHint().width() + SPACING)
    assert one.y() == three.y() == 0
