"""What a data set looks like to a recipe: shapes, classes, vocabulary; never the data itself."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray
    from torch import Generator, Tensor

Kind = Literal["image", "text", "table"]
TableOf = Literal["", "categories", "numbers"]


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        name: its heading.
        options: names of the categories in the order of their codes; empty for a column of numbers.
    """

    name: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DataSpec:
    """Facts about a data set that a recipe may build on.

    Attributes:
        name: what people call it ("mnist", or a folder's name).
        kind: "image", "text" or "table".
        shape: one example's shape; images (C, H, W), text (window,), tables (columns,).
        train_count: number of training examples.
        val_count: number of held-out examples.
        classes: label names in label order; empty when the data is unlabelled.
        vocabulary: text only: token strings, index = token id; index 0 is padding.
        tokens: text only: "word" or "char".
        columns: tables only: headings and categories; either every column has categories or none has.
        fingerprint: hash of the source and every option that changes the examples.
    """

    name: str
    kind: Kind
    shape: tuple[int, ...]
    train_count: int = 0
    val_count: int = 0
    classes: tuple[str, ...] = ()
    vocabulary: tuple[str, ...] = ()
    tokens: Literal["", "word", "char"] = ""
    columns: tuple[Column, ...] = ()
    fingerprint: str = ""

    @property
    def table_of(self) -> TableOf:
        """What the columns of a table hold; "" for pictures and texts."""
        if not self.columns:
            return ""
        return "categories" if self.columns[0].options else "numbers"

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types; `from_json` is the inverse."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> DataSpec:
        """Rebuild a spec from `to_json`'s document."""
        tuples = {k: tuple(document.get(k, ())) for k in ("shape", "classes", "vocabulary")}
        columns = tuple(Column(c["name"], tuple(c["options"])) for c in document.get("columns", ()))
        return cls(**{**document, **tuples, "columns": columns})


class Split(Protocol):
    """Examples that can be fetched by index; held in memory or memory-mapped."""

    def __len__(self) -> int:
        """Return the number of examples."""
        ...

    def gather(self, index: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.int64] | None]:
        """Fetch examples.

        Returns:
            x: images uint8 (N, C, H, W) in 0..255, tokens int64 (N, T), or rows of a table (N, K): int64 codes of
                categories or float32 numbers.
            y: labels or next tokens, int64 (N,); None when unlabelled.
        """
        ...


class DataSet(Protocol):
    """A training and a held-out split with their description."""

    @property
    def spec(self) -> DataSpec:
        """Facts a recipe may build on."""
        ...

    @property
    def train(self) -> Split:
        """Examples to learn from."""
        ...

    @property
    def val(self) -> Split:
        """Held-out examples; may be empty."""
        ...

    @property
    def augment(self) -> Callable[[Tensor, Generator], Tensor] | None:
        """Changes float images (N, C, H, W) in 0..1 with a generator; None leaves them alone."""
        ...
