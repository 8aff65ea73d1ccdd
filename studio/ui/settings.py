"""What the person chose, kept in one INI file; a damaged file is set aside, never fatal."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import platformdirs
from PySide6.QtCore import QSettings

CONFIG_ENV = "GENERATIVE_STUDIO_CONFIG"


def config_folder() -> Path:
    """Return the folder of settings; the environment variable GENERATIVE_STUDIO_CONFIG overrides it."""
    given = os.environ.get(CONFIG_ENV, "")
    return Path(given) if given else Path(platformdirs.user_config_dir("generative-studio", appauthor=False))


class Settings:
    """A small typed face over QSettings: values are JSON, so what comes back has the type that went in.

    Args:
        path: the INI file; by default `settings.ini` in `config_folder()`.

    Attributes:
        damage: one sentence about a file that was set aside, or "".
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or config_folder() / "settings.ini"
        self.damage = ""
        self._qt = self._opened()

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value; `default` if it is missing, unreadable or of another type than `default`."""
        stored = self._qt.value(key)
        if not isinstance(stored, str):
            return default
        try:
            value = json.loads(stored)
        except ValueError:
            return default
        if default is None:
            return value
        if isinstance(default, float) and type(value) is int:
            return float(value)
        return value if type(value) is type(default) else default

    def set(self, key: str, value: Any) -> None:
        """Store a value that JSON can hold."""
        self._qt.setValue(key, json.dumps(value))

    def remove(self, key: str) -> None:
        """Forget a value."""
        self._qt.remove(key)

    def sync(self) -> bool:
        """Write to disk now; return whether that worked."""
        self._qt.sync()
        return self._qt.status() == QSettings.Status.NoError

    def _opened(self) -> QSettings:
        try:
            readable = not self.path.exists() or _is_ini(self.path.read_bytes())
        except OSError as error:
            self.damage = f"The settings in {self.path} cannot be read ({error.strerror}); this session uses defaults."
            readable = True
        if not readable:
            self._set_aside()
        return QSettings(str(self.path), QSettings.Format.IniFormat)

    def _set_aside(self) -> None:
        aside = self.path.with_suffix(".damaged.ini")
        try:
            self.path.replace(aside)
            self.damage = f"The settings were damaged; they are set aside as {aside} and defaults are used."
        except OSError as error:
            self.damage = f"The settings in {self.path} are damaged and cannot be moved ({error.strerror})."


def _is_ini(content: bytes) -> bool:
    """Whether the bytes look like an INI file that Qt wrote: text of sections and `key=value` lines."""
    try:
        lines = content.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        return False
    if any("\0" in line for line in lines):
        return False
    return all(not s or s[0] in ";#[" or "=" in s for s in (line.strip() for line in lines))
