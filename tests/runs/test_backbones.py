"""A person's own runs as backbones, and the commands about networks."""

from __future__ import annotations

import json
import time

import pytest
import torch
from safetensors.torch import save_file

from studio.app.main import main
from studio.canvas.backbone import LOGIT
from studio.canvas.backbones import torchvision_nets as nets
from studio.canvas.objective import parse
from studio.core.compute import Compute, Policy
from studio.core.errors import NotAvailable, StoreError
from studio.core.store import Store
from studio.runs.backbones import candidates, from_run, titles
from studio.runs.canvases import open_backbone
from studio.runs.request import Request
from studio.runs.trained import TrainedModel
from studio.runs.training import start

SETTINGS = {
    "cnn-classifier": {"filters": "6,8", "steps": 2},
    "vae": {"filters": "6,8", "hidden": 8, "steps": 2},
    "autoencoder": {"steps": 2},
    "dcgan": {"steps": 2, "d_filters": "6,8", "g_base": 8, "g_filters": "8,6", "output": "tanh"},
    "wgan-gp": {"steps": 1, "filters": "6,8"},
    "mlp-classifier": {"steps": 2},
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A workspace with one run of each recipe: recipe -> run id, with the workspace under ""."""
    workspace = tmp_path_factory.mktemp("runs")
    store = Store(workspace)
    found = {"": workspace}
    for recipe, settings in SETTINGS.items():
        values = {"batch_size": 20, "limit": 64, "size": 16, "preview_seconds": 100.0, **settings}
        request = Request(recipe=recipe, data="digits", settings=values, device="cpu", precision="fp32")
        run = start(store, request)
        list(run.events())
        found[recipe] = run.id
    store.close()
    return found


def picture(height, width):
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))


CONVOLUTIONAL = [recipe for recipe in SETTINGS if recipe != "mlp-classifier"]


@pytest.mark.parametrize("recipe", CONVOLUTIONAL)
def test_a_run_is_a_backbone_for_pictures_of_any_size(trained, recipe):
    backbone = from_run(trained[recipe], trained[""])
    assert backbone.id == f"run:{trained[recipe]}"
    layers = [layer for layer in backbone.layers if layer.name != LOGIT]
    assert len(layers) >= 2
    x = picture(96, 64).requires_grad_()
    found = backbone.features(x, [layer.name for layer in layers])
    for layer in layers:
        assert found[layer.name].shape[1] == layer.channels
        assert abs(found[layer.name].shape[2] - 96 / layer.stride) <= 6
        torch.testing.assert_close(backbone.features(x, [layer.name])[layer.name], found[layer.name], rtol=0, atol=0)
    (gradient,) = torch.autograd.grad(found[layers[-1].name].square().mean(), x)
    assert gradient.abs().max() > 0
    for objective in (backbone.dream, backbone.content, backbone.style):
        assert parse(objective, backbone)
    at_least = picture(backbone.smallest, backbone.smallest)
    assert all(min(t.shape[2:]) >= 1 for t in backbone.features(at_least, [layer.name for layer in layers]).values())


@pytest.mark.parametrize("recipe", CONVOLUTIONAL)
@pytest.mark.bf16
def test_prepared_copies_work_in_bf16(trained, recipe):
    backbone = from_run(trained[recipe], trained[""])
    name = backbone.layers[1].name
    quick = backbone.prepared(Compute(Policy(precision="bf16", channels_last=True)), "average")
    assert quick.features(picture(48, 48), [name])[name].dtype == torch.bfloat16
    if backbone.classes:
        assert quick.features(picture(48, 48), [LOGIT])[LOGIT].shape == (1, len(backbone.classes))


def test_layers_are_read_after_their_activation(trained):
    backbone = from_run(trained["cnn-classifier"], trained[""])
    found = backbone.features(picture(64, 64), ["conv1", "conv2"])
    assert min(float(tensor.min()) for tensor in found.values()) == 0.0  # ReLU


def test_the_logits_are_the_classifiers_own(trained):
    backbone = from_run(trained["cnn-classifier"], trained[""])
    store = Store(trained[""])
    model = TrainedModel.open(store, trained["cnn-classifier"])
    store.close()
    assert backbone.classes == tuple(model.spec.classes)
    side = model.spec.shape[1]
    grey = torch.rand(1, 1, side, side, generator=torch.Generator().manual_seed(1))
    logits = backbone.features(grey.expand(1, 3, side, side), [LOGIT])[LOGIT]
    torch.testing.assert_close(logits.softmax(1), model.recipe.classify(grey).detach())
    assert parse("logit/3:1", backbone)[0].channel == 3


def test_pictures_come_in_the_range_of_the_run(trained):
    x = torch.tensor([0.0, 1.0]).view(1, 1, 1, 2).expand(1, 3, 1, 2)
    for recipe, expected in (("vae", [0, 1]), ("cnn-classifier", [0, 1]), ("dcgan", [-1, 1]), ("wgan-gp", [-1, 1])):
        ready = from_run(trained[recipe], trained[""]).preprocessing(x)
        torch.testing.assert_close(ready, torch.tensor(expected, dtype=torch.float32).view(1, 1, 1, 2))


def test_a_run_without_convolutions_is_refused(trained):
    with pytest.raises(NotAvailable, match="no part of it looks at pictures"):
        from_run(trained["mlp-classifier"], trained[""])
    with pytest.raises(StoreError, match="no run"):
        open_backbone("run:nothing", trained[""])


def test_candidates_are_the_runs_with_convolutions(trained):
    store = Store(trained[""])
    assert {name for name, _ in candidates(store)} == {f"run:{trained[recipe]}" for recipe in CONVOLUTIONAL}
    began = time.perf_counter()
    listed = titles(trained[""], store)
    assert time.perf_counter() - began < 0.5  # a few milliseconds on an idle machine
    store.close()
    assert listed[0] == ("compact", "Studio compact", True)
    assert [name for name, _, _ in listed][-len(CONVOLUTIONAL) :] == [f"run:{trained[r]}" for r in CONVOLUTIONAL[::-1]]


def test_weights_count_in_the_fingerprint(trained):
    prints = [from_run(trained[recipe], trained[""]).fingerprint for recipe in ("vae", "vae", "dcgan")]
    assert prints[0] == prints[1] != prints[2]


# ---- commands


def command(capfd, *words):
    code = main(["backbones", *words, "--json"])
    out, err = capfd.readouterr()
    return code, json.loads(out), err


def test_list_names_networks_and_runs(trained, capfd):
    code, document, _ = command(capfd, "list", "--workspace", str(trained[""]))
    assert code == 0
    rows = {row["name"]: row for row in document}
    assert rows["compact"]["installed"]
    assert not rows["vgg19-caffe"]["installed"]
    assert rows["vgg19"]["megabytes"] == 575
    assert rows[f"run:{trained['vae']}"]["source"] == "run"
    assert main(["backbones", "list", "--workspace", str(trained[""])]) == 0
    out = capfd.readouterr().out
    assert "get, 575 MB" in out
    assert "bundled" in out


@pytest.mark.parametrize("name", ["compact", "inception_v3", "vgg19-caffe", "run"])
def test_show_describes_layers_without_weights(trained, capfd, name):
    name = f"run:{trained['vae']}" if name == "run" else name
    code, document, _ = command(capfd, "show", name, "--workspace", str(trained[""]))
    assert code == 0
    assert document["id"] == name
    assert {"name", "channels", "stride", "depth", "about"} == document["layers"][0].keys()
    assert main(["backbones", "show", name, "--workspace", str(trained[""])]) == 0
    assert document["layers"][0]["name"] in capfd.readouterr().out


def test_add_and_get(workspace, tmp_path, capfd):
    shapes = nets.expected("squeezenet1_1", classifier=False)
    path = tmp_path / "mine.safetensors"
    save_file({name: torch.full(shape, 0.01) for name, shape in shapes.items()}, path)
    code, document, _ = command(capfd, "add", str(path))
    assert (code, document["name"], document["classes"]) == (0, f"file:{path}", 0)
    code, document, _ = command(capfd, "get", "squeezenet1_1")  # it is there now
    assert (code, document["path"]) == (0, str(path))
    code, document, _ = command(capfd, "get", "vgg19-caffe")
    assert code == 1
    assert "no download" in document["error"]
    code, document, _ = command(capfd, "add", str(tmp_path))
    assert code == 1
    assert "is a folder" in document["error"]
