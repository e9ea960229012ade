"""A saved file holds for tensors of other ranks than those of the samples that proved it, where the original does."""

from pathlib import Path

import pytest
from installed_program import mlxify

ORIGINAL = """\
import torch
from torch import nn
from torch.nn import functional as F


class Marks(nn.Module):
    def forward(self, x):
        best = x.argmax(1, keepdim=True)
        marks = torch.zeros_like(x).scatter_(1, best, 1.0)
        return F.layer_norm(x, x.shape[1:]) * marks, x.gather(1, best), F.pad(x, (1, 2)), x.unfold(-1, 2, 1)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ranks")
    (folder / "marks.py").write_text(ORIGINAL)
    ran = mlxify("convert", "marks.py", "--call", "Marks()(f32[3, 4, 5])", cwd=folder)
    assert ran.code == 0, ran.out
    return folder


@pytest.mark.parametrize("shape", ["3, 4", "3, 4, 5", "2, 3, 4, 5"])
def test_other_ranks(folder: Path, shape: str):
    ran = mlxify("verify", "marks.py", "mlx_architectures/marks.py", "--call", f"Marks()(f32[{shape}])", cwd=folder)
    assert ran.code == 0, ran.out
