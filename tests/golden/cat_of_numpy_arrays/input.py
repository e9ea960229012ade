import numpy as np
import torch


def basis(t, p: int):
    half = p // 2
    cosines = torch.tensor(np.array([np.cos(2 * np.pi * i * t) for i in range(half)])).float()
    sines = torch.tensor(np.array([np.sin(2 * np.pi * i * t) for i in range(p - half)])).float()
    return torch.cat([cosines, sines])
