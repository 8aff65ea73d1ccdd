"""Sheets of chosen inputs, and the study of noise: what is chosen is chosen, what is not is drawn."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from studio.app.main import main
from studio.core.capabilities import Input
from studio.core.errors import BadInput
from studio.latent.attributes import Directions
from studio.runs import robustness as noise
from studio.runs.attributes import Known, walked
from studio.runs.dials import class_number, crossings, dial, dials, settings
from studio.runs.generate import Request, many, sheet
from studio.runs.pictures import read_recipe

LABEL = Input(name="label", title="Class", kind="label", size=3, choices=("ant", "bee", "cat"))
Z1 = Input(name="z1", title="Level 1", kind="noise", size=4)
Z0 = Input(name="z0", title="Level 0", kind="noise", size=4)
CODE = Input(name="code", title="Code", kind="code", size=2)
TILT = Input(name="tilt", title="Tilt", kind="code")
CUT = Input(name="cut", title="Truncation", kind="amount", low=0.0, high=1.0, default=0.5)
LAYER = Input(name="layer", title="Crossing", kind="amount", low=0, high=4, default=2, step=1)
ALL = (LABEL, Z1, Z0, CODE, TILT, CUT, LAYER)


class Model:
    """Remembers what it was asked for; its pictures are black."""

    def __init__(self, *inputs: Input) -> None:
        self.inputs = inputs or ALL
        self.asked: dict[str, np.ndarray] = {}

    def draw(self, n, seed=0):
        made = {}
        for place, i in enumerate(self.inputs):
            rng = np.random.default_rng([seed, place])
            if i.kind == "label":
                made[i.name] = rng.integers(0, i.size, n)
            elif i.kind == "amount":
                made[i.name] = np.full(n, i.default, np.float32)
            else:
                made[i.name] = rng.normal(size=(n, i.size)).astype(np.float32)
        return made

    def generate(self, inputs):
        self.asked = {name: np.array(value) for name, value in inputs.items()}
        lengths = {len(v) for v in self.asked.values()}
        assert len(lengths) == 1
        assert set(self.asked) == {i.name for i in self.inputs}
        return np.zeros((lengths.pop(), 2, 2, 1), np.uint8)


def test_every_number_that_can_be_turned_has_a_dial() -> None:
    assert [d.name for d in dials(ALL)] == ["code1", "code2", "tilt", "cut", "layer"]
    assert [d.name for d in dials(ALL, noise=True)][-2:] == ["z1", "z0"]
    assert [d.title for d in dials((CODE,))] == ["Code 1", "Code 2"]


def test_unknown_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(BadInput, match="cde1") as caught:
        dial(ALL, "cde1")
    assert "code1" in caught.value.what_to_do
    with pytest.raises(BadInput) as caught:
        class_number(ALL, "dog")
    assert "ant, bee, cat" in caught.value.what_to_do
    with pytest.raises(BadInput, match="no classes"):
        class_number((CODE,), "1")


@pytest.mark.parametrize(("text", "number"), [("bee", 1), ("2", 2)])
def test_classes_have_names_and_numbers(text: str, number: int) -> None:
    assert class_number(ALL, text) == number


@pytest.mark.parametrize("words", [{"cut": "1.5"}, {"code1": "much"}, {"code1": "nan"}, {"code3": "0"}])
def test_values_that_make_no_sense_are_refused(words: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        settings(ALL, words)


def test_a_row_per_class_with_the_same_noise_below_each_other() -> None:
    model = Model()
    made = sheet(model, Request(columns=5))
    assert made.row_titles == ("ant", "bee", "cat")
    assert made.columns == 5
    assert model.asked["label"].reshape(3, 5).tolist() == [[0] * 5, [1] * 5, [2] * 5]
    z = model.asked["z1"].reshape(3, 5, 4)
    assert (z == z[:1]).all()
    assert len(np.unique(z[0], axis=0)) == 5


def test_one_class_fills_its_own_sheet() -> None:
    model = Model()
    made = sheet(model, Request(label=1, rows=2, columns=3))
    assert model.asked["label"].tolist() == [1] * 6
    assert len(np.unique(model.asked["z1"], axis=0)) == 6
    assert (made.columns, made.row_titles) == (3, ())


def test_what_is_held_is_the_same_everywhere_and_the_rest_is_drawn() -> None:
    model = Model()
    sheet(model, Request(label=0, rows=2, columns=3, dials={"code2": 1.5, "cut": 0.25, "z0": -1.0}))
    assert model.asked["code"][:, 1].tolist() == [1.5] * 6
    assert len(set(model.asked["code"][:, 0])) == 6
    assert model.asked["cut"].tolist() == [0.25] * 6
    assert (model.asked["z0"] == -1).all()


def test_equal_seeds_give_equal_inputs_and_one_noise_may_have_a_seed_of_its_own() -> None:
    model, asked = Model(), []
    for request in (Request(label=0), Request(label=0), Request(label=0, seeds={"z0": 7}), Request(label=0, seed=1)):
        sheet(model, request)
        asked.append(model.asked)
    assert all(np.array_equal(asked[0][name], asked[1][name]) for name in asked[0])
    assert np.array_equal(asked[0]["z1"], asked[2]["z1"])
    assert not np.array_equal(asked[0]["z0"], asked[2]["z0"])
    assert not np.array_equal(asked[0]["z1"], asked[3]["z1"])


def test_a_sweep_turns_only_its_dial() -> None:
    model = Model()
    made = sheet(model, Request(show="sweep", dial="code1", low=-2, high=2, columns=5))
    assert model.asked["code"][:, 0].reshape(3, 5).tolist() == [[-2, -1, 0, 1, 2]] * 3
    for name in ("z1", "z0", "tilt"):
        assert len(np.unique(model.asked[name].reshape(15, -1), axis=0)) == 1
    assert made.column_titles == ("−2", "−1", "0", "1", "2")


def test_a_sweep_of_one_class_has_rows_of_different_draws() -> None:
    model = Model()
    sheet(model, Request(show="sweep", dial="cut", low=0, high=1, columns=3, label=2, rows=4))
    z = model.asked["z1"].reshape(4, 3, 4)
    assert (z == z[:, :1]).all()
    assert len(np.unique(z[:, 0], axis=0)) == 4
    assert model.asked["cut"].reshape(4, 3).tolist() == [[0, 0.5, 1]] * 4


def test_a_noise_is_swept_as_a_constant_vector() -> None:
    model = Model()
    sheet(model, Request(show="sweep", dial="z1", low=-4, high=4, columns=3, label=0, rows=1))
    assert model.asked["z1"].tolist() == [[-4] * 4, [0] * 4, [4] * 4]


def test_whole_steps_stay_whole_and_come_once() -> None:
    model = Model()
    made = sheet(model, Request(show="sweep", dial="layer", low=0, high=4, columns=9, label=0, rows=2))
    assert model.asked["layer"].reshape(2, 5).tolist() == [[0, 1, 2, 3, 4]] * 2
    assert made.columns == 5


def test_between_two_draws_noise_keeps_its_length_and_the_ends_are_the_draws() -> None:
    model = Model(LABEL, Z1, TILT)
    sheet(model, Request(show="between", label=1, rows=2, columns=5, seed=3))
    z = model.asked["z1"].reshape(2, 5, 4)
    first, last = model.draw(2, 3)["z1"], model.draw(2, 4)["z1"]
    np.testing.assert_allclose(z[:, 0], first, atol=1e-6)
    np.testing.assert_allclose(z[:, -1], last, atol=1e-6)
    lengths = np.linalg.norm(z, axis=2)
    between = np.minimum(lengths[:, [0]], lengths[:, [-1]]) * 0.99
    assert (lengths >= between).all()  # a straight line would pass nearer to the middle
    tilt = model.asked["tilt"].reshape(2, 5)
    np.testing.assert_allclose(np.diff(tilt, axis=1), np.diff(tilt, axis=1)[:, :1].repeat(4, 1), atol=1e-6)


def test_between_keeps_a_row_per_class() -> None:
    model = Model(LABEL, Z1)
    sheet(model, Request(show="between", columns=4))
    assert model.asked["label"].reshape(3, 4).tolist() == [[0] * 4, [1] * 4, [2] * 4]
    z = model.asked["z1"].reshape(3, 4, 4)
    assert (z == z[:1]).all()


def test_mixing_takes_the_first_noise_from_the_row_and_the_second_from_the_column() -> None:
    model = Model()
    made = sheet(model, Request(show="mix", rows=2, columns=3))
    rows, columns = model.asked["z1"].reshape(2, 3, 4), model.asked["z0"].reshape(2, 3, 4)
    assert (rows == rows[:, :1]).all()
    assert (columns == columns[:1]).all()
    assert (made.row_titles[1], made.column_titles[2]) == ("A2", "B3")
    assert made.about == "A: Level 1, B: Level 0"
    with pytest.raises(BadInput, match="nothing to mix"):
        sheet(Model(LABEL, Z1), Request(show="mix"))


def test_styles_that_are_mixed_cross_in_the_middle() -> None:
    assert crossings(ALL) == {"layer": 2}
    assert crossings((Input(name="x", title="X", kind="amount", low=0, high=7, default=7, step=1),)) == {"x": 4}


def test_sheets_that_nobody_can_see_are_refused() -> None:
    with pytest.raises(BadInput):
        sheet(Model(), Request(label=0, rows=100, columns=100))
    with pytest.raises(BadInput):
        sheet(Model(), Request(show="sweep", dial="cut", columns=4000))


def test_the_recipe_of_a_sheet_makes_it_again() -> None:
    model = Model()
    made = sheet(model, Request(show="sweep", dial="tilt", label=1, dials={"cut": 0.1}, seeds={"z0": 3}))
    asked = model.asked
    sheet(model, Request(**json.loads(json.dumps(made.recipe))))
    assert all(np.array_equal(asked[name], model.asked[name]) for name in asked)


def test_many_draws_afresh_for_each_picture() -> None:
    model = Model()
    assert len(many(model, Request(label=2, dials={"code1": 0.5}), 7)) == 7
    assert set(model.asked["label"]) == {2}
    assert len(np.unique(model.asked["z1"], axis=0)) == 7


# ---- noise


class Black:
    """Forty black pictures."""

    def __len__(self):
        return 40

    def gather(self, index):
        return np.zeros((len(index), 1, 4, 4), np.uint8), None


class Denoiser:
    """Halves the distance to the truth, which is black; its noise is a constant grey."""

    def __init__(self, amount: Input | None) -> None:
        self.record = SimpleNamespace(id="run")
        self.step = 5
        self.recipe = SimpleNamespace(title="Denoiser", amount=amount)

    def need(self, capability):
        assert capability == "Translates"
        return self.recipe

    def data(self):
        return SimpleNamespace(val=Black(), train=Black())

    def sources(self, pixels, amount=None):
        return pixels + np.uint8(round(100 * amount))

    def targets(self, pixels):
        return pixels

    def translate(self, pixels):
        return pixels // 2


NOISE = Input(name="noise", title="Noise", kind="amount", low=0.0, high=2.0, default=0.5)


def test_robustness_compares_every_level_with_doing_nothing() -> None:
    found, shown = noise.study(Denoiser(NOISE), (0.5, 1.0), count=30)
    assert [level.level for level in found] == [0.5, 1.0]
    assert [level.trained for level in found] == [True, False]
    assert [level.given for level in found] == pytest.approx([(50 / 255) ** 2, (100 / 255) ** 2])
    assert [level.made for level in found] == pytest.approx([(25 / 255) ** 2, (50 / 255) ** 2])
    assert [level.standard_error for level in found] == pytest.approx([0, 0])
    rows = shown[:: noise.SHOWN, 0, 0, 0].tolist()
    assert rows == [0, 50, 25, 100, 50]  # the truth, then given and made at each level


def test_default_levels_are_the_books_where_it_was_trained_on_the_books() -> None:
    assert noise.default_levels(NOISE) == (0.25, 0.5, 0.75, 1.0)


def test_robustness_says_what_it_cannot_do() -> None:
    with pytest.raises(BadInput, match="out of range"):
        noise.study(Denoiser(NOISE), (9.0,))
    with pytest.raises(BadInput, match="nothing to turn up"):
        noise.study(Denoiser(None))
    with pytest.raises(BadInput, match="sensible"):
        noise.study(Denoiser(NOISE), count=0)


# ---- the command line, with real recipes


def run(capsys, *words: object) -> dict:
    code = main([*map(str, words), "--json"])
    document = json.loads(capsys.readouterr().out)
    assert code == 0, document
    return document


QUICK = ["--data", "digits", "--device", "cpu", "--precision", "fp32", "--steps", "4"]


@pytest.fixture
def cvae(workspace, capsys) -> str:
    return run(capsys, "train", "cvae", *QUICK, "--set", "filters=8,8", "limit=64")["run"]


def test_pictures_are_chosen_from_the_command_line(cvae, capsys, tmp_path) -> None:
    listed = run(capsys, "generate", cvae, "--inputs")["inputs"]
    assert [i["name"] for i in listed] == ["label", "code"]
    assert listed[0]["choices"][8] == "8"
    out = tmp_path / "sweep.png"
    words = ("--show", "sweep", "--input", "code1", "--columns", 4, "--set", "code2=0.5")
    made = run(capsys, "generate", cvae, *words, "--out", out)
    assert made["count"] == 40
    recipe = read_recipe(out)
    assert (recipe["dial"], recipe["low"], recipe["high"], recipe["dials"]) == ("code1", -3.0, 3.0, {"code2": 0.5})
    eights = run(capsys, "sample", cvae, "--label", "8", "--set", "code1=1.5", "--n", 6, "--out", tmp_path / "8.png")
    assert eights["count"] == 6
    with Image.open(tmp_path / "8.png") as picture:
        assert picture.size[0] > 100


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--show", "sweep"], "--input"),
        (["--show", "mix"], "nothing to mix"),
        (["--label", "eleven"], "0, 1, 2"),
        (["--set", "cod1=1"], "code1"),
        (["--columns", "0"], "at least one"),
    ],
)
def test_wrong_wishes_are_answered_with_advice(cvae, capsys, words, said) -> None:
    assert main(["generate", cvae, *words]) == 1
    assert said in capsys.readouterr().err


def test_robustness_from_the_command_line(workspace, capsys, tmp_path) -> None:
    made = run(capsys, "train", "denoising", *QUICK, "--set", "filters=8,8", "limit=64")
    out = tmp_path / "sheet.png"
    found = run(capsys, "robustness", made["run"], "--levels", 0.5, 1.0, "--count", 5, "--out", out)
    assert [level["level"] for level in found["levels"]] == [0.5, 1.0]
    assert found["levels"][0]["given"] < found["levels"][1]["given"]
    assert found["count"] == 5
    assert read_recipe(out)["levels"] == found["levels"]


def test_what_has_no_inputs_says_what_it_can_do(workspace, capsys) -> None:
    made = run(capsys, "train", "denoising", *QUICK, "--set", "filters=8,8", "limit=64")
    assert main(["generate", made["run"]]) == 1
    assert "It can:" in capsys.readouterr().err


# ---- attributes


def test_attributes_are_listed_and_walked_from_the_command_line(workspace, capsys, tmp_path) -> None:
    made = run(capsys, "train", "vae", *QUICK, "--set", "filters=8,8", "hidden=8", "limit=600")
    listed = run(capsys, "attributes", made["run"])["attributes"]
    assert {a["name"] for a in listed} <= set("0123456789")
    assert all(a["with"] + a["without"] == listed[0]["with"] + listed[0]["without"] for a in listed)
    out = tmp_path / "walk.png"
    walked = run(capsys, "attributes", made["run"], "--name", listed[0]["name"], "--rows", 2, "--out", out)
    assert walked["count"] == 18
    assert read_recipe(out)["attribute"] == listed[0]["name"]
    assert main(["attributes", made["run"], "--name", "Smiling"]) == 1
    assert listed[0]["name"] in capsys.readouterr().err


def test_known_factors_of_the_shapes_are_attributes(workspace, capsys) -> None:
    words = ("--data", "shapes", "--device", "cpu", "--precision", "fp32", "--steps", "2")
    made = run(capsys, "train", "vae", *words, "--set", "filters=8,8", "hidden=8", "limit=300")
    names = {a["name"] for a in run(capsys, "attributes", made["run"])["attributes"]}
    assert {"size", "x", "y"} <= names


def test_walking_moves_only_along_the_attribute() -> None:
    right = Directions(("right",), np.array([[3.0, 0.0]], np.float32), np.array([[5, 5]]))
    known = Known(right, SimpleNamespace(points=np.arange(20, dtype=np.float32).reshape(10, 2)))
    model = SimpleNamespace(decode=lambda z: np.zeros((len(z), 2, 2, 1), np.uint8))
    start = np.array([7.0, 7.0], np.float32)
    made, points = walked(model, known, "right", reach=2.0, columns=5, rows=2, start=start)
    assert made.column_titles == ("−2.0", "−1.0", "0", "+1.0", "+2.0")
    assert points.reshape(2, 5, 2)[0].tolist() == [[5, 7], [6, 7], [7, 7], [8, 7], [9, 7]]
    assert points.reshape(2, 5, 2)[1, 2].tolist() == [18, 19]
