"""The mathematics of the Lessons page: small functions of numpy arrays, free of Qt; their tests know the answers."""
