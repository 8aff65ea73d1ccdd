"""CSV files become tables of categories or of numbers; what is wrong with one is said, never guessed."""

from __future__ import annotations

import json

import numpy as np
import pytest

from studio.core.errors import BadInput
from studio.core.spec import Column, DataSpec
from studio.data import doctor, tables
from studio.data.open import open_data
from studio.data.options import DataOptions

ALL = DataOptions(val_fraction=0.0)


def opened(tmp_path, text: str | bytes, name: str = "t.csv", options: DataOptions = ALL, kind="table"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return open_data(str(path), options, workspace=tmp_path, kind=kind)


def test_words_become_categories_in_alphabetical_order(tmp_path):
    data = opened(tmp_path, "hat,shoe\ncap,b\nnone,a\ncap,\n")
    assert data.spec.columns == (Column("hat", ("cap", "none")), Column("shoe", (tables.EMPTY, "a", "b")))
    assert data.spec.table_of == "categories"
    x, y = data.train.gather(np.arange(3))
    assert x.dtype == np.int64
    assert x.tolist() == [[0, 2], [1, 1], [0, 0]]
    assert y is None


def test_numbers_stay_numbers(tmp_path):
    data = opened(tmp_path, "﻿a;b\n1;2.5\n-3;4e2\n\n")
    assert data.spec.columns == (Column("a"), Column("b"))
    assert data.spec.table_of == "numbers"
    x, _ = data.train.gather(np.arange(2))
    assert x.dtype == np.float32
    np.testing.assert_array_equal(x, np.array([[1, 2.5], [-3, 400]], np.float32))


def test_mixed_columns_are_all_categories(tmp_path):
    assert opened(tmp_path, "a\tb\n1\tx\n2\ty\n", "t.tsv").spec.columns[0] == Column("a", ("1", "2"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b\n", "no rows"),
        ("a,a\n1,2\n", "two columns called 'a'"),
        ("1,2\n3,4\n", "numbers instead of headings"),
        ("a,\n1,2\n", "no line of headings"),
        ("a,b\n1,2\n,4\n5,6\n", "row 2 has no number under 'a'"),
        ("a,b\n1,2\n3\n", "line 3: 1 cell under 2 headings"),
        ("a,b\n1,nan\n", "no finite number under 'b'"),
        ("a,b\n1,1e300\n", "no finite number under 'b'"),
        ('a,b\n"x,2\n', "line"),
        (b"a,b\n\xff\xfe,2\n", "not UTF-8"),
        (b"a,b\n\0,2\n", "zero bytes"),
        ("a,b\n" + "".join(f"x{i},y\n" for i in range(300)), "300 different entries"),
        ("a,b\n" + "x" * 500 + ",y\n", "more than 200 characters"),
        (",".join(f"c{i}" for i in range(300)) + "\n", "300 columns"),
    ],
)
def test_bad_tables_are_refused_with_the_place(tmp_path, text, told):
    with pytest.raises(BadInput, match=told):
        opened(tmp_path, text)
    report = doctor.check(tmp_path / "t.csv", tmp_path)
    assert not report.ok


def test_the_doctor_speaks_of_rows_and_of_empty_cells(tmp_path):
    opened(tmp_path, "a,b\nx,y\n,y\nz,\n")
    report = doctor.check(tmp_path / "t.csv", tmp_path)
    assert report.ok
    assert report.summary.startswith("3 usable rows.")
    assert "2 empty cells count as the category (empty)." in report.summary
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3\n")
    assert doctor.check(tmp_path / "t.csv", tmp_path).summary.startswith("0 usable rows.")


def test_the_doctor_counts_rows(tmp_path):
    opened(tmp_path, "a,b\nx,y\nz,y\n")
    report = doctor.check(tmp_path / "t.csv", tmp_path)
    assert (report.ok, report.kind, report.count) == (True, "table", 2)


def test_a_text_recipe_still_reads_csv_as_text(tmp_path):
    assert opened(tmp_path, "one, two\n" * 200, kind="text").spec.kind == "text"


def test_the_spec_survives_json(tmp_path):
    for name in ("wrodl", "world-map"):
        spec = open_data(name, DataOptions(), workspace=tmp_path, kind="table").spec
        assert spec.columns
        assert DataSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec
    older = {"name": "mnist", "kind": "image", "shape": [1, 28, 28]}
    assert DataSpec.from_json(older).columns == ()


def test_splits_are_disjoint_and_the_limit_holds(tmp_path):
    data = open_data("world-map", DataOptions(limit=100), workspace=tmp_path, kind="table")
    assert data.spec.train_count == 100
    assert not set(data.train.rows) & set(data.val.rows)
    other = open_data("world-map", DataOptions(), workspace=tmp_path, kind="table")
    assert other.spec.fingerprint != data.spec.fingerprint
