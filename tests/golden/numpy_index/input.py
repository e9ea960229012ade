import numpy as np
import torch


def dropped(x: torch.Tensor, kept: int) -> torch.Tensor:
    places = np.random.choice(x.shape[1], kept, replace=False)
    x[:, np.arange(2)] = 0
    return x[:, places]
