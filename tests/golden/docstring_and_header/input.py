#!/usr/bin/env python3
# Copyright 2024 The Authors.
# Licensed under the MIT licence.
"""Squeeze and excitation.

Mentions torch.Tensor and F.relu, which are words here.
"""

from __future__ import annotations

import torch
import torch.nn as nn

__all__ = ["Squeeze"]


class Squeeze(nn.Module):
    """Weighs channels by their mean, as `torch.mean(x)` does."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (batch, length, dim)."""
        return x * torch.mean(x, dim=1, keepdim=True)
