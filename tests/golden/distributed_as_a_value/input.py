from torch import distributed, nn


def keep(*args):
    pass


class Code(nn.Module):
    def __init__(self, n: int, sync: bool = False):
        super().__init__()
        self.lin = nn.Linear(n, n)
        self.all_reduce = distributed.all_reduce if sync else keep

    def forward(self, x):
        x = self.lin(x)
        self.all_reduce(x)
        return x
