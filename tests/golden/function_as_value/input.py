from functools import partial

import torch
import torch.nn.functional as F

ACTIVATIONS = {"relu": F.relu, "leaky": F.leaky_relu, "softmax": F.softmax, "tanh": torch.tanh}
unit = partial(F.normalize, dim=-1)


def distance(x: torch.Tensor, y: torch.Tensor, loss=F.mse_loss) -> torch.Tensor:
    return loss(unit(x), y, reduction="sum")
