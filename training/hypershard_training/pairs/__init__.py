"""The trainer of cross-encoders: pairs to learn from, the BERT that reads them, and the run."""
