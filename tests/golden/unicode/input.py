import torch


def σ(μ: torch.Tensor, ε: float = 1e-5) -> torch.Tensor:
    # Größe über alle Kanäle: √(var + ε) 🙂
    日本 = torch.mean(μ, dim=-1, keepdim=True)
    return torch.rsqrt((μ - 日本).pow(2).mean(-1) + ε)
