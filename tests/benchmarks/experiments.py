"""What is reproduced: each line a preset, its budget, and the figure the book printed.

`better` says which way the figure improves; `goal` is what counts as reached (None: the book gives no figure).
`settings` are what differs from the preset; a shortened budget stands in the table as such.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """One line of the table.

    Attributes:
        name: what `--only` takes.
        recipe, preset: what is trained.
        data: "mnist", "cifar10" or "aesop"; the path comes from the command line.
        figure: name of a held-out metric, or, with `samples`, of a figure of `generative-studio measure`.
        better: direction of improvement.
        book: the printed result and where it stands.
        goal: value that counts as reached; None when nothing is printed.
        settings: what differs from the preset.
        samples: judge generated pictures instead of a held-out metric.
        note: why the budget or the figure differs from the book's.
    """

    name: str
    recipe: str
    preset: str
    data: Literal["mnist", "cifar10", "aesop"]
    figure: str
    better: Literal["max", "min"] = "max"
    book: str = "no figure"
    goal: float | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    samples: bool = False
    note: str = ""


AVERAGED = {"ema": 0.999}
SHORT = {"epochs": 6, "milestones": "4: 0.1, 5: 0.01"}
SHORTENED = "6 of 200 epochs on a CPU, the steps of the rate moved to epochs 4 and 5"
DEEP = ("resnet", "densenet")
ONE = {"epochs": 1}
ONE_EPOCH = "1 of 200 epochs on a CPU, at the first rate"


def classifier(
    name: str,
    recipe: str,
    preset: str,
    goal: float,
    book: str,
    settings: Mapping[str, Any] | None = None,
    note: str = "",
) -> Experiment:
    """Return a classifier judged by its accuracy on the data set's own test set: MNIST, or CIFAR-10 for its presets."""
    data: Literal["mnist", "cifar10"] = "cifar10" if preset == "foster" or recipe in DEEP else "mnist"
    shared: dict[str, Any] = {
        "figure": "accuracy",
        "goal": goal,
        "book": book,
        "settings": settings or {},
        "note": note,
    }
    return Experiment(name=name, recipe=recipe, preset=preset, data=data, **shared)


SMOOTHED = "adds weight averaging 0.999"
MLP, CNN, RNN = "98.5 % (Atienza 1.3)", "99.4 % (Atienza 1.4)", "98 % (Atienza 1.5)"
FOSTER_MLP, FOSTER_CNN = "48.96 % (Foster ch. 2)", "71.56 % (Foster 2e ch. 2)"
CLASSIFIERS = (
    classifier("mlp", "mlp-classifier", "atienza", 0.985, MLP),
    classifier("mlp-averaged", "mlp-classifier", "atienza", 0.985, MLP, AVERAGED, SMOOTHED),
    classifier("mlp-linear", "mlp-classifier", "linear-sgd", 0.925, "92.5 % (Atienza 1.3, no ReLU)"),
    classifier("cnn", "cnn-classifier", "atienza", 0.994, CNN),
    classifier("cnn-averaged", "cnn-classifier", "atienza", 0.994, CNN, AVERAGED, SMOOTHED),
    classifier("cnn-functional", "cnn-classifier", "functional", 0.993, "99.3 to 99.4 % (Atienza 2.1)"),
    classifier("rnn", "rnn-classifier", "atienza", 0.98, RNN),
    classifier("rnn-averaged", "rnn-classifier", "atienza", 0.98, RNN, AVERAGED, SMOOTHED),
    classifier("y-network", "y-network", "atienza", 0.994, "99.4 to 99.5 % (Atienza 2.1)"),
    classifier("foster-mlp", "mlp-classifier", "foster", 0.4896, FOSTER_MLP),
    classifier("foster-mlp-averaged", "mlp-classifier", "foster", 0.4896, FOSTER_MLP, AVERAGED, SMOOTHED),
    classifier("foster-cnn", "strided-cnn", "foster", 0.7156, FOSTER_CNN),
    classifier("resnet20", "resnet", "v1-20", 0.9216, "92.16 % after 200 epochs (Atienza 2.2)", SHORT, SHORTENED),
    classifier("resnet110v2", "resnet", "v2-110", 0.9315, "93.15 % after 200 epochs (Atienza 2.3)", ONE, ONE_EPOCH),
    classifier("densenet", "densenet", "bc-100", 0.9374, "93.74 % after 200 epochs (Atienza 2.4)", ONE, ONE_EPOCH),
)


