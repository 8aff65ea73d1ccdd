"""The bundled backbone: a plain convolutional network small enough to ship, trained to have features worth looking at.

Four blocks of 3x3 convolutions with max-pooling between them, as in VGG (Simonyan and Zisserman 2015, arXiv:1409.1556),
at a seventh of VGG19's channels. `packaging/backbone/train.py` trains it with batch normalisation, which is folded into
the convolutions for shipping, so that here every convolution is followed by a ReLU and nothing else.

Sources: our own weights (MIT, as the project); trained on CIFAR-10 (Krizhevsky 2009) and on generated textures.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from torch import Tensor, nn

BLOCKS = ((32, 64), (96, 128), (192, 256), (320, 384, 384))
"""Output channels of each convolution; max-pooling between the blocks."""


class CompactNet(nn.Module):
    """Input (N, 3, H, W), standardised; output logits (N, classes).

    Args:
        classes: size of the output.
        blocks: channels of the convolutions of each block.
        normalised: with batch normalisation, as it is trained; without, as it is shipped.
    """

    def __init__(self, classes: int, blocks: Sequence[Sequence[int]] = BLOCKS, *, normalised: bool = False) -> None:
        super().__init__()
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        channels = 3
        for b, block in enumerate(blocks, 1):
            for c, width in enumerate(block, 1):
                layers[f"conv{b}_{c}"] = nn.Conv2d(channels, width, 3, padding=1, bias=not normalised)
                if normalised:
                    layers[f"norm{b}_{c}"] = nn.BatchNorm2d(width)
                layers[f"relu{b}_{c}"] = nn.ReLU(inplace=normalised)
                channels = width
            if b < len(blocks):
                layers[f"pool{b}"] = nn.MaxPool2d(2)
        self.features = nn.Sequential(layers)
        self.classifier = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, classes) of pictures of any size."""
        logits: Tensor = self.classifier(self.features(x).mean(dim=(2, 3)))
        return logits
