"""How good generated pictures are: features, distances between sets, coverage, neighbours, and the GAN doctor."""
