"""Train a Hypencoder, or a dense head for comparison, on one's own corpus: docs/training.md."""
