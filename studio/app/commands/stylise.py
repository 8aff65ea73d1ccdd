"""`transfer --run`: a trained model paints in one pass: one picture, a folder of them, or a film."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.app.commands.canvas import made_folder, peak_bytes
from studio.app.commands.progress import Bar
from studio.app.commands.train import stopped_by_interrupt
from studio.core.control import Control
from studio.core.errors import BadConfig, BadInput, StudioError
from studio.core.knobs import make

if TYPE_CHECKING:
    from studio.app.commands.transfer import Transfer
    from studio.canvas.picture import Pixels
    from studio.runs.trained import TrainedModel


def stylise(command: Transfer) -> dict[str, Any]:
    """Paint the command's pictures with its run; the last one is the style if the model takes any.

    Raises:
        StudioError: no such run, one that cannot paint, or nothing to paint.
    """
    from studio.runs.trained import TrainedModel

    model = TrainedModel.open(command.store(), command.run_id)
    takes_style = bool(model.need("Stylises").takes_style)
    contents = list(command.pictures[:-1] if takes_style else command.pictures)
    if not contents:
        needed = "CONTENT STYLE" if takes_style else "CONTENT"
        raise BadInput("There is nothing to paint.", f"Write: transfer {needed} --run {command.run_id} --out FILE.")
    if extra := [name for name in command.settings() if name != "size"]:
        raise BadConfig(f"{extra[0]} has no effect on a trained model.", "Only --size and --strength do.")
    painter = _Painter(command, model, _read(command.pictures[-1]) if takes_style else None)
    if command.film:
        return painter.film(contents[0])
    if len(contents) > 1 or contents[0].is_dir():
        return painter.many(contents)
    path = command.target(f"{contents[0].stem}--{command.run_id}")
    return painter.one(contents[0], path)


def _read(path: Path) -> Pixels:
    from studio.canvas.picture import read_source

    return read_source(path).pixels


class _Painter:
    """A trained model at work for one command.

    Args:
        command: where to, which size, how strong.
        model: with the capability Stylises.
        style: uint8 (h, w, 3) for a model that takes any.
    """

    def __init__(self, command: Transfer, model: TrainedModel, style: Pixels | None) -> None:
        from studio.canvas.transfer_config import TransferConfig

        self._command, self._model, self._style = command, model, style
        self._size = make(TransferConfig, {"size": 0, **command.settings()}).size

    def one(self, content: Path, path: Path) -> dict[str, Any]:
        """Write one picture and return the document about it."""
        from studio.runs import canvas_files

        canvas_files.ending(path)
        began = time.monotonic()
        pixels, recipe = self._painted(_read(content)), self._recipe(content)
        canvas_files.export(made_folder(path), pixels, recipe)
        return self._told(path, time.monotonic() - began, pixels.shape[:2], recipe)

    def many(self, contents: list[Path]) -> dict[str, Any]:
        """Write every picture into a folder; one bad file does not stop the rest."""
        from studio.runs.canvas_items import pictures_in, unique_names

        out, began, control = self._command.folder(), time.monotonic(), Control()
        paths = pictures_in(contents)
        done: list[str] = []
        failed: list[dict[str, str]] = []
        with Bar() as bar, stopped_by_interrupt(control, "Stopping after this picture."):
            for number, (name, path) in enumerate(zip(unique_names(paths), paths, strict=True)):
                if control.stopped:
                    break
                bar.update(number, len(paths), path.name)
                try:
                    self.one(path, out / f"{name}.png")
                except StudioError as error:
                    failed.append({"name": path.name, **error.to_json()})
                else:
                    done.append(f"{name}.png")
        told = {"out": out, "kind": "stylise", "seconds": time.monotonic() - began, "done": done, "skipped": []}
        status = "stopped" if control.stopped else "done"
        return {**told, "failed": failed, "status": status, "peak_bytes": peak_bytes(), "exit": int(not done)}

    def film(self, content: Path) -> dict[str, Any]:
        """Write a film, frame by frame."""
        from studio.canvas.film import count_frames, read_frames

        path, began, control = self._command.film_target(f"{content.stem}-film"), time.monotonic(), Control()
        frames, fps = read_frames(content)
        size: tuple[int, ...] = ()

        def painted() -> Iterator[Pixels]:
            nonlocal size
            for frame in frames:
                if control.stopped:
                    return
                result = self._painted(frame)
                size = result.shape[:2]
                yield result

        recipe = self._recipe(content)
        told = self._command.write_film(path, painted(), fps, recipe, control, count_frames(content))
        return {**self._told(path, time.monotonic() - began, size, recipe), **told}

    def _painted(self, pixels: Pixels) -> Pixels:
        from studio.canvas.picture import resized, to_pixels, to_tensor, working_size

        if self._size:
            pixels = to_pixels(resized(to_tensor(pixels), working_size(pixels.shape[:2], self._size)))
        return self._model.stylise(pixels, self._style, self._command.strength)

    def _recipe(self, content: Path) -> dict[str, Any]:
        from studio.runs.outputs import provenance

        style = str(self._command.pictures[-1]) if self._style is not None else ""
        how = {"content": str(content), "style": style, "strength": self._command.strength, "size": self._size}
        return provenance(self._model, "stylise", **how)

    def _told(self, path: Path, seconds: float, size: tuple[int, ...], recipe: dict[str, Any]) -> dict[str, Any]:
        policy = asdict(self._model.recipe.compute.policy)
        told = {"out": path, "kind": "stylise", "seconds": seconds, "steps": 0, "loss": None, "size": size}
        return {**told, "policy": policy, "recipe": recipe, "peak_bytes": peak_bytes(), "status": "done"}
