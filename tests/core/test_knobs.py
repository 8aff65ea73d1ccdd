"""Config -> JSON -> Config is the identity, and every wrong value is refused with advice."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core import knobs
from studio.core.errors import BadConfig
from studio.core.knobs import Knob
from studio.core.registry import recipes
from studio.core.training import Training
from studio.data.options import DataOptions


@dataclass(frozen=True, kw_only=True)
class Config:
    rate: Annotated[float, Knob("Rate", 1e-6, 1.0, log=True)] = 1e-3
    width: Annotated[int, Knob("Width", 1, 512)] = 64
    deep: Annotated[bool, Knob("Deep")] = False
    kind: Annotated[Literal["a", "b"], Knob("Kind")] = "a"
    layers: Annotated[tuple[int, ...], Knob("Layers", 1, 999)] = (32, 64)
    name: Annotated[str, Knob("Name")] = ""


configs = st.builds(
    Config,
    rate=st.floats(1e-6, 1.0),
    width=st.integers(1, 512),
    deep=st.booleans(),
    kind=st.sampled_from(["a", "b"]),
    layers=st.lists(st.integers(1, 999), max_size=5).map(tuple),
    name=st.text(),
)


@given(configs)
def test_json_round_trip_is_the_identity(config):
    assert knobs.make(Config, json.loads(json.dumps(knobs.to_json(config)))) == config


@given(configs)
def test_command_line_round_trip_is_the_identity(config):
    texts = {k: ",".join(map(str, v)) if isinstance(v, tuple) else str(v) for k, v in vars(config).items()}
    assert knobs.make(Config, texts) == config


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"rat": 1}, "no setting called 'rat'"),
        ({"rate": 2.0}, "out of range"),
        ({"rate": float("nan")}, "out of range"),
        ({"rate": "fast"}, "must be a number"),
        ({"width": 1.5}, "must be a whole number"),
        ({"width": True}, "must be a whole number"),
        ({"deep": "maybe"}, "must be true or false"),
        ({"kind": "c"}, "cannot be 'c'"),
        ({"layers": "1,x"}, "whole numbers"),
        ({"layers": [0]}, "out of range"),
    ],
)
def test_wrong_values_are_refused(values, message):
    with pytest.raises(BadConfig, match=message) as caught:
        knobs.make(Config, values)
    assert caught.value.what_to_do


def test_the_nearest_name_is_suggested():
    with pytest.raises(BadConfig) as caught:
        knobs.make(Training, {"epoch": 3})
    assert "epochs" in caught.value.what_to_do


def test_engine_and_data_knobs_do_not_share_names():
    training = {f.name for f in knobs.fields_of(Training)}
    assert not training & {f.name for f in knobs.fields_of(DataOptions)}


@dataclass(frozen=True, kw_only=True)
class Dependent:
    kind: Annotated[Literal["plain", "wavy"], Knob("Kind")] = "plain"
    waves: Annotated[int, Knob("Waves", 1, 9, when={"kind": ("wavy",)})] = 3


def test_a_knob_says_beside_which_values_it_matters():
    kind, waves = (field.knob for field in knobs.fields_of(Dependent))
    assert kind.matters({"kind": "plain"})
    assert waves.matters({"kind": "wavy"})
    assert not waves.matters({"kind": "plain"})


@pytest.mark.parametrize("config", [Training, DataOptions, *(cls.Config for cls in recipes().values())])
def test_what_a_knob_depends_on_exists(config):
    fields = {field.name: field for field in knobs.fields_of(config)}
    for field in fields.values():
        for name, values in field.knob.when.items():
            assert [knobs.check(fields[name], value) for value in values] == list(values)
