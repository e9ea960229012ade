import torch
from beartype import beartype
from huggingface_hub import PyTorchModelHubMixin
from jaxtyping import Float, jaxtyped
from torch import Tensor, nn
from transformers.activations import ACT2FN


@jaxtyped(typechecker=beartype)
def double(x: Float[Tensor, "b n"]) -> Float[Tensor, "b n"]:
    return x * 2


class Layer(nn.Module, PyTorchModelHubMixin, library_name="layers"):
    def __init__(self, dim: int, act: str = "gelu_new"):
        super().__init__()
        self.fc = nn.Linear(dim, dim)
        self.act = ACT2FN[act]

    @beartype
    def forward(self, x: Float[torch.Tensor, "b n"]) -> Tensor:
        return self.act(self.fc(double(x)))
