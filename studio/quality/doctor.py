"""The GAN doctor: from evidence to findings, the worst first; each with one plain sentence, its numbers and remedies.

Every rule compares the generated pictures with as many real ones that the model has never seen, put through the same
tests, so that a small sample, a blurry style or repeats in the data do not look like an illness.

Sources: Arjovsky and Bottou 2017, arXiv:1701.04862 (a discriminator that wins leaves no gradient); Salimans 2016,
arXiv:1606.03498 (one-sided label smoothing); Gulrajani 2017, arXiv:1704.00028 (gradient penalty); Heusel 2017,
arXiv:1706.08500 (two rates); Yazici 2019, arXiv:1806.04498 (averaged weights against swings); Arora 2017,
arXiv:1706.08224 (birthday test).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from studio.quality.chance import at_least, at_most
from studio.quality.evidence import Evidence
from studio.quality.remedies import REMEDIES, Remedy

Illness = Literal[
    "broken", "memorised", "collapsed", "discriminator", "critic", "clipped", "generator", "swinging", "unlike"
]
Kind = Illness | Literal["healthy"]

ALIKE = 0.6
"""Pairs of pictures closer than this share of what real pairs differ by are too much alike."""
MORE_PAIRS = 10
"""Equal pairs must be this many times more frequent than among real pictures."""
CHANCE = 1e-3
"""What would happen by chance more rarely than this is taken as evidence."""
CERTAIN = 0.8
"""The discriminator has won when it is certain at this share of the steps."""
FOOLED = 0.35
"""The discriminator is worse than guessing when it judges fewer right than this."""
GRADIENT_GONE = 0.01
GROWN = 2.0
"""A critic's distance that grew by this factor over the newer half of a run, from part to part, has no bound."""
AT_CLIP = 0.95
"""Share of clipped weights: many of them stand at the clip in every WGAN, in a working one not nearly all."""
SWING_SHARE, SWING_SIZE = 0.3, 0.1
"""White or wandering noise keeps below 0.2 (see the tests); swings below a tenth of the loss do no harm."""
GOOD, UNLIKE = 0.6, 0.25
"""Precision by that of held-out pictures: above, a discriminator may be far ahead; below, it is not the data yet."""
COPIES_MORE = 0.05
"""Copies must be this much more frequent than among held-out pictures."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or that nothing is.

    Attributes:
        kind: which.
        severity: 0 (healthy) to 1.
        sentence: for people.
        numbers: what it rests on, name -> value.
        pictures: indices of generated pictures that show it.
        remedies: what can be done, the most promising first.
    """

    kind: Kind
    severity: float
    sentence: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    pictures: tuple[int, ...] = ()
    remedies: tuple[Remedy, ...] = ()


def examine(evidence: Evidence) -> list[Finding]:
    """Return the findings, the worst first; exactly one "healthy" when nothing is wrong."""
    rules: Sequence[Callable[[Evidence], Finding | None]] = (
        _broken,
        _memorised,
        _collapsed,
        _discriminator_won,
        _discriminator_lost,
        _critic_runs_away,
        _critic_too_simple,
        _swinging,
        _unlike,
    )
    found = [finding for rule in rules if (finding := rule(evidence)) is not None]
    return sorted(found, key=lambda f: -f.severity) or [_healthy(evidence)]


def _finding(
    kind: Kind,
    severity: float,
    sentence: str,
    numbers: Mapping[str, float | None],
    pictures: Iterable[int] = (),
) -> Finding:
    known = {name: float(value) for name, value in numbers.items() if value is not None}
    return Finding(kind, severity, sentence, known, tuple(int(i) for i in pictures), REMEDIES[kind])


def _broken(e: Evidence) -> Finding | None:
    if e.balance is not None and (step := e.balance.broken_at) is not None:
        sentence = f"The run broke: a loss was not a finite number at step {step:,}."
        return _finding("broken", 1.0, sentence, {"step": step})
    if "finite" in e.error:
        return _finding("broken", 1.0, f"The run broke: {e.error.rstrip('.')}.", {})
    return None


def _memorised(e: Evidence) -> Finding | None:
    """More copies of training pictures than held-out pictures seem to be, beyond chance and beyond one in twenty."""
    if e.nearest is None:
        return None
    copies, count = e.nearest.copies, len(e.nearest.ratio)
    held_out = e.real_nearest
    seen, of = (0, count) if held_out is None else (len(held_out.copies), len(held_out.ratio))
    usual = (seen + 1) / (of + 2)  # Laplace: none seen is not never
    share = len(copies) / count
    if share < usual + COPIES_MORE or at_least(len(copies), count, usual) > CHANCE:
        return None
    sentence = (
        f"It repeats training pictures: {len(copies)} of {count} samples are nearly the same as one it was trained on."
    )
    numbers = {"copies": len(copies), "of": count, "share_of_held_out": usual}
    return _finding("memorised", 0.7 + 0.25 * share, sentence, numbers, copies[:12])


