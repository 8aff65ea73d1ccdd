"""LSTM text writer: learns which token follows the ones before it, and writes by drawing one after the other.

Hochreiter and Schmidhuber 1997, Neural Computation 9(8); forget gate: Gers, Schmidhuber and Cummins 2000. Used in:
Foster (2019), chapter 6 (Aesop's fables, one layer and two); Chollet (2021), 12.1 (temperature).

    f = σ(Wf [h, x] + bf)    i = σ(Wi [h, x] + bi)    o = σ(Wo [h, x] + bo)
    C <- f * C + i * tanh(Wc [h, x] + bc)    h <- o * tanh(C)
    p(next token) = softmax(W h + b)    written with p_T ∝ exp(log p / T)

What we do differently (the book is Foster's):
    * True sigmoids in the gates, as in its equations (Keras 2.2.4 used a piecewise linear one).
    * torch adds two bias vectors per gate; the second is a buffer held at zero, so that the parameters are the book's:
      365,568 for 100 -> 256 units instead of 366,592. With cell "gru" the reset gate acts after the recurrent product.
    * Stories are held out and their loss watched: on 50,000 windows the book's 100 epochs learn the text by heart.
    * Padding and the unknown token are never written.

What to expect: on Aesop's fables, one story in ten held out, perplexity 205 after 2 epochs and 195 after 3 (a minute
each on one CPU core). Counting words has 415. One held-out word in 16 was never seen; without those it is 137.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from studio.core.capabilities import PredictsTokens, WritesText
from studio.core.compute import Compute, generator
from studio.core.events import Event, Text
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Preset, Recipe
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.data.vocabulary import Speller, Vocabulary
from studio.nn.classification import accuracy
from studio.nn.language import NextToken, Reader, check_temperature, next_token, tempered

TEMPERATURES = (0.2, 0.5, 1.0)
PREVIEW_SEED = 20
PREVIEW_TOKENS = {"word": 50, "char": 160}
FABLES: dict[str, Any] = {"data": "fables", "shape": (20,), "classes": 0, "vocabulary_size": 4169}
FABLES |= {"training": {"batch_size": 32, "epochs": 100}, "data_options": {"tokens": "word", "window": 20}}


@register(
    "lstm-text",
    title="LSTM text writer",
    family="text",
    sources="Hochreiter and Schmidhuber 1997; Foster ch. 6; Chollet 12.1",
)
class LSTMText(Recipe, WritesText, PredictsTokens):
    """Learns which token follows; writes by drawing one after the other."""

    accepts = "text"
    presets = (
        Preset(
            name="foster",
            title="Fables, one LSTM layer",
            source="Foster 1st ed., chapter 6",
            **FABLES,
            expects="Fable-like sentences without a plot; the book states no loss. 1,853,901 parameters.",
        ),
        Preset(
            name="foster-stacked",
            title="Fables, two LSTM layers",
            source="Foster 1st ed., chapter 6, stacked recurrent networks",
            config={"layers": 2},
            **FABLES,
            expects="No result is stated in the book. 2,379,213 parameters.",
        ),
        Preset(
            name="characters",
            title="Plays, letter by letter",
            source="Foster 1st ed., chapter 6 (character tokens); Chollet 12.1 (every position)",
            data="plays",
            config={"embedding": 64, "predict": "all", "dropout": 0.0, "lr": 2e-3},
            training={"batch_size": 32, "steps": 3000, "clip_norm": 1.0},
            data_options={"tokens": "char", "window": 64},
            shape=(64,),
            classes=0,
            vocabulary_size=67,
            expects="Names, line breaks and mostly real words; 1.84 nats per character after 620 steps.",
        ),
    )

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Knobs of the text writer; the defaults are Foster's."""

        embedding: Annotated[int, Knob("Embedding", 4, 1024, log=True, help="Numbers that stand for one token.")] = 100
        cell: Annotated[
            Literal["lstm", "gru"], Knob("Cell", help="A GRU has three gates instead of four and no second state.")
        ] = "lstm"
        units: Annotated[int, Knob("Units", 4, 2048, log=True, help="Size of the recurrent state.")] = 256
        layers: Annotated[int, Knob("Layers", 1, 4)] = 1
        dropout: Annotated[float, Knob("Dropout", 0.0, 0.9, help="Of the last state, while training.")] = 0.2
        predict: Annotated[
            Literal["last", "all"],
            Knob("Predict", help="The token after the window (the book), or after each of its tokens: more per step."),
        ] = "last"
        lr: Annotated[float, Knob("Learning rate", 1e-6, 1.0, log=True, live=True, group="Optimiser")] = 1e-3

    config: Config

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Create the network and RMSprop."""
        c = self.config
        network = NextToken(len(spec.vocabulary), c.embedding, c.units, c.layers, c.dropout, c.cell)
        self.network = compute.prepare(network)
        self.opt = compute.rmsprop(self.network.parameters(), c.lr)

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Learn one batch of windows; perplexity is exp(loss) of this batch."""
        everywhere = self.config.predict == "all"
        logits, target = self.network(batch.x, everywhere), _next(batch)  # (N, V) or (N, T, V)
        if everywhere:
            logits, target = logits.flatten(0, 1), torch.cat([batch.x[:, 1:], target[:, None]], dim=1).flatten()
        loss = F.cross_entropy(logits, target)
        self.compute.minimise(loss, self.opt)
        loss = loss.detach()
        perplexity = loss.clamp(max=80.0).exp()  # beyond, float32 has no finite answer
        return {"loss": loss, "perplexity": perplexity, "accuracy": accuracy(logits.detach(), target)}

    def validate(self, batch: Batch) -> Mapping[str, Tensor]:
        """Measure the prediction of the token after the window."""
        logits, target = self.network(batch.x), _next(batch)
        return {"loss": F.cross_entropy(logits, target), "accuracy": accuracy(logits, target)}

    def derived(self, metrics: Mapping[str, float]) -> Mapping[str, float]:
        """Perplexity = exp(mean loss in nats); a mean of exponentials would be larger."""
        return {"perplexity": math.exp(min(metrics["loss"], 700.0))}

    def preview(self, batch: Batch) -> Iterable[Event]:
        """Write the beginning of a story at three temperatures."""
        n = PREVIEW_TOKENS["char" if self.spec.tokens == "char" else "word"]
        for temperature in TEMPERATURES:
            text = "".join(self.write("", n, temperature, generator(PREVIEW_SEED)))
            yield Text(0, f"temperature {temperature:g}", text.strip())

    def write(
        self, prompt: str, n: int, temperature: float, generator: Generator, *, stop: bool = True
    ) -> Iterator[str]:
        """Yield the text of up to `n` tokens that follow the prompt.

        Args:
            prompt: start of a story; it is preceded by the start block, and unknown words are skipped.
            n: number of tokens.
            temperature: 0 takes the likeliest token; 1 is the model's own distribution.
            generator: CPU generator.
            stop: end with the story; otherwise the next story follows after an empty line.

        Raises:
            BadConfig: the temperature is negative or not finite.
        """
        check_temperature(temperature)
        vocabulary = Vocabulary.from_spec(self.spec)
        start, reader, speller = self._start(vocabulary), self._reader(vocabulary), Speller(vocabulary)
        text = [*start, *vocabulary.encode(prompt)]
        for token in text:
            speller.spell(token)  # so that the first piece knows whether it needs a space
        for _ in range(n):
            token = next_token(reader.next_logits(text), temperature, generator)
            if stop and token == vocabulary.bar:
                return
            text += start if token == vocabulary.bar else [token]
            yield speller.spell(token)

    def next_tokens(self, prompt: str, temperature: float, k: int) -> list[tuple[str, float]]:
        """Return the `k` likeliest tokens after a prompt with their probabilities at a temperature.

        Raises:
            BadConfig: the temperature is negative or not finite.
        """
        check_temperature(temperature)
        vocabulary = Vocabulary.from_spec(self.spec)
        text = [*self._start(vocabulary), *vocabulary.encode(prompt)]
        p = tempered(self._reader(vocabulary).next_logits(text), temperature)  # (V,)
        best, index = p.topk(min(k, len(p)))
        shares = zip(index.tolist(), best.tolist(), strict=True)
        return [(self.spec.vocabulary[number], share) for number, share in shares if share > 0.0]

    def _start(self, vocabulary: Vocabulary) -> list[int]:
        """Return what precedes every story: a window of bars."""
        return [vocabulary.bar or 0] * self.spec.shape[0]

    def _reader(self, vocabulary: Vocabulary) -> Reader:
        window, reads_on = self.spec.shape[0], self.config.predict == "all"
        return Reader(self.network, window, bar=vocabulary.bar, silent=vocabulary.silent, reads_on=reads_on)


def _next(batch: Batch) -> Tensor:
    assert batch.y is not None  # every window has a token that follows it
    return batch.y
