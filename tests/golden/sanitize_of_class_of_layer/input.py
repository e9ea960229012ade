from torch import nn


class Squeeze(nn.Module):
    def __init__(self, channels, conv_op, act_op):
        super().__init__()
        self.fc = conv_op(channels, channels, kernel_size=1)
        self.act = act_op()

    def forward(self, x):
        return self.act(self.fc(x))
