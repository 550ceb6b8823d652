"""Read and write dual encoders in the layout of the published checkpoints, and encode texts with them in PyTorch."""
