"""Measure: yardsticks for the benchmarks, and what an export or a search plan costs in speed and ranking."""
