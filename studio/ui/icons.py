"""Line icons: SVG files with `currentColor`, tinted and drawn at the size that is asked for."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QPainter, QPixmap, QPixmapCache
from PySide6.QtSvg import QSvgRenderer

from studio.core.resources import resource

SIZES = (16, 20, 24, 32, 48, 64)


def icon_names() -> tuple[str, ...]:
    """Return the names of all bundled icons, sorted."""
    return tuple(sorted(p.stem for p in resource("icons").glob("*.svg")))


@cache
def _svg(name: str) -> str:
    path = resource("icons") / f"{name}.svg"
    if not path.is_file():
        raise FileNotFoundError(f"No icon named {name!r} in {path.parent}.")
    return path.read_text(encoding="utf-8")


def tinted_svg(name: str, colour: str) -> str:
    """Return the SVG text of one icon in one colour.

    Raises:
        FileNotFoundError: there is no icon of this name.
    """
    return _svg(name).replace("currentColor", colour)


def tinted_pixmap(name: str, colour: str, size: int) -> QPixmap:
    """Return one icon in one colour as a square pixmap of `size` pixels, sharp on dense screens."""
    app = QGuiApplication.instance()
    ratio = app.devicePixelRatio() if isinstance(app, QGuiApplication) else 1.0
    key, pixmap = f"{name} {colour} {size} {ratio:g}", QPixmap()
    if QPixmapCache.find(key, pixmap):  # a page has some fifty icons of seven sizes each
        return pixmap
    renderer = QSvgRenderer(QByteArray(tinted_svg(name, colour).encode()))
    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(0, 0, size, size))
    painter.end()
    QPixmapCache.insert(key, pixmap)
    return pixmap


def tinted_icon(name: str, colour: str, disabled: str) -> QIcon:
    """Return an icon in `colour`, and in `disabled` where its control is disabled."""
    icon = QIcon()
    for size in SIZES:
        icon.addPixmap(tinted_pixmap(name, colour, size), QIcon.Mode.Normal)
    icon.addPixmap(tinted_pixmap(name, disabled, 24), QIcon.Mode.Disabled)
    return icon
