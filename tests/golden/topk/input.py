import torch


def route(scores: torch.Tensor, k: int):
    weights, experts = torch.topk(scores, k, dim=-1)  # best first
    chosen = scores.topk(2).indices
    return weights.softmax(-1), experts, chosen
