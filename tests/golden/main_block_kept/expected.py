import mlx.core as mx
import mlx.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)

    def __call__(self, x):
        return self.fc(x)


if __name__ == "__main__":
    net = Net()
    print(net(mx.random.normal((2, 4))).shape)
