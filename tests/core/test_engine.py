"""The loop does what it says: exact, steerable, watchful."""

from __future__ import annotations

import itertools
import math
import threading
import time

import pytest
import torch

from studio.core import checkpoint as ckpt
from studio.core import events as ev
from studio.core.average import Average
from studio.core.control import Control
from studio.core.engine import Engine
from studio.core.errors import BadCheckpoint, BadConfig
from studio.core.training import Training

from .fakes import Tiny, TinyData, tiny


def engine(folder, *, control=None, start=None, data=None, config=None, **training):
    recipe, compute = tiny(**(config or {}))
    options = Training(
        **{"epochs": 3, "batch_size": 8, "preview_seconds": 1000.0, "checkpoint_seconds": 1000.0, **training}
    )
    return Engine(recipe, data or TinyData(), options, compute, folder, run="r", control=control, start=start)


def weights(e):
    return {k: v.clone() for k, v in ckpt.weights_of(e.recipe).items()}


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def test_events_tell_the_whole_story(tmp_path):
    events = list(engine(tmp_path).run())
    assert isinstance(events[0], ev.Started)
    assert events[0].total_steps == 21  # ceil(50 / 8) * 3
    losses = [
        (s, v)
        for e in events
        if isinstance(e, ev.Scalars) and e.split == "train" and "loss" in e.values
        for s, v in zip(e.steps, e.values["loss"], strict=True)
    ]
    assert [s for s, _ in losses] == list(range(1, 22))
    vals = [e for e in events if isinstance(e, ev.Scalars) and e.split == "val"]
    assert [e.steps for e in vals] == [(7,), (14,), (21,)]
    last = events[-1]
    assert isinstance(last, ev.Finished)
    assert last.status == "done"
    assert last.best["value"] == min(e.values["loss"][0] for e in vals)
    assert any(isinstance(e, ev.Images) for e in events)


def test_gradient_norms_are_reported(tmp_path):
    events = list(engine(tmp_path).run())
    norms = [v for e in events if isinstance(e, ev.Scalars) for v in e.values.get("grad_norm", ())]
    assert len(norms) == 3  # steps 1, 11, 21
    assert all(n > 0 for n in norms)


@pytest.mark.parametrize("at", [1, 6, 7, 8, 13, 20])
def test_a_run_resumed_anywhere_equals_an_unbroken_one(tmp_path, at):
    whole = engine(tmp_path / "a", schedule="plateau", decay_epochs=1, ema=0.9, config={"lr": 0.5})
    list(whole.run())
    control = Control()
    first = engine(tmp_path / "b", schedule="plateau", decay_epochs=1, ema=0.9, control=control, config={"lr": 0.5})
    for _ in first.run():
        if first.step >= at:
            control.stop()
    found, complaints = ckpt.newest(tmp_path / "b" / "checkpoints")
    assert not complaints
    second = engine(tmp_path / "b", schedule="plateau", decay_epochs=1, ema=0.9, start=found, config={"lr": 0.5})
    list(second.run())
    assert same(weights(whole), weights(second))
    assert same(whole.average.shadow, second.average.shadow)
    assert whole.plateau == second.plateau


def test_previews_and_checkpoints_do_not_change_the_run(tmp_path):
    quiet = engine(tmp_path / "a")
    list(quiet.run())
    busy = engine(tmp_path / "b", checkpoint_seconds=0.0, preview_seconds=0.0)
    list(busy.run())
    assert same(weights(quiet), weights(busy))


def test_pause_single_step_and_stop(tmp_path):
    control = Control()
    control.pause()
    e = engine(tmp_path, control=control, epochs=100)
    seen = []
    thread = threading.Thread(target=lambda: seen.extend(e.run()))
    thread.start()

    def waits_at(step):
        deadline = time.time() + 5
        while time.time() < deadline and not (seen and isinstance(seen[-1], ev.Paused) and e.step == step):
            time.sleep(0.01)
        return e.step == step and isinstance(seen[-1], ev.Paused)

    assert waits_at(0)
    control.single_step()
    assert waits_at(1)
    control.single_step()
    assert waits_at(2)
    control.checkpoint_now()
    deadline = time.time() + 5
    while time.time() < deadline and ckpt.steps(tmp_path / "checkpoints")[-1] != 2:
        time.sleep(0.01)
    assert ckpt.steps(tmp_path / "checkpoints") == [0, 2]
    control.stop()
    thread.join(5)
    assert seen[-1].status == "stopped"
    assert seen[-1].step == 2


