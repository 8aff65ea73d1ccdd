"""The lessons of the page, in the order of its list. The contract stands in `lessons.py`."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from studio.ui.context import Context


@dataclass(frozen=True)
class Lesson:
    """An entry of the list.

    Attributes:
        id: stable name, also the key under which the page remembers it.
        title: two or three words; the list is 200 px wide.
        topic: heading of its group; lessons of one topic stand together in the table.
        about: two to four plain sentences: what is seen, what to try.
        where: "module:class" of a QWidget that takes the Context; imported when the lesson is first chosen.
    """

    id: str
    title: str
    topic: str
    about: str
    where: str

    def load(self, context: Context) -> QWidget:
        """Import the lesson's class and build it."""
        module, _, name = self.where.partition(":")
        made: QWidget = getattr(importlib.import_module(module), name)(context)
        return made


def _lesson(lesson_id: str, title: str, topic: str, where: str, about: str) -> Lesson:
    return Lesson(lesson_id, title, topic, about, f"studio.ui.panels.lesson_{where}")


LESSONS: tuple[Lesson, ...] = (
    _lesson(
        "world-map", "Box on a map", "Counting", "basics:MapLesson",
        "The dots are drawn evenly over all land; which box makes them likeliest? Drag its corners, or point into the "
        "plane below, which shows the likelihood over two edges: one dot outside makes it zero, so the maximum stands "
        "at the brink, the smallest box. Then draw samples and reveal the land: many fall into the sea.",
    ),
    _lesson(
        "wrodl", "Fashions of Wrodl", "Counting", "basics_wrodl:WrodlLesson",
        "Fifty faces with five features each. Counting whole faces can only copy them; with a pseudocount nearly all "
        "probability goes to chance. Counting each feature for itself (naive Bayes) draws new faces that look right. "
        "Change the clothing colour to Blue01 and compare the probabilities.",
    ),
    _lesson(
        "planet-pixel", "Faces by pixels", "Counting", "basics_wrodl:PixelsLesson",
        "The same fifty faces as pictures. Naive Bayes on five meaningful features works; the same model on 1,024 "
        "pixels fails. That is the reason for deep learning: it finds features itself.",
    ),
    _lesson(
        "tins", "Biscuit tins", "Counting", "basics:TinsLesson",
        "Every picture of these tins follows from two numbers, height and width. A latent space is such a plane: each "
        "point is a picture, and a step in one direction means one thing. Move the sliders or choose a tin.",
    ),
    _lesson(
        "activations", "Activations", "Neurons", "activations:ActivationLesson",
        "A neuron bends the sum of its inputs with an activation. The solid curve is the function, the dashed one its "
        "slope: where the slope is near zero, almost nothing flows back and the neuron hardly learns. Move the input "
        "and watch both; then compare sigmoid with ReLU at x = 6.",
    ),
    _lesson(
        "losses", "Losses", "Neurons", "losses:LossLesson",
        "A loss says how wrong a prediction is; training follows its slope. Let the target be 1 and move the "
        "prediction towards 0: squared error costs 1 at most, cross-entropy grows without limit. Look at the slopes "
        "too.",
    ),
    _lesson(
        "cross-entropy", "Softmax and classes", "Neurons", "losses:CrossEntropyLesson",
        "Softmax turns three numbers (logits) into probabilities that sum to 1; the loss looks only at the probability "
        "of the right class. Add the same amount to all three logits: nothing changes. Then make a wrong class sure of "
        "itself and see how hard the gradient pulls.",
    ),
    _lesson(
        "optimisers", "Optimisers", "Learning", "optimisers:OptimiserLesson",
        "An optimiser sees only the slope under its feet. Press Play or step by step; try a rate ten times as large, "
        "or a start on the left of the curve with two minima: plain descent stays in the nearer, worse one. On the "
        "long valley let all four run against each other.",
    ),
    _lesson(
        "depth", "Vanishing gradients", "Learning", "depth:DepthLesson",
        "On its way back a gradient is multiplied once per layer. With 30 sigmoid layers nearly nothing arrives at "
        "the first one; a shortcut around each layer (as in ResNet) keeps it alive. Find the weight size at which "
        "plain ReLU layers neither vanish nor explode: √2.",
    ),
    _lesson(
        "batch-norm", "Batch normalisation", "Learning", "batchnorm:BatchNormLesson",
        "In training each batch is moved to mean β and deviation γ by its own statistics; meanwhile running "
        "statistics are remembered, and evaluation uses those. Right after the start both differ widely: step through"
        " batches until they agree. Then try a batch of 2.",
    ),
    _lesson(
        "dropout", "Dropout", "Learning", "dropout:DropoutLesson",
        "In training a random share of the units is switched off, so that no unit can rely on another one. Every step "
        "draws anew. The mean over many draws settles at the value of evaluation, where all units work.",
    ),
    _lesson(
        "convolution", "Convolution, pooling", "Convolution", "convolution:ConvolutionLesson",
        "A small kernel slides over the picture; at each place the products are summed into one output. Play the "
        "window, edit kernel and picture, and see what stride, padding and dilation do to the size. Foster's patch "
        "gives 2.8 with the filter for horizontal edges.",
    ),
    _lesson(
        "transposed", "Transposed convolution", "Convolution", "transposed:TransposedLesson",
        "To make a picture larger, every pixel can stamp the kernel (transposed convolution), or pixels are repeated "
        "and then convolved. With kernel 3 and stride 2 even grey becomes a checkerboard; kernel 4 repairs it, and so"
        " does repeating.",
    ),
    _lesson(
        "gaussians", "KL, JS and EMD", "Distances", "distances:GaussianLesson",
        "Three ways to say how far a generator is from the data. Move the generator away: KL explodes, JS flattens "
        "out at ln 2 and has no slope left to learn from, the earth mover's distance grows evenly. Swap the "
        "deviations to see that KL is not symmetric.",
    ),
    _lesson(
        "lines", "Two parallel lines", "Distances", "distances:LinesLesson",
        "The example behind Wasserstein GANs: real and generated points lie on two lines that share no point. Move θ:"
        " KL is infinite and JS constant wherever the line stands; only the earth mover's distance tells the "
        "generator which way to go.",
    ),
    _lesson(
        "piles", "Moving piles", "Distances", "piles:PilesLesson",
        "The earth mover's distance is the least work (mass × distance) that turns the piles above into the holes "
        "below. Change masses and places; the plan is computed anew. Put both holes at one place: then there is only "
        "one plan.",
    ),
    _lesson(
        "boundary", "LSGAN's boundary", "Critics", "critics:BoundaryLesson",
        "These fakes lie on the real side of the boundary but far from real points. Sigmoid cross-entropy is content "
        "and hardly pulls; least squares pulls them back to score 1. Play with one loss, go back, and play with the "
        "other.",
    ),
    _lesson(
        "lipschitz", "Lipschitz cone", "Critics", "critics:LipschitzLesson",
        "A Wasserstein critic must be 1-Lipschitz: nowhere steeper than 1. Put the tip of the double cone anywhere on"
        " the curve; the curve must not enter the space above and below it. Make the curve faster until it breaks the"
        " rule.",
    ),
)  # fmt: skip
"""Lessons of one topic stand together."""
