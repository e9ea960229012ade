import torch
import torch.nn.functional as F


def join(a: torch.Tensor, b: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    return torch.cat(
        [
            a,  # the present
            F.softmax(
                b,
                dim=-1,  # over the vocabulary
            ),
        ],
        dim=-1,  # side by side
    )
