"""Style statistics against plain loops."""

from __future__ import annotations

import numpy as np
import torch

from studio.nn.statistics import adaptive_instance_norm, gram_matrices, mean_and_std, roughness


def features(seed: int = 0, shape: tuple[int, ...] = (2, 3, 4, 5)) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_a_gram_matrix_is_the_mean_product_of_two_channels():
    x = features()
    for n, matrix in enumerate(gram_matrices(x).numpy()):
        for i in range(3):
            for j in range(3):
                wanted = sum(float(x[n, i, r, c] * x[n, j, r, c]) for r in range(4) for c in range(5)) / 20
                assert np.isclose(matrix[i, j], wanted, atol=1e-5)


def test_mean_and_std_are_those_of_each_channel():
    x = features()
    mean, std = mean_and_std(x, eps=0.0)
    np.testing.assert_allclose(mean[..., 0, 0], x.numpy().mean((2, 3)), atol=1e-6)
    np.testing.assert_allclose(std[..., 0, 0], x.numpy().std((2, 3)), atol=1e-6)


def test_adain_gives_the_styles_statistics_and_keeps_the_contents_pattern():
    content, style = features(0), 3 * features(1, (2, 3, 7, 2)) + 5
    made = adaptive_instance_norm(content, style)
    for ours, theirs in zip(mean_and_std(made), mean_and_std(style), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=1e-3)
    pattern = torch.corrcoef(torch.stack([content[0, 0].flatten(), made[0, 0].flatten()]))[0, 1]
    assert pattern > 0.9999


def test_roughness_of_a_ramp_is_its_squared_slopes():
    ramp = 0.1 * torch.arange(4.0)[None, None, :, None] + 0.2 * torch.arange(5.0)[None, None, None, :]
    torch.testing.assert_close(roughness(ramp), torch.tensor(0.01 + 0.04))
