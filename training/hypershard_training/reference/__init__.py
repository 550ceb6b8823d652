"""Make the numbers that the TypeScript tests compare with, and compare both with the authors' released code."""
