import numpy as np
import torch


def divided(a: torch.Tensor, b: torch.Tensor):
    """The quotient, with zeros for what is no number."""
    result = (a / b).float()
    result[result != result] = 0.0
    result[result == np.inf] = 0.0
    result[result == -np.inf] = 0.0
    return result
