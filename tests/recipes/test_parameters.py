"""Parameter counts of the presets equal the tables of the books."""

from __future__ import annotations

import pytest

from studio.core import knobs, registry
from studio.nn import summary

DS = ("discriminator_a", "discriminator_b")
PRINTED = [
    ("naive-bayes", "foster", {"columns": 23}),
    ("multinomial", "foster", {"table": 4_031}),
    ("pixel-naive-bayes", "foster", {"pixels": 1_024 * 255}),
    ("box-density", "foster", {"box": 4}),
    ("logistic-regression", "mnist", {"network": 7_850}),
    ("mlp-classifier", "atienza", {"network": 269_322}),
    ("cnn-classifier", "atienza", {"network": 80_266}),
    ("cnn-classifier", "functional", {"network": 80_266}),
    ("mlp-classifier", "three-layers", {"network": 335_114}),
    ("mlp-classifier", "foster", {"network": 646_260}),
    ("rnn-classifier", "atienza", {"network": 75_530}),
    ("rnn-classifier", "wide", {"network": 282_122}),
    ("rnn-classifier", "lstm", {"network": 294_410}),
    ("rnn-classifier", "gru", {"network": 221_450}),
    ("rnn-classifier", "bidirectional", {"network": 588_810}),
    ("rnn-classifier", "stacked", {"network": 75_530 + 256 * 256 * 2 + 256}),
    ("y-network", "atienza", {"network": 208_394}),
    ("strided-cnn", "foster", {"network": 592_554}),
    ("strided-cnn", "two-layers", {"network": 15_120}),
    ("resnet", "v1-20", {"network": 274_442}),
    ("resnet", "v1-32", {"network": 470_218}),
    ("resnet", "v1-44", {"network": 665_994}),
    ("resnet", "v1-56", {"network": 861_770}),
    ("resnet", "v1-110", {"network": 1_742_762}),
    ("resnet", "v2-56", {"network": 1_673_738}),
    ("resnet", "v2-110", {"network": 3_323_210}),
    ("densenet", "bc-100", {"network": 797_788}),
    ("densenet", "bc-250", {"network": 15_605_392}),
    ("densenet", "bc-190", {"network": 25_910_176}),
    ("autoencoder", "atienza-16", {"encoder": 69_008, "decoder": 108_993}),
    ("autoencoder", "atienza-2", {"encoder": 25_090, "decoder": 65_089}),
    ("autoencoder", "foster", {"encoder": 98_946, "decoder": 102_017}),
    ("vae", "foster-digits", {"encoder": 105_220, "decoder": 102_017}),
    ("vae", "foster-faces", {"encoder": 1_732_944, "decoder": 917_123}),
    ("vae", "chollet", {"encoder": 69_076, "decoder": 65_089}),
    ("vae", "atienza-cnn", {"encoder": 69_076, "decoder": 65_089}),
    ("vae-mlp", "atienza-mlp", {"encoder": 403_972, "decoder": 403_728}),
    ("vae-mlp", "demo", {"encoder": 403_972, "decoder": 403_728}),
    ("beta-vae", "beta-7", {"encoder": 69_076, "decoder": 65_089}),
    ("cvae", "atienza", {"encoder": 77_988, "decoder": 96_449}),
    ("denoising", "atienza", {"encoder": 69_008, "decoder": 108_993}),
    ("colorization", "atienza", {"encoder": 1_418_496, "decoder": 2_013_315}),
    ("dcgan", "atienza", {"generator": 1_301_505, "discriminator": 1_080_577}),
    ("dcgan", "chollet", {"generator": 3_979_651, "discriminator": 404_801}),
    ("camel-gan", "foster", {"generator": 844_161, "discriminator": 720_833}),
    ("cgan", "atienza", {"generator": 1_364_225, "discriminator": 1_090_001}),
    ("acgan", "atienza", {"generator": 1_364_225, "discriminator": 1_606_283}),
    ("wgan", "atienza", {"generator": 1_301_505, "critic": 1_080_577}),
    ("wgan", "horses", {"generator": 884_163, "critic": 670_401}),
    ("lsgan", "atienza", {"generator": 1_301_505, "discriminator": 1_080_577}),
    ("wgan-gp", "foster", {"critic": 4_314_753, "generator": 5_168_003}),
    ("infogan", "atienza", {"generator": 1_138_433, "discriminator": 1_606_541}),
    (
        "stackedgan",
        "atienza",
        {"enc0": 840_640, "enc1": 2_570, "gen1": 429_312, "gen0": 2_593_537, "dis1": 144_691, "dis0": 1_285_427},
    ),
    (
        "cyclegan",
        "atienza",
        {
            "generator_ab": 869_041,
            "generator_ba": 868_463,
            "discriminator_a": 320 + 18_496 + 73_856 + 295_168 + 4_097,  # by the book's layer table
            "discriminator_b": 896 + 18_496 + 73_856 + 295_168 + 4_097,
        },
    ),
    (
        "cyclegan",
        "atienza-digits",
        {
            "generator_ab": 2_412_721,
            "generator_ba": 2_411_119,
            "discriminator_a": 832 + 51_264 + 204_928 + 819_456 + 6_401,
            "discriminator_b": 2_432 + 51_264 + 204_928 + 819_456 + 6_401,
        },
    ),
    ("cyclegan", "foster", {"generator_ab": 1_545_411, "generator_ba": 1_545_411} | dict.fromkeys(DS, 694_241)),
    ("cyclegan", "foster-monet", {"generator_ab": 2_850_563, "generator_ba": 2_850_563} | dict.fromkeys(DS, 2_764_737)),
]

