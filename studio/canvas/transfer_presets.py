"""Settings of a transfer with a name: the books' own, and looks for the bundled network."""

from __future__ import annotations

from typing import Any

CAFFE_STYLE = "block1_conv1:1, block2_conv1:1, block3_conv1:1, block4_conv1:1, block5_conv1:1"
ONE_SCALE = {"smallest": 16384, "style_fit": "stretch", "pooling": "max", "average": 0.0, "scaling": "code"}
"""The books work at one size, on a style stretched to the content's shape, with VGG19 as it is."""

PRESETS: dict[str, dict[str, Any]] = {
    "chollet": {
        "title": "Chollet 12.3",
        "about": "The book's run to the letter: VGG19 with Caffe's weights, gradient descent, 4,000 steps. The book's "
        "picture is 400 px high; the size here is the longer side, 533 px for its 4:3 picture.",
        "settings": {
            "backbone": "vgg19-caffe",
            "content_layers": "block5_conv2:1",
            "style_layers": CAFFE_STYLE,
            "content": 2.5e-8,
            "style": 1e-6,
            "tv": 1e-6,
            "optimizer": "sgd",
            "rate": 100.0,
            "decay": 0.96,
            "iterations": 4000,
            "size": 533,
            **ONE_SCALE,
        },
    },
    "foster": {
        "title": "Foster, 1st edition, chapter 5",
        "about": "Content 1, style 100, total variation 20 with L-BFGS, at most 20 evaluations per iteration. The book "
        "shows iterations 1, 200 and 400 of 1,000 and does not say the size.",
        "settings": {
            "backbone": "vgg19-caffe",
            "content_layers": "block5_conv2:1",
            "style_layers": CAFFE_STYLE,
            "content": 1.0,
            "style": 100.0,
            "tv": 20.0,
            "optimizer": "lbfgs",
            "evaluations": 20,
            "iterations": 1000,
            "size": 533,
            **ONE_SCALE,
        },
    },
    "brush-strokes": {
        "title": "Brush strokes",
        "about": "The picture repainted in the style's strokes and colours; things stay where they are.",
        "settings": {},
    },
    "bold": {
        "title": "Bold",
        "about": "The style leads: large shapes of it, the content only hinted at.",
        "settings": {"style": 10.0, "content": 0.5, "style_scale": 1.4},
    },
    "subtle": {
        "title": "Subtle",
        "about": "The photograph stays a photograph, with a touch of the style's colours and surface.",
        "settings": {"style": 0.05, "content": 4.0, "smallest": 256},
    },
    "mosaic": {
        "title": "Mosaic",
        "about": "Small pieces of the style everywhere: the style picture at less than half its size.",
        "settings": {"style": 3.0, "style_scale": 0.4},
    },
    "ink": {
        "title": "Ink",
        "about": "Only light and dark take the style; every colour of the photograph stays.",
        "settings": {"colours": "luminance"},
    },
    "colours-only": {
        "title": "Colours only",
        "about": "The style's palette on the untouched photograph, in one step.",
        "settings": {"colours": "only"},
    },
    "print": {
        "title": "Print",
        "about": "2,000 px in tiles, with few steps at the large sizes: for paper. Takes a while.",
        "settings": {"size": 2000, "iterations": 40, "tile": 768, "growth": 1.6},
    },
}
