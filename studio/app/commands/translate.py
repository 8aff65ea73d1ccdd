"""`translate`: turn pictures of one domain into pictures of another with a trained model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from studio.app.commands.base import quiet_default
from studio.app.commands.outputs import Output
from studio.app.commands.progress import Bar
from studio.app.commands.train import stopped_by_interrupt
from studio.core.control import Control
from studio.core.errors import BadConfig

if TYPE_CHECKING:
    from studio.runs.trained import TrainedModel
    from studio.runs.translate import How


@dataclass(frozen=True, kw_only=True)
class Translate(Output):
    """Translate pictures, folders of them, or (without any) held-out examples on a sheet with the way back."""

    pictures: Annotated[tyro.conf.Positional[tuple[Path, ...]], tyro.conf.arg(metavar="[PICTURE|FOLDER …]")] = ()
    """Picture files and folders."""
    out: Annotated[Path | None, quiet_default("FILE|DIR")] = None
    """PNG file for one picture or a sheet, folder for several (default: in the run's exports)."""
    backwards: bool = False
    """From the second domain to the first, with models that know both ways."""
    amount: Annotated[float | None, quiet_default("NUMBER")] = None
    """How much a picture is changed beforehand, with models that have such a setting (a denoiser's noise)."""
    ready: bool = False
    """The pictures are of the source domain already: drawings, grey or noisy pictures."""
    n: int = 24
    """Without pictures: number of held-out examples."""

    def run(self) -> Any:
        """Translate, write, and return what was written."""
        from studio.runs import translate
        from studio.runs.canvas_items import pictures_in

        model = self.model()
        how = translate.How(backwards=self.backwards, amount=self._amount(model), ready=self.ready)
        if not self.pictures:
            found = translate.held_out(model, max(self.n, 1), how)
            path = translate.save_sheet(model, self.path(model, "translations.png"), found, how)
            return self._told(model, path, len(found), translate.told(model, found, how))
        paths = pictures_in(self.pictures)
        if len(paths) > 1 or self.pictures[0].is_dir():
            return self._many(model, paths, how)
        found = translate.of_file(model, paths[0], how)
        facts = translate.told(model, found, how)
        out = self.path(model, f"{paths[0].stem}-{facts['to']}.png")
        translate.save(model, out, found.made[0], how, source=str(paths[0]))
        return self._told(model, out, 1, facts)

    def _amount(self, model: TrainedModel) -> float | None:
        """Return the checked amount."""
        wanted = model.need("Translates").amount
        if self.amount is None:
            return None
        if wanted is None:
            raise BadConfig(f"--amount has no effect on {model.recipe.title}.", "Leave it out.")
        if not wanted.low <= self.amount <= wanted.high:
            raise BadConfig(f"--amount {self.amount:g} is out of range.", f"Use {wanted.low:g} to {wanted.high:g}.")
        return self.amount

    def _many(self, model: TrainedModel, paths: list[Path], how: How) -> dict[str, Any]:
        from studio.runs import translate

        out, control = self.out or self.path(model, "translations"), Control()
        with Bar() as bar, stopped_by_interrupt(control, "Stopping after this picture."):
            report = translate.folder(model, paths, out, how, bar.update, control)
        first, second = (domain.name for domain in translate.domains(model, how.backwards))
        failed = [{"name": failure.name, **failure.error.to_json()} for failure in report.failed]
        facts = {"from": first, "to": second, "done": report.done, "skipped": report.skipped, "failed": failed}
        count = len(report.done) + len(report.skipped)
        status = "stopped" if report.stopped else "done"
        return {**self._told(model, out, count, facts), "status": status, "exit": int(not count)}

    def _told(self, model: TrainedModel, out: Path, count: int, facts: dict[str, Any]) -> dict[str, Any]:
        return {"run": model.record.id, "out": out, "count": count, "step": model.step, **facts}

    def text(self, document: Any) -> str:
        """Say what was written where, the errors, and what went wrong."""
        lines = [
            f"{document['out']}  ({document['from']} to {document['to']}: {document['count']:,} of step "
            f"{document['step']:,} of {document['run']})"
        ]
        for name, what in (("cycle_error", "there and back"), ("target_error", "from the truth")):
            if document.get(name) is not None:
                lines.append(f"  mean error {what}: {document[name]:.4f}")
        lines += [f"  {f['name']}: {f['error']} {f['what_to_do']}" for f in document.get("failed", ())]
        if document.get("skipped"):
            lines.append(f"  {len(document['skipped'])} were there already.")
        return "\n".join(lines)


def parser(name: str, words: Sequence[str]) -> type[Translate]:
    """Return the command's type."""
    del name, words
    return Translate
