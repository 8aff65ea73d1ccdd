"""Projections, latent walks and grids."""
