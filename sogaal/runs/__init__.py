"""Saved runs: the files that a training leaves, and how they are read back."""
