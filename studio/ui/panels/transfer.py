"""Transfer: a picture keeps its things and takes the manner of others, from coarse to fine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QWidget

from studio.core.errors import BadInput, StudioError
from studio.ui.actions import Action
from studio.ui.jobs import Latest
from studio.ui.panels import canvas_work as work
from studio.ui.panels import transfer_work
from studio.ui.panels.canvas_base import CanvasPanel
from studio.ui.panels.canvas_empty import CanvasEmpty
from studio.ui.panels.canvas_undo import Change
from studio.ui.panels.transfer_batch import BatchPage
from studio.ui.panels.transfer_fast import Repainter
from studio.ui.panels.transfer_film import FilmPage
from studio.ui.panels.transfer_inspect import InspectorPage
from studio.ui.panels.transfer_look import HIDDEN, TransferLook
from studio.ui.panels.transfer_masks import MaskChooser
from studio.ui.panels.transfer_region import RegionPage
from studio.ui.panels.transfer_sources import TransferSources
from studio.ui.panels.transfer_styles import StyleItem
from studio.ui.widgets.labels import icon_button

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from studio.canvas.picture import Source
    from studio.runs.canvases import StyleRequest, TransferRequest
    from studio.ui.context import Context

WELCOME = "Then one or several styles on the left. Files, pictures from a browser and the clipboard all work."
NO_STYLE = BadInput("There is no style yet.", "Drop one or several on the left.")
NO_CONTENT = BadInput("There is no content picture yet.", "Drop one on the left.")


class TransferPanel(CanvasPanel):
    """The page; see `CanvasPanel` for its signals."""

    id, title, icon = "transfer", "Transfer", "transfer"
    kind, verb, doing = "transfer", "Transfer", "Transferring"
    hidden = HIDDEN

    def __init__(self, context: Context, parent: QWidget | None = None, opener: work.Opener | None = None) -> None:
        super().__init__(context, parent, opener)
        self.masks = MaskChooser(self.stage, self.pictures)
        self._restyles = Latest(self)
        self._restyles.failed.connect(self._not_restyled)
        self._restyles.arrived.connect(lambda _: self.controls.show_problem(""))
        self.repainter = Repainter(self, self.pictures, self.look.trained)
        self._make_pages()
        self.pictures.content_changed.connect(self.show_sources)
        self.pictures.styles.changed.connect(self._styles_changed)
        self.pictures.styles.region_wanted.connect(self.open_region)

    # ---- parts

    def make_sources(self) -> QWidget:
        """Return the content well and the list of styles."""
        self.pictures = TransferSources(self)
        return self.pictures.column

    def make_editor(self) -> QWidget:
        """Return network, balance, layers and trained styles."""
        self.look = TransferLook(self)
        return self.look

    def make_empty(self) -> QWidget:
        """Return the empty state."""
        well = self.pictures.content.well
        self.empty = CanvasEmpty(self, "transfer", WELCOME, ("Open…", well.choose), ("Paste", well.paste))
        self.empty.sample_chosen.connect(self.take_picture)
        return self.empty

    def _make_pages(self) -> None:
        theme = self.context.theme
        self.film = FilmPage(self, self.film_request)
        self.film.coherence_chosen.connect(
            lambda value, edit: self.side.set_knob("coherence", value, "Change Coherence", edit)
        )
        self.film.made.connect(self.exporter.tell)
        self.batch = BatchPage(self, lambda: (self.settings(), self._styles_asked()))
        self.inspector = InspectorPage(theme, self.runner)
        self.region = RegionPage(theme)
        self.region.region_chosen.connect(self.pictures.styles.set_region)
        for page in (self.film, self.batch, self.inspector, self.region):
            page.setParent(self)  # until it is opened for the first time
            page.hide()
        inspect = partial(self.stage.open_page, self.inspector)
        self.stage.tools.add_right(icon_button(theme, "search", "Inspect what the losses see", inspect))
        self.pictures.film_button.clicked.connect(lambda _: self.stage.open_page(self.film))
        self.pictures.folder_button.clicked.connect(lambda _: self.stage.open_page(self.batch))

    def settings_loaded(self, loaded: work.Loaded) -> None:
        """Attach the editors to the form, look for trained styles and samples."""
        assert self.form is not None
        self.look.attach(self.form, loaded.backbones)
        self.form.changed.connect(self._show_coherence)
        self._show_coherence()
        self.repainter.look()
        self.empty.load("samples")

    def _show_coherence(self) -> None:
        assert self.form is not None
        self.film.show_coherence(float(self.form.rows["coherence"].value))

    # ---- what it is made of

    @property
    def ready(self) -> bool:
        """Whether there are a content and a style."""
        return self.pictures.content.picture is not None and bool(self.pictures.styles.items)

    @property
    def original(self) -> work.Pixels | None:
        """The content."""
        return self.pictures.original

    def used(self) -> tuple[object, ...]:
        """Return the content; styles can be exchanged while it works."""
        return (self.pictures.content.source,)

    def request(self) -> TransferRequest:
        """Return what is asked for.

        Raises:
            StudioError: a picture is missing, or a setting is not valid.
        """
        if self.pictures.content.source is None:
            raise NO_CONTENT
        return self._request(self.pictures.content.source, **self.restorer.more)

    def film_request(self) -> TransferRequest:
        """Return what the frames of a film are to become; the content there is stands for them.

        Raises:
            StudioError: there is no style, or a setting is not valid.
        """
        styles = self.pictures.styles.items
        if not styles:
            raise NO_STYLE
        return self._request(self.pictures.content.source or styles[0].picture.source)

    def _request(self, content: Source, **more: Any) -> TransferRequest:
        from studio.runs.canvases import TransferRequest

        styles = self._styles_asked()
        if not styles:
            raise NO_STYLE
        mask = self.pictures.fitting(self.pictures.mask)
        return TransferRequest(content=content, styles=styles, mask=mask, settings=self.settings(), **more)

    def _styles_asked(self) -> tuple[StyleRequest, ...]:
        from studio.runs.canvases import StyleRequest

        return tuple(
            StyleRequest(
                picture=item.picture.source,
                weight=item.weight,
                mask=self.pictures.fitting(item.mask),
                region=item.region,
            )
            for item in self.pictures.styles.items
        )

    def asked_budget(self) -> tuple[dict[str, Any], tuple[int, int], int] | None:
        """Return settings, size of the content and number of styles for the forecast; None for none."""
        asked = super().asked_budget()
        return None if asked is None else (*asked[:2], len(self.pictures.styles.items))

    # ---- styles and masks, also while it works

    def _styles_changed(self) -> None:
        self.restorer.forget()
        session = self.runner.session
        if session is not None and not self.sources_changed:
            fitting = self.pictures.fitting
            items = [(i.picture.source, i.weight, fitting(i.mask), i.region) for i in self.pictures.styles.items]
            self._restyles.submit(transfer_work.restyle, session, items)
        self.refresh()

    def _not_restyled(self, error: BaseException) -> None:
        if isinstance(error, StudioError):
            self.controls.show_problem(error.what, error.what_to_do)
        else:
            self.context.notify.exception(error, doing="Changing the styles")

    @property
    def mask_role(self) -> str:
        """Which mask the brush paints: "content" or "style 1"."""
        return self.masks.role

    def put_mask(self, role: str, mask: NDArray[np.float32] | None) -> None:
        """Take a mask; a running session gets it before its next step."""
        if role == "content":
            self.pictures.put_mask(mask)
            session: Any = self.runner.session
            if session is not None and not self.sources_changed:
                session.set_mask(self.pictures.fitting(mask))
            self.restorer.forget()
        else:
            self.pictures.styles.put_mask(int(role.removeprefix("style ")) - 1, mask)

    def open_region(self, index: int) -> None:
        """Paint what of a style picture counts."""
        self.region.show_style(index, self.pictures.styles.items[index])
        self.stage.open_page(self.region)

    # ---- recipes and drops

    def apply_request(self, request: Any, pictures: Mapping[str, work.Picture]) -> None:
        """Show content, styles and masks of a recipe."""
        self.pictures.content.replace(pictures["content"])
        items = tuple(
            StyleItem(pictures[f"style {number}"], style.weight, style.mask, style.region)
            for number, style in enumerate(request.styles, 1)
        )
        self.pictures.styles.edit("Put the styles back", items)
        change = Change(
            "Put the mask back", self, lambda m: self.put_mask("content", m), self.pictures.mask, request.mask
        )
        self.context.undo.push(change)

    def take_picture(self, path: Path) -> None:
        """Take a picture that was dropped somewhere on the page: the content if there is none, else a style."""
        self._take([path])

    def opened_with(self, paths: Sequence[Path]) -> bool:
        """Take pictures, a film or a folder of frames, or one picture that this page exported."""
        if len(paths) == 1:
            if paths[0].is_dir() or transfer_work.is_film(paths[0]):
                self.film.open(paths[0])
                self.stage.open_page(self.film)
                return True
            return super().opened_with(paths)
        if not paths or any(path.is_dir() for path in paths):
            return False
        self._take(paths)
        return True

    def _take(self, paths: Sequence[Path]) -> None:
        slot = self.pictures.content
        if slot.picture is None and not slot.reading:
            slot.open(paths[0])
            paths = paths[1:]
        if paths:
            self.pictures.styles.open(paths)

    # ---- actions, the end

    def panel_actions(self) -> Iterable[Action]:
        """Return what can be done here by key or palette."""
        yield from super().panel_actions()
        styles = self.pictures.styles.list

        def action(what: str, title: str, run: Any, icon: str) -> Action:
            return Action(f"transfer.{what}", title, run, "", "Transfer", icon, self.isVisible)

        yield action("content", "Open the content…", self.pictures.content.well.choose, "open")
        yield action("styles", "Add styles…", styles.choose, "plus")
        yield action("paste_content", "Paste the content", self.pictures.content.well.paste, "paste")
        yield action("paste_style", "Paste a style", styles.paste, "paste")
        yield action("inspect", "Inspect what the losses see", lambda: self.stage.open_page(self.inspector), "search")
        yield action("film", "Stylise a film…", lambda: self.stage.open_page(self.film), "film")
        yield action("batch", "Stylise a folder…", lambda: self.stage.open_page(self.batch), "grid")

    def entered(self) -> None:
        """Look for styles that were trained meanwhile."""
        super().entered()
        if self.form is not None:
            self.repainter.look()

    def closing(self) -> None:
        """End the workers."""
        self._restyles.close()
        self.inspector.close_worker()
        super().closing()
