"""A feed-forward layer of many experts, of which each token uses the few that a router picks."""

import math
from typing import Tuple

import torch
import torch.nn as nn
import torch.nn.functional as F


class Router(nn.Module):
    """Picks `top_k` experts per token; gives their weights, their indices and a loss that spreads the load."""

    def __init__(self, dim: int, num_experts: int, top_k: int):
        super().__init__()
        self.num_experts = num_experts
        self.top_k = top_k
        self.weight = nn.Parameter(torch.empty(num_experts, dim))
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))

    def forward(self, tokens: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        probs = F.softmax(F.linear(tokens, self.weight), dim=-1, dtype=torch.float32)
        weights, experts = torch.topk(probs, self.top_k, dim=-1)
        weights = weights / weights.sum(dim=-1, keepdim=True)

        # share of the tokens times mean probability, per expert: least when both are even
        assigned = F.one_hot(experts, self.num_experts).sum(dim=1).float()
        balance = self.num_experts * (assigned.mean(dim=0) * probs.mean(dim=0)).sum() / self.top_k
        return weights.to(tokens.dtype), experts, balance


class Experts(nn.Module):
    """The weights of all experts in two tensors; each is a gated network dim -> hidden -> dim."""

    def __init__(self, num_experts: int, dim: int, hidden: int):
        super().__init__()
        self.gate_up = nn.Parameter(torch.randn(num_experts, dim, 2 * hidden) / math.sqrt(dim))
        self.down = nn.Parameter(torch.randn(num_experts, hidden, dim) / math.sqrt(hidden))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Every expert's answer to every token: (tokens, dim) -> (experts, tokens, dim)."""
        gate, up = torch.einsum("td,edh->eth", tokens, self.gate_up).chunk(2, dim=-1)
        return torch.bmm(F.silu(gate) * up, self.down)


class MixtureOfExperts(nn.Module):
    """(batch, length, dim) -> the same shape, and the balance loss.

    All experts are evaluated and most answers weighted by zero: simple and exact, meant for small models.
    """

    def __init__(self, dim: int = 16, hidden: int = 24, num_experts: int = 6, top_k: int = 2, num_shared: int = 1):
        super().__init__()
        self.router = Router(dim, num_experts, top_k)
        self.experts = Experts(num_experts, dim, hidden)
        self.shared = nn.ModuleList(
            [nn.Sequential(nn.Linear(dim, hidden), nn.SiLU(), nn.Linear(hidden, dim)) for _ in range(num_shared)]
        )

    def forward(self, x: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
        batch, length, dim = x.size()
        tokens = x.reshape(-1, dim)
        weights, experts, balance = self.router(tokens)

        combine = torch.zeros(tokens.shape[0], self.router.num_experts, dtype=x.dtype, device=x.device)
        combine.scatter_(1, experts, weights)
        out = torch.einsum("te,etd->td", combine, self.experts(tokens))
        for shared in self.shared:
            out = out + shared(tokens)
        return out.view(batch, length, dim), balance


class MoEBlock(nn.Module):
    def __init__(self, dim: int = 16, heads: int = 2, num_experts: int = 6):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.norm2 = nn.LayerNorm(dim)
        self.moe = MixtureOfExperts(dim, num_experts=num_experts)

    def forward(self, x: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
        y = self.norm1(x)
        x = x + self.attn(y, y, y, need_weights=False)[0]
        y, balance = self.moe(self.norm2(x))
        return x + y, balance


if __name__ == "__main__":
    torch.manual_seed(0)
    block = MoEBlock().eval()
    out, balance = block(torch.randn(2, 10, 16))
    print(out.shape, balance.item())
