"""Where torchvision keeps stochastic depth."""

from . import StochasticDepth, stochastic_depth

__all__ = ["StochasticDepth", "stochastic_depth"]
