"""The command `generative-studio`: picks a command, runs it, tells its result or its failure.

Quick to import: neither torch nor Qt nor the commands are loaded before they are needed.
"""

from __future__ import annotations

import contextlib
import difflib
import importlib
import json
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio import __version__
from studio.core.errors import Cancelled, StudioError

if TYPE_CHECKING:
    from studio.app.commands.base import Command

PROGRAM = "generative-studio"
DONE, FAILED, WRONG_USAGE = 0, 1, 2

COMMANDS = {
    "gui": ("gui", "open the window (the default); paths are opened as if dropped"),
    "recipes": ("recipes", "what can be trained: presets, parameters, capabilities, sources"),
    "data": ("data", "list, check, get: the catalogue, the data-set doctor, downloads"),
    "train": ("train", "train a recipe; `train RECIPE --help` lists its settings"),
    "resume": ("resume", "go on with a run exactly where it stopped"),
    "branch": ("branch", "begin a new run at an old moment, with changed settings"),
    "dream": ("dream", "let a network dream into pictures; films, surprises, folders"),
    "transfer": ("transfer", "paint a picture in the style of others; films, folders"),
    "sample": ("outputs", "make new pictures or text with a trained model"),
    "generate": ("generate", "choose a model's classes, codes and amounts; sweeps, blends, mixes"),
    "translate": ("translate", "turn pictures of one domain into another: one, a folder, held-out examples"),
    "grid": ("outputs", "decode a plane of the latent space"),
    "walk": ("outputs", "make a film of a way through the latent space"),
    "encode": ("outputs", "turn examples into latent points"),
    "decode": ("outputs", "turn latent points into pictures"),
    "look": ("insight", "what a classifier answers, where it errs, what its layers see"),
    "doctor": ("measure", "what is wrong with a GAN, on what evidence, and what helps"),
    "measure": ("measure", "distances, precision, recall, classes of a generator, each with its protocol"),
    "attributes": ("attributes", "what the data says about its examples, as directions of the latent space"),
    "robustness": ("robustness", "how much noise a denoising model bears"),
    "backbones": ("backbones", "list, show, get, add: the networks that dreams and transfers look through"),
    "runs": ("runs", "list, show, compare, export, certify, delete, restore, sweeps, sweep"),
    "bench": ("bench", "measure the promises: engine, policy, ui, start, canvas, recipes"),
}
"""Command -> (module in `studio.app.commands`, what it does). The module's `parser(name, words)` gives the type."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code: 0 done, 1 failed with a message, 2 wrong usage."""
    words = list(sys.argv[1:] if argv is None else argv)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    if problem := _unknown(words):
        sys.stderr.write(problem)
        return _misused(problem.strip(), "", as_json="--json" in words)
    told = {"-h": _overview(), "--help": _overview(), "--version": f"{PROGRAM} {__version__}\n"}
    if words and words[0] in told:
        sys.stdout.write(told[words[0]])
        return DONE
    name, rest = (words[0], words[1:]) if words and words[0] in COMMANDS else ("gui", words)
    try:
        return _run(_parse(name, rest))
    except SystemExit as end:  # the parser has shown its help, or what is wrong
        code = end.code if isinstance(end.code, int) else WRONG_USAGE
        told_why = "The command was not understood; standard error says why."
        return _misused(told_why, name, as_json="--json" in rest) if code == WRONG_USAGE else code
    except StudioError as error:
        return _failed(error, as_json="--json" in rest)
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is flushed at exit must not fail again
        return FAILED


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = "\n".join(f"  {name.ljust(width)}  {what}" for name, (_, what) in COMMANDS.items())
    return (
        f"usage: {PROGRAM} [COMMAND] [OPTIONS]\n\n"
        "Train generative models, watch them learn, explore what they learned, make things with them.\n\n"
        f"{lines}\n\n"
        f"`{PROGRAM} --demo` opens the window and trains on bundled data.\n"
        f"`{PROGRAM} COMMAND --help` explains a command.\n"
        "Every command takes --workspace DIR, --json and --debug. Exit codes: 0 done, 1 failed, 2 wrong usage.\n"
    )


def _unknown(words: Sequence[str]) -> str:
    """Return what is wrong with the first word when it is neither a command, nor an option, nor a path."""
    if not words or words[0] in COMMANDS or words[0].startswith("-") or Path(words[0]).exists():
        return ""
    near = difflib.get_close_matches(words[0], COMMANDS, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"See {PROGRAM} --help."
    return f"There is no command or file called {words[0]!r}. {hint}\n"


def _parse(name: str, words: Sequence[str]) -> Command:
    """Turn words into a command; ends the program like any parser on `--help` and wrong usage."""
    import tyro

    module = importlib.import_module(f"studio.app.commands.{COMMANDS[name][0]}")
    options = (tyro.conf.FlagCreatePairsOff, tyro.conf.OmitSubcommandPrefixes)
    recipe = f" {words[0]}" if name == "train" and words and not words[0].startswith("-") else ""
    command: Command = tyro.cli(
        module.parser(name, words), prog=f"{PROGRAM} {name}{recipe}", args=list(words), config=options
    )
    return command


def _run(command: Command) -> int:
    """Run a command; in JSON mode nothing but its document reaches standard output."""
    from studio.app.commands.base import plain

    try:
        quiet: Any = contextlib.redirect_stdout(sys.stderr) if command.json else contextlib.nullcontext()
        with quiet:
            document = command.run()
        text = json.dumps(plain(document), allow_nan=False) if command.json else command.text(document)
        if text:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
    except StudioError as error:
        _trace(command)
        return _failed(error, as_json=command.json)
    except (Cancelled, KeyboardInterrupt):
        return _failed(StudioError("Stopped before it was done."), as_json=command.json)
    except BrokenPipeError:
        raise
    except OSError as error:  # the machine's fault, such as a full disk
        _trace(command)
        told = StudioError(f"The system refused: {error.strerror or error}.", "Check the disk and the paths.")
        return _failed(told, as_json=command.json)
    except Exception as error:  # a programming error: said in one line, the rest with --debug
        _trace(command)
        told = StudioError(
            f"Something went wrong: {type(error).__name__}: {error}.",
            "Run it again with --debug and report what it says.",
        )
        return _failed(told, as_json=command.json)
    return int(document.get("exit", DONE)) if isinstance(document, dict) else DONE


def _trace(command: Command) -> None:
    if command.debug:
        traceback.print_exc()


def _failed(error: StudioError, *, as_json: bool) -> int:
    sys.stderr.write(f"{error}\n")
    if as_json:
        sys.stdout.write(json.dumps(error.to_json()) + "\n")
    return FAILED


def _misused(what: str, name: str, *, as_json: bool) -> int:
    """Return the exit code of wrong usage; in JSON mode standard output holds a document all the same."""
    if as_json:
        what_to_do = f"See {PROGRAM} {name} --help.".replace("  ", " ")
        sys.stdout.write(json.dumps(StudioError(what, what_to_do).to_json()) + "\n")
    return WRONG_USAGE


if __name__ == "__main__":
    sys.exit(main())
