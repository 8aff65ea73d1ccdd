"""`look`: what a classifier answers, where it errs, and what its layers see."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from studio.app.commands.base import quiet_default
from studio.app.commands.outputs import Output
from studio.core.errors import BadInput

NAMED = 12
"""Classes in a printed table."""


@dataclass(frozen=True, kw_only=True)
class Look(Output):
    """Judge a classifier on held-out pictures; with --layer or --saliency, write what it sees in one (PNG)."""

    layer: Annotated[str | None, quiet_default("NAME")] = None
    """Draw this layer's feature maps of the picture; `--layers` lists them."""
    filters: bool = False
    """With --layer: its filters instead."""
    saliency: Literal["none", "gradient", "smooth", "grad-cam", "occlusion"] = "none"
    """Draw which pixels the answer hangs on."""
    layers: bool = False
    """List the layers."""
    picture: Annotated[Path | None, quiet_default("FILE")] = None
    """Your own picture (default: the first held-out one)."""
    limit: int = 0
    """Judge at most so many held-out pictures; 0 is all."""

    def run(self) -> Any:
        """Judge, look, write."""
        from studio.runs import insight

        model = self.model()
        model.need("Classifies")
        head = {"run": model.record.id, "step": model.step}
        if self.layers:
            return {**head, "layers": [{**vars(layer), "shape": list(layer.shape)} for layer in insight.layers(model)]}
        if self.layer is None and self.saliency == "none" and self.picture is None:
            return {**head, **self._judged(model)}
        return {**head, **self._seen(model)}

    def _judged(self, model: Any) -> dict[str, Any]:
        from studio.runs import insight

        judged = insight.judge(model, self.limit)
        accuracy = zip(judged.classes, judged.by_class.tolist(), strict=True)
        return {
            "count": len(judged.labels),
            "accuracy": judged.accuracy,
            "by_class": {name: None if math.isnan(value) else value for name, value in accuracy},
            "classes": list(judged.classes),
            "confusion": judged.confusion.tolist(),
        }

    def _seen(self, model: Any) -> dict[str, Any]:
        from studio.runs import insight, insight_pictures, insight_saliency, pictures
        from studio.runs.outputs import provenance

        pixels = self._pixels(model)
        p = model.classify(pixels[None])[0]
        best = int(p.argmax())
        names = model.spec.classes
        what: str = self.saliency
        found: dict[str, Any] = {"answer": names[best], "probabilities": dict(zip(names, p.tolist(), strict=True))}
        if self.saliency != "none":
            heat = insight_saliency.saliency(model, pixels, best, self.saliency)
            drawn = insight_saliency.overlay(pixels, heat)[None]
        elif self.layer is not None and self.filters:
            drawn = insight_pictures.filters_as_pictures(insight.filters(model, self.layer))
            what = f"{self.layer}-filters"
        elif self.layer is not None:
            drawn = insight_pictures.maps_as_pictures(insight.feature_maps(model, pixels, self.layer))
            what = self.layer
        else:
            return found
        out = self.path(model, f"look-{what}.png")
        pictures.save_png(out, pictures.sheet(pictures.enlarge(drawn)), provenance(model, "look", what=what))
        return {**found, "out": str(out)}

    def _pixels(self, model: Any) -> Any:
        import numpy as np

        from studio.runs.insight_pictures import fitted

        if self.picture is not None:
            return fitted(self.picture, model)
        data = model.data()
        split = data.val if len(data.val) else data.train
        if not len(split):
            raise BadInput("There is no held-out picture.", "Give one with --picture.")
        return np.ascontiguousarray(np.moveaxis(split.gather(np.zeros(1, np.int64))[0], 1, -1))[0]

    def text(self, document: Any) -> str:
        """Say what was found, for people."""
        if "layers" in document:
            return "\n".join(
                f"{d['name']}  {d['kind']}  {' x '.join(map(str, d['shape']))}" for d in document["layers"]
            )
        if "answer" in document:
            likely = sorted(document["probabilities"].items(), key=lambda pair: -pair[1])[:3]
            told = ", ".join(f"{name} {p:.1%}" for name, p in likely)
            return told + (f"\n{document['out']}" if "out" in document else "")
        lines = [f"{document['accuracy']:.2%} of {document['count']:,} held-out pictures are named right."]
        worst = sorted((v, k) for k, v in document["by_class"].items() if v is not None)[:NAMED]
        return "\n".join([*lines, *(f"  {name}: {value:.1%}" for value, name in worst)])


def parser(name: str, words: Sequence[str]) -> Any:
    """Return the type that tyro parses."""
    del name, words
    return Look
