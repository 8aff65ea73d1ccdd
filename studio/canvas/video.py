"""Video files through the program ffmpeg, frame by frame over a pipe: nothing is held but one frame.

ffmpeg comes with the extra `video` (imageio-ffmpeg); one that is on the PATH does as well.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from studio.canvas.picture import Pixels
from studio.core.errors import BadInput, NotAvailable, StoreError
from studio.data.pictures import MOST_PIXELS

SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ogv", ".wmv"})
FASTEST = 240.0
"""Frames per second beyond are taken for damage."""
_QUIET: dict[str, Any] = {"creationflags": getattr(subprocess, "CREATE_NO_WINDOW", 0)}
_ONCE: dict[str, Any] = {"capture_output": True, "timeout": 60, **_QUIET}
_ONLY_FILES = ("-nostdin", "-v", "error", "-protocol_whitelist", "file,pipe")
"""No video may name an address on the network as part of itself (playlists disguised as videos do)."""


def ffmpeg() -> str:
    """Return the path of the program.

    Raises:
        NotAvailable: it is not installed; says how.
    """
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        found = shutil.which("ffmpeg")
        if found:
            return found
        raise NotAvailable(
            "Videos need the program ffmpeg, which is not installed.",
            "Install the extra: pip install 'generative-studio[video]'; GIF, WebP and folders of PNGs work without.",
        ) from error


# ---- reading


def read_video(path: Path) -> tuple[Iterator[Pixels], float]:
    """Open a video: an iterator over frames uint8 (H, W, 3), upright, at a constant rate, and that rate.

    Raises:
        BadInput: it cannot be decoded, or is enormous (damage further on is raised by the iterator).
        NotAvailable: ffmpeg is not installed.
    """
    program = ffmpeg()
    height, width, fps = _probe(program, path)
    return _decoded(program, path, (height, width), fps), fps


def _probe(program: str, path: Path) -> tuple[int, int, float]:
    """Return (height, width, frames per second) from the header of the first frame as yuv4mpeg, after rotation."""
    command = [program, *_ONLY_FILES, "-i", str(path.absolute()), "-frames:v", "1", "-pix_fmt", "yuv444p"]
    try:
        done = subprocess.run([*command, "-f", "yuv4mpegpipe", "-"], check=False, **_ONCE)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BadInput(f"{path} could not be opened as a video.", "Convert it first.", details=repr(error)) from error
    header = done.stdout[:200].partition(b"\n")[0].decode("ascii", "replace")
    found = re.match(r"YUV4MPEG2 W(\d+) H(\d+) F(\d+):(\d+)", header)
    if found is None:
        raise _damaged(path, done.stderr)
    width, height, number, over = (int(text) for text in found.groups())
    fps = number / max(over, 1)
    if width * height > MOST_PIXELS or not 0 < fps <= FASTEST:
        raise BadInput(f"{path} is refused: {width} x {height} pixels at {fps:g} a second.", "Convert it first.")
    return height, width, fps


def _decoded(program: str, path: Path, size: tuple[int, int], fps: float) -> Iterator[Pixels]:
    count = size[0] * size[1] * 3
    command = [program, *_ONLY_FILES, "-i", str(path.absolute()), "-r", f"{fps:.6f}", "-pix_fmt", "rgb24"]
    with _running([*command, "-f", "rawvideo", "-"], stdout=subprocess.PIPE) as (process, said):
        assert process.stdout is not None
        while len(content := process.stdout.read(count)) == count:
            yield np.frombuffer(content, np.uint8).reshape(*size, 3)
        if process.wait() or content:
            raise _damaged(path, _text(said))


def _damaged(path: Path, said: bytes) -> BadInput:
    details = said.decode(errors="replace").strip()[-2000:]
    return BadInput(f"{path} is damaged or not a video that can be read.", "Convert it to MP4 first.", details=details)


# ---- writing


def encode_command(
    program: str, path: Path, size: tuple[int, int], fps: float, metadata: Path | None = None
) -> list[str]:
    """Return the command that makes an H.264 MP4, playable everywhere, of raw RGB frames on standard input.

    Args:
        program: ffmpeg.
        path: file to write.
        size: (height, width); an odd side loses its last line, as 4:2:0 colour asks for.
        fps: frames a second.
        metadata: file that `metadata_text` wrote.
    """
    height, width = size
    take = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", f"{fps:g}", "-i", "-"]
    about = (
        ["-f", "ffmetadata", "-i", str(metadata.absolute()), "-map", "0:v", "-map_metadata", "1"] if metadata else []
    )
    colours = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]
    shape = ["-vf", "crop=trunc(iw/2)*2:trunc(ih/2)*2,scale=out_color_matrix=bt709", "-pix_fmt", "yuv420p", *colours]
    codec = ["-c:v", "libx264", "-preset", "medium", "-crf", "17", "-movflags", "+faststart", "-f", "mp4"]
    return [program, "-y", "-v", "error", *take, *about, *shape, *codec, str(path.absolute())]


def metadata_text(comment: str) -> str:
    """Return an ffmpeg metadata file with a comment of any length (a command line holds too little)."""
    return ";FFMETADATA1\ncomment=" + re.sub(r"([=;#\\\n])", r"\\\1", comment) + "\n"


def write_video(path: Path, frames: Iterator[Pixels], fps: float, comment: str = "") -> int:
    """Encode frames uint8 (H, W, 3) of one size to an MP4 as they come; returns how many.

    Raises:
        BadInput: there is no frame, or one of another size.
        NotAvailable: ffmpeg is not installed.
        StoreError: ffmpeg could not write; the file may be there in part.
    """
    program = ffmpeg()
    first = next(frames, None)
    if first is None:
        raise BadInput("There is no frame to write.", "Make at least one.")
    with tempfile.TemporaryDirectory(prefix="film-") as folder:
        about = Path(folder) / "about.txt"
        about.write_text(metadata_text(comment), encoding="utf-8")
        command = encode_command(program, path, (first.shape[0], first.shape[1]), fps, about if comment else None)
        with _running(command, stdin=subprocess.PIPE) as (process, said):
            return _feed(process, said, first, frames, path)


def _feed(process: subprocess.Popen[bytes], said: IO[bytes], first: Pixels, rest: Iterator[Pixels], path: Path) -> int:
    assert process.stdin is not None
    count = 0
    try:
        for frame in _chained(first, rest):
            process.stdin.write(np.ascontiguousarray(frame).tobytes())
            count += 1
        process.stdin.close()
    except OSError as error:  # it ended before its input did
        process.wait()
        raise _failed(path, said) from error
    if process.wait():
        raise _failed(path, said)
    return count


def _chained(first: Pixels, rest: Iterator[Pixels]) -> Iterator[Pixels]:
    yield first
    for number, frame in enumerate(rest, 2):
        if frame.shape != first.shape or frame.dtype != np.uint8:
            raise BadInput(f"Frame {number} has another size than the first.", "All frames must have one size.")
        yield frame


def _failed(path: Path, said: IO[bytes]) -> StoreError:
    details = _text(said).decode(errors="replace").strip()[-2000:]
    return StoreError(f"ffmpeg could not write {path}.", "Check the disk, or write a folder of PNGs.", details=details)


def read_comment(path: Path) -> str:
    """Return the comment in a video's metadata, "" where there is none or it cannot be read.

    Raises:
        NotAvailable: ffmpeg is not installed.
    """
    command = [ffmpeg(), *_ONLY_FILES, "-i", str(path.absolute()), "-f", "ffmetadata", "-"]
    try:
        done = subprocess.run(command, check=False, **_ONCE)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    text = done.stdout.decode(errors="replace")
    found = re.search(r"^comment=((?:\\.|[^\\\n])*)", text, re.MULTILINE | re.DOTALL)
    return re.sub(r"\\(.)", r"\1", found.group(1), flags=re.DOTALL) if found else ""


@contextmanager
def _running(command: list[str], **pipes: Any) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    """Run ffmpeg with its messages in a file (a full pipe would stop it); it never outlives the block."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stderr=said, **{"stdout": subprocess.DEVNULL, **pipes}, **_QUIET)
        try:
            yield process, said
        finally:
            if process.poll() is None:
                process.kill()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None and not pipe.closed:
                    _close(pipe)
            process.wait()


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except OSError:  # what was still to be written has no reader any more
        return


def _text(said: IO[bytes]) -> bytes:
    said.seek(0)
    return said.read()