def test_live_knob_changes_the_rate_and_survives_a_resume(tmp_path):
    control = Control()
    e = engine(tmp_path, control=control, epochs=10)
    messages = []
    for event in e.run():
        if isinstance(event, ev.Started):
            control.set_knob("lr", 0.025)
            control.set_knob("drop", 0.5)
        if isinstance(event, ev.Message):
            messages.append(event.text)
        if e.step >= 3:
            control.stop()
    assert any("lr is now 0.025" in m for m in messages)
    assert any("cannot be changed" in m for m in messages)
    assert e.recipe.opt.param_groups[0]["lr"] == 0.025
    again = engine(tmp_path, start=ckpt.newest(tmp_path / "checkpoints")[0], epochs=10)
    assert again.recipe.config.lr == 0.025


def test_nonfinite_loss_goes_back_and_stops(tmp_path):
    e = engine(tmp_path, on_nonfinite="stop", config={"break_at": 9}, checkpoint_seconds=0.0)
    events = list(e.run())
    assert events[-1].status == "failed"
    assert "not finite" in events[-1].error
    assert any(isinstance(x, ev.Rewound) for x in events)
    assert all(torch.isfinite(w).all() for w in weights(e).values())
    good, _ = ckpt.newest(tmp_path / "checkpoints")
    assert good.step < 10
    assert all(torch.isfinite(w).all() for w in good.weights.values())


def test_nonfinite_loss_lowers_the_rate_and_goes_on(tmp_path):
    e = engine(tmp_path, on_nonfinite="lower rate", config={"break_at": 9})
    events = list(e.run())
    assert events[-1].status == "done"
    assert e.rates.scale == 0.5
    assert e.recipe.opt.param_groups[0]["lr"] == pytest.approx(0.05)
    steps = [
        s for x in events if isinstance(x, ev.Scalars) and x.split == "train" and "loss" in x.values for s in x.steps
    ]
    assert steps[-1] == 21
    assert all(math.isfinite(v) for x in events if isinstance(x, ev.Scalars) for vs in x.values.values() for v in vs)


def test_keeps_the_last_and_the_best(tmp_path):
    e = engine(tmp_path, keep_last=2, checkpoint_seconds=0.0, config={"lr": 3.0})
    events = list(e.run())
    best = events[-1].best["step"]
    kept = ckpt.steps(tmp_path / "checkpoints")
    assert best in kept
    assert ckpt.best_step(tmp_path / "checkpoints") == best
    assert set(kept) <= {20, 21, best}


def test_early_stop(tmp_path):
    e = engine(tmp_path, epochs=500, early_stop=3, config={"lr": 1e-6})
    events = list(e.run())
    assert events[-1].status == "done"
    assert e.plateau.bad == 3 or e.step == e.total
    assert e.step < e.total or e.plateau.bad < 3


def test_average_follows_its_formula():
    recipe, _ = tiny()
    average = Average(recipe, 0.75)
    before = {k: v.clone() for k, v in average.shadow.items()}
    with torch.no_grad():
        for p in recipe.net.parameters():
            p.add_(1.0)
    average.update()
    key = "net/3.weight"
    torch.testing.assert_close(average.shadow[key], before[key] + 0.25)
    live = ckpt.weights_of(recipe)[key].clone()
    with average.in_place():
        torch.testing.assert_close(ckpt.weights_of(recipe)[key], before[key] + 0.25)
    torch.testing.assert_close(ckpt.weights_of(recipe)[key], live)


def test_damaged_newest_checkpoint_falls_back(tmp_path):
    e = engine(tmp_path, keep_last=5, checkpoint_seconds=0.0)
    list(e.run())
    folder = tmp_path / "checkpoints"
    newest = folder / ckpt.name_of(21) / "model.safetensors"
    content = bytearray(newest.read_bytes())
    content[-1] ^= 1
    newest.write_bytes(bytes(content))
    found, complaints = ckpt.newest(folder)
    assert found.step == 20
    assert "model.safetensors is damaged" in complaints[0]


def test_checkpoint_of_another_model_is_refused(tmp_path):
    list(engine(tmp_path).run())
    found, _ = ckpt.newest(tmp_path / "checkpoints")
    recipe, _ = tiny()
    recipe.net[3] = torch.nn.Linear(4, 2)
    with pytest.raises(BadCheckpoint, match="another model"):
        ckpt.restore(recipe, found)