def _collapsed(e: Evidence) -> Finding | None:
    """Pictures too much alike, or a few that repeat, or classes that never come although they should."""
    alike = _too_alike(e)
    few = _few_pictures(e)
    lost = () if _is_unlike(e) else _lost_classes(e)  # nobody can tell what class scribbles are
    if not (alike or few or lost):
        return None
    numbers = {
        "alike": e.alike,
        "alike_pixels": e.alike_pixels,
        "different_pictures": e.repeats.support if e.repeats is not None and few else None,
        "classes_covered": e.coverage.covered if e.coverage is not None else None,
        "largest_share": e.coverage.largest_share if e.coverage is not None else None,
    }
    pairs = e.repeats.pairs[:6].flatten().tolist() if e.repeats is not None and (few or alike) else []
    severity = 0.95 if alike or few else 0.5 + 0.45 * len(lost) / max(len(e.class_names), 1)
    return _finding("collapsed", severity, _collapse_sentence(e, lost, few=few, alike=alike), numbers, pairs)


def _collapse_sentence(e: Evidence, lost: tuple[int, ...], *, few: bool, alike: bool) -> str:
    c = e.coverage
    if c is not None and lost:
        mostly = f", mostly {e.class_names[c.largest]} ({_percent(c.largest_share)})" if c.largest_share > 0.3 else ""
        collapsed = alike or few or 2 * c.covered <= len(e.class_names)
        what = "The generator has collapsed" if collapsed else "Modes are lost"
        return f"{what}: it draws {c.covered} of {len(e.class_names)} classes{mostly}; {_names(e, lost)}."
    if few and e.repeats is not None:
        if e.repeats.support < 2:
            return "The generator has collapsed: it always draws nearly the same picture."
        return f"The generator has collapsed: it only knows about {_round(e.repeats.support)} different pictures."
    assert e.alike is not None
    return f"The generator has collapsed: its pictures differ only {_percent(e.alike)} as much as real ones."


def _names(e: Evidence, lost: tuple[int, ...]) -> str:
    """Say which classes never come, at most four by name."""
    names = [e.class_names[i] for i in lost]
    if len(names) == 1:
        return f"{names[0]} never comes"
    shown, rest = (names[:3], f"{len(names) - 3} more") if len(names) > 4 else (names[:-1], names[-1])
    return f"{', '.join(shown)} and {rest} never come"


def _too_alike(e: Evidence) -> bool:
    """Whether pairs are too close; for pictures unlike the data, whose features mean little, in pixels too."""
    if e.alike is None or e.alike_pixels is None:
        return False
    return e.alike < ALIKE and (e.alike_pixels < ALIKE or not _is_unlike(e))


def _few_pictures(e: Evidence) -> bool:
    """Whether the birthday test finds fewer different pictures than were drawn, and real ones hardly repeat."""
    if e.repeats is None or e.repeats.bound:
        return False
    usual = len(e.real_repeats.pairs) if e.real_repeats is not None else 0
    return e.repeats.support < e.repeats.count and len(e.repeats.pairs) > MORE_PAIRS * max(usual, 1)


def _lost_classes(e: Evidence) -> tuple[int, ...]:
    """Return missing classes that a faithful generator would have drawn, beyond chance (corrected for their number)."""
    c = e.coverage
    if c is None:
        return ()
    total, classes = int(c.counts.sum()), max(len(c.expected), 1)
    return tuple(i for i in c.missing if at_most(int(c.counts[i]), total, float(c.expected[i])) < CHANCE / classes)


def _discriminator_won(e: Evidence) -> Finding | None:
    b = e.balance
    if b is None or b.certain is None or b.acc_real is None or b.acc_fake is None:
        return None
    if b.certain < CERTAIN:
        return None
    gone = b.grad_g_kept is not None and b.grad_g_kept < GRADIENT_GONE
    good = not gone and e.likeness is not None and e.likeness > GOOD
    told = f"it judges {_percent(b.acc_real)} of real and {_percent(b.acc_fake)} of generated pictures right"
    sentence = f"The discriminator has won: {told}{', and the generator gets no gradient any more' if gone else ''}."
    if good:
        sentence = f"The discriminator is far ahead ({told}), though the pictures are still good."
    numbers = {
        "acc_real": b.acc_real,
        "acc_fake": b.acc_fake,
        "certain": b.certain,
        "grad_g": b.grad_g,
        "grad_g_kept": b.grad_g_kept,
    }
    return _finding("discriminator", 0.35 if good else 0.97, sentence, numbers)


