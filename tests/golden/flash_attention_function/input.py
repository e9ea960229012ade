import torch
from flash_attn import flash_attn_func, flash_attn_qkvpacked_func


def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    return flash_attn_func(q, k, v, causal=True)


def attend_packed(qkv: torch.Tensor, scale: float) -> torch.Tensor:
    return flash_attn_qkvpacked_func(qkv, softmax_scale=scale)
