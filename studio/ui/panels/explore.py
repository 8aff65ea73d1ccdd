"""Explore: walk through what a model learned; scatter left, picture right, pinned points along the bottom."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from studio.ui.actions import Action
from studio.ui.panels.explore_export import Keeper
from studio.ui.panels.explore_model import Session, open_model
from studio.ui.panels.explore_side import SidePane
from studio.ui.panels.explore_state import Walker
from studio.ui.panels.explore_tabs import ModelTabs
from studio.ui.panels.run_page import Opener, RunPage
from studio.ui.panels.run_picker import RunPicker
from studio.ui.theme import SPACE_M, SPACE_S
from studio.ui.widgets.picture import PictureView
from studio.ui.widgets.strip import Pin, PinEdit, PinStrip

if TYPE_CHECKING:
    from studio.core.records import RunRecord
    from studio.ui.context import Context
    from studio.ui.widgets.scatter import Scatter

ELSEWHERE = (("Translates", "translate", "translates pictures"), ("Classifies", "classify", "tells pictures apart"))
"""Models without anything to explore: their capability, the page they open in, and why."""


class ExplorePanel(RunPage):
    """The page; `ready` when the first scatter (or sheet, without an encoder) of an opened run is on the screen.

    Signals:
        exported: path of a file that was written (the signal of `keeper`).

    Args:
        context: the window's services.
        parent: the widget it lies in.
        opener: opens a run in a worker, `(workspace, run id, checkpoint, progress) -> Session`.
    """

    id, title, icon = "explore", "Explore", "explore"
    empty = ("No run to explore yet", "Train an autoencoder, a VAE or a GAN; what it learned opens here by itself.")
    invitation = "Its latent space opens here."

    def __init__(self, context: Context, parent: QWidget | None = None, opener: Opener = open_model) -> None:
        super().__init__(context, parent, RunPicker(context, "image", ModelTabs.capabilities), opener)
        self._announced = False
        self.walker = Walker(self)
        self.strip = PinStrip(context.theme)
        self.tabs = ModelTabs(self.walker, self.strip)
        self.map, self.morph = self.tabs.map, self.tabs.morph
        self.side = SidePane(self.walker)
        self.keeper = Keeper(self)
        self.exported = self.keeper.exported
        self._connect()
        self.frame(self._build())

    # ---- for tests and the window

    @property
    def scatter(self) -> Scatter:
        """The latent plane."""
        return self.map.scatter

    @property
    def picture(self) -> PictureView:
        """The large picture of the current point."""
        return self.side.picture

    @property
    def export_button(self) -> QWidget:
        """The button that saves the picture in the workspace."""
        return self.side.export_button

    # ---- building

    def _build(self) -> QWidget:
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setObjectName("explore.split")
        split.setChildrenCollapsible(False)
        split.addWidget(self.tabs)
        split.addWidget(self.side)
        split.setStretchFactor(0, 1)
        split.setSizes([820, 360])
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(split, 1)
        below = QVBoxLayout()
        below.setContentsMargins(SPACE_M, SPACE_S, SPACE_M, SPACE_M)
        below.addWidget(self.strip)
        column.addLayout(below)
        return body

    def _connect(self) -> None:
        self.tabs.currentChanged.connect(lambda *_: self._show_side())
        self.strip.edited.connect(self._edit_pins)
        self.strip.chosen.connect(lambda pin: self.walker.show_example(pin.z, pin.pixels))
        for page in (self.map, *self.tabs.sheets):
            page.drawn.connect(self._announce)
        self.map.failed.connect(self._without_scatter)
        for page in (self.tabs.generate, self.tabs.attributes):
            page.export_wanted.connect(self.export_view)
        self.side.pin_wanted.connect(self.pin)
        self.side.copy_wanted.connect(self.copy)
        self.side.random_wanted.connect(self.go_random)
        self.side.export_wanted.connect(self._export)
        self.morph.random_wanted.connect(self.pin_random)
        self.morph.export_wanted.connect(self.export_gif)

    def panel_actions(self) -> Iterable[Action]:
        """Return what can be done here by key or palette."""
        there = lambda: self.isVisible() and self.walker.picture is not None  # noqa: E731
        decodes = lambda: self.isVisible() and self._decodes()  # noqa: E731
        viewed = lambda: self.isVisible() and (self.walker.picture is not None or self.tabs.shows_sheet)  # noqa: E731
        menu = "Explore"
        return (
            Action("explore.pin", "Pin the current point", self.pin, "Ctrl+D", menu, "pin", there),
            Action("explore.random", "Go to a random latent point", self.go_random, "Ctrl+G", menu, "refresh", decodes),
            Action("explore.copy", "Copy the picture", self.copy, "Ctrl+Shift+C", menu, "picture", there),
            Action("explore.export", "Export the picture (PNG)", self.export, "Ctrl+E", menu, "save", there),
            Action(
                "explore.export_view", "Export the view (PNG)", self.export_view, "Ctrl+Shift+E", menu, "grid", viewed
            ),
            Action("explore.export_gif", "Export the morph (GIF)", self.export_gif, "", menu, "morph", self._has_film),
        )

    # ---- opening

    def open_run(self, record: RunRecord) -> None:
        """Open a run; a run of text goes to Write."""
        if (record.data.get("spec") or {}).get("kind") == "text":
            self.context.notify.info(f"{record.id} writes text: it opens in Write.")
            self.context.open_run.emit(record.id, "write")
            return
        super().open_run(record)

    def closing(self) -> None:
        """End the workers."""
        super().closing()
        self.walker.close()
        self.tabs.close_workers()

    def begin(self, session: Session) -> None:
        """Show the pages that a model has; one without any opens elsewhere."""
        self.strip.start_over()
        if not self.tabs.show_for(session.can):
            self._send_on(session)
            return
        self._show_side(session)
        self.walker.open_session(session)

    def forget(self) -> None:
        """Leave the model."""
        self._announced = False
        self.walker.open_session(None)

    def _send_on(self, session: Session) -> None:
        """Open a run where it has something to show."""
        run = session.record.id
        for capability, page, why in ELSEWHERE:
            if capability in session.can:
                self.explain(f"Open in {page.capitalize()}", f"{run} {why}: it has no latent space to walk through.")
                self.context.notify.info(f"{run} {why}: it opens in {page.capitalize()}.")
                self.context.open_run.emit(run, page)
                return
        self.explain("Nothing to explore here", "This model neither encodes, decodes nor samples.")

    def _show_side(self, session: Session | None = None) -> None:
        """Show the current point and the pins where there are points, but not beside chosen inputs."""
        session = session or self.walker.session
        can = session.can if session and self.tabs.currentWidget() is not self.tabs.generate else frozenset()
        self.strip.setVisible("Decodes" in can)
        self.side.setVisible(bool({"Decodes", "Encodes"} & can))

    def _without_scatter(self, error: BaseException) -> None:
        """Begin at a random point when there are no examples to begin at, as when the data was moved away."""
        self.context.notify.exception(error, doing="Drawing the scatter")
        if self.walker.z is None:
            self.go_random()

    def _announce(self) -> None:
        if not self._announced and self.walker.session is not None:
            self._announced = True
            self.ready.emit()

    def _decodes(self) -> bool:
        return self.walker.session is not None and "Decodes" in self.walker.session.can

    # ---- points

    def pin(self) -> None:
        """Keep the current point in the strip (undoable)."""
        if self.walker.z is not None and self.walker.picture is not None and self._decodes():
            self._edit_pins("Pin a point", [*self.strip.pins, Pin(self.walker.z, self.walker.picture)])

    def pin_random(self) -> None:
        """Pin four points of the prior (undoable)."""
        session = self.walker.session
        if session is not None and self._decodes():
            self.run_task(session.samples, 4, _fresh_seed(), title="", on_done=self._pin_all)

    def go_random(self) -> None:
        """Go to a random point of the prior."""
        session = self.walker.session
        if session is not None and self._decodes():
            self.run_task(session.prior, 1, _fresh_seed(), title="", on_done=lambda z: self.walker.move_to(z[0]))

    def _pin_all(self, samples: tuple[Any, Any]) -> None:
        pixels, z = samples
        self._edit_pins("Pin random points", [*self.strip.pins, *(Pin(a, b) for a, b in zip(z, pixels, strict=True))])

    def _edit_pins(self, what: str, pins: list[Pin]) -> None:
        self.context.undo.push(PinEdit(self.strip, what, self.strip.pins, pins, self.context.undo))

    # ---- keeping

    def copy(self) -> None:
        """Put the current picture on the clipboard."""
        self.picture.copy()
        self.context.notify.info("The picture is on the clipboard.")

    def export(self, path: Path | None = None) -> None:
        """Save the current picture with its recipe, by default in the workspace's exports folder."""
        self.keeper.save_picture(self.walker, path)

    def export_view(self, path: Path | None = None) -> None:
        """Save the present sheet, scatter or frame."""
        kind, image, more = self.tabs.view()
        self.keeper.save_view(self.walker, kind, image, more, path)

    def export_gif(self, path: Path | None = None) -> None:
        """Save the morph as a looping GIF."""
        if self.morph.frames is not None:
            self.keeper.save_film(self.walker, self.morph.frames, self.morph.settings(), path)

    def _has_film(self) -> bool:
        return self.isVisible() and self.morph.frames is not None

    def _export(self, what: str) -> None:
        if what == "view":
            self.export_view()
        elif what == "picture":
            self.export()
        elif path := self.keeper.ask_path():
            self.export(path)


def _fresh_seed() -> int:
    """Return a seed nobody asked for: a random walk may be random."""
    import secrets

    return secrets.randbelow(2**31)
