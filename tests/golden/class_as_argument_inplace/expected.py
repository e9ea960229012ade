import mlx.nn as nn


class Block(nn.Module):
    def __init__(self, dim, act_layer=nn.ReLU, act="silu"):
        super().__init__()
        self.first = nn.Linear(dim, dim)
        self.act = act_layer()
        self.second = {"relu": nn.ReLU, "silu": nn.SiLU}[act]()

    def __call__(self, x):
        return self.second(self.act(self.first(x)))
