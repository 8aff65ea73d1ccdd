"""Every network that a canvas can look through: bundled, from torchvision, from a file."""
