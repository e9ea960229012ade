from torch import nn


class Dense(nn.Linear):
    def __init__(self, n, m, init=nn.init.xavier_uniform_):
        self.init = init
        super().__init__(n, m)
        self.act = nn.ReLU()

    def reset_parameters(self):
        super().reset_parameters()
        self.init(self.weight)

    def forward(self, x):
        return self.act(super().forward(x))


class Small(nn.Embedding):
    def reset_parameters(self):
        nn.init.normal_(self.weight, std=0.02)


class Wide(Dense):
    def __init__(self, n):
        super().__init__(n, 4 * n)

    def reset_parameters(self):
        nn.init.zeros_(self.bias)
