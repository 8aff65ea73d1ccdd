"""Decision trees as plain tensors: fitted by scikit-learn, kept and asked here.

A tree is four rows of arrays (feature, threshold, branches, value), so an ensemble is saved like any network and
never pickled. `x[feature] <= threshold` goes to the first child, as in scikit-learn; a leaf is its own child.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from studio.core.events import Event, Images
from studio.core.recipe import Batch
from studio.nn.classification import Classifier
from studio.nn.pictures import to_pixels


class Trees(nn.Module):
    """Room for T binary trees of at most `leaves` leaves.

    Args:
        trees: T.
        leaves: of each tree.
        depth: longest way from the root to a leaf.
        values: V, numbers at a leaf.

    Attributes:
        grown: int64 (), how many there are.
        counted: numbers in all trees: a feature and a threshold per split, V values per leaf.
    """

    feature: Tensor  # int32 (T, M)
    threshold: Tensor  # float32 (T, M)
    branches: Tensor  # int32 (T, M, 2)
    value: Tensor  # float32 (T, M, V)
    grown: Tensor

    def __init__(self, trees: int, leaves: int, depth: int, values: int) -> None:
        super().__init__()
        self.depth, self.room, nodes = depth, trees, 2 * leaves - 1
        self.counted = trees * (2 * (leaves - 1) + leaves * values)
        itself = torch.arange(nodes, dtype=torch.int32)
        self.register_buffer("feature", torch.zeros(trees, nodes, dtype=torch.int32))
        self.register_buffer("threshold", torch.zeros(trees, nodes))
        self.register_buffer("branches", itself[None, :, None].repeat(trees, 1, 2))
        self.register_buffer("value", torch.zeros(trees, nodes, values))
        self.register_buffer("grown", torch.zeros((), dtype=torch.int64))

    @property
    def full(self) -> bool:
        """Whether no further tree fits."""
        return int(self.grown) >= self.room

    def plant(self, tree: Any, values: NDArray[np.float32]) -> None:
        """Add a tree.

        Args:
            tree: scikit-learn's `tree_`.
            values: float32 (nodes, V), what stands at each node.
        """
        place, n = int(self.grown), tree.node_count
        split = tree.children_left >= 0
        itself = np.arange(n)
        branches = np.stack([np.where(split, tree.children_left, itself), np.where(split, tree.children_right, itself)])
        self.feature[place, :n] = _tensor(np.where(split, tree.feature, 0), self.feature)
        self.threshold[place, :n] = _tensor(rounded_down(tree.threshold), self.threshold)
        self.branches[place, :n] = _tensor(branches.T, self.branches)
        self.value[place, :n] = _tensor(values, self.value)
        self.grown += 1

    def forward(self, x: Tensor) -> Tensor:
        """Return what each grown tree says, float32 (N, t, V), of examples (N, C, H, W)."""
        x = x.flatten(1).float()
        each = torch.arange(self.room if x.is_meta else int(self.grown), device=x.device)
        node = torch.zeros(len(x), len(each), dtype=torch.int64, device=x.device)
        for _ in range(self.depth):
            right = x.gather(1, self.feature[each, node].long()) > self.threshold[each, node]
            below = self.branches[each, node, right.long()].long()
            if not x.is_meta and torch.equal(below, node):
                break  # every example has reached its leaf
            node = below
        return self.value[each, node]

    def used(self) -> Tensor:
        """Return the features of all splits in grown trees, int64 (S,)."""
        split = self.branches[..., 0] != torch.arange(self.branches.shape[1], device=self.branches.device)
        return self.feature[split].long()


def rounded_down(thresholds: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the largest float32 that is not above: `x <= t` stays the same for every float32 x."""
    nearest = thresholds.astype(np.float32)
    return np.where(nearest > thresholds, np.nextafter(nearest, np.float32(-np.inf)), nearest)


def _tensor(values: NDArray[Any], like: Tensor) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values)).to(like)


class Ensemble(nn.Module):
    """Base of what makes one answer of many trees: pictures (N, C, H, W) -> logits float32 (N, K).

    Args:
        trees: room for them.
        classes: K.
    """

    def __init__(self, trees: Trees, classes: int) -> None:
        super().__init__()
        self.trees, self.classes = trees, classes


class TreeClassifier(Classifier):
    """A classifier of trees: `build` sets `network`; `grow` fits trees to a batch until there is no room."""

    learns_by = "fitting"
    network: Ensemble

    @property
    def trees(self) -> Trees:
        """The trees inside the network: one module, one name in the checkpoint."""
        return self.network.trees

    def grow(self, x: NDArray[np.float32], y: NDArray[np.int64]) -> None:
        """Fit trees to pixels float32 (N, D) and labels int64 (N,), and plant them."""
        raise NotImplementedError

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Grow trees on the batch; return its cross-entropy and accuracy afterwards, and how many trees there are."""
        assert batch.y is not None  # the engine refuses unlabelled data
        if not batch.x.is_meta and not self.trees.full:  # a dry run for shapes has nothing to fit
            self.grow(batch.x.flatten(1).float().cpu().numpy(), batch.y.cpu().numpy())
        with torch.no_grad():
            return {**self._metrics(batch), "trees": self.trees.grown.float()}

    def draw_seed(self) -> int:
        """Draw a seed for scikit-learn from the generator that the engine seeds at every step."""
        return int(torch.randint(2**31 - 1, ()))

    def preview(self, batch: Batch) -> Iterator[Event]:
        """Show answers, and which pixels the trees look at."""
        yield from super().preview(batch)
        yield Images(0, "pixels that decide", self.looked_at(), columns=1)

    def looked_at(self) -> NDArray[np.uint8]:
        """Return how often each pixel decides, as one picture uint8 (1, H, W, C), white the most frequent."""
        counts = torch.bincount(self.trees.used().cpu(), minlength=int(np.prod(self.spec.shape))).float()
        return to_pixels((counts / counts.max().clamp_min(1)).reshape(1, *self.spec.shape))
