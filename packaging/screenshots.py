"""Makes `resources/screenshots/` from the running app: every page, dark and light, at 1280x800.

    python packaging/screenshots.py [--data PATH] [--out FOLDER] [--steps N] [--only explore,train]
    python packaging/screenshots.py --workspace FOLDER --runs judge=RUN,translate=RUN --only judge,translate

Trains a small VAE (and a text model) in a temporary workspace first, so that the pages have something to show; with
`--workspace` and `--runs` it shows runs that are there already, and trains nothing.
Offscreen by default; nothing of the person's own settings or runs is read or changed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
ROOT = Path(__file__).resolve().parents[1]
SIZE = (1280, 800)
SETTLE_SECONDS, PATIENCE_SECONDS = 1.5, 240.0
CANVASES = {"dream": ("content",), "transfer": ("content", "style", "second style")}


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="digits", help="what the VAE trains on: catalogue name or path")
    parser.add_argument("--out", type=Path, default=ROOT / "resources" / "screenshots")
    parser.add_argument("--steps", default="2000", help="of the VAE")
    parser.add_argument("--text-steps", default="150", help="of the text model")
    parser.add_argument("--pictures", type=Path, help="folder with pictures for the canvases (default: the samples)")
    parser.add_argument("--only", default="", help="page ids, separated by commas")
    parser.add_argument("--workspace", type=Path, help="with runs to show")
    parser.add_argument("--runs", default="", help="page=run id, separated by commas")
    parser.add_argument("--scale", type=float, default=1.0, help="UI scale, 0.8 to 2")
    return parser.parse_args()


def train(workspace: Path, recipe: str, data: str, **settings: str) -> str:
    """Train and return the run's id."""
    from studio.core.store import Store
    from studio.runs.request import Request
    from studio.runs.training import start

    run = start(Store(workspace), Request(recipe=recipe, data=data, settings={"seed": 1, **settings}))
    for event in run.events():
        del event
    if run.record.status != "done":
        raise SystemExit(f"{recipe} could not be trained: {run.record.error}")
    return run.id


class Photographer:
    """Opens the window once per theme and photographs its pages."""

    def __init__(
        self, workspace: Path, out: Path, runs: dict[str, str], scale: float, pictures: dict[str, Path]
    ) -> None:
        self.workspace, self.out, self.runs, self.scale = workspace, out, runs, scale
        self.pictures = pictures

    def all_pages(self, mode: str, only: set[str]) -> None:
        """Photograph every page in "dark" or "light"."""
        from studio.app.gui import application, make_context
        from studio.app.warmup import WarmUp
        from studio.app.window import MainWindow
        from studio.ui.settings import Settings

        self.app = application()
        settings = Settings(Path(os.environ["GENERATIVE_STUDIO_CONFIG"]) / f"settings-{mode}.ini")
        settings.set("look/mode", mode)
        settings.set("look/scale", self.scale)
        settings.set("look/reduced_motion", True)
        context = make_context(self.workspace, settings)
        window = MainWindow(context)
        window.resize(*SIZE)
        window.show()
        warm_up = WarmUp(window)
        warm_up.start()
        self.wait(lambda: warm_up.done)
        for page in window.pages:
            if not only or page.id in only:
                self.photograph(window, page.id, mode)
        window.close()
        self.settle(0.5)
        context.store.close()

    def photograph(self, window: object, page: str, mode: str) -> None:
        """Bring a page to the front with something to show, and keep its picture."""
        ready: list[bool] = []
        if page in self.runs:
            panel = window.panel(page)  # type: ignore[attr-defined]
            tells = hasattr(getattr(panel, "ready", None), "connect")
            if tells:
                panel.ready.connect(lambda: ready.append(True))
            window.open_run(self.runs[page], page)  # type: ignore[attr-defined]
            self.wait(lambda: bool(ready) or not tells)
            if page == "write":
                self.let_it_write(window, panel)
        elif page in CANVASES:
            self.let_it_paint(window, page)
        elif page == "data":
            window.open_data("digits")  # type: ignore[attr-defined]
        else:
            window.show_panel(page)  # type: ignore[attr-defined]
        self.settle(SETTLE_SECONDS)
        self.wait(lambda: not window.context.tasks.active)  # type: ignore[attr-defined]
        self.settle(0.5)
        path = self.out / f"{page}-{mode}.png"
        if not window.grab().save(str(path)):  # type: ignore[attr-defined]
            raise SystemExit(f"{path} cannot be written")
        print(path)

    def let_it_paint(self, window: object, page: str) -> None:
        """Make a picture on a canvas, from bundled samples or a folder of pictures."""
        window.show_panel(page)  # type: ignore[attr-defined]
        panel = window.panel(page)  # type: ignore[attr-defined]
        done: list[bool] = []
        panel.finished.connect(lambda *_: done.append(True))
        panel.opened_with([self.pictures[name] for name in CANVASES[page]])
        self.settle(SETTLE_SECONDS)
        panel.start()
        self.wait(lambda: bool(done))

    def let_it_write(self, window: object, panel: object) -> None:
        """Write a story, so that the page is not empty."""
        done: list[bool] = []
        panel.written.connect(lambda *_: done.append(True))  # type: ignore[attr-defined]
        window.context.actions.trigger("write.write")  # type: ignore[attr-defined]
        self.wait(lambda: bool(done))

    def settle(self, seconds: float) -> None:
        """Let the window work for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.app.processEvents()
            time.sleep(0.01)

    def wait(self, condition: object) -> None:
        """Let the window work until something is true; give up (and go on) after a minute."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not condition() and time.monotonic() < end:  # type: ignore[operator]
            self.settle(0.05)


def pictures(folder: Path | None) -> dict[str, Path]:
    """Return the pictures for the canvases: the bundled samples, or well-known ones from a folder."""
    samples = ROOT / "resources" / "samples"
    if folder is None:
        return {"content": samples / "lake.jpg", "style": samples / "swirl.jpg", "second style": samples / "mosaic.jpg"}
    return {
        "content": folder / "golden_gate.jpg",
        "style": folder / "starry_night.jpg",
        "second style": folder / "the_scream.jpg",
    }


def trained(workspace: Path, wish: argparse.Namespace, only: set[str]) -> dict[str, str]:
    """Train what the pages show; returns the runs' ids by page."""
    size = {"size": "28"} if wish.data == "digits" else {}
    vae = train(workspace, "vae", wish.data, steps=wish.steps, **size)
    runs = {"train": vae, "explore": vae}
    if not only or "write" in only:
        runs["write"] = train(workspace, "lstm-text", "fables", steps=wish.text_steps)
    return runs


def main() -> int:
    """Make all pictures."""
    wish = arguments()
    only = {name for name in wish.only.split(",") if name}
    wish.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="screenshots-") as folder:
        workspace = wish.workspace or Path(folder) / "workspace"
        os.environ["GENERATIVE_STUDIO_CONFIG"] = str(Path(folder) / "config")
        given = [part.partition("=") for part in wish.runs.split(",") if part]
        runs = {page: run for page, _, run in given} or trained(workspace, wish, only)
        photographer = Photographer(workspace, wish.out, runs, wish.scale, pictures(wish.pictures))
        for mode in ("dark", "light"):
            photographer.all_pages(mode, only)
    return 0


if __name__ == "__main__":
    sys.exit(main())
