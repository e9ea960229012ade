import mlx.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)

    def __call__(self, x):
        return self.fc(x)


#
