"""DeepDream and style transfer as optimisers without a window, and the networks that they look through."""
