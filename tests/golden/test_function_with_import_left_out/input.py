import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)

    def forward(self, x):
        return self.fc(x)


def _test():
    """Tries it."""
    from some_logger import inspect
    inspect(Net())


#
if __name__ == "__main__":
    _test()
