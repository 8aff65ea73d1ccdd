"""Text as examples: windows of tokens and the token that follows.

What is done to a text (Foster 2019, chapter 6, where nothing else is said):
    * Project Gutenberg's header, licence, contents, introductions and list of pictures are cut away.
    * Stories are what stands between three or more blank lines (or in separate files). A text without stories is cut
      into sections at paragraph ends, so that a beginning, an end and a held-out part exist for every text.
    * Before each story stands a start block of `window` bars; generation relies on the block filling a window.
    * Words: lower case, punctuation separated, a paragraph without a full stop (a title) gets one. Characters: as is.
    * Whole stories are held out, never windows: neighbouring windows share all tokens but one.

The vocabulary is counted over the whole text, as in the book, so a held-out word may never have been trained.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from studio.core.errors import BadInput
from studio.core.spec import DataSpec
from studio.data.options import DataOptions
from studio.data.progress import Progress, silent
from studio.data.stories import sections, sentences, stories_of
from studio.data.vocabulary import Tokens, Vocabulary, tokenise

MAX_BYTES = 32 * 2**20
MAX_FILES = 20_000
MAX_VAL = 10_000
"""Held-out windows are spaced out to at most this many: neighbours say almost the same."""


@dataclass(frozen=True)
class Windows:
    """A `Split` of overlapping windows.

    Attributes:
        tokens: int32 (L,), all stories of the split one after the other.
        starts: int64 (N,), where each window begins.
        window: T, its length.
    """

    tokens: NDArray[np.int32]
    starts: NDArray[np.int64]
    window: int

    def __len__(self) -> int:
        return len(self.starts)

    def gather(self, index: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Fetch windows int64 (N, T) and the tokens int64 (N,) that follow them."""
        if not len(self):
            return np.empty((0, self.window), np.int64), np.empty(0, np.int64)
        chosen = sliding_window_view(self.tokens, self.window + 1)[self.starts[index]].astype(np.int64)
        return np.ascontiguousarray(chosen[:, :-1]), np.ascontiguousarray(chosen[:, -1])


@dataclass(frozen=True)
class TextData:
    """A text as a `DataSet`."""

    spec: DataSpec
    train: Windows
    val: Windows
    augment: Any | None = None


def open_text(path: Path | str, options: DataOptions, workspace: Path, progress: Progress | None = None) -> TextData:
    """Read a text file, or every .txt file below a folder.

    Args:
        path: UTF-8 text (a byte-order mark is fine) of at most 32 MiB in all.
        options: `tokens`, `window`, `min_count`, `val_fraction` and `limit` apply.
        workspace: not used: text is small enough to be read again.
        progress: called as (done, total, what) while tokens are counted; may raise Cancelled.

    Raises:
        BadInput: not a text, not UTF-8 (with the byte offset), empty, too short or too large.
    """
    path = Path(path)
    raw = [(file, _read(file)) for file in _files(path)]
    texts = [_decode(content, file) for file, content in raw]
    return text_data(texts, options, path.stem, progress, source=str(path))


def text_data(
    texts: Sequence[str], options: DataOptions, name: str, progress: Progress | None = None, *, source: str = ""
) -> TextData:
    """Turn texts that are already in memory into a data set; see `open_text`.

    Args:
        texts: each with one story or more.
        options: see `open_text`.
        name: what people call the data.
        progress: see `open_text`.
        source: what messages call it; the name when empty.

    Raises:
        BadInput: no text, or too little for one window.
    """
    source = source or name
    stories = [story for text in texts for story in stories_of(text)]
    if not stories:
        raise BadInput(f"{source} holds no text.", "Choose a text file with a few pages at least.")
    told = max(map(len, stories)) * 4 < sum(map(len, stories))
    if not told:
        stories = sections(stories, options)
    cut = _tokenised(stories, options.tokens, progress or silent)
    vocabulary = Vocabulary.count(Counter(t for story in cut for t in story), options.tokens, options.min_count)
    numbered = [np.array(vocabulary.numbers(story), np.int32) for story in cut]
    held = _held_out(numbered, options.val_fraction, shuffled=told)
    train, val = _windows(held[0], options.window), _spoken(_windows(held[1], options.window))
    spoken = int((train.tokens != 1).sum())
    if spoken <= options.window:
        what = f"{source} is too short: {spoken} tokens to train on, and a window takes {options.window} and one more."
        raise BadInput(what, "Choose a longer text or a smaller window.")
    train = Windows(train.tokens, _thinned(train.starts, options.limit), options.window)
    spec = DataSpec(
        name=name,
        kind="text",
        shape=(options.window,),
        train_count=len(train),
        val_count=len(val),
        vocabulary=vocabulary.tokens,
        tokens=options.tokens,
        fingerprint=_fingerprint(texts, options),
    )
    return TextData(spec, train, val)


