from torch import nn


class Critic(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.online = nn.Sequential(nn.Linear(dim, dim), nn.ReLU())
        self.target = nn.Sequential(nn.Linear(dim, dim), nn.ReLU())
        self.target.load_state_dict(self.online.state_dict())  # begins as a copy

    def forward(self, x):
        return self.online(x) - self.target(x)
