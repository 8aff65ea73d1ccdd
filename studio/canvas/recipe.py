"""The recipe of a canvas: everything that restores its picture, in plain JSON types."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from studio import __version__
from studio.canvas.masks import mask_text
from studio.core.knobs import to_json

if TYPE_CHECKING:
    from studio.canvas.session import Session

RECIPE_VERSION = 1


def recipe_of(session: Session[Any]) -> dict[str, Any]:
    """Return the document that `studio.runs.canvas_files` describes; masks are small PNGs in base64."""
    return {
        "kind": session.kind,
        "version": RECIPE_VERSION,
        "studio": __version__,
        "config": to_json(session.first_config),
        "changes": {str(step): values for step, values in session.changes.items()},
        "steps": session.step,
        "backbone": {"id": session.backbone.id, "fingerprint": session.backbone.fingerprint},
        "sources": {
            role: {"path": s.path, "sha256": s.sha256, "height": s.size[0], "width": s.size[1]}
            for role, s in session.sources().items()
        },
        "masks": {role: mask_text(mask) for role, mask in session.masks().items()},
        "policy": asdict(replace(session.compute.policy, timings={})),
    }
