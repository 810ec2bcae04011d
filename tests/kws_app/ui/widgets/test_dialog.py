"""A dialog stays on the screen with all of its buttons."""

from PyQt6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from kws_app.ui.widgets.dialog import Dialog


def test_a_dialog_that_grows_moves_up_so_that_its_buttons_stay_on_the_screen(qtbot: QtBot):
    dialog = Dialog("Title", 300, None)
    qtbot.addWidget(dialog)
    dialog.bring_up()
    screen = dialog.screen()
    assert screen is not None
    area = screen.availableGeometry()
    dialog.move(area.left() + 20, area.bottom() - 100)
    for i in range(200):
        dialog.column.addWidget(QLabel(f"line {i}"))
    dialog.fit()
    qtbot.waitUntil(lambda: dialog.height() > 300 and dialog.frameGeometry().bottom() <= area.bottom())
    assert dialog.frameGeometry().top() >= area.top()
