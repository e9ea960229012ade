import torch
import torch.nn.functional as F


def attend(scores: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    # one expression is left of the rule: it is written where the call was
    weights = F.softmax(scores, dim=-1)
    sharp = torch.softmax(scores * 2.0, -1)
    wide = scores.softmax(dim=1, dtype=torch.float32)
    return weights + sharp + wide
