"""The text writer: formulas, parameters, writing, learning."""

import math

import numpy as np
import pytest
import torch

from studio.core import knobs
from studio.core.compute import Compute, Policy, generator
from studio.core.engine import Engine
from studio.core.errors import BadConfig
from studio.core.events import Scalars, Text
from studio.core.recipe import Batch
from studio.core.spec import DataSpec
from studio.core.training import Training
from studio.data.options import DataOptions
from studio.data.text import text_data
from studio.nn.language import NextToken, Reader, next_token, tempered
from studio.recipes.text.lstm import LSTMText

WORDS = ("", "|", "[unk]", "the", "fox", ".", "ran", ",")
CHOLLET = (0.5, 0.25, 0.15, 0.07, 0.03)


def spec(vocabulary=WORDS, window=5, tokens="word"):
    return DataSpec(name="t", kind="text", shape=(window,), vocabulary=tuple(vocabulary), tokens=tokens)


def model(vocabulary=WORDS, window=5, **config):
    torch.manual_seed(0)
    small = {"embedding": 8, "units": 16, **config}
    return LSTMText(knobs.make(LSTMText.Config, small), spec(vocabulary, window), Compute(Policy()))


def batch(n=6, window=5):
    draw = torch.Generator().manual_seed(1)
    x = torch.randint(3, len(WORDS), (n, window + 1), generator=draw)
    return Batch(x[:, :-1], x[:, -1])


# ---- temperature


@pytest.mark.parametrize(
    ("temperature", "expected", "entropy"),
    [
        (0.2, (0.967, 0.030, 0.002, 0.000, 0.000), 0.153),
        (0.5, (0.734, 0.183, 0.066, 0.014, 0.003), 0.794),
        (0.7, (0.614, 0.228, 0.110, 0.037, 0.011), 1.051),
        (1.0, CHOLLET, 1.269),
        (1.5, (0.400, 0.252, 0.179, 0.108, 0.061), 1.433),
    ],
)
def test_temperature_known_answers(temperature, expected, entropy):
    p = tempered(torch.log(torch.tensor(CHOLLET)) + 7.0, temperature)  # logits are free up to a constant
    assert p.dtype == torch.float64
    np.testing.assert_allclose(p.numpy(), expected, atol=6e-4)
    assert -(p * p.log()).sum().item() == pytest.approx(entropy, abs=6e-4)


def test_extreme_temperatures_and_impossible_tokens():
    logits = torch.tensor([1e4, -math.inf, 1e4 - 1.0, -1e4], dtype=torch.float64)
    assert tempered(logits, 1e-6).tolist() == [1.0, 0.0, 0.0, 0.0]
    flat = tempered(logits, 1e9)
    assert flat[1] == 0.0
    np.testing.assert_allclose(flat[[0, 2, 3]], 1 / 3, atol=1e-5)
    assert next_token(logits, 0.0, generator(0)) == 0


def test_draws_follow_the_distribution():
    draw, logits = generator(0), torch.log(torch.tensor(CHOLLET))
    counts = np.bincount([next_token(logits, 1.0, draw) for _ in range(4000)], minlength=5) / 4000
    np.testing.assert_allclose(counts, CHOLLET, atol=0.03)


# ---- network


@pytest.mark.parametrize(("layers", "recurrent", "total"), [(1, 365_568, 1_853_901), (2, 365_568 + 525_312, 2_379_213)])
def test_parameters_are_the_books(layers, recurrent, total):
    network = NextToken(4169, 100, 256, layers, 0.2, "lstm")
    assert sum(p.numel() for p in network.rnn.parameters()) == recurrent
    assert sum(p.numel() for p in network.parameters()) == total
    assert all(p.requires_grad for p in network.parameters())


@pytest.mark.parametrize("name", [p.name for p in LSTMText.presets])
def test_presets_count_on_the_meta_device(name):
    preset = next(p for p in LSTMText.presets if p.name == name)
    described = spec([str(i) for i in range(preset.vocabulary_size)], preset.shape[0])
    recipe = LSTMText(knobs.make(LSTMText.Config, preset.config), described, Compute(Policy(device="meta")))
    books = {"foster": 1_853_901, "foster-stacked": 2_379_213}
    count = sum(p.numel() for p in recipe.parameters())
    assert count == books.get(name, count)
    assert all(p.is_meta for p in recipe.parameters())


