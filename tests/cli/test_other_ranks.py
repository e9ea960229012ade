"""A saved file holds for tensors of other ranks than those of the samples that proved it, where the original does."""

from pathlib import Path

import pytest
from installed_program import mlxify

IMPORTS = """\
import torch
from torch import nn
from torch.nn import functional as F


"""
MARKS = """\
class Marks(nn.Module):
    def forward(self, x):
        best = x.argmax(1, keepdim=True)
        marks = torch.zeros_like(x).scatter_(1, best, 1.0)
        return F.layer_norm(x, x.shape[1:]) * marks, x.gather(1, best), F.pad(x, (1, 2)), x.unfold(-1, 2, 1)
"""
CHOSEN = """\
class Chosen(nn.Module):
    def forward(self, x, mask):
        y = x.clone()
        y[mask, :] = 2 * x[mask, :]
        return y, x[~mask, :]
"""
ALONG = """\
class Along(nn.Module):
    def forward(self, x, index):
        rest = x.shape[2:]
        index = index[(..., *((None,) * len(rest)))].expand(*((-1,) * index.ndim), *rest)
        grown = torch.cat([x, x.new_ones(*x.shape[:1], 1, *rest)], 1)
        return x.gather(1, index), grown.reshape(*grown.shape[:2], -1), grown.repeat(2, *((1,) * (x.ndim - 1)))
"""
SAMPLES = {
    "marks.py": (MARKS, "Marks()(f32[{0}])", "3, 4, 5"),
    "chosen.py": (CHOSEN, "Chosen()(f32[{0}, 4], bool[{0}])", "6"),
    "along.py": (ALONG, "Along()(f32[{0}], i64[2, 6; 0, 3])", "2, 3, 4"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ranks")
    for name, (text, call, shape) in SAMPLES.items():
        (folder / name).write_text(IMPORTS + text)
        ran = mlxify("convert", name, "--call", call.format(shape), cwd=folder)
        assert ran.code == 0, ran.out
    return folder


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("marks.py", "3, 4"),
        ("marks.py", "2, 3, 4, 5"),
        ("chosen.py", "2, 3"),
        ("along.py", "2, 3"),
        ("along.py", "2, 3, 4, 5"),
    ],
)
def test_other_ranks(folder: Path, name: str, shape: str):
    call = SAMPLES[name][1].format(shape)
    ran = mlxify("verify", name, f"mlx_architectures/{name}", "--call", call, cwd=folder)
    assert ran.code == 0, ran.out
