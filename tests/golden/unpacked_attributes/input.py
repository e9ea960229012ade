import torch
import torch.nn as nn


def create(n):
    masks = [torch.ones(n, n).tril(), torch.ones(n, n)]
    skip = torch.ones(n, n).triu()
    return masks, skip


class A(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.fc = nn.Linear(n, n)
        self.masks, self.skip = create(n)
        a, self.other = create(n)

    def forward(self, x):
        return self.fc(x) @ self.masks[0] @ self.skip + x @ self.other
