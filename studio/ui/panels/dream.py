"""Dream: a network's fantasies grow on a picture, from coarse to fine, where a brush lets them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.ui.actions import Action
from studio.ui.panels import canvas_work as work
from studio.ui.panels.canvas_base import CanvasPanel
from studio.ui.panels.canvas_empty import CanvasEmpty
from studio.ui.panels.canvas_slot import PictureSlot
from studio.ui.panels.canvas_undo import Change
from studio.ui.panels.dream_batch import BatchPage
from studio.ui.panels.dream_film import FilmPage
from studio.ui.panels.dream_look import DreamLook
from studio.ui.panels.dream_surprise import SurprisePage
from studio.ui.theme import SPACE_M
from studio.ui.widgets.labels import button, keep_icon, label

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from studio.runs.canvases import DreamRequest

NOISE = {"start": "noise"}
TOOLS = (
    ("dice", "Surprise me", "A sheet of random dreams on your picture", "surprise"),
    ("film", "Zoom film", "A film that moves into the dream", "make_film"),
    ("grid", "A folder", "The same dream on every picture of a folder", "dream_on_folder"),
)


class DreamPanel(CanvasPanel):
    """The page; see `CanvasPanel` for its signals."""

    id, title, icon = "dream", "Dream", "dream"
    kind, verb, doing = "dream", "Dream", "Dreaming"
    hidden = ("backbone", "layers")

    # ---- parts

    def make_sources(self) -> QWidget:
        """Return the wells of the picture and the guide."""
        self._surprise: SurprisePage | None = None
        self._film: FilmPage | None = None
        self._batch: BatchPage | None = None
        self.painted: NDArray[np.float32] | None = None
        self.picture = PictureSlot(self, "Picture", "Drop what to dream on")
        self.guide = PictureSlot(self, "Guide", "A picture whose features lead", optional=True)
        self.picture.replacing.connect(self._drop_mask)
        for slot in (self.picture, self.guide):
            slot.changed.connect(self.show_sources)
        column_of = QWidget()
        column = QVBoxLayout(column_of)
        column.setContentsMargins(SPACE_M, SPACE_M, SPACE_M, SPACE_M)
        column.setSpacing(SPACE_M)
        column.addWidget(label("Dream", "page"))
        column.addWidget(self.picture.well)
        column.addWidget(self.guide.well)
        column.addStretch(1)
        for icon, title, about, open_page in TOOLS:
            made = button(title, getattr(self, open_page))
            made.setToolTip(about)
            keep_icon(self.context.theme, made, icon)
            column.addWidget(made)
        return column_of

    def make_editor(self) -> QWidget:
        """Return the network and layer editor."""
        self.look = DreamLook(self, lambda: self.picture.source)
        self.look.backbone_chosen.connect(lambda name: self.side.set_knob("backbone", name, "Another network", -1))
        self.look.line_changed.connect(lambda line, edit: self.side.set_knob("layers", line, "Change layers", edit))
        return self.look

    def make_empty(self) -> QWidget:
        """Return the empty state."""
        self.empty = CanvasEmpty(
            self,
            "dream",
            "Shapes that the network knows grow on it. Files, pictures from a browser and the clipboard all work.",
            ("Open…", self.picture.well.choose),
            ("Paste", self.picture.well.paste),
            ("Dream from noise", self.dream_from_noise),
        )
        self.empty.sample_chosen.connect(self.picture.open)
        return self.empty

    def _make_way(self, state: str) -> None:
        """Let a dream have the machine for itself: thumbnails and random dreams wait."""
        if state == "running":
            self.look.stop()
            if self._surprise is not None:
                self._surprise.stop()
        elif state == "rested":
            self.look.go_on()

    def settings_loaded(self, loaded: work.Loaded) -> None:
        """Offer the networks and open the one that is chosen."""
        assert self.form is not None
        self.runner.state_changed.connect(self._make_way)
        self.look.offer(loaded.backbones)
        self.form.changed.connect(self._show_look)
        self._show_look()
        self.empty.load("samples")

    def _show_look(self) -> None:
        assert self.form is not None
        values = self.form.values()
        self.look.show_line(values["layers"])
        self.look.show_backbone(values["backbone"])
        self.stage.view.show_before(self.original)

    # ---- what it is made of

    @property
    def from_noise(self) -> bool:
        """Whether the dream begins from noise."""
        return self.form is not None and self.form.values()["start"] == "noise"

    @property
    def ready(self) -> bool:
        """Whether there is a picture, or noise is wanted."""
        return self.picture.picture is not None or self.from_noise

    @property
    def original(self) -> work.Pixels | None:
        """The picture to dream on; None from noise."""
        return None if self.picture.picture is None or self.from_noise else self.picture.picture.shown

    def used(self) -> tuple[object, ...]:
        """Return the picture and the guide."""
        return self.picture.source, self.guide.source

    def request(self) -> DreamRequest:
        """Return what is asked for.

        Raises:
            BadConfig: a setting is not valid.
        """
        from studio.runs.canvases import DreamRequest

        settings = self.settings()
        return DreamRequest(
            picture=None if self.from_noise else self.picture.source,
            guide=self.guide.source,
            mask=None if self.from_noise else self.painted,
            settings=settings,
            **self.restorer.more,
        )

    def dream_from_noise(self) -> None:
        """Begin without a picture."""
        if self.form is not None:
            self.form.set_values({**self.form.changed_values(), **NOISE}, "Dream from noise")
            self.start()

    # ---- pages in place of the canvas

    def surprise(self) -> None:
        """Show a sheet of random dreams."""
        if self._surprise is None:
            source = lambda: None if self.from_noise else self.picture.source  # noqa: E731
            self._surprise = SurprisePage(self, lambda: self.look.backbone, source)
            self._surprise.chosen.connect(self._promote)
        self.stage.open_page(self._surprise)

    def _promote(self, settings: dict[str, Any]) -> None:
        if self.form is not None:
            kept = {name: self.form.values()[name] for name in ("size", "start")}
            self.side.show_preset("")
            self.form.set_values({**settings, **kept}, "Take a random dream's settings")
            self.stage.close_page()

    def make_film(self) -> None:
        """Show what makes a film."""
        if self._film is None and self.form is not None:
            self._film = FilmPage(self, self.request, self.opener)
            self._film.made.connect(self.exporter.tell)
        if self._film is not None:
            self.stage.open_page(self._film)

    def dream_on_folder(self) -> None:
        """Show what dreams on a folder of pictures."""
        if self._batch is None:
            self._batch = BatchPage(self, self.request)
        self.stage.open_page(self._batch)

    def panel_actions(self) -> Iterable[Action]:
        """Return what can be done here by key or palette."""
        yield from super().panel_actions()
        for icon, title, about, open_page in TOOLS:
            run: Callable[[], object] = getattr(self, open_page)
            text = f"{title}: {about[0].lower()}{about[1:]}"
            yield Action(f"dream.{open_page}", text, run, "", self.title, icon, self.isVisible)

    # ---- the mask

    def put_mask(self, role: str, mask: NDArray[np.float32] | None) -> None:
        """Let the dream grow only where the mask is 1; a session gets it at once."""
        del role
        self.painted = mask
        self.stage.view.set_mask(mask, shown=self.stage.brush_button.isChecked())
        session: Any = self.runner.session
        if session is not None and not self.sources_changed:
            session.set_mask(mask)
        self.restorer.forget()

    def _drop_mask(self) -> None:
        """A mask belongs to its picture: it goes with it, and comes back with it by undo."""
        if self.painted is not None:
            change = Change("Take the mask away", self, lambda m: self.put_mask("mask", m), self.painted, None)
            self.context.undo.push(change)

    # ---- recipes and drops

    def apply_request(self, request: Any, pictures: Mapping[str, work.Picture]) -> None:
        """Show pictures and mask of a recipe."""
        self.picture.replace(pictures.get("picture"))
        self.guide.replace(pictures.get("guide"))
        if request.mask is not None:
            change = Change("Put the mask back", self, lambda m: self.put_mask("mask", m), self.painted, request.mask)
            self.context.undo.push(change)

    def take_picture(self, path: Path) -> None:
        """Dream on a picture."""
        self.picture.open(path)

    def closing(self) -> None:
        """End what goes on."""
        self.look.stop()
        if self._surprise is not None:
            self._surprise.stop()
        super().closing()
