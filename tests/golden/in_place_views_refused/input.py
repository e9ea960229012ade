import torch.nn as nn


def double_(rows):
    rows *= 2


class Writes(nn.Module):
    def forward(self, x):
        y = x * 2
        flat = y.view(-1)
        turned = y.transpose(0, 1)
        flat += 1
        double_(y[:, 0])
        for row in y:
            row += 1
        first, second = y
        first.mul_(2)
        pieces = y.chunk(2)
        pieces[0].zero_()
        maybe = y.reshape(-1)
        maybe += 1
        return turned, y


def raised(x):
    y = x * 1
    return y, y.transpose(0, 1).add_(1).t_()