# ---- files


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise BadInput(f"{path} is not a file or folder.", "Choose a text file, or a folder of .txt files.")
    found: list[Path] = []
    for folder, _, names in os.walk(path):  # does not follow links, so it ends
        found += [Path(folder, name) for name in names if name.lower().endswith(".txt")]
        if len(found) > MAX_FILES:
            raise BadInput(f"{path} holds more than {MAX_FILES} texts.", "Choose a smaller folder.")
    found = sorted(file for file in found if file.is_file())
    if not found:
        raise BadInput(f"{path} holds no .txt file.", "Choose a text file, or a folder of .txt files.")
    if sum(file.stat().st_size for file in found) > MAX_BYTES:
        raise BadInput(f"{path} holds more than {MAX_BYTES >> 20} MiB of text.", "Choose fewer files.")
    return found


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.", "Check its permissions.") from error
    if len(content) > MAX_BYTES:
        raise BadInput(f"{path} is larger than {MAX_BYTES >> 20} MiB.", "Cut a part out and use that.")
    return content


def _decode(content: bytes, path: Path) -> str:
    """Return the text with Unix line ends and without byte-order mark."""
    zero = content.find(b"\0")
    if zero >= 0:
        raise BadInput(f"{path} is not a UTF-8 text: byte {zero} is zero.", "Save it as plain text in UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = error.start + (3 if content.startswith(b"\xef\xbb\xbf") else 0)
        bad = f"byte {at} is 0x{content[at]:02x}" if at < len(content) else "it ends inside a character"
        raise BadInput(f"{path} is not UTF-8: {bad}.", "Open it in an editor and save it as UTF-8.") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


# ---- splits


def _tokenised(stories: Sequence[str], tokens: Tokens, progress: Progress) -> list[Sequence[str]]:
    cut = []
    for number, story in enumerate(stories):
        progress(number, len(stories), "Reading the text")
        cut.append(tokenise(sentences(story) if tokens == "word" else story, tokens))
    return cut


def _held_out(
    stories: list[NDArray[np.int32]], fraction: float, *, shuffled: bool
) -> tuple[list[NDArray[np.int32]], list[NDArray[np.int32]]]:
    """Hold out whole stories: chosen at random (always the same), or the last sections of a running text.

    Where not even one fits the share, the end of the last one is held out.
    """
    order = np.random.default_rng(0).permutation(len(stories)) if shuffled else np.arange(len(stories))[::-1]
    wanted = fraction * sum(len(s) for s in stories)
    held: set[int] = set()
    taken = 0.0
    for number in order[:-1].tolist():
        if taken + len(stories[number]) / 2 > wanted:
            break
        held.add(number)
        taken += len(stories[number])
    if held or wanted < 1:
        return [s for i, s in enumerate(stories) if i not in held], [stories[i] for i in sorted(held)]
    at = max(len(stories[-1]) - int(wanted), len(stories[-1]) // 2)
    return [*stories[:-1], stories[-1][:at]], [stories[-1][at:]]


def _windows(stories: Sequence[NDArray[np.int32]], window: int) -> Windows:
    """Put a start block before each story and one bar after the last; take every window."""
    block = np.ones(window, np.int32)  # the bar is token 1
    parts = [part for story in stories if len(story) for part in (block, story)]
    tokens = np.concatenate([*parts, block[:1]]) if parts else np.empty(0, np.int32)
    return Windows(tokens, np.arange(max(0, len(tokens) - window), dtype=np.int64), window)


def _spoken(windows: Windows) -> Windows:
    """Leave out windows whose answer is a bar after a bar: nothing is learned from guessing those right."""
    t, w = windows.tokens, windows.window
    trivial = (t[w - 1 : -1] == 1) & (t[w:] == 1) if len(windows) else np.empty(0, bool)
    return Windows(t, _thinned(windows.starts[~trivial], MAX_VAL), w)


def _thinned(starts: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
    """Keep at most `limit` starts, evenly spaced; 0 keeps all."""
    if not limit or len(starts) <= limit:
        return starts
    return starts[np.arange(limit) * len(starts) // limit]


def _fingerprint(texts: Sequence[str], options: DataOptions) -> str:
    digest = hashlib.sha256()
    for text in texts:
        digest.update(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())
    chosen = (options.tokens, options.window, options.min_count, options.val_fraction, options.limit)
    digest.update(repr(chosen).encode())
    return digest.hexdigest()[:32]