def baseline(recipe: str, data: Literal["mnist", "cifar10"]) -> Experiment:
    """Return a classifier of raw pixels that needs no network: what the books' networks are measured against."""
    return Experiment(name=f"{recipe}-{data}", recipe=recipe, preset=data, data=data, figure="accuracy")


PIXELS = ("logistic-regression", "random-forest", "gradient-boosting")
BASELINES = tuple(baseline(recipe, data) for data in ("mnist", "cifar10") for recipe in PIXELS)
AUTOENCODERS = (
    Experiment(
        name="ae16",
        recipe="autoencoder",
        preset="atienza-16",
        data="mnist",
        figure="loss",
        better="min",
        book="MSE 0.01 (Atienza 3.2)",
        goal=0.01,
        note="our preset averages weights (0.99)",
    ),
    Experiment(name="denoising", recipe="denoising", preset="atienza", data="mnist", figure="loss", better="min"),
    Experiment(
        name="colorization",
        recipe="colorization",
        preset="atienza",
        data="cifar10",
        figure="loss",
        better="min",
        settings={"epochs": 2},
        note="2 of 30 epochs on a CPU",
    ),
    Experiment(name="vae-mlp", recipe="vae-mlp", preset="atienza-mlp", data="mnist", figure="elbo", better="min"),
    Experiment(
        name="vae-cnn",
        recipe="vae",
        preset="atienza-cnn",
        data="mnist",
        figure="elbo",
        better="min",
        settings={"epochs": 10},
        note="10 of 30 epochs",
    ),
    Experiment(name="vae-cnn30", recipe="vae", preset="atienza-cnn", data="mnist", figure="elbo", better="min"),
    Experiment(name="cvae", recipe="cvae", preset="atienza", data="mnist", figure="elbo", better="min"),
)
TRANSLATION = (
    Experiment(
        name="cyclegan",
        recipe="cyclegan",
        preset="atienza-patch",
        data="cifar10",
        figure="error",
        better="min",
        book="pictures only (Atienza 7.1)",
        settings={"steps": 1_000},
        note="1,000 of 100,000 steps on a CPU",
    ),
)
TEXT = (
    Experiment(
        name="lstm",
        recipe="lstm-text",
        preset="foster",
        data="aesop",
        figure="perplexity",
        better="min",
        settings={"epochs": 4},
        note="4 of 100 epochs",
    ),
)


def gan(
    name: str, steps: int = 5_000, figure: str = "frechet", goal: float | None = None, note: str = ""
) -> Experiment:
    """Return a GAN of Atienza on MNIST, judged by its samples."""
    return Experiment(
        name=name,
        recipe=name,
        preset="atienza",
        data="mnist",
        figure=figure,
        better="max" if figure == "label_agreement" else "min",
        book="pictures only (Atienza); the book trains 40,000 steps",
        goal=goal,
        settings={"steps": steps},
        samples=True,
        note=note or f"{steps:,} of 40,000 steps",
    )


def modern(name: str, steps: int, of: int, preset: str = "digits", source: str = "pictures only") -> Experiment:
    """Return a GAN of later papers at the small scale of its `preset`, judged by its samples of MNIST."""
    return Experiment(
        name=name,
        recipe=name,
        preset=preset,
        data="mnist",
        figure="frechet",
        better="min",
        book=source,
        settings={"steps": steps},
        samples=True,
        note=f"{steps:,} of the preset's {of:,} steps" + ("" if preset == "digits" else f" ({preset}, on MNIST)"),
    )


ASKED = 0.97
"""Share of samples to which an independent classifier gives the asked label."""
GANS = (
    gan("dcgan"),
    gan("wgan", 1_000),
    gan("lsgan"),
    gan("cgan", figure="label_agreement", goal=ASKED),
    gan("acgan", figure="label_agreement", goal=ASKED),
    gan("infogan", figure="label_agreement", goal=ASKED),
    gan("stackedgan", figure="label_agreement", goal=ASKED),
)
MODERN = (
    modern("wgan-gp", 2_000, 6_000),
    modern("progan", 2_000, 6_000),
    modern("sagan", 2_000, 20_000, "small"),
    modern("biggan", 2_000, 50_000, "small"),
    modern("stylegan", 2_000, 10_000),
)
EXPERIMENTS = (*CLASSIFIERS, *BASELINES, *AUTOENCODERS, *TRANSLATION, *TEXT, *GANS, *MODERN)
