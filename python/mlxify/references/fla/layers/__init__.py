"""Helpers of the attention layers; the layers themselves are not part of this reference."""
