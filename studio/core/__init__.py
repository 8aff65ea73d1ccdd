"""The vocabulary and the engine: no Qt, no recipe, no torchvision.

Modules that the window needs before torch is loaded (`errors`, `knobs`, `events`, `control`,
`capabilities`, `spec`, `registry`, `store`) never import torch at module level.
"""