def test_lstm_equals_the_equations():
    network = NextToken(7, 3, 4, 1, 0.0, "lstm").double()
    tokens = torch.tensor([[2, 5, 1]])
    weights = dict(network.rnn.named_parameters())
    w, u, b = (weights[f"{k}_l0"] for k in ("weight_ih", "weight_hh", "bias_ih"))
    h = c = torch.zeros(4, dtype=torch.float64)
    for x in network.embedding(tokens)[0]:
        i, f, g, o = (w @ x + u @ h + b).chunk(4)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
    torch.testing.assert_close(network(tokens)[0], network.dense(h))
    torch.testing.assert_close(network(tokens, True)[0, -1], network.dense(h))


def test_keras_initialisation():
    network = NextToken(50, 8, 16, 2, 0.0, "lstm")
    assert network.embedding.weight.abs().max() <= 0.05
    for layer in range(2):
        bias = getattr(network.rnn, f"bias_ih_l{layer}")
        assert bias.tolist() == [0.0] * 16 + [1.0] * 16 + [0.0] * 32
        recurrent = getattr(network.rnn, f"weight_hh_l{layer}")
        torch.testing.assert_close(recurrent.T @ recurrent, torch.eye(16), atol=1e-5, rtol=0)
        assert getattr(network.rnn, f"weight_ih_l{layer}").abs().max() <= math.sqrt(6 / (16 + 64)) + 0.1 * (layer == 0)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_second_bias_stays_zero_and_is_restored(cell):
    recipe = model(cell=cell, layers=2)
    for _ in range(3):
        recipe.step(batch())
    assert not recipe.network.rnn.bias_hh_l1.any()
    other = model(cell=cell, layers=2)
    other.network.load_state_dict(recipe.network.state_dict())
    recipe.network.eval(), other.network.eval()
    torch.testing.assert_close(other.network(batch().x), recipe.network(batch().x))


# ---- learning


@pytest.mark.parametrize("predict", ["last", "all"])
def test_one_batch_is_learned_by_heart(predict):
    recipe = model(predict=predict, dropout=0.0, lr=1e-2)
    losses = [recipe.step(batch())["loss"].item() for _ in range(150)]
    assert losses[0] == pytest.approx(math.log(len(WORDS)), abs=0.1)
    assert losses[-1] < 0.1 * losses[0]
    recipe.network.eval()
    assert recipe.validate(batch())["accuracy"] == 1.0


def test_metrics_are_detached_and_perplexity_is_exp_of_the_mean_loss():
    recipe = model()
    metrics = recipe.step(batch())
    assert set(metrics) == {"loss", "perplexity", "accuracy"}
    assert all(m.ndim == 0 and not m.requires_grad for m in metrics.values())
    assert metrics["perplexity"].item() == pytest.approx(math.exp(metrics["loss"].item()))
    assert recipe.derived({"loss": math.log(50)})["perplexity"] == pytest.approx(50)


def test_engine_trains_it_and_reports_perplexity(tmp_path):
    text = "\n\n\n\n".join(["the fox ran to the grapes, and the crow saw the fox."] * 20)
    data = text_data([text], knobs.make(DataOptions, {"window": 4, "val_fraction": 0.2}), "tale")
    compute = Compute(Policy())
    torch.manual_seed(0)
    recipe = LSTMText(knobs.make(LSTMText.Config, {"embedding": 8, "units": 16, "lr": 5e-3}), data.spec, compute)
    events = list(Engine(recipe, data, Training(epochs=4, batch_size=16, preview_seconds=0.0), compute, tmp_path).run())
    last = [e for e in events if isinstance(e, Scalars) and e.split == "val"][-1].values
    assert last["perplexity"][0] == pytest.approx(math.exp(last["loss"][0]))
    assert last["perplexity"][0] < 0.5 * len(data.spec.vocabulary)
    assert any(isinstance(e, Text) for e in events)
    assert events[-1].status == "done"


# ---- writing


class Dictated(Reader):
    """A reader after whom the tokens of `order` come, again and again, whatever it read."""

    def __init__(self, size, order):
        super().__init__(None, 5, bar=None, silent=(), reads_on=False)
        self.size, self.order = size, iter(order * 50)

    def read(self, tokens):
        out = torch.full((self.size,), -50.0, dtype=torch.float64)
        out[next(self.order)] = 50.0
        return out


def forced(recipe, *order):
    """Make the model choose `order` again and again."""
    recipe._reader = lambda vocabulary: Dictated(len(vocabulary), order)
    return recipe


