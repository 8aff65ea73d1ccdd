"""The token table, the stylesheet, icons, settings."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QColor

from studio.ui.icons import icon_names, tinted_pixmap, tinted_svg
from studio.ui.settings import Settings
from studio.ui.stylesheet import stylesheet
from studio.ui.theme import DARK, LIGHT, SERIES, Theme, contrast

PICTURES = {"down": "d.svg", "up": "u.svg", "check": "c.svg"}


@pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("role", ["text", "muted", "accent", "green", "amber", "red"])
@pytest.mark.parametrize("surface", ["window", "surface", "control"])
def test_text_is_readable_on_every_surface(tokens, role, surface):
    assert contrast(getattr(tokens, role), getattr(tokens, surface)) >= 4.5


@pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=["dark", "light"])
def test_primary_buttons_and_hovered_text_are_readable(tokens):
    assert contrast(tokens.on_accent, tokens.accent) >= 4.5
    assert contrast(tokens.text, tokens.hover) >= 4.5


def test_contrast_of_black_and_white_is_21():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#777777") == pytest.approx(1)


def test_series_are_eight_different_colours():
    assert len(set(SERIES)) == 8
    assert all(QColor(c).isValid() for c in SERIES)


@pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=["dark", "light"])
def test_stylesheet_has_no_placeholder_left(tokens):
    sheet = stylesheet(tokens.to_json(), 1.0, PICTURES)
    assert not re.findall(r"\$\w|\[\d+\]|@\w", sheet)
    assert sheet.count("{") == sheet.count("}")


def test_stylesheet_scales_sizes():
    assert "font-size: 13px" in stylesheet(DARK.to_json(), 1.0, PICTURES)
    assert "font-size: 26px" in stylesheet(DARK.to_json(), 2.0, PICTURES)


def test_only_the_tokens_colour_the_stylesheet():
    colours = set(re.findall(r"#[0-9a-f]{6}", stylesheet(DARK.to_json(), 1.0, PICTURES)))
    assert colours <= set(DARK.to_json().values())


def test_theme_follows_choice_and_says_so(qapp, qtbot):
    theme = Theme("dark")
    with qtbot.waitSignal(theme.changed):
        theme.set_mode("light")
    assert theme.tokens == LIGHT
    assert not theme.is_dark
    theme.set_mode("dark")
    assert theme.tokens == DARK


def test_scale_is_clipped_and_reduced_motion_stops_motion(qapp):
    theme = Theme("dark", scale=9.0)
    assert theme.scale == 2.0
    theme.set_scale(0.1)
    assert theme.scale == 0.8
    assert theme.px(100) == 80
    assert 0 < theme.duration(400) <= 150
    theme.set_reduced_motion(True)
    assert theme.duration(400) == 0


def drawn(name: str, colour: str) -> set[str]:
    image = tinted_pixmap(name, colour, 48).toImage()
    pixels = [image.pixelColor(x, y) for x in range(48) for y in range(48)]
    return {p.name() for p in pixels if p.alpha() > 250}


def test_every_icon_is_drawn_in_the_colour_asked_for(qapp):
    names = [name for name in icon_names() if name != "app"]
    assert len(names) >= 25
    assert [name for name in names if "#3457d5" not in drawn(name, "#3457d5")] == []
    assert len(drawn("app", "#3457d5")) > 3


def test_unknown_icon_names_itself(qapp):
    with pytest.raises(FileNotFoundError, match="no-such-icon"):
        tinted_svg("no-such-icon", "#000000")


@pytest.mark.parametrize("value", ["text", 3, 0.5, True, [1, "two"], {"a": 1.5}, "", "ü ; = [x]"])
def test_settings_return_what_was_stored(tmp_path, value):
    path = tmp_path / "s.ini"
    first = Settings(path)
    first.set("group/key", value)
    assert first.sync()
    assert Settings(path).get("group/key") == value


def test_settings_of_another_type_give_the_default(tmp_path):
    kept = Settings(tmp_path / "s.ini")
    kept.set("look/scale", "huge")
    assert kept.get("look/scale", 1.0) == 1.0
    assert kept.get("missing", "x") == "x"


@pytest.mark.parametrize("content", [b"\x00\x01\x02", b"\xff\xfe broken", b"this is not\nan ini file"])
def test_damaged_settings_are_set_aside_with_a_message(tmp_path, content):
    path = tmp_path / "s.ini"
    path.write_bytes(content)
    kept = Settings(path)
    assert str(tmp_path) in kept.damage
    assert (tmp_path / "s.damaged.ini").read_bytes() == content
    kept.set("a", 1)
    assert kept.sync()
    assert Settings(path).get("a") == 1


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300))
def test_no_settings_file_stops_the_start(tmp_path, content):
    path = tmp_path / "s.ini"
    path.write_bytes(content)
    kept = Settings(path)
    assert kept.get("look/scale", 1.0) == pytest.approx(1.0) or isinstance(kept.get("look/scale", 1.0), float)
    assert kept.get("look/mode", "system") is not None
