import torch


def mask_scores(scores: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    scores = scores.masked_fill(mask == 0, float("-inf"))  # hide the padding
    return torch.masked_fill(scores, mask=~mask, value=0.0)
