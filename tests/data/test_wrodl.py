"""The fifty fashions obey every fact that the book prints about them; the faces stay in their palette."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from studio.data import avatars, wrodl


def test_columns_have_the_printed_frequencies():
    rows = wrodl.rows()
    assert rows.shape == (50, 5)
    for column, counts in enumerate(wrodl.COUNTS):
        assert len(counts) == len(wrodl.COLUMNS[column].options)
        assert tuple(np.bincount(rows[:, column], minlength=len(counts))) == counts
        assert sum(counts) == 50
    assert np.prod([len(c.options) for c in wrodl.COLUMNS]) == 4032


@pytest.mark.parametrize(
    ("column", "name", "count"),
    [
        *((0, "Blank", 11), (1, "White", 22), (1, "Black", 0), (2, "ShirtScoopNeck", 19)),
        *((3, "SilverGray", 24), (4, "LongHairStraight", 23), (4, "LongHairBun", 0)),
    ],
)
def test_single_frequencies_of_table_1_2(column, name, count):
    assert wrodl.COUNTS[column][wrodl.COLUMNS[column].options.index(name)] == count


def test_the_printed_rows_come_first_and_the_worked_combinations_occur_twice_and_never():
    table = [tuple(row) for row in wrodl.rows().tolist()]
    assert table[:10] == [wrodl.codes_of(names) for names in wrodl.PRINTED]
    found = Counter(table)
    assert found[wrodl.codes_of(wrodl.TWICE)] == 2
    assert found[wrodl.codes_of(wrodl.NEVER)] == 0
    assert table[3] == wrodl.codes_of(wrodl.TWICE)


def test_the_table_cannot_be_changed_by_accident():
    with pytest.raises(ValueError, match="read-only"):
        wrodl.rows()[0, 0] = 1


def test_crisp_faces_use_only_the_palette():
    palette = {tuple(c) for c in avatars.palette().tolist()}
    assert avatars.palette().shape == (256, 3)
    faces = avatars.draw(wrodl.rows(), 32, smooth=False)
    assert faces.shape == (50, 3, 32, 32)
    assert {tuple(c) for c in np.moveaxis(faces, 1, -1).reshape(-1, 3).tolist()} <= palette


def test_every_option_changes_the_face():
    for column, about in enumerate(wrodl.COLUMNS):
        codes = np.zeros((len(about.options), 5), np.int64)
        codes[:, 4] = 3  # long hair, so that its colour shows
        codes[:, column] = np.arange(len(about.options))
        faces = avatars.draw(codes, 64)
        assert len({face.tobytes() for face in faces}) == len(about.options)
