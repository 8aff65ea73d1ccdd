"""The middle of the Data panel as a stack: nothing yet, opening, an error, a download on offer, the data."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget

from studio.core.errors import StudioError
from studio.ui.panels.data_view import SourceView
from studio.ui.panels.data_work import Listed, View
from studio.ui.theme import Theme
from studio.ui.widgets.empty import EmptyState

EMPTY = "Pick one at the left, or drop a folder, an archive, idx or npz files, a picture or a text here."


class DataPages(QStackedWidget):
    """One of five states.

    Signals:
        digits_wanted, cancel_wanted, doctor_wanted, download_wanted: buttons of the states.
    """

    digits_wanted = Signal()
    cancel_wanted = Signal()
    doctor_wanted = Signal()
    download_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        digits = ("Open the bundled digits", self.digits_wanted.emit)
        self.empty = EmptyState(theme, "data", "Choose a data set", EMPTY, digits)
        self.waiting = EmptyState(theme, "data", "Opening…", "", ("Cancel", self.cancel_wanted.emit))
        self.error = EmptyState(theme, "warning", "", "", ("Ask the doctor", self.doctor_wanted.emit))
        self.offer = EmptyState(theme, "download", "", "", ("Download", self.download_wanted.emit))
        self.data = SourceView(theme)
        for page in (self.empty, self.waiting, self.error, self.offer, self.data):
            self.addWidget(page)

    @property
    def view(self) -> View | None:
        """The data on the screen."""
        return self.data.view

    def show_nothing(self) -> None:
        """Say what to do first."""
        self._show(self.empty)

    def show_waiting(self, title: str) -> None:
        """Say what is being done."""
        self.waiting.title.setText(title)
        self.waiting.text.setText("This may take a moment the first time.")
        self._show(self.waiting)

    def show_progress(self, done: int, total: int, what: str) -> None:
        """Say how far the opening is."""
        self.waiting.text.setText(f"{what}: {done:,} of {total:,}" if total else what)

    def show_download(self, done: int, total: int, what: str) -> None:
        """Say how far the download is, in bytes."""
        size = f"{done / 1e6:,.1f} of {total / 1e6:,.1f} MB" if total else f"{done / 1e6:,.1f} MB"
        self.waiting.text.setText(f"{what}: {size}")

    def show_offer(self, listed: Listed) -> None:
        """Offer a download."""
        self.offer.title.setText(listed.title)
        facts = listed.facts.replace(" · ", ", ")
        self.offer.text.setText(f"{listed.note}\n{facts} to download.\nLicence: {listed.licence}.")
        self.offer.buttons[0].setText(f"Download ({listed.megabytes:,.0f} MB)")
        self._show(self.offer)

    def show_error(self, error: BaseException, source: str) -> None:
        """Explain a failure; a path can be taken to the doctor."""
        if isinstance(error, StudioError):
            self.error.title.setText(error.what)
            self.error.text.setText(error.what_to_do)
        else:
            self.error.title.setText(f"{Path(source).name or source} cannot be opened")
            self.error.text.setText(f"{type(error).__name__}: {error}")
        self.error.buttons[0].setVisible(Path(source).is_absolute())
        self._show(self.error)

    def show_data(self, view: View, title: str) -> None:
        """Show an opened source."""
        self.data.show_view(view, title)
        self.setCurrentWidget(self.data)

    def _show(self, page: EmptyState) -> None:
        self.data.view = None
        self.setCurrentWidget(page)
