"""`attributes`: what the data says about its examples, as directions of a model's latent space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from studio.app.commands.base import number, quiet_default, table
from studio.app.commands.outputs import Output
from studio.app.commands.progress import Bar


@dataclass(frozen=True, kw_only=True)
class Attributes(Output):
    """List the attributes and classes of a run's data as latent directions, or walk along one (PNG)."""

    name: Annotated[str, quiet_default("ATTRIBUTE")] = ""
    """Walk along this attribute (Smiling, size, a class); without it they are listed."""
    reach: float = 4.0
    """Largest strength, in both directions."""
    columns: int = 9
    """Strengths; an odd number has the example itself in the middle."""
    rows: int = 5
    """Held-out examples."""
    limit: int = 5000
    """Examples that are encoded to find the directions."""

    def run(self) -> Any:
        """Find the directions; list them, or write the sheet."""
        import numpy as np

        from studio.runs import attributes, outputs

        model = self.model()
        attributes.need_both(model)
        with Bar() as bar:
            known = attributes.find(model, self.limit, bar.update)
        if self.name:
            made, _ = attributes.walked(model, known, self.name, reach=self.reach, columns=self.columns, rows=self.rows)
            return outputs.save(model, self.path(model, f"attribute-{self.name}.png"), made, "attribute")
        found = known.directions
        lengths = np.linalg.norm(found.vectors, axis=1).tolist()
        listed = [
            {"name": name, "with": int(a), "without": int(b), "length": length}
            for name, (a, b), length in zip(found.names, found.counts.tolist(), lengths, strict=True)
        ]
        return {"run": model.record.id, "step": model.step, "attributes": listed}

    def text(self, document: Any) -> str:
        """Say what there is, or what was written."""
        if "attributes" not in document:
            return super().text(document)
        rows = [[a["name"], f"{a['with']:,}", f"{a['without']:,}", number(a["length"])] for a in document["attributes"]]
        return table(rows, ("attribute", "with", "without", "length"))


def parser(name: str, words: Sequence[str]) -> Any:
    """Return the type that tyro parses."""
    del name, words
    return Attributes
