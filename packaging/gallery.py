"""Makes the side-by-side pictures of `resources/screenshots/`: transfers and dreams through several networks.

    python packaging/gallery.py --pictures FOLDER [--network NAME_OR_FILE …] [--size 512] [--iterations 60]

The folder holds golden_gate.jpg, tubingen.jpg and the paintings; each network gives one row. Seconds are printed.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from studio.runs import canvases

ROOT = Path(__file__).resolve().parents[1]
TRANSFERS = (
    ("golden_gate", "starry_night"),
    ("golden_gate", "the_scream"),
    ("tubingen", "woman-with-hat-matisse"),
)
GAP = 6


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--network", action="append", default=[], help="compact by default; may be repeated")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--iterations", type=int, default=60)
    parser.add_argument("--out", type=Path, default=ROOT / "resources" / "screenshots")
    parser.add_argument("--only", default="transfers,dreams")
    return parser.parse_args()


def transferred(args: argparse.Namespace, network: str, content: str, style: str) -> np.ndarray:
    """Return one transfer with default settings."""
    request = canvases.TransferRequest(
        content=args.pictures / f"{content}.jpg",
        styles=(canvases.StyleRequest(picture=args.pictures / f"{style}.jpg"),),
        settings={"size": args.size, "iterations": args.iterations, "backbone": network},
    )
    return canvases.finish(canvases.transfer(request, Path(tempfile.mkdtemp())))


def dreamed(args: argparse.Namespace, network: str, picture: Path | None) -> np.ndarray:
    """Return one dream with default settings, or one from noise."""
    settings = {"size": args.size, "backbone": network}
    request = canvases.DreamRequest(picture=picture, settings=settings)
    return canvases.finish(canvases.dream(request, Path(tempfile.mkdtemp())))


def sheet(rows: list[list[np.ndarray]], path: Path) -> None:
    """Write pictures of different sizes as a table, each row at one height."""
    height = min(picture.shape[0] for row in rows for picture in row)
    lines = []
    for row in rows:
        images = [Image.fromarray(p).resize((p.shape[1] * height // p.shape[0], height)) for p in row]
        lines.append(images)
    width = max(sum(i.width + GAP for i in line) for line in lines) - GAP
    made = Image.new("RGB", (width, len(lines) * (height + GAP) - GAP), (24, 26, 32))
    for y, line in enumerate(lines):
        x = 0
        for image in line:
            made.paste(image, (x, y * (height + GAP)))
            x += image.width + GAP
    made.save(path, quality=90)
    print(path, made.size, flush=True)


def main() -> None:
    """Make both sheets."""
    args = arguments()
    networks = args.network or ["compact"]
    made: dict[str, list[list[np.ndarray]]] = {"transfers": [], "dreams": []}
    for network in networks:
        began = time.monotonic()
        if "transfers" in args.only:
            made["transfers"].append([transferred(args, network, *pair) for pair in TRANSFERS])
            print(network, f"transfers {time.monotonic() - began:.0f} s", flush=True)
        if "dreams" in args.only:
            began = time.monotonic()
            pictures = (args.pictures / "golden_gate.jpg", args.pictures / "tubingen.jpg", None)
            made["dreams"].append([dreamed(args, network, picture) for picture in pictures])
            print(network, f"dreams {time.monotonic() - began:.0f} s", flush=True)
    for name, rows in made.items():
        if rows:
            sheet(rows, args.out / f"gallery-{name}.jpg")


if __name__ == "__main__":
    main()
