"""A recurrent network that writes: embedding, LSTM (or GRU), softmax over the next token.

Sources: Hochreiter and Schmidhuber 1997, Neural Computation 9(8); forget gate: Gers, Schmidhuber and Cummins 2000.
Where the books use it: Foster 2019, chapter 6 (Aesop's fables, one layer and two); temperature also in Chollet 2021,
section 12.1.

    f = σ(Wf [h, x] + bf)    i = σ(Wi [h, x] + bi)    o = σ(Wo [h, x] + bo)
    C <- f * C + i * tanh(Wc [h, x] + bc)    h <- o * tanh(C)
    p(next token) = softmax(W h + b)    written with p_T ∝ exp(log p / T)

Differences from the book's code:
    * True sigmoids in the gates, as in its equations (Keras 2.2.4 used a piecewise linear one).
    * torch adds two bias vectors per gate; the second is a buffer held at zero, so that the parameters are the book's:
      365,568 for 100 -> 256 units instead of 366,592. With cell "gru" the reset gate acts after the recurrent product.
    * Stories are held out and their loss watched: on 50,000 windows the book's 100 epochs learn the text by heart.
    * Padding and the unknown token are never written.

Expect: on Aesop's fables, one story in ten held out, perplexity 205 after 2 epochs and 195 after 3 (a minute each on
one CPU core). Counting words has 415. One held-out word in 16 was never seen; without those it is 137.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from studio.core.capabilities import PredictsTokens, WritesText
from studio.core.compute import Compute, generator
from studio.core.errors import BadConfig
from studio.core.events import Event, Text
from studio.core.knobs import Knob
from studio.core.recipe import Batch, Preset, Recipe
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.data.vocabulary import BAR, Speller, Vocabulary
from studio.nn.keras import Dense
from studio.nn.recurrent import one_bias_

TEMPERATURES = (0.2, 0.5, 1.0)
PREVIEW_SEED = 20
PREVIEW_TOKENS = {"word": 50, "char": 160}


class NextToken(nn.Module):
    """Tokens int64 (N, T) -> logits (N, V), or (N, T, V) for every position.

    Initialised like Keras: embedding U(-0.05, 0.05), kernels Glorot uniform, recurrent kernels orthogonal, forget
    bias 1.
    """

    def __init__(self, vocabulary: int, embedding: int, units: int, layers: int, dropout: float, cell: str) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.rnn = (nn.LSTM if cell == "lstm" else nn.GRU)(embedding, units, layers, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.dense = Dense(units, vocabulary)
        nn.init.uniform_(self.embedding.weight, -0.05, 0.05)
        one_bias_(self.rnn)

    def forward(self, x: Tensor, everywhere: bool = False) -> Tensor:
        """Return logits after the last token, or after each."""
        h, _ = self.rnn(self.embedding(x))  # (N, T) -> (N, T, E) -> (N, T, U)
        h = h if everywhere else h[:, -1]  # (N, U)
        logits: Tensor = self.dense(self.dropout(h))  # (..., V)
        return logits

    def read_on(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Return logits (N, V) after tokens (N, T) that follow those of `state`, and the state after them."""
        h, state = self.rnn(self.embedding(x), state)
        return self.dense(self.dropout(h[:, -1])), state


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
            data="fables",
            training={"batch_size": 32, "epochs": 100},
            data_options={"tokens": "word", "window": 20},
            shape=(20,),
            classes=0,
            vocabulary_size=4169,
            expects="Fable-like sentences without a plot; the book states no loss. 1,853,901 parameters.",
        ),
        Preset(
            name="foster-stacked",
            title="Fables, two LSTM layers",
            source="Foster 1st ed., chapter 6, stacked recurrent networks",
            data="fables",
            config={"layers": 2},
            training={"batch_size": 32, "epochs": 100},
            data_options={"tokens": "word", "window": 20},
            shape=(20,),
            classes=0,
            vocabulary_size=4169,
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
        dropout: Annotated[float, Knob("Dropout", 0.0, 0.9, help="Share of the last state hidden while training.")] = (
            0.2
        )
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
        return {"loss": loss, "perplexity": _perplexity(loss), "accuracy": _accuracy(logits.detach(), target)}

    def validate(self, batch: Batch) -> Mapping[str, Tensor]:
        """Measure the prediction of the token after the window."""
        logits, target = self.network(batch.x), _next(batch)
        return {"loss": F.cross_entropy(logits, target), "accuracy": _accuracy(logits, target)}

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
        _check_temperature(temperature)
        vocabulary, window = Vocabulary.from_spec(self.spec), self.spec.shape[0]
        start = self._start(vocabulary)
        context = [*start, *vocabulary.encode(prompt)]
        speller = Speller(vocabulary)
        for number in context:
            speller.spell(number)  # so that the first piece knows whether it needs a space
        fresh, state, seen = context[-window:], None, window
        for _ in range(n):
            logits, state = self._read(fresh, state, vocabulary)
            number = next_token(logits, temperature, generator)
            if stop and number == vocabulary.bar:
                return
            context += start if number == vocabulary.bar else [number]
            yield speller.spell(number)
            fresh, state, seen = self._what_to_read(context, state, seen)

    def next_tokens(self, prompt: str, temperature: float, k: int) -> list[tuple[str, float]]:
        """Return the `k` likeliest tokens after a prompt with their probabilities at a temperature.

        Raises:
            BadConfig: the temperature is negative or not finite.
        """
        _check_temperature(temperature)
        vocabulary, window = Vocabulary.from_spec(self.spec), self.spec.shape[0]
        context = [*self._start(vocabulary), *vocabulary.encode(prompt)]
        logits, _ = self._read(context[-window:], None, vocabulary)
        p = tempered(logits, temperature) if temperature else F.one_hot(logits.argmax(), len(logits)).double()  # (V,)
        best, index = p.topk(min(k, len(p)))
        shares = zip(index.tolist(), best.tolist(), strict=True)
        return [(self.spec.vocabulary[number], share) for number, share in shares if share > 0.0]

    def _start(self, vocabulary: Vocabulary) -> list[int]:
        """Return what precedes every story: a window of bars."""
        return [vocabulary.bar if vocabulary.bar is not None else 0] * self.spec.shape[0]

    def _what_to_read(self, context: list[int], state: Any, seen: int) -> tuple[list[int], Any, int]:
        """Return the next tokens to read, the state they follow and how many that state will have seen.

        The book reads the last window anew for each token: only there was the network trained to answer. One that
        was trained to answer everywhere reads half a window anew when a window is full, otherwise just the new token.
        """
        window = self.spec.shape[0]
        if self.config.predict == "last" or self.spec.vocabulary[context[-1]] == BAR:
            return context[-window:], None, window
        if seen < window:
            return context[-1:], state, seen + 1
        return context[-(window // 2) :], None, window // 2

    @torch.no_grad()
    def _read(self, tokens: Sequence[int], state: Any, vocabulary: Vocabulary) -> tuple[Tensor, Any]:
        """Return float64 logits (V,) of what follows, on the CPU; tokens that are never written get -inf.

        So does the bar after a bar: a network that cannot count the bars of the start block yet would otherwise
        begin with the end of the story and write nothing (the book draws on).
        """
        x = torch.tensor([tokens], device=self.compute.device)
        answer, state = self.network.read_on(x, state)
        logits = answer[0].double().cpu()
        logits[list(vocabulary.silent)] = -math.inf
        if tokens[-1] == vocabulary.bar:
            logits[vocabulary.bar] = -math.inf
        return logits, state


def tempered(logits: Tensor, temperature: float) -> Tensor:
    """Return softmax(logits / T) in float64: p_i^(1/T) / Σ p_j^(1/T) (Chollet 12.1); T > 0.

    Logits, not log-probabilities of a softmax: there is no log of zero. float64, because float32 rounding can make
    the sum differ from 1 by more than a sampler accepts.
    """
    scaled = (logits.double() - logits.double().max()) / temperature
    return torch.softmax(scaled, dim=-1)


def next_token(logits: Tensor, temperature: float, generator: Generator) -> int:
    """Draw a token from logits (V,); temperature 0 takes the likeliest."""
    if temperature == 0.0:
        return int(logits.argmax())
    return int(torch.multinomial(tempered(logits, temperature), 1, generator=generator))


def _check_temperature(temperature: float) -> None:
    if not 0.0 <= temperature < math.inf:
        raise BadConfig(f"The temperature cannot be {temperature}.", "Use 0 (always the likeliest) or more.")


def _next(batch: Batch) -> Tensor:
    assert batch.y is not None
    return batch.y


def _perplexity(loss: Tensor) -> Tensor:
    return loss.clamp(max=80.0).exp()  # beyond, float32 has no finite answer


def _accuracy(logits: Tensor, target: Tensor) -> Tensor:
    return (logits.argmax(-1) == target).float().mean()
