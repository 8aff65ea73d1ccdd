"""Archives: what is inside is read, and hostile ones are refused with the member's name."""

import contextlib
import io
import tarfile
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.core.errors import BadInput
from studio.data.archive import open_archive

FILES = {"a/one.png": b"1" * 100, "b/two.png": b"22"}


def make_zip(path, files, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as out:
        for name, content in files.items():
            out.writestr(name, content)
    return path


def make_tar(path, files, mode="w"):
    with tarfile.open(path, mode) as out:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            out.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"])
def test_every_format_gives_names_sizes_and_contents(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    if kind == "zip":
        make_zip(path, FILES)
    else:
        make_tar(path, FILES, "w:" + kind.partition(".")[2])
    archive = open_archive(path)
    assert archive.names() == tuple(FILES)
    assert {n: archive.read(n) for n in reversed(archive.names())} == FILES
    assert archive.size("b/two.png") == 2
    archive.close()


@pytest.mark.parametrize("name", ["../evil.png", "a/../../evil.png", "/etc/evil.png", "C:/evil.png", "..\\evil.png"])
@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_a_name_that_leads_outside_is_refused(tmp_path, make, name):
    path = make(tmp_path / "a", {"good.png": b"", name: b"x"})
    with pytest.raises(BadInput, match="outside"):
        open_archive(path)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind):
    with tarfile.open(tmp_path / "a.tar", "w") as out:
        info = tarfile.TarInfo("link.png")
        info.type, info.linkname = kind, "/etc/passwd"
        out.addfile(info)
    with pytest.raises(BadInput, match="link or a device"):
        open_archive(tmp_path / "a.tar")


def test_a_link_in_a_zip_is_refused(tmp_path):
    info = zipfile.ZipInfo("link.png")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as out:
        out.writestr(info, "/etc/passwd")
    with pytest.raises(BadInput, match="link"):
        open_archive(tmp_path / "a.zip")


def test_zip_and_tar_bombs_are_refused(tmp_path):
    make_zip(tmp_path / "a.zip", {"a.png": bytes(64 << 20)})
    make_tar(tmp_path / "a.tar.gz", {"a.png": bytes(64 << 20)}, "w:gz")
    for name in ("a.zip", "a.tar.gz"):
        with pytest.raises(BadInput, match="bomb"):
            open_archive(tmp_path / name)


def test_overlapping_members_are_refused(tmp_path):
    path = make_zip(tmp_path / "a.zip", {f"{i}.png": b"x" * 50_000 for i in range(3)}, zipfile.ZIP_STORED)
    with zipfile.ZipFile(path, "a") as out:
        first = out.infolist()[0]
        for i in range(20):
            copy = zipfile.ZipInfo(f"copy{i}.png")
            for attribute in ("header_offset", "CRC", "compress_size", "file_size", "compress_type"):
                setattr(copy, attribute, getattr(first, attribute))
            out.filelist.append(copy)
            out.NameToInfo[copy.filename] = copy
        out._didModify = True
    with pytest.raises(BadInput, match=r"overlap|damaged"):
        open_archive(path)


def test_a_wrong_sum_is_noticed_when_the_member_is_read(tmp_path):
    path = make_zip(tmp_path / "a.zip", FILES, zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    content[content.index(b"1111")] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"a/one\.png"), contextlib.closing(open_archive(path)) as archive:
        archive.read("a/one.png")


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_mutations_are_read_or_refused_but_never_crash(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("fuzz")
    make = data.draw(st.sampled_from([make_zip, make_tar, lambda p, f: make_tar(p, f, "w:gz")]))
    content = bytearray(make(folder / "a", FILES).read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (folder / "a").write_bytes(content[: data.draw(st.integers(1, len(content)))])
    with contextlib.suppress(BadInput), contextlib.closing(open_archive(folder / "a")) as archive:
        assert all(isinstance(archive.read(name), bytes) for name in archive.names())