def test_pieces_join_to_readable_text():
    recipe = forced(model(), 3, 4, 7, 6, 5)
    assert list(recipe.write("The fox", 5, 0.0, generator(0))) == [" the", " fox", ",", " ran", "."]
    assert "".join(forced(model(), 3, 4).write("", 2, 1.0, generator(0))) == "the fox"


def test_the_bar_ends_a_story_or_begins_the_next():
    assert list(forced(model(), 4, 5, 1).write("the", 9, 0.0, generator(0))) == [" fox", "."]
    two = "".join(forced(model(), 4, 5, 1).write("the", 5, 0.0, generator(0), stop=False))
    assert two == " fox.\n\nfox."


def test_writing_is_seeded_streaming_and_never_silent():
    recipe = model()
    recipe.network.eval()
    texts = ["".join(recipe.write("the fox", 60, 5.0, generator(s), stop=False)) for s in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]
    assert "[unk]" not in texts[0] + texts[2]
    stream = recipe.write("unheard words", 10**9, 1.0, generator(0), stop=False)
    assert len([next(stream) for _ in range(5)]) == 5
    assert torch.is_grad_enabled()
    greedy = [list(recipe.write("the", 5, 0.0, generator(s))) for s in (1, 2)]
    assert greedy[0] == greedy[1]


def test_reading_on_equals_reading_anew_within_a_window():
    recipe = model(predict="all", window=8)
    recipe.network.eval()
    x = torch.tensor([[3, 4, 5, 6, 7]])
    _, state = recipe.network.read_on(x[:, :3], None)
    on, _ = recipe.network.read_on(x[:, 3:], state)
    torch.testing.assert_close(on, recipe.network(x))


@pytest.mark.parametrize(("predict", "longest"), [("last", 8), ("all", 8)])
def test_no_more_than_a_window_is_ever_read(predict, longest):
    recipe, read = model(predict=predict, window=8), []
    recipe.network.eval()
    original = recipe.network.read_on

    def watched(tokens, state):
        read.append((tokens.shape[1], state is None))
        return original(tokens, state)

    recipe.network.read_on = watched
    list(recipe.write("the fox", 30, 1.0, generator(0), stop=False))
    since, most = 0, 0
    for count, anew in read:
        since = count if anew else since + count
        most = max(most, since)
    assert most == longest
    assert any(not anew for _, anew in read) == (predict == "all")


@pytest.mark.parametrize("temperature", [-0.1, math.nan, math.inf])
def test_impossible_temperatures(temperature):
    with pytest.raises(BadConfig, match="temperature"):
        next(model().write("", 1, temperature, generator(0)))


def test_preview_writes_at_three_temperatures_and_repeats_itself():
    recipe = model()
    recipe.network.eval()
    first, again = list(recipe.preview(batch())), list(recipe.preview(batch()))
    assert first == again
    assert all(isinstance(event, Text) for event in first)
    assert [event.name for event in first] == ["temperature 0.2", "temperature 0.5", "temperature 1"]


def test_learning_rate_is_the_only_live_knob():
    recipe = model()
    assert recipe.change("lr", 0.5) == 0.5
    with pytest.raises(BadConfig):
        recipe.change("units", 8)


# ---- what comes next


def test_likely_tokens_are_the_tempered_softmax_of_the_logits():
    writer = model()
    with torch.no_grad():
        writer.network.dense.weight.zero_()
        writer.network.dense.bias.copy_(torch.tensor([9.0, 0.0, 9.0, *CHOLLET]).clamp(min=1e-9).log())
        writer.network.dense.bias[1] = -math.inf
    found = writer.next_tokens("the fox", 0.5, 3)
    assert [token for token, _ in found] == ["the", "fox", "."]  # padding and the unknown token are never written
    np.testing.assert_allclose([share for _, share in found], (0.734, 0.183, 0.066), atol=6e-4)
    assert [round(share, 3) for _, share in writer.next_tokens("", 1.0, 5)] == list(CHOLLET)


def test_without_temperature_the_likeliest_token_takes_all():
    writer = model()
    with torch.no_grad():
        writer.network.dense.weight.zero_()
        writer.network.dense.bias.zero_()[4] = 1.0
    assert writer.next_tokens("the", 0.0, 5) == [("fox", 1.0)]


def test_likely_tokens_agree_with_what_is_written():
    writer = model()
    text = "".join(writer.write("the fox", 1, 0.0, generator(0)))
    assert text.strip() == writer.next_tokens("the fox", 1.0, 1)[0][0]
    with pytest.raises(BadConfig):
        writer.next_tokens("", -1.0, 3)
