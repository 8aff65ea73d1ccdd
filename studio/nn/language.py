"""Recurrent language models: a network that predicts the next token, how it reads, and how a token is drawn.

    p(next token) = softmax(W h + b)        written with p_T ∝ exp(log p / T)

Temperature: Chollet, Deep Learning with Python (2021), 12.1; Foster, Generative Deep Learning (2019), chapter 6.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn

from studio.core.errors import BadConfig
from studio.nn.dropout import Dropout
from studio.nn.keras import Dense
from studio.nn.recurrent import one_bias_


class NextToken(nn.Module):
    """Tokens int64 (N, T) -> logits (N, V), or (N, T, V) for every position.

    Initialised like Keras: embedding U(-0.05, 0.05), kernels Glorot uniform, recurrent kernels orthogonal, forget
    bias 1.

    Args:
        vocabulary: V.
        embedding: numbers that stand for one token.
        units: size of the recurrent state.
        layers: recurrent layers.
        dropout: share of the last state that is hidden while training.
        cell: "lstm" or "gru".
    """

    def __init__(self, vocabulary: int, embedding: int, units: int, layers: int, dropout: float, cell: str) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.rnn = (nn.LSTM if cell == "lstm" else nn.GRU)(embedding, units, layers, batch_first=True)
        self.dropout = Dropout(dropout)
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


class Reader:
    """Reads a text that grows token by token, never more than a window of it at once.

    The book reads the last window anew for each token: only there was the network trained to answer. One that was
    trained to answer everywhere (`reads_on`) reads half a window anew when a window is full, otherwise just the new
    token. Either begins anew with a story.

    Args:
        network: in evaluation mode.
        window: tokens.
        bar: the token before and after a story; None when there is none.
        silent: tokens that are never written.
        reads_on: whether the state is carried on within a window.
    """

    def __init__(
        self, network: NextToken, window: int, *, bar: int | None, silent: Sequence[int], reads_on: bool
    ) -> None:
        self.network, self.window, self.bar, self.silent, self.reads_on = network, window, bar, list(silent), reads_on
        self._state: Any = None
        self._seen = 0

    def next_logits(self, text: Sequence[int]) -> Tensor:
        """Return float64 logits (V,), on the CPU, of what follows a text: that of the call before and one token more.

        Tokens that are never written get -inf. So does the bar after a bar: a network that cannot count the bars of
        the start block yet would otherwise begin with the end of the story and write nothing (the book draws on).
        """
        logits = self.read(self._unread(text))
        logits[self.silent] = -math.inf
        if text[-1] == self.bar:
            logits[self.bar] = -math.inf
        return logits

    @torch.no_grad()
    def read(self, tokens: Sequence[int]) -> Tensor:
        """Take in tokens after the present state; return float64 logits (V,) on the CPU."""
        x = torch.tensor([tokens], device=self.network.dense.weight.device)
        answer, self._state = self.network.read_on(x, self._state)
        self._seen += len(tokens)
        return answer[0].double().cpu()

    def _unread(self, text: Sequence[int]) -> Sequence[int]:
        """Return the tokens to read next; forgets the state where reading begins anew."""
        begins = self._state is None or not self.reads_on or text[-1] == self.bar
        if not begins and self._seen < self.window:
            return text[-1:]
        self._state, self._seen = None, 0
        return text[-self.window :] if begins else text[-(self.window // 2) :]


def tempered(logits: Tensor, temperature: float) -> Tensor:
    """Return softmax(logits / T) in float64: p_i^(1/T) / Σ p_j^(1/T) (Chollet 12.1).

    Logits, not log-probabilities of a softmax: there is no log of zero. float64, because float32 rounding can make
    the sum differ from 1 by more than a sampler accepts.

    Args:
        logits: (V,).
        temperature: T; 0 gives everything to the likeliest token.
    """
    if temperature == 0.0:
        return nn.functional.one_hot(logits.argmax(), len(logits)).double()
    scaled = (logits.double() - logits.double().max()) / temperature
    return torch.softmax(scaled, dim=-1)


def next_token(logits: Tensor, temperature: float, generator: Generator) -> int:
    """Draw a token from logits (V,); temperature 0 takes the likeliest and draws nothing."""
    if temperature == 0.0:
        return int(logits.argmax())
    return int(torch.multinomial(tempered(logits, temperature), 1, generator=generator))


def check_temperature(temperature: float) -> None:
    """Refuse what is no temperature.

    Raises:
        BadConfig: it is negative or not finite.
    """
    if not 0.0 <= temperature < math.inf:
        raise BadConfig(f"The temperature cannot be {temperature}.", "Use 0 (always the likeliest) or more.")