FROZEN = [
    ("strided-cnn", "foster", 640),
    ("densenet", "bc-100", 797_788 - 774_376),
    ("vae", "foster-faces", 448 + 320),
    ("dcgan", "atienza", 1_301_505 - 1_300_801),
    ("camel-gan", "foster", 6_784),
    ("wgan", "horses", 4_544),
    ("wgan-gp", "foster", 17_280),
]


def counted(recipe: str, preset: str) -> dict[str, object]:
    cls = registry.recipe(recipe)
    found = registry.preset(cls, preset)
    config = knobs.make(cls.Config, found.config)
    return summary.count(summary.outline(cls, config, summary.preset_spec(found, cls)))


@pytest.mark.parametrize(("recipe", "preset", "networks"), PRINTED, ids=lambda v: v if isinstance(v, str) else "")
def test_networks_have_the_printed_size(recipe: str, preset: str, networks: dict[str, int]) -> None:
    count = counted(recipe, preset)
    assert count["by_network"] == networks
    assert count["total"] == sum(networks.values())


@pytest.mark.parametrize(("recipe", "preset", "frozen"), FROZEN)
def test_running_statistics_are_counted_but_not_trainable(recipe: str, preset: str, frozen: int) -> None:
    count = counted(recipe, preset)
    assert count["total"] - count["trainable"] == frozen


def test_summary_rows_follow_the_table_of_the_convolutional_classifier() -> None:
    cls = registry.recipe("cnn-classifier")
    spec = summary.preset_spec(cls.presets[0], cls)
    rows = summary.layers(summary.outline(cls, cls.Config(), spec), spec)
    convolutions = [(row.output_shape, row.parameters) for row in rows if row.kind == "Conv"]
    assert convolutions == [((64, 26, 26), 640), ((64, 11, 11), 36_928), ((64, 3, 3), 36_928)]
    pools = [row.output_shape for row in rows if row.kind == "MaxPool2d"]
    assert pools == [(64, 13, 13), (64, 5, 5)]
    assert (rows[-1].output_shape, rows[-1].parameters) == ((10,), 5_770)
    assert rows[0].macs == 26 * 26 * 64 * 9  # a multiplication per output and kernel cell


def test_summary_shapes_of_the_faces() -> None:
    cls = registry.recipe("vae")
    preset = registry.preset(cls, "foster-faces")
    spec = summary.preset_spec(preset, cls)
    rows = summary.layers(summary.outline(cls, knobs.make(cls.Config, preset.config), spec), spec)
    assert [r.output_shape for r in rows if r.kind == "Conv"] == [(32, 64, 64), (64, 32, 32), (64, 16, 16), (64, 8, 8)]
    assert [r.parameters for r in rows if r.kind == "ConvTranspose"] == [36_928, 36_928, 18_464, 867]
    assert [r.parameters for r in rows if r.kind == "Dense"] == [819_400, 819_400, 823_296]
