"""Fine-tuning: a network that has already learned to see gets a new last layer for your classes.

    p = softmax(W mean_hw φ(x) + b)

φ are the features of a pretrained network at one of its layers. Only W and b learn at first; letting the last layers
of φ learn too ("fine-tuning") fits them to the new pictures. Few examples suffice, because φ knows edges, textures and
parts already. Yosinski 2014, arXiv:1411.1792.

Used in: Atienza, Advanced Deep Learning with Keras (2018), 2.2 and 2.4, names transfer learning from ResNet50 and
DenseNet as the reason for building them; there is no experiment.

What we do differently: the studio's own compact network is the default, which needs no download; torchvision's take its
place once their weights are here (`generative-studio backbones list`). Batch normalisation is folded into the
convolutions, so its statistics cannot drift while little data is seen. Small pictures are enlarged to what
the network was made for. The checkpoint holds the whole network.

What to expect: not measured yet. The compact network was trained on CIFAR-10, whose accuracy is therefore no test of
it: use pictures it has not seen.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Annotated

import torch.nn.functional as F
from torch import Tensor, nn

from studio.canvas.backbone import LOGIT, Backbone, Chain
from studio.canvas.backbones import open_backbone
from studio.core.compute import Compute
from studio.core.errors import BadConfig
from studio.core.knobs import Knob
from studio.core.recipe import Preset
from studio.core.registry import register
from studio.core.spec import DataSpec
from studio.core.store import default_workspace
from studio.nn.classification import Classifier, OptimiserName, optimiser
from studio.nn.dropout import Dropout
from studio.nn.keras import Dense


class Tuned(nn.Module):
    """Pictures (N, C, H, W), grey or colour, 0..1 -> logits (N, K).

    Args:
        backbone: whose features are used; it is copied.
        classes: K.
        config: the recipe's.
    """

    def __init__(self, backbone: Backbone, classes: int, config: FineTune.Config) -> None:
        super().__init__()
        layers = [layer for layer in backbone.layers if layer.name != LOGIT]
        chosen = backbone.layer(config.layer) if config.layer else layers[-1]
        if chosen.name == LOGIT:
            raise BadConfig("The answers of a network are no features.", f"Take a layer such as {layers[-1].name}.")
        self.layer, self.preprocessing = chosen.name, backbone.preprocessing
        self.side = max(config.side, backbone.smallest)
        chain = copy.deepcopy(backbone.module).requires_grad_(False)
        assert isinstance(chain, Chain)  # every registered network and every file is one
        chain.head = None  # its own classes are not asked for
        self.features = chain
        self.head = nn.Sequential(Dropout(config.dropout), Dense(chosen.channels, classes))

    def thaw(self, layers: int) -> None:
        """Let the last modules with weights, up to the chosen layer, learn; at most as many as there are."""
        if not layers:
            return
        steps = [name for name, _ in self.features.steps.named_children()]
        used = steps[: steps.index(self.features.taps[self.layer]) + 1]
        owners = [self.features.steps.get_submodule(name) for name in used]
        for module in [m for m in owners if any(True for _ in m.parameters())][-layers:]:
            module.requires_grad_(True)

    def forward(self, x: Tensor) -> Tensor:
        """Look with trained eyes, then answer."""
        if min(x.shape[-2:]) < self.side:
            x = F.interpolate(x, (self.side, self.side), mode="bilinear", align_corners=False)
        seen = self.features(self.preprocessing(x.expand(-1, 3, -1, -1)), (self.layer,))[self.layer]  # (N, F, h, w)
        logits: Tensor = self.head(seen.mean(dim=(2, 3)))
        return logits


def _preset(name: str, title: str, expects: str, **config: object) -> Preset:
    return Preset(
        name=name,
        title=title,
        source="Atienza 2.2 and 2.4, named",
        data="cifar10",
        config=config,
        training={"epochs": 5, "batch_size": 64},
        data_options={"flip": True},
        shape=(3, 32, 32),
        expects=expects,
    )


@register(
    "fine-tune", title="Fine-tuning", family="classifier", sources="Yosinski 2014 arXiv:1411.1792; Atienza 2.2, 2.4"
)
class FineTune(Classifier):
    """A pretrained network learns new names."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Knobs of the pretrained network and its new head."""

        backbone: Annotated[str, Knob("Network", help="See `generative-studio backbones list`.")] = "compact"
        layer: Annotated[str, Knob("Layer", help="Whose features are used; empty is the deepest.")] = ""
        thawed: Annotated[
            int, Knob("Layers that learn", 0, 100, help="Counted from the end; 0 trains only the new head.")
        ] = 0
        side: Annotated[int, Knob("Working size", 0, 512, unit="px", help="Smaller pictures are enlarged to it.")] = 32
        dropout: Annotated[float, Knob("Dropout", 0.0, 0.95, help="Before the new last layer.")] = 0.0
        l2: Annotated[float, Knob("L2 on kernels", 0.0, 1.0, help="Adds λ Σ w² to the loss.", group="Optimiser")] = 0.0
        optimiser: Annotated[OptimiserName, Knob("Optimiser", group="Optimiser")] = "adam"
        lr: Annotated[float, Knob("Learning rate", 1e-6, 10.0, log=True, live=True, group="Optimiser")] = 1e-3

    config: Config
    presets = (
        _preset("compact", "New head on the bundled network", "No figure in the book."),
        _preset(
            "compact-tuned",
            "Bundled network, last three layers learn",
            "No figure in the book.",
            thawed=3,
            lr=1e-4,
        ),
    )

    def build(self, spec: DataSpec, compute: Compute) -> None:
        """Open the backbone, give it a new head, and create the optimiser.

        Raises:
            NotAvailable: the backbone's weights are not here.
        """
        c = self.config
        network = Tuned(open_backbone(c.backbone, default_workspace()), len(spec.classes), c)
        network.thaw(c.thawed)
        self.network = compute.prepare(network)
        self.opt = optimiser(compute, c.optimiser, self.network, c.lr, c.l2)
