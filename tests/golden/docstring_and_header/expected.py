#!/usr/bin/env python3
# Copyright 2024 The Authors.
# Licensed under the MIT licence.
"""Squeeze and excitation.

Mentions torch.Tensor and F.relu, which are words here.
"""

from __future__ import annotations

import mlx.core as mx
import mlx.nn as nn

__all__ = ["Squeeze"]


class Squeeze(nn.Module):
    """Weighs channels by their mean, as `torch.mean(x)` does."""

    def __call__(self, x: mx.array) -> mx.array:
        """x: (batch, length, dim)."""
        return x * x.mean(axis=1, keepdims=True)