def _discriminator_lost(e: Evidence) -> Finding | None:
    b = e.balance
    if b is None or b.acc_real is None or b.acc_fake is None or (b.acc_real + b.acc_fake) / 2 > FOOLED:
        return None
    right = (b.acc_real + b.acc_fake) / 2
    sentence = (
        f"The discriminator is fooled by nearly everything: it judges only {_percent(right)} of the pictures right."
    )
    return _finding("generator", 0.6, sentence, {"acc_real": b.acc_real, "acc_fake": b.acc_fake})


def _critic_runs_away(e: Evidence) -> Finding | None:
    """The distance between real and generated pictures only grows."""
    c = e.balance.critic if e.balance is not None else None
    if c is None or c.grown < GROWN:
        return None
    good = e.likeness is not None and e.likeness > GOOD
    grown = f"its distance between real and generated pictures has grown {c.grown:.1f}-fold since step {c.since:,}"
    sentence = f"The critic runs away from the generator: {grown} and still grows."
    if good:
        sentence = f"The critic gains on the generator ({grown}), though the pictures are still good."
    return _finding("critic", 0.3 if good else 0.85, sentence, {"distance": c.distance, "grown": c.grown})


def _critic_too_simple(e: Evidence) -> Finding | None:
    """Nearly every weight of a clipped critic stands at the clip."""
    c = e.balance.critic if e.balance is not None else None
    if c is None or c.clipped is None or c.clipped < AT_CLIP:
        return None
    good = e.likeness is not None and e.likeness > GOOD
    told = f"{_percent(c.clipped)} of the critic's weights stand at the clip"
    sentence = f"The critic has become too simple: {told}, so that it hardly tells pictures apart."
    if good:
        sentence = f"{told}; it could tell pictures apart more finely, though they are good already."
    return _finding("clipped", 0.2 if good else 0.55, sentence, {"clipped": c.clipped, "distance": c.distance})


def _swinging(e: Evidence) -> Finding | None:
    if e.balance is None or not e.balance.swings:
        return None
    name, worst = max(e.balance.swings.items(), key=lambda item: item[1].share)
    if worst.share < SWING_SHARE or worst.size < SWING_SIZE:
        return None
    which, period = {"loss_d": "discriminator's", "loss_g": "generator's"}[name], _round(worst.period)
    sentence = f"The two networks chase each other: the {which} loss swings up and down about every {period} steps."
    numbers = {"share": worst.share, "period": worst.period, "size": worst.size}
    return _finding("swinging", 0.4 + 0.3 * min(worst.share, 1.0), sentence, numbers)


def _is_unlike(e: Evidence) -> bool:
    return e.likeness is not None and e.likeness < UNLIKE


def _unlike(e: Evidence) -> Finding | None:
    if not _is_unlike(e):
        return None
    assert e.precision is not None
    assert e.real_precision is not None
    passed = f"only {_percent(e.precision)}" if e.precision >= 0.005 else "hardly any"
    sentence = (
        f"It does not draw the data yet: {passed} of its pictures pass for real"
        f" (of held-out pictures {_percent(e.real_precision)})."
    )
    numbers = {"precision": e.precision, "precision_of_held_out": e.real_precision}
    return _finding("unlike", 0.75, sentence, numbers)


def _healthy(e: Evidence) -> Finding:
    parts = ["it copies nothing"] if e.nearest is not None else []
    if e.coverage is not None:
        parts.insert(0, f"it draws {e.coverage.covered} of {len(e.class_names)} classes")
    if e.alike is not None:
        parts.append(f"its pictures are {_percent(e.alike)} as varied as real ones")
    numbers = {"alike": e.alike, "precision": e.precision, "precision_of_held_out": e.real_precision}
    return _finding("healthy", 0.0, f"Nothing is wrong: {', '.join(parts)}." if parts else "Nothing is wrong.", numbers)


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %")


def _round(value: float) -> str:
    """Write a rough number with two digits that mean something."""
    if value < 1:
        return "1"
    digits = max(0, math.floor(math.log10(value)) - 1)
    return f"{round(value, -digits):,.0f}"
