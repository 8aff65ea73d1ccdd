"""The networks that can be had, as data: neither torch nor torchvision is needed to list them.

File names and addresses are those of torchvision's weights (a test compares them). The layers of each network are
tabulated in `studio.canvas.backbones.plans`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from studio.core.errors import BadConfig

ADDRESS = "https://download.pytorch.org/models/"
"""Where torchvision's weights are; a file's name holds the beginning of its SHA-256."""
Source = Literal["bundled", "download", "file"]
Inputs = Literal["imagenet", "symmetric", "caffe", "original"]

_TORCHVISION = "BSD-3-Clause (torchvision); trained on ImageNet: check its terms for your use"
_CAFFE = "CC BY 4.0 (Visual Geometry Group, University of Oxford); trained on ImageNet"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One network of the registry.

    Attributes:
        id: what a person and a recipe call it.
        title: for people.
        about: what it is good for, with its paper.
        network: torchvision's name of the architecture, "" for our own.
        file: name of the weights file, "" where there is no address.
        megabytes: size of the download, 10^6 bytes.
        licence: of the weights.
        source: "bundled", "download", or "file" (only from a person's own file).
        inputs: what pictures it takes: "imagenet" (standardised RGB), "symmetric" (-1..1), "caffe" (BGR 0..255 minus
            means), "original" (the same numbers as Caffe, but RGB).
        classifier: the weights have the 1,000 classes of ImageNet.
        dream, content, style: default objectives (see `studio.canvas.objective`).
        smallest: smallest side in pixels that gives every layer at least one cell.
    """

    id: str
    title: str
    about: str
    network: str
    file: str = ""
    megabytes: float = 0.0
    licence: str = _TORCHVISION
    source: Source = "download"
    inputs: Inputs = "imagenet"
    classifier: bool = True
    dream: str = ""
    content: str = ""
    style: str = ""
    smallest: int = 32

    @property
    def url(self) -> str:
        """Address of the weights, "" where there is none."""
        return ADDRESS + self.file if self.file else ""

    @property
    def sha256(self) -> str:
        """Beginning of the SHA-256 of the file, from its name as torch.hub does, "" without a file."""
        return self.file.removesuffix(".pth").rpartition("-")[2]


_VGG_STYLE = ", ".join(f"block{b}_conv1:1" for b in range(1, 6))
_VGG_CONTENT = "block5_conv2:1"

