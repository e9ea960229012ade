from torch import nn
from torch.nn.init import xavier_uniform_


class Heads(nn.Module):
    def __init__(self, n, heads, init_fn=nn.init.orthogonal_):
        super().__init__()
        self.q, self.k = nn.Linear(n, n), nn.Linear(n, n)
        self.fill(self.q.weight, heads, xavier_uniform_)
        init_fn(self.k.weight)

    def fill(self, weight, heads, init_fn):
        n = weight.shape[0] // heads
        for h in range(heads):
            init_fn(weight[h * n : (h + 1) * n, :], gain=1 / n)

    def forward(self, x):
        return self.q(x) @ self.k(x).mT
