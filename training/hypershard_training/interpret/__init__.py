"""The interpreter: a tagger on a query encoder's token states that finds the pieces of "A or B" (docs/formats/model.md)."""