ENTRIES: tuple[Entry, ...] = (
    Entry(
        id="compact",
        title="Studio compact",
        about="Bundled: dreams and transfers without any download.",
        network="",
        source="bundled",
        licence="MIT",
    ),
    Entry(
        id="inception_v3",
        title="Inception v3",
        about="The network of Chollet's DeepDream: eyes, feathers, towers (Szegedy 2016, arXiv:1512.00567).",
        network="inception_v3",
        file="inception_v3_google-0cc3c7bd.pth",
        megabytes=109,
        inputs="symmetric",
        dream="Mixed_6b:1, Mixed_6c:1.5, Mixed_6d:2, Mixed_6e:2.5",
        content="Mixed_6b:1",
        style="Conv2d_1a_3x3:1, Conv2d_2b_3x3:1, Conv2d_4a_3x3:1, Mixed_5b:1, Mixed_6a:1",
        smallest=75,
    ),
    Entry(
        id="vgg19",
        title="VGG19",
        about="The network of most style transfers (Simonyan and Zisserman 2015, arXiv:1409.1556).",
        network="vgg19",
        file="vgg19-dcbb9e9d.pth",
        megabytes=575,
        dream="block4_conv4:1, block5_conv2:1",
        content=_VGG_CONTENT,
        style=_VGG_STYLE,
    ),
    Entry(
        id="vgg16",
        title="VGG16",
        about="VGG19 with three layers less (Simonyan and Zisserman 2015, arXiv:1409.1556).",
        network="vgg16",
        file="vgg16-397923af.pth",
        megabytes=553,
        dream="block4_conv3:1, block5_conv2:1",
        content=_VGG_CONTENT,
        style=_VGG_STYLE,
    ),
    Entry(
        id="googlenet",
        title="GoogLeNet",
        about="The network of the first DeepDream, 2015: dogs and pagodas (Szegedy 2015, arXiv:1409.4842).",
        network="googlenet",
        file="googlenet-1378be20.pth",
        megabytes=52,
        inputs="symmetric",
        dream="inception4c:1",
        content="inception4b:1",
        style="conv1:1, conv3:1, inception3a:1, inception4a:1, inception4d:1",
    ),
    Entry(
        id="squeezenet1_1",
        title="SqueezeNet 1.1",
        about="Small and quick, strong colours (Iandola 2016, arXiv:1602.07360).",
        network="squeezenet1_1",
        file="squeezenet1_1-b8a52dc0.pth",
        megabytes=5,
        dream="fire6:1, fire8:1",
        content="fire5:1",
        style="conv1:1, fire3:1, fire5:1, fire7:1, fire9:1",
    ),
    Entry(
        id="resnet50",
        title="ResNet-50",
        about="Deep, with short cuts; soft dreams (He 2016, arXiv:1512.03385).",
        network="resnet50",
        file="resnet50-0676ba61.pth",
        megabytes=103,
        dream="layer3.2:1, layer3.5:1",
        content="layer3.1:1",
        style="conv1:1, layer1.2:1, layer2.3:1, layer3.5:1",
    ),
    Entry(
        id="resnet18",
        title="ResNet-18",
        about="The small one of its family (He 2016, arXiv:1512.03385).",
        network="resnet18",
        file="resnet18-f37072fd.pth",
        megabytes=47,
        dream="layer3.0:1, layer3.1:1",
        content="layer3.0:1",
        style="conv1:1, layer1.1:1, layer2.1:1, layer3.1:1",
    ),
    Entry(
        id="alexnet",
        title="AlexNet",
        about="Coarse strokes, few layers (Krizhevsky 2014, arXiv:1404.5997).",
        network="alexnet",
        file="alexnet-owt-7be5be79.pth",
        megabytes=244,
        dream="conv4:1, conv5:1",
        content="conv4:1",
        style="conv1:1, conv2:1, conv3:1, conv4:1, conv5:1",
        smallest=63,
    ),
    Entry(
        id="densenet121",
        title="DenseNet-121",
        about="Every layer sees all before it (Huang 2017, arXiv:1608.06993).",
        network="densenet121",
        file="densenet121-a639ec97.pth",
        megabytes=32,
        dream="denseblock3:1",
        content="denseblock3:1",
        style="conv0:1, denseblock1:1, denseblock2:1, denseblock3:1",
    ),
    Entry(
        id="mobilenet_v3_large",
        title="MobileNet v3 (large)",
        about="Made for telephones (Howard 2019, arXiv:1905.02244).",
        network="mobilenet_v3_large",
        file="mobilenet_v3_large-8738ca79.pth",
        megabytes=22,
        dream="block9:1, block12:1",
        content="block8:1",
        style="stem:1, block3:1, block6:1, block12:1",
    ),
    Entry(
        id="efficientnet_b0",
        title="EfficientNet-B0",
        about="Exact for its size (Tan and Le 2019, arXiv:1905.11946).",
        network="efficientnet_b0",
        file="efficientnet_b0_rwightman-7f5810bc.pth",
        megabytes=21,
        dream="stage5:1",
        content="stage4:1",
        style="stem:1, stage2:1, stage3:1, stage4:1, stage5:1",
    ),
    Entry(
        id="vgg16-original",
        title="VGG16 (the paper's weights)",
        about="The weights Gatys, Keras and Caffe users have, without classes (arXiv:1409.1556).",
        network="vgg16",
        file="vgg16_features-amdegroot-88682ab5.pth",
        megabytes=553,
        licence=_CAFFE,
        inputs="original",
        classifier=False,
        dream="block4_conv3:1, block5_conv2:1",
        content=_VGG_CONTENT,
        style=_VGG_STYLE,
    ),
    Entry(
        id="vgg19-caffe",
        title="VGG19 (Keras or Caffe)",
        about="The weights of the books, BGR minus means; only from your own converted file, there is no address.",
        network="vgg19",
        licence=_CAFFE,
        source="file",
        inputs="caffe",
        dream="block4_conv4:1, block5_conv2:1",
        content=_VGG_CONTENT,
        style=_VGG_STYLE,
    ),
    Entry(
        id="vgg16-caffe",
        title="VGG16 (Keras or Caffe)",
        about="The paper's weights, BGR minus means; only from your own converted file, there is no address.",
        network="vgg16",
        licence=_CAFFE,
        source="file",
        inputs="caffe",
        dream="block4_conv3:1, block5_conv2:1",
        content=_VGG_CONTENT,
        style=_VGG_STYLE,
    ),
)


def entry(name: str) -> Entry:
    """Return an entry by its id.

    Raises:
        BadConfig: there is none of that name.
    """
    for found in ENTRIES:
        if found.id == name:
            return found
    raise BadConfig(f"There is no network called {name!r}.", f"There are: {', '.join(e.id for e in ENTRIES)}.")