def test_checkpoint_never_unpickles_code(tmp_path):
    import hashlib
    import json
    import pickle

    list(engine(tmp_path).run())
    folder = tmp_path / "checkpoints" / ckpt.name_of(21)
    canary = tmp_path / "canary"

    class Evil:
        def __reduce__(self):
            return (canary.touch, ())

    hostile = pickle.dumps(Evil())
    (folder / "optimizers.pt").write_bytes(hostile)
    state = json.loads((folder / "state.json").read_text())
    state["hashes"]["optimizers.pt"] = hashlib.sha256(hostile).hexdigest()
    (folder / "state.json").write_text(json.dumps(state))
    with pytest.raises(BadCheckpoint):
        ckpt.load(folder)
    assert not canary.exists()


def test_unknown_live_knob_is_refused():
    recipe, _ = tiny()
    with pytest.raises(BadConfig):
        recipe.change("nothing", 1)


def test_previews_take_at_most_their_share(tmp_path):
    e = engine(tmp_path, epochs=40, preview_seconds=0.0)
    slow = e.recipe.preview

    def preview(batch):
        time.sleep(0.02)
        return slow(batch)

    e.recipe.preview = preview
    begun = time.perf_counter()
    made = sum(isinstance(x, ev.Images) for x in e.run())
    spent = time.perf_counter() - begun
    assert made <= 2 + 1 + spent * 0.05 / 0.02


def test_steps_budget_overrides_epochs(tmp_path):
    e = engine(tmp_path, steps=5)
    list(e.run())
    assert e.step == 5


def test_stop_before_start_leaves_a_checkpoint(tmp_path):
    control = Control()
    control.stop()
    events = list(engine(tmp_path, control=control).run())
    assert events[-1].status == "stopped"
    assert ckpt.steps(tmp_path / "checkpoints") == [0]
    assert list(itertools.islice((e for e in events if isinstance(e, ev.Scalars)), 1)) == []


class TwoPlayers(Tiny):
    """Two layers with an optimiser each, trained in two phases of different length."""

    phases = ("first", "second")
    phase_shares = (0.25, 1.0)

    def build(self, spec, compute):
        super().build(spec, compute)
        self.other = compute.prepare(torch.nn.Linear(4, 1))
        self.opt_g = compute.adam(self.other.parameters(), 0.1)
        self.opt_d = self.opt
        del self.opt
        self.seen = []

    def step(self, batch):
        self.seen.append(self.phase)
        self.opt = self.opt_d
        try:
            metrics = super().step(batch)
        finally:
            del self.opt
        loss = self.other(batch.x.flatten(1)).square().mean()
        self.compute.minimise(loss, self.opt_g)
        return {**metrics, "loss_g": loss.detach()}


def two_players(folder, *, control=None, start=None, steps=8):
    recipe, compute = tiny()
    torch.manual_seed(0)
    recipe = TwoPlayers(recipe.config, recipe.spec, compute)
    options = Training(steps=steps, batch_size=8, preview_seconds=1000.0, checkpoint_seconds=1000.0)
    return Engine(recipe, TinyData(), options, compute, folder, run="r", control=control, start=start)


def test_phases_may_take_shares_of_the_budget(tmp_path):
    e = two_players(tmp_path)
    list(e.run())
    assert e.recipe.seen == ["first"] * 2 + ["second"] * 8


def test_only_one_network_learns_until_all_do_again_and_a_resume_remembers(tmp_path):
    control = Control()
    e = two_players(tmp_path, control=control)
    control.set_knob("train_only", "_d")
    list(e._obey())
    before = weights(e)
    e.one_step()
    moved = {name for name, value in weights(e).items() if not torch.equal(value, before[name])}
    assert any(name.startswith("net/") for name in moved)
    assert not any(name.startswith("other/") for name in moved)
    list(e._checkpoint("asked"))
    resumed = two_players(tmp_path, start=ckpt.newest(tmp_path / "checkpoints")[0])
    resumed.one_step()
    e.one_step()
    assert same(weights(resumed), weights(e))
    control.set_knob("train_only", "")
    list(e._obey())
    before = weights(e)
    e.one_step()
    assert not torch.equal(weights(e)["other/weight"], before["other/weight"])


def test_an_unknown_network_cannot_train_alone(tmp_path):
    e = two_players(tmp_path)
    told = e._change("train_only", "_x")
    assert told.level == "warning"
    assert "_x" in told.text
