"""The networks of the registry: layers, places, preprocessing, weights from the net and from files of any origin.

Long because the same fixtures of nets and files serve every origin.
"""

from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys
from contextlib import contextmanager

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from studio.canvas import backbones
from studio.canvas.backbone import LOGIT
from studio.canvas.backbones import entries, files, open_backbone, register_file, shelf, titles
from studio.canvas.backbones import torchvision_nets as nets
from studio.canvas.backbones.entries import ENTRIES, entry
from studio.canvas.backbones.plans import PLANS
from studio.canvas.objective import parse
from studio.core.compute import Compute, Policy
from studio.core.errors import BadCheckpoint, BadConfig, BadInput, Cancelled, NotAvailable
from tests.data.test_download import Server

NETWORKS = [about.id for about in ENTRIES if about.inputs != "caffe" and about.network and about.id != "vgg16-original"]
CHANNELS_AND_STRIDES = {  # from the papers' tables
    "vgg19": {"block1_conv1": (64, 1), "block3_conv4": (256, 4), "block5_conv2": (512, 16)},
    "vgg16": {"block2_conv2": (128, 2), "block4_conv3": (512, 8)},
    "inception_v3": {"Mixed_5b": (256, 8), "Mixed_6a": (768, 16), "Mixed_6e": (768, 16), "Mixed_7c": (2048, 32)},
    "googlenet": {"inception3a": (256, 8), "inception4c": (512, 16), "inception5b": (1024, 32)},
    "resnet50": {"conv1": (64, 2), "layer1.2": (256, 4), "layer4.2": (2048, 32)},
    "resnet18": {"layer1.1": (64, 4), "layer4.1": (512, 32)},
    "squeezenet1_1": {"conv1": (64, 2), "fire3": (128, 4), "fire9": (512, 16)},
    "alexnet": {"conv1": (64, 4), "conv5": (256, 16)},
    "densenet121": {"denseblock1": (256, 4), "denseblock4": (1024, 32)},
    "mobilenet_v3_large": {"stem": (16, 2), "block15": (160, 32)},
    "efficientnet_b0": {"stage1": (16, 2), "stage7": (320, 32)},
}


@pytest.fixture(autouse=True)
def _no_cache(tmp_path, monkeypatch):
    """No weights of the machine that runs the tests."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


def picture(side, seed=0):
    return torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def squeezed():
    """SqueezeNet's layers with random weights, without its classifier."""
    return weights("squeezenet1_1")


def weights(network, seed=0, *, classifier=False):
    generator = torch.Generator().manual_seed(seed)
    shapes = nets.expected(network, classifier=classifier)
    return {name: torch.rand(shape, generator=generator) * 0.1 for name, shape in shapes.items()}


def as_pth(state, path):
    torch.save(state, path)
    return path


def as_safetensors(state, path, metadata=None):
    save_file(state, path, metadata)
    return path


# ---- the registry


def test_files_and_sizes_are_torchvisions_own():
    from torchvision.models import get_model_weights

    for about in ENTRIES:
        if not about.url:
            continue
        found = {w.url: w for w in get_model_weights(about.network)}
        assert about.url in found
        assert about.megabytes == pytest.approx(found[about.url].meta["_file_size"] * 2**20 / 1e6, abs=0.6)
        assert len(about.sha256) == 8


def test_preprocessing_is_that_of_the_weights():
    from torchvision.models import GoogLeNet_Weights, Inception_V3_Weights, VGG16_Weights, VGG19_Weights

    x = picture(8)
    for about, published in (
        ("vgg19", VGG19_Weights.IMAGENET1K_V1),
        ("vgg16-original", VGG16_Weights.IMAGENET1K_FEATURES),
    ):
        transform = published.transforms()
        mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (transform.mean, transform.std))
        torch.testing.assert_close(nets.PREPROCESSING[entry(about).inputs](x), (x - mean) / std)
    for about, published in (
        ("inception_v3", Inception_V3_Weights.DEFAULT),
        ("googlenet", GoogLeNet_Weights.DEFAULT),
    ):
        assert published.transforms().mean == [0.485, 0.456, 0.406]  # and re-mapped inside, see below
        torch.testing.assert_close(nets.PREPROCESSING[entry(about).inputs](x), x * 2 - 1)


