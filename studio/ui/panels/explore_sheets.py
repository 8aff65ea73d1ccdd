"""Explore's sheets: a decoded plane, prior samples, and reconstructions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QWidget

from studio.ui.panels.explore_fields import bar, check, named, real, whole
from studio.ui.panels.explore_sheet_page import SheetPage
from studio.ui.widgets.labels import button, label

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from studio.ui.panels.explore_model import Session


class GridPage(SheetPage):
    """A plane of latent points decoded as a sheet, upwards is up."""

    name, hint = "Decoded plane", "The decoded plane appears here."

    def _controls(self) -> list[QWidget | None]:
        self.count_box = whole("Pictures per side", 2, 40, 15, self.refresh)
        self.span_box = real("Span", 0.1, 20.0, 2.0, 0.25, self.refresh)
        self.quantiles_box = check(
            "Quantiles", False, self._quantiles_changed, "Equal shares of a standard normal prior, from 1 % to 99 %"
        )
        self._across = whole("Dimension to the right", 1, 2, 1, self.refresh)
        self._upwards = whole("Dimension upwards", 1, 2, 2, self.refresh)
        self._here = check("Around this point", False, self.refresh, "Otherwise around the origin")
        self._axes = bar(named("→", self._across), named("↑", self._upwards), self._here)
        self._axes.layout().setContentsMargins(0, 0, 0, 0)  # type: ignore[union-attr]
        return [named("Side", self.count_box), named("± span", self.span_box), self.quantiles_box, self._axes]

    def _quantiles_changed(self) -> None:
        self.span_box.setEnabled(not self.quantiles_box.isChecked())
        self.refresh()

    def _opened(self) -> None:
        session = self._walker.session
        if session is not None and session.size:
            for box, value in ((self._across, 1), (self._upwards, 2)):
                box.setRange(1, session.size)
                box.setValue(min(value, session.size))
            self._axes.setVisible(session.size > 2)
        super()._opened()

    def _possible(self, session: Session) -> bool:
        return "Decodes" in session.can

    def _work(self, session: Session) -> tuple[Any, ...]:
        chosen = (self._across.value() - 1, self._upwards.value() - 1)
        centre = self._walker.z if self._here.isChecked() else None
        n, span, quantiles = self.count_box.value(), self.span_box.value(), self.quantiles_box.isChecked()
        self.settings = {"n": n, "span": span, "quantiles": quantiles, "axes": list(chosen)}
        return decoded_plane, session, n, span, quantiles, chosen, centre

    def _show(self, result: Any) -> None:
        self.points, pixels = result
        self.picture.show_sheet(pixels, self.settings["n"], gap=0)
        self.note.setText(f"{len(pixels):,} pictures")


def decoded_plane(
    session: Session,
    n: int,
    span: float,
    quantiles: bool,
    chosen: tuple[int, int],
    centre: NDArray[np.float32] | None,
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return the points (n * n, D) of a plane and their pictures; one dimension gives one row."""
    import numpy as np

    from studio.core.errors import BadInput
    from studio.latent import grid

    middle = np.zeros(session.size, np.float32) if centre is None else centre
    if session.size == 1:
        points = grid.line(n, span, quantiles=quantiles, centre=middle)
    elif chosen[0] == chosen[1]:
        raise BadInput("Both axes are the same dimension.", "Choose two different dimensions.")
    else:
        points = grid.plane(n, span, quantiles=quantiles, axes=chosen, centre=middle)
    return points, session.decode_all(points, _quietly)


def _quietly(done: int, total: int, what: str) -> None:
    """Nobody watches the progress of a sheet."""


class SamplesPage(SheetPage):
    """New pictures from the prior; the same seed gives the same pictures."""

    name, hint = "Samples", "New pictures appear here."

    def _controls(self) -> list[QWidget | None]:
        self.count_box = whole("Number of samples", 1, 400, 64, self.refresh)
        self.seed_box = whole("Seed", 0, 2**31 - 1, 0, self.refresh)
        self.again_button = button("Resample", self.resample)
        self.again_button.setToolTip("The next seed")
        return [named("Pictures", self.count_box), named("Seed", self.seed_box), self.again_button]

    def resample(self) -> None:
        """Take the next seed."""
        self.seed_box.setValue(self.seed_box.value() + 1)

    def _possible(self, session: Session) -> bool:
        return bool({"Samples", "Decodes"} & session.can)

    def _work(self, session: Session) -> tuple[Any, ...]:
        self.settings = {"n": self.count_box.value(), "seed": self.seed_box.value()}
        return session.samples, self.settings["n"], self.settings["seed"]

    def _show(self, result: Any) -> None:
        pixels, self.points = result
        self.picture.show_sheet(pixels)
        if self._walker.z is None and self.points is not None:
            self._walker.show_example(self.points[0], pixels[0])
        self.note.setText("Click a picture to walk from it" if self.points is not None else "")


class ReconstructionsPage(SheetPage):
    """Held-out originals above, what the model makes of them below."""

    name, hint = "Reconstructions", "Originals and reconstructions appear here."
    columns = 8

    def _controls(self) -> list[QWidget | None]:
        self.count_box = whole("Number of examples", 1, 128, 24, self.refresh)
        return [named("Examples", self.count_box), label("original above, reconstruction below", "muted")]

    def _possible(self, session: Session) -> bool:
        return "Reconstructs" in session.can

    def _work(self, session: Session) -> tuple[Any, ...]:
        return session.reconstructions, self.count_box.value()

    def _show(self, result: Any) -> None:
        import numpy as np

        originals, made, error = result
        columns, rows, captions = min(self.columns, len(originals)), [], []
        blank = np.zeros_like(originals[:1])
        for start in range(0, len(originals), columns):
            part = slice(start, start + columns)
            missing = [blank] * (columns - len(originals[part]))
            rows += [originals[part], *missing, made[part], *missing]
            captions += [""] * columns + [f"{e:.4f}" for e in error[part]] + [""] * len(missing)
        self.picture.show_sheet(np.concatenate(rows), columns, captions)
        self.note.setText(f"mean squared error {error.mean():.4f}, worst {error.max():.4f} (pixels 0 to 1)")
        self.settings = {"n": len(originals), "mean_squared_error": float(error.mean())}
