"""One readable file per system, in folders per family; recipes never import each other."""
