"""Write model directories that the encoder service serves, and prove that they compute the same as PyTorch."""
