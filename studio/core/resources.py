"""Where the bundled files are: inside an installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

from studio.core.errors import NotAvailable

PACKAGE = Path(__file__).resolve().parents[1]


def folder() -> Path:
    """Return the folder of bundled files: `studio/_resources` from a wheel, `resources/` in a checkout."""
    installed = PACKAGE / "_resources"
    return installed if installed.is_dir() else PACKAGE.parent / "resources"


def resource(name: str) -> Path:
    """Return the path of a bundled file or folder, such as "icons/play.svg".

    Raises:
        NotAvailable: it is missing, so the installation is incomplete.
    """
    path = folder() / name
    if not path.exists():
        raise NotAvailable(
            f"The bundled file {name} is missing.", "Install Generative Studio again.", details=str(path)
        )
    return path
