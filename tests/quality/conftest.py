"""The planted world and a feature network that knows it, made once."""

from __future__ import annotations

import pytest

from studio.quality import features
from studio.quality.features import feature_net
from tests.quality import planted


@pytest.fixture(scope="session")
def world():
    return planted.world()


@pytest.fixture(scope="session")
def net(world, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features, "FEWEST_STEPS", 150)  # enough for digits of 8 x 8
        return feature_net(world.data, tmp_path_factory.mktemp("features"))
