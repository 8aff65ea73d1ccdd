"""The doctor on planted cases: each illness is found, said and helped; health is left alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from studio.quality.balance import balance
from studio.quality.doctor import examine
from studio.quality.evidence import Evidence, collect
from studio.quality.features import feature_net
from studio.quality.measures import compare
from studio.quality.remedies import REMEDIES, fitting
from tests.quality import planted

COUNT = 300


def judged(world, net, fakes, series=None):
    compared = compare(fakes, world.data, net)
    evidence, _ = collect(fakes, world.data, net, compared, balance(series or planted.series()))
    return examine(evidence)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("count", [64, COUNT])
def test_a_healthy_run_is_left_alone_also_with_few_samples(world, net, seed, count):
    found = judged(world, net, planted.drawn(world.unseen, count, seed), planted.series(seed=seed))
    assert [f.kind for f in found] == ["healthy"]
    assert found[0].sentence.startswith("Nothing is wrong: it draws 10 of 10 classes, it copies nothing")


def test_a_generator_that_draws_two_classes_has_collapsed(world, net):
    two = world.unseen[np.isin(world.unseen_labels, [3, 7])]
    [first, *_] = judged(world, net, planted.drawn(two, COUNT, 0))
    assert first.kind == "collapsed"
    covered = int(first.numbers["classes_covered"])
    assert covered in (2, 3)  # the classifier may take one sloppy 3 for something else
    assert first.sentence.startswith(f"The generator has collapsed: it draws {covered} of 10 classes, mostly ")
    assert any(remedy.recipe == "wgan-gp" for remedy in first.remedies)


def test_a_generator_that_knows_five_pictures_has_collapsed(world, net):
    five = world.unseen[[np.flatnonzero(world.unseen_labels == c)[0] for c in (0, 2, 4, 6, 8)]]
    found = judged(world, net, planted.drawn(five, COUNT, 0))
    assert found[0].kind == "collapsed"
    assert found[0].pictures  # equal pictures are pointed at


def test_a_missing_class_is_named(world, net):
    most = world.unseen[world.unseen_labels != 4]
    [first] = judged(world, net, planted.drawn(most, COUNT, 0))
    assert first.sentence == "Modes are lost: it draws 9 of 10 classes; 4 never comes."


def test_a_generator_that_returns_training_pictures_has_memorised_them(world, net):
    fakes = planted.drawn(planted.train_pixels(world), COUNT, 0)
    [first, *rest] = judged(world, net, fakes)
    assert first.kind == "memorised"
    assert first.sentence.startswith("It repeats training pictures: ")
    assert first.numbers["copies"] > 0.5 * first.numbers["of"]
    assert first.pictures
    assert not rest


def test_a_discriminator_that_wins_is_found_with_the_gradient_it_leaves(world, net):
    steps = 1200
    sick = planted.series(
        acc_real=np.ones(steps),
        acc_fake=np.ones(steps),
        grad_norm_g=np.geomspace(2, 1e-6, steps),
        loss_d=np.full(steps, 1e-4),
    )
    scribbles = np.random.default_rng(0).integers(0, 256, (COUNT, 8, 8, 1), np.uint8)
    first = judged(world, net, scribbles, sick)[0]
    assert first.kind == "discriminator"
    assert first.sentence == (
        "The discriminator has won: it judges 100 % of real and 100 % of generated pictures right,"
        " and the generator gets no gradient any more."
    )
    assert [remedy.how for remedy in first.remedies][:2] == ["live", "branch"]


def test_a_sure_discriminator_is_only_noted_while_the_pictures_are_good(world, net):
    steps = 1200
    sure = planted.series(acc_real=np.ones(steps), acc_fake=np.ones(steps))
    [first] = judged(world, net, planted.drawn(world.unseen, COUNT, 1), sure)
    assert first.kind == "discriminator"
    assert "still good" in first.sentence
    assert first.severity < 0.5


def test_a_fooled_discriminator_is_found(world, net):
    fooled = planted.series(acc_real=np.full(1200, 0.3), acc_fake=np.full(1200, 0.2))
    [first] = judged(world, net, planted.drawn(world.unseen, COUNT, 1), fooled)
    assert first.kind == "generator"
    assert "25 %" in first.sentence


def test_swings_are_found_with_their_period(world, net):
    at = np.arange(1200)
    swinging = planted.series(
        loss_d=0.6 + 0.3 * np.sin(2 * np.pi * at / 60), loss_g=1.5 - 0.8 * np.sin(2 * np.pi * at / 60)
    )
    [first] = judged(world, net, planted.drawn(world.unseen, COUNT, 1), swinging)
    assert first.kind == "swinging"
    assert first.sentence.startswith("The two networks chase each other")
    assert first.sentence.endswith("about every 60 steps.")


def test_scribbles_are_not_the_data_yet(world, net):
    scribbles = np.random.default_rng(1).integers(0, 256, (COUNT, 8, 8, 1), np.uint8)
    found = judged(world, net, scribbles)
    assert "unlike" in [f.kind for f in found]
    assert not any("never come" in f.sentence for f in found)  # the classes of scribbles mean nothing


def test_a_broken_run_comes_first():
    values = np.r_[np.ones(600), np.full(600, np.nan)]
    found = examine(Evidence(count=0, balance=balance(planted.series(loss_d=values))))
    assert found[0].kind == "broken"
    assert "step 601" in found[0].sentence
    assert examine(Evidence(count=0, error="The loss is not finite at step 7."))[0].kind == "broken"


def test_no_evidence_is_no_alarm():
    assert [f.kind for f in examine(Evidence(count=0))] == ["healthy"]


def test_remedies_fit_the_run():
    present = {"lr_d": 2e-4, "lr_g": 1e-4, "label_noise": 0.2, "steps": 500, "epochs": 10}
    waiting = fitting(REMEDIES["discriminator"], present, ["wgan-gp"], training=False)
    assert [p.remedy.title for p in waiting] == ["Slow the discriminator down", "Start again as WGAN-GP"]
    assert waiting[0].settings == {"lr_d": 1e-4}  # targets are softer already, and there is no dropout to set
    live = fitting(REMEDIES["discriminator"], present, [], training=True)
    assert live[0].settings == {"train_only": "_g"}
    assert fitting(REMEDIES["healthy"], present, [], training=False)[0].settings == {"steps": 1000}
    assert fitting(REMEDIES["healthy"], {"steps": 0, "epochs": 10}, [], training=False)[0].settings == {"epochs": 20}


def test_data_without_labels_is_judged_through_the_backbone(world, tmp_path):
    unlabelled = replace(world.data, spec=replace(world.data.spec, classes=()))
    net = feature_net(unlabelled, tmp_path)
    [healthy] = judged(replace(world, data=unlabelled), net, planted.drawn(world.unseen, COUNT, 0))
    assert healthy.sentence.startswith("Nothing is wrong: it copies nothing, its pictures are ")
    five = world.unseen[[np.flatnonzero(world.unseen_labels == c)[0] for c in (0, 2, 4, 6, 8)]]
    sick = judged(replace(world, data=unlabelled), net, planted.drawn(five, COUNT, 0))[0]
    assert sick.kind == "collapsed"
    assert sick.sentence.startswith("The generator has collapsed: it only knows about ")


@pytest.mark.parametrize(("alike", "ill"), [(0.3, True), (0.55, True), (0.7, False), (1.0, False)])
def test_pictures_that_differ_much_less_than_real_ones_are_a_collapse(alike, ill):
    [found] = examine(Evidence(count=100, alike=alike, alike_pixels=alike, precision=0.8, real_precision=0.9))
    assert (found.kind == "collapsed") == ill
    assert ("differ only" in found.sentence) == ill


def critic_series(distance, **more):
    """Metric series of a run with a Wasserstein critic: no accuracies."""
    noise = 1 + 0.05 * np.random.default_rng(0).normal(size=len(distance))
    made = planted.series(len(distance), loss_d=-distance * noise, wasserstein=distance * noise, **more)
    return {name: values for name, values in made.items() if not name.startswith("acc_")}


AT = np.arange(1, 2001)
FALLING, GROWING = 5 / (1 + AT / 500), np.exp(AT / 400)


@pytest.mark.parametrize(
    ("distance", "clipped", "kinds"),
    [
        (FALLING, 0.7, ["healthy"]),
        (GROWING, 0.7, ["critic"]),
        (FALLING, 0.99, ["clipped"]),
        (GROWING, 0.99, ["critic", "clipped"]),
    ],
)
def test_a_critic_gets_a_verdict_too(distance, clipped, kinds):
    series = critic_series(distance, clipped=np.full(len(distance), clipped))
    found = examine(Evidence(count=100, precision=0.3, real_precision=0.9, balance=balance(series)))
    assert [f.kind for f in found] == kinds


def test_a_critic_that_runs_away_is_told_with_its_growth_and_what_helps(world, net):
    scribbles = np.random.default_rng(0).integers(0, 256, (COUNT, 8, 8, 1), np.uint8)
    first = judged(world, net, scribbles, critic_series(GROWING))[0]
    assert first.kind == "critic"
    assert first.sentence.startswith("The critic runs away from the generator: its distance between real and generated")
    assert first.sentence.endswith("-fold since step 1,001 and still grows.")
    present = {"penalty": 10.0, "lr_d": 2e-4, "lr_g": 2e-4}
    tighter, slower = fitting(first.remedies, present, [], training=False)
    assert (tighter.before, tighter.settings) == ({"penalty": 10.0}, {"penalty": 20.0})
    assert slower.settings == {"lr_d": 1e-4, "lr_g": 1e-4}


def test_a_critic_of_good_pictures_is_only_noted(world, net):
    [first] = judged(world, net, planted.drawn(world.unseen, COUNT, 1), critic_series(GROWING))
    assert first.kind == "critic"
    assert "still good" in first.sentence
    assert first.severity < 0.5
