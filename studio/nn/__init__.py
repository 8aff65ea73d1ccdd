"""Blocks that several recipes share: Keras-parity layers and initialisers."""