def test_caffe_wants_bgr_minus_means():
    x = picture(4)
    ready = nets.PREPROCESSING["caffe"](x)
    for channel, (source, mean) in enumerate(((2, 103.939), (1, 116.779), (0, 123.68))):
        torch.testing.assert_close(ready[:, channel], x[:, source] * 255 - mean)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_layer_can_be_asked_for(name):
    backbone = nets.random_weights(name)
    names = [layer.name for layer in backbone.layers]
    assert names == list(dict.fromkeys(names))
    side = max(128, backbone.smallest)
    x = picture(side).requires_grad_()
    together = backbone.features(x, names)
    for layer in backbone.layers:
        found = together[layer.name]
        assert found.shape[1] == layer.channels
        assert abs(found.shape[2] - side / layer.stride) <= 4  # unpadded convolutions cost some cells
    for wanted, (channels, stride) in CHANNELS_AND_STRIDES[name].items():
        assert (backbone.layer(wanted).channels, backbone.layer(wanted).stride) == (channels, stride)
    assert [layer.depth for layer in backbone.layers] == sorted(layer.depth for layer in backbone.layers)
    for alone in (names[0], names[len(names) // 2], names[-1]):  # later layers change nothing of earlier ones
        torch.testing.assert_close(backbone.features(x, [alone])[alone], together[alone], rtol=0, atol=0)
    (gradient,) = torch.autograd.grad(together[names[-1]].square().mean(), x)
    assert gradient.abs().max() > 0


@pytest.mark.parametrize("name", NETWORKS)
def test_the_defaults_name_layers_and_the_smallest_picture_reaches_them_all(name):
    backbone = nets.random_weights(name)
    for objective in (backbone.dream, backbone.content, backbone.style):
        assert parse(objective, backbone)
    found = backbone.features(picture(backbone.smallest), [layer.name for layer in backbone.layers])
    assert all(min(tensor.shape[2:]) >= 1 for tensor in found.values())


@pytest.mark.parametrize("name", [name for name in NETWORKS if name not in ("vgg16", "vgg19", "alexnet")])
def test_the_logits_are_those_of_torchvision(name):
    """The whole chain, with folded batch normalisation, against torchvision's own forward pass."""
    from torchvision import models

    about = entry(name)
    state = {}
    generator = torch.Generator().manual_seed(0)
    for key, shape in nets.expected(about.network).items():
        fan_in = max(1, int(torch.tensor(shape[1:]).prod()))
        state[key] = torch.randn(shape, generator=generator) * (2 / fan_in) ** 0.5
        if len(shape) == 1:
            state[key] = torch.rand(shape, generator=generator) * 0.1 + (0.9 if "bias" not in key else 0.0)
    options = {"init_weights": False} if about.inputs == "symmetric" else {}
    own = models.get_model(about.network, weights=None, **options).eval()
    own.load_state_dict(state, strict=False)
    backbone = nets.backbone(about, state, "")
    x = picture(96)
    reference = own(backbone.preprocessing(x)).detach()
    logits = backbone.features(x, [LOGIT])[LOGIT]
    assert len(backbone.classes) == 1000 == logits.shape[1]
    torch.testing.assert_close(logits, reference, rtol=1e-3, atol=1e-3 * float(reference.abs().max()))


def test_inception_takes_what_torchvision_makes_of_standardised_pictures():
    """`transform_input` inside torchvision's network is our -1..1 outside of it."""
    from torchvision import models

    own = models.inception_v3(weights=None, init_weights=False, transform_input=True)
    x = picture(8)
    standardised = nets.PREPROCESSING["imagenet"](x)
    torch.testing.assert_close(own._transform_input(standardised), nets.PREPROCESSING["symmetric"](x))


def test_vgg19_has_the_places_of_the_book():
    """Indices into torchvision's `features`, after the ReLU (spec C-14.4)."""
    from torchvision import models

    indices = {1: "block1_conv1", 6: "block2_conv1", 11: "block3_conv1", 20: "block4_conv1", 29: "block5_conv1"}
    indices[31] = "block5_conv2"
    state = weights("vgg19")
    backbone = nets.backbone(entry("vgg19"), state, "")
    with torch.device("meta"):
        own = models.vgg19(weights=None).features
    own.load_state_dict({k.removeprefix("features."): v for k, v in state.items()}, assign=True)
    x = picture(32)
    found, y = backbone.features(x, indices.values()), backbone.preprocessing(x)
    for i, module in enumerate(own):
        y = module(y)
        if i in indices:
            torch.testing.assert_close(found[indices[i]], y)
            y = y.clone()  # the reference works in place
    assert {t.split(":")[0] for t in backbone.style.split(", ")} == set(indices.values()) - {"block5_conv2"}
    assert backbone.content == "block5_conv2:1"


def test_other_names_of_layers_work():
    vgg, inception = nets.described(entry("vgg19")), nets.described(entry("inception_v3"))
    assert parse("conv3_1:2", vgg) == parse("block3_conv1:2", vgg)
    assert parse("mixed4:1, mixed7:2.5", inception) == parse("Mixed_6b:1, Mixed_6e:2.5", inception)
    assert inception.dream == "Mixed_6b:1, Mixed_6c:1.5, Mixed_6d:2, Mixed_6e:2.5"
    assert vgg.layer("conv5_2").name == "block5_conv2"


@pytest.mark.parametrize("name", ["squeezenet1_1", "resnet18", "inception_v3"])
@pytest.mark.bf16
def test_prepared_copies_work_in_bf16_and_with_average_pooling(name):
    backbone = nets.random_weights(name)
    names = [layer.name for layer in backbone.layers]
    x = picture(96)
    plain = backbone.features(x, names)
    quick = backbone.prepared(Compute(Policy(precision="bf16", channels_last=True))).features(x, names)
    for layer in names:
        assert quick[layer].dtype == torch.bfloat16
        difference = (quick[layer].float() - plain[layer]).norm() / plain[layer].norm()
        assert difference < 0.05
    smooth = backbone.prepared(Compute(Policy()), "average").features(x, names)
    torch.testing.assert_close(smooth[names[0]], plain[names[0]])
    assert not torch.allclose(smooth[names[-1]], plain[names[-1]])


def test_nothing_deeper_is_computed():
    backbone = nets.random_weights("vgg19")
    ran = []
    for name, module in backbone.module.named_modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(lambda *_, name=name: ran.append(name))
    backbone.features(picture(16), ["block1_conv2", "block2_conv1"])
    assert len(ran) == 3


# ---- listing, downloading


def test_listing_is_quick_because_it_imports_no_network():
    code = """
import sys
from pathlib import Path
from studio.runs.backbones import titles
listed = titles(Path("nowhere"))
assert listed[0] == ("compact", "Studio compact", True), listed
assert not {"torch", "torchvision", "numpy"} & set(sys.modules), "heavy"
print(len(listed))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(ENTRIES)


def test_missing_weights_say_their_size_and_how_to_get_them(tmp_path):
    with pytest.raises(NotAvailable) as caught:
        open_backbone("vgg19", tmp_path)
    assert "575 MB" in caught.value.what
    assert "generative-studio backbones get vgg19" in caught.value.what_to_do
    for action in (open_backbone, backbones.download):
        with pytest.raises(NotAvailable, match="has no download"):
            action("vgg19-caffe", tmp_path)
    with pytest.raises(BadConfig, match="Did you mean vgg1"):
        open_backbone("vgg18", tmp_path)
    with pytest.raises(BadConfig, match="no network"):
        backbones.download("vgg18", tmp_path)


@contextmanager
def served(body, monkeypatch):
    """The address of the weights is a local server; the registry's SqueezeNet is this body."""
    server = Server()
    server.body = body
    about = entry("squeezenet1_1")
    name = f"squeezenet1_1-{hashlib.sha256(body).hexdigest()[:8]}.pth"
    changed = tuple(entries.Entry(**{**vars(e), "file": name}) if e is about else e for e in ENTRIES)
    monkeypatch.setattr(entries, "ENTRIES", changed)
    monkeypatch.setattr(entries, "ADDRESS", server.url.removesuffix("file.bin"))
    for module in (shelf, files, backbones):
        monkeypatch.setattr(module, "ENTRIES", changed)
    try:
        yield server, name
    finally:
        server.close()


def test_weights_are_downloaded_once_resumed_and_opened(tmp_path, monkeypatch, squeezed):
    body = as_pth(squeezed, tmp_path / "served.pth").read_bytes()
    seen = []

    def cancel(done, total, what):
        seen.append((done, total, what))
        if done > 500_000 and len(server.requests) == 1:
            raise Cancelled

    with served(body, monkeypatch) as (server, name):
        with pytest.raises(Cancelled):
            backbones.download("squeezenet1_1", tmp_path, cancel)
        assert backbones.installed(entries.entry("squeezenet1_1"), tmp_path) is None
        path = backbones.download("squeezenet1_1", tmp_path, cancel)
        assert path == tmp_path / "backbones" / name
        assert server.requests[1].startswith("bytes=")
        assert backbones.download("squeezenet1_1", tmp_path) == path
        assert len(server.requests) == 2
        opened = open_backbone("squeezenet1_1", tmp_path)
        assert (opened.id, opened.fingerprint) == ("squeezenet1_1", files.fingerprint(squeezed))
        assert ("squeezenet1_1", "SqueezeNet 1.1", True) in titles(tmp_path)
    assert {total for _, total, what in seen if what == name} == {len(body)}


def test_a_download_with_another_hash_is_refused(tmp_path, monkeypatch):
    with served(b"right" * 1000, monkeypatch) as (server, _):
        server.body = b"wrong" * 1000
        with pytest.raises(BadInput, match="SHA256"):
            backbones.download("squeezenet1_1", tmp_path)
    assert not list((tmp_path / "backbones").glob("*.pth"))


def test_weights_in_the_cache_of_torch_are_found(tmp_path):
    cached = tmp_path / "torch" / "hub" / "checkpoints" / entry("resnet18").file
    cached.parent.mkdir(parents=True)
    cached.touch()
    assert backbones.installed(entry("resnet18"), tmp_path) == cached
    assert backbones.installed(entry("resnet50"), tmp_path) is None


# ---- files


@pytest.mark.parametrize("write", [as_pth, as_safetensors])
@pytest.mark.parametrize("network", ["squeezenet1_1", "resnet18", "efficientnet_b0"])
def test_a_file_is_recognised_by_its_weights(tmp_path, network, write):
    path = write(weights(network), tmp_path / "some.weights")
    opened = open_backbone(str(path), tmp_path)
    assert (opened.title, opened.id) == (entry(network).title, f"file:{path}")
    assert opened.classes == ()
    assert LOGIT not in [layer.name for layer in opened.layers]
    again = open_backbone(opened.id, tmp_path)
    assert again.fingerprint == opened.fingerprint
    torch.testing.assert_close(
        again.features(picture(64), ["conv1" if "net1" in network or "res" in network else "stem"]),
        opened.features(picture(64), ["conv1" if "net1" in network or "res" in network else "stem"]),
    )


def test_the_fingerprint_is_of_the_weights_not_of_the_file(tmp_path, squeezed):
    prints = {
        open_backbone(str(path), tmp_path).fingerprint
        for path in (
            as_pth({"state_dict": squeezed}, tmp_path / "a.pth"),
            as_safetensors(squeezed, tmp_path / "b.safetensors"),
        )
    }
    assert len(prints) == 1
    squeezed["features.0.bias"][3] += 1e-3
    assert open_backbone(str(as_pth(squeezed, tmp_path / "c.pth")), tmp_path).fingerprint not in prints


def test_a_whole_file_has_classes(tmp_path):
    state = {f"module.{name}": tensor.half() for name, tensor in weights("squeezenet1_1", classifier=True).items()}
    opened = open_backbone(str(as_pth(state, tmp_path / "half.pth")), tmp_path)
    assert opened.classes[0] == "tench"
    assert opened.features(picture(32), [LOGIT])[LOGIT].shape == (1, 1000)
    assert parse("logit/goldfish:1", opened)[0].channel == 1


def test_densenet_of_the_published_spelling_is_read(tmp_path):
    state = weights("densenet121")
    old = {
        name.replace("norm1.", "norm.1.")
        .replace("conv1.", "conv.1.")
        .replace("norm2.", "norm.2.")
        .replace("conv2.", "conv.2.")
        if "denselayer" in name
        else name: t
        for name, t in state.items()
    }
    assert old.keys() != state.keys()
    opened = open_backbone(str(as_pth(old, tmp_path / "dense.pth")), tmp_path)
    assert opened.fingerprint == files.fingerprint(state)


def vgg_by_name(pattern, kernel):
    """VGG19's weights under the names of Keras or Caffe."""
    state, named = weights("vgg19"), {}
    for tap in PLANS["vgg19"]().taps:
        index = int(tap.step.rpartition(".")[2]) - 1
        block, conv = tap.name[5], tap.name[-1]
        weight = state[f"features.{index}.weight"]
        named[pattern.format(block, conv, "bias")] = state[f"features.{index}.bias"]
        named[pattern.format(block, conv, kernel)] = weight.permute(2, 3, 1, 0) if kernel == "kernel" else weight
    return {name: tensor.contiguous() for name, tensor in named.items()}, state


@pytest.mark.parametrize(("pattern", "kernel"), [("conv{}_{}.{}", "weight"), ("block{}_conv{}/{}", "kernel")])
def test_the_books_vgg_is_known_by_its_names(tmp_path, pattern, kernel):
    named, state = vgg_by_name(pattern, kernel)
    path = as_safetensors(named, tmp_path / "vgg.safetensors")
    opened = open_backbone(str(path), tmp_path)
    assert opened.title == entry("vgg19-caffe").title
    assert opened.preprocessing.bgr
    assert opened.fingerprint == files.fingerprint(state)


def test_which_vgg_it_is_can_be_said_and_is_remembered(tmp_path):
    path = as_safetensors(weights("vgg16"), tmp_path / "mine.safetensors")
    assert not open_backbone(str(path), tmp_path).preprocessing.bgr
    added = register_file(tmp_path, f"vgg16-caffe={path}")
    assert added.preprocessing.bgr
    assert open_backbone(added.id, tmp_path).preprocessing.bgr
    assert open_backbone("vgg16-caffe", tmp_path).fingerprint == added.fingerprint
    assert ("vgg16-caffe", entry("vgg16-caffe").title, True) in titles(tmp_path)
    with pytest.raises(BadCheckpoint, match=r"not VGG19: features\.\d+\.weight"):
        open_backbone(f"vgg19={path}", tmp_path)


def test_chosen_files_are_listed_once_and_a_damaged_list_is_forgotten(tmp_path, squeezed):
    first, second = (as_safetensors(weights("squeezenet1_1", s), tmp_path / f"{s}.safetensors") for s in (1, 2))
    for path in (first, second, second):
        register_file(tmp_path, path)
    own = [row for row in titles(tmp_path) if row[0].startswith("file:")]
    assert own == [(f"file:{second}", "SqueezeNet 1.1: 2", True)]  # the first one is the registry's SqueezeNet now
    second.unlink()
    assert (f"file:{second}", "SqueezeNet 1.1: 2", False) in titles(tmp_path)
    (tmp_path / "backbones" / "files.json").write_text('{"not": "a list"}')
    assert len(titles(tmp_path)) == len(ENTRIES)


def test_the_studios_own_kind_is_recognised(tmp_path):
    from studio.core.resources import resource

    path = tmp_path / "mine.safetensors"
    path.write_bytes(resource(shelf.BUNDLED).read_bytes())
    opened, bundled = open_backbone(str(path), tmp_path), open_backbone("compact", tmp_path)
    assert opened.id == f"file:{path}"
    assert "mine" in opened.title
    assert opened.fingerprint == bundled.fingerprint
    assert opened.classes == bundled.classes


class Canary:
    """Runs a program when it is unpickled by a careless reader."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("protocol", ["torch", "pickle"])
def test_a_hostile_file_runs_nothing(tmp_path, squeezed, protocol):
    canary, path = tmp_path / "canary", tmp_path / "hostile.pth"
    document = {**squeezed, "extra": Canary(canary)}
    if protocol == "torch":
        torch.save(document, path)
    else:
        path.write_bytes(pickle.dumps(document, protocol=2))
    with pytest.raises(BadCheckpoint):
        open_backbone(str(path), tmp_path)
    assert not canary.exists()


def spoilt(state, how):
    state = dict(state)
    name = "features.6.squeeze.weight"
    if how == "missing":
        del state[name]
    elif how == "shape":
        state[name] = state[name][:, :5].contiguous()
    elif how == "nan":
        state[name] = state[name].clone()
        state[name][0, 0] = float("nan")
    elif how == "integers":
        state[name] = state[name].to(torch.int64)
    return state


@pytest.mark.parametrize("write", [as_pth, as_safetensors])
@pytest.mark.parametrize(
    ("how", "says"),
    [("missing", "missing"), ("shape", "has the shape"), ("nan", "not finite"), ("integers", "int64")],
)
def test_spoilt_weights_are_refused(tmp_path, squeezed, write, how, says):
    path = write(spoilt(squeezed, how), tmp_path / "spoilt.bin")
    with pytest.raises(BadCheckpoint, match=says) as caught:
        open_backbone(str(path), tmp_path)
    assert "features.6.squeeze.weight" in caught.value.what


@pytest.mark.parametrize("write", [as_pth, as_safetensors])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_truncated_files_are_refused(tmp_path, squeezed, write, share):
    path = write(squeezed, tmp_path / "cut.bin")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises((BadCheckpoint, BadInput)):
        open_backbone(str(path), tmp_path)


def test_what_is_no_file_of_weights_is_refused(tmp_path):
    cases = {
        "text.pth": b"hello, this is not a network",
        "empty.pth": b"",
        "archive.pth": b"PK\x03\x04" + bytes(100),
        "header.safetensors": (10**9).to_bytes(8, "little") + b"{",
    }
    for name, content in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises((BadInput, BadCheckpoint)):
            open_backbone(str(tmp_path / name), tmp_path)
    for path, says in ((tmp_path, "is a folder"), (tmp_path / "none.pth", "does not exist")):
        with pytest.raises(BadInput, match=says):
            open_backbone(f"file:{path}", tmp_path)
    with pytest.raises(BadInput, match="no weights by name"):
        open_backbone(str(as_pth([1, 2, 3], tmp_path / "list.pth")), tmp_path)
    with pytest.raises(BadCheckpoint, match="does not know"):
        open_backbone(str(as_safetensors({"a.weight": torch.ones(3)}, tmp_path / "other.safetensors")), tmp_path)


@pytest.mark.parametrize(
    "changed",
    [
        {"blocks": "[[32], [64"},
        {"blocks": "[[1000000, 1000000]]"},
        {"blocks": "[[32, 64]]"},
        {"mean": "[1]"},
        {"std": "[0, 1, 1]"},
    ],
)
def test_a_damaged_description_of_our_own_kind_is_refused(tmp_path, changed):
    from safetensors import safe_open

    from studio.core.resources import resource

    with safe_open(resource(shelf.BUNDLED), framework="pt") as file:
        about, state = dict(file.metadata()), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    path = as_safetensors(state, tmp_path / "own.safetensors", {**about, **changed})
    with pytest.raises(BadInput, match="not a backbone of the studio"):
        open_backbone(str(path), tmp_path)


@pytest.mark.shared_data
def test_the_shared_imagenet_features_open(shared_data, tmp_path):
    opened = register_file(tmp_path, shared_data / "weights" / "squeezenet1_1-imagenet-features.safetensors")
    assert opened.title == "SqueezeNet 1.1"
    assert opened.classes == ()
    assert open_backbone("squeezenet1_1", tmp_path).fingerprint == opened.fingerprint
