"""idx, npy and npz: exact round trips, and refusals that say what is wrong."""

import contextlib
import gzip
import io
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from studio.core.errors import BadInput
from studio.data.arrays import read_idx, read_numpy

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx_bytes(array: np.ndarray) -> bytes:
    code = CODES[array.dtype.str[1:]]
    header = bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


shapes = hnp.array_shapes(min_dims=1, max_dims=4, max_side=5)
arrays = st.sampled_from(list(CODES)).flatmap(lambda kind: hnp.arrays(np.dtype(kind), shapes))


@settings(max_examples=50, deadline=None)
@given(arrays, st.booleans())
def test_idx_comes_back_as_it_was(array, packed):
    content = idx_bytes(array)
    found = read_idx(gzip.compress(content) if packed else content)
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


@settings(max_examples=50, deadline=None)
@given(arrays, st.data())
def test_a_cut_idx_is_refused(array, data):
    content = idx_bytes(array)
    with pytest.raises(BadInput):
        read_idx(content[: data.draw(st.integers(0, len(content) - 1))])


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_noise_is_refused_or_read_but_never_crashes(noise):
    with contextlib.suppress(BadInput):
        assert isinstance(read_idx(b"\0\0\x08" + noise), np.ndarray)


def test_idx_that_promises_too_much_is_refused_before_it_takes_memory():
    with pytest.raises(BadInput, match="GB"):
        read_idx(b"\0\0\x08\x03" + struct.pack(">3I", 2**31, 2**31, 4))


def test_idx_longer_than_its_header_is_refused():
    with pytest.raises(BadInput, match="longer"):
        read_idx(gzip.compress(idx_bytes(np.arange(6, dtype=np.uint8)) + b"more"))


def test_idx_bomb_is_refused(tmp_path):
    path = tmp_path / "bomb.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b"\0\0\x08\x01" + struct.pack(">I", 260 << 20))
        file.write(bytes(1 << 20))  # the header is enough to refuse it
    with pytest.raises(BadInput, match="bomb"):
        read_idx(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadInput, match="nowhere"):
        read_idx(tmp_path / "nowhere.idx")


@settings(max_examples=40, deadline=None)
@given(arrays)
def test_npy_and_npz_come_back_as_they_were(tmp_path_factory, array):
    folder = tmp_path_factory.mktemp("npy")
    np.save(folder / "a.npy", array)
    np.savez_compressed(folder / "b.npz", x=array, y=np.asfortranarray(array))
    np.testing.assert_array_equal(read_numpy(folder / "a.npy")["arr_0"], array)
    found = read_numpy(folder / "b.npz")
    np.testing.assert_array_equal(found["x"], array)
    np.testing.assert_array_equal(found["y"], array)


class Exploit:
    def __reduce__(self):
        return Path.touch, (Path("pwned"),)


@pytest.mark.parametrize("packed", [False, True])
def test_a_pickle_is_never_loaded(tmp_path, monkeypatch, packed):
    monkeypatch.chdir(tmp_path)
    content = np.array([Exploit()], dtype=object)
    path = tmp_path / ("a.npz" if packed else "a.npy")
    (np.savez if packed else np.save)(path, content)
    with pytest.raises(BadInput, match="pickled"):
        read_numpy(path)
    assert not Path("pwned").exists()


def test_a_bare_pickle_called_npy_is_refused(tmp_path):
    (tmp_path / "a.npy").write_bytes(pickle.dumps([1, 2]))
    with pytest.raises(BadInput, match="not a readable"):
        read_numpy(tmp_path / "a.npy")


def test_a_cut_npy_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(100))
    content = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(content[:-1])
    with pytest.raises(BadInput, match="cut off"):
        read_numpy(tmp_path / "a.npy")


def test_a_flipped_bit_inside_an_npz_is_noticed(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.arange(1000))
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[600] ^= 1
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(BadInput, match="damaged"):
        read_numpy(tmp_path / "a.npz")


def test_an_npz_bomb_is_refused(tmp_path):
    header = io.BytesIO()
    about = {"descr": "|u1", "fortran_order": False, "shape": (1 << 40,)}
    np.lib.format.write_array_header_1_0(header, about)
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("x.npy", header.getvalue() + bytes(1000))
    with pytest.raises(BadInput, match="GB"):
        read_numpy(tmp_path / "a.npz")
