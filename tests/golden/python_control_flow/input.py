import torch


def loop(x: torch.Tensor, steps: int) -> torch.Tensor:
    outputs = []
    h = torch.zeros_like(x[:, 0])
    for t in range(x.size(1)):
        h = torch.tanh(x[:, t] + h)
        outputs.append(h)
    while (steps := steps - 1) > 0:
        h = -h
    y = torch.stack(outputs, dim=1)
    try:
        return y if y.dim() == 3 else y.unsqueeze(-1)
    except ValueError as error:
        raise RuntimeError(f"{y.shape}") from error
