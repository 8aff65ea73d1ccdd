"""Recurrent layers with Keras' weights: one bias vector, Glorot and orthogonal kernels, an open forget gate."""

from __future__ import annotations

import torch
from torch import nn


def one_bias_(rnn: nn.RNNBase) -> None:
    """Initialise every layer and direction like Keras; torch's second bias becomes a buffer of zeros.

    torch adds two bias vectors (cuDNN's layout), Keras has one: without this a recurrent layer of U units and G gates
    counts G·U parameters more per direction. Input kernels are Glorot uniform, recurrent ones orthogonal, biases
    zero, but one for the forget gate of an LSTM (Jozefowicz 2015; Keras' `unit_forget_bias`).
    """
    endings = [name.removeprefix("weight_ih") for name, _ in rnn.named_parameters() if name.startswith("weight_ih")]
    for ending in endings:
        nn.init.xavier_uniform_(getattr(rnn, f"weight_ih{ending}"))
        nn.init.orthogonal_(getattr(rnn, f"weight_hh{ending}"))
        bias = getattr(rnn, f"bias_ih{ending}")
        nn.init.zeros_(bias)
        if isinstance(rnn, nn.LSTM):
            nn.init.ones_(bias[rnn.hidden_size : 2 * rnn.hidden_size])  # torch's order of gates: i, f, g, o
        _silence(rnn, f"bias_hh{ending}")


def _silence(rnn: nn.RNNBase, name: str) -> None:
    zeros = torch.zeros_like(getattr(rnn, name))
    delattr(rnn, name)
    rnn.register_buffer(name, zeros)
    setattr(rnn, name, torch.zeros_like(zeros))  # torch's flat list of weights learns of it here
