"""Formulas that MLX has as one function: what is saved, and what is taken where that is not verified."""

from pathlib import Path

from installed_program import mlxify

HEADS = """\
import torch
from torch import nn


class Heads(nn.Module):
    \"""Attention of `heads` heads of queries over four of keys and values, or one over all.\"""

    def __init__(self, dim: int = 8, heads: int = 4, learned: bool = False):
        super().__init__()
        self.heads = heads
        self.scale = nn.Parameter(torch.ones(1)) if learned else dim**-0.5
        self.q = nn.Linear(dim, heads * dim)
        self.kv = nn.Linear(dim, 8 * dim)

    def forward(self, x):
        b, n, d = x.shape
        q = self.q(x).view(b, n, self.heads, d).transpose(1, 2)
        k, v = self.kv(x).view(b, n, 2, 4, d).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-2, -1) * {scale}
        return torch.softmax(scores, dim=-1) @ v
"""
FUSED = "mx.fast.scaled_dot_product_attention(q, k, v, scale="


def converted(folder: Path, scale: str, call: str, *options: str) -> tuple[str, str]:
    """What was saved, and what was said."""
    (folder / "heads.py").write_text(HEADS.replace("{scale}", scale))
    ran = mlxify("convert", "heads.py", "--call", call, *options, cwd=folder)
    assert ran.code == 0, ran.out
    return (folder / "mlx_architectures" / "heads.py").read_text(), ran.out


def test_attention_becomes_one_function(tmp_path: Path) -> None:
    text, said = converted(tmp_path, "x.shape[-1] ** -0.5", "Heads()(f32[2, 5, 8])")
    assert FUSED in text
    assert "MX5006" not in said


def test_literal_style_keeps_it(tmp_path: Path) -> None:
    text, _ = converted(tmp_path, "x.shape[-1] ** -0.5", "Heads()(f32[2, 5, 8])", "--style", "literal")
    assert "mx.fast" not in text
    assert "mx.softmax(scores, axis=-1) @ v" in text


def test_a_form_that_is_not_verified_is_taken_back(tmp_path: Path) -> None:
    text, said = converted(tmp_path, "x.shape[-1] ** -0.5", "Heads(heads=1)(f32[2, 5, 8])")
    assert "mx.fast" not in text
    assert "MX5006" in said, "MLX wants as many heads of queries as of keys, or a multiple"


def test_a_number_that_a_flag_makes_a_tensor_is_no_number(tmp_path: Path) -> None:
    text, _ = converted(tmp_path, "self.scale", "Heads()(f32[2, 5, 8])")
    assert "mx.fast" not in text
