"""A row of controls that wraps."""

from __future__ import annotations

from PySide6.QtWidgets import QPushButton

from studio.ui.widgets.bar import Bar


def test_what_stands_at_the_right_goes_below_when_there_is_no_room(context, qtbot):
    bar = Bar()
    qtbot.addWidget(bar)
    left, right = [QPushButton(f"Left {i}") for i in range(3)], QPushButton("Right")
    for button in left:
        bar.add(button)
    bar.add_right(right)
    bar.resize(900, 80)
    bar.show()
    assert not bar.wrapped
    assert right.geometry().right() > left[-1].geometry().right()
    bar.resize(left[0].sizeHint().width() * 3, 160)
    qtbot.waitUntil(lambda: right.geometry().top() >= left[0].geometry().bottom())
    assert bar.wrapped
    assert all(b.width() >= b.sizeHint().width() for b in (*left, right))
    bar.resize(900, 80)
    assert not bar.wrapped
