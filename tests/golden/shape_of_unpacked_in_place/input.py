import torch


def match(overlaps, threshold):
    best, index = overlaps.max(1, keepdim=True)
    index.squeeze_(1)  # an object of its own
    best.squeeze_(1)
    best.index_fill_(0, index, 2)
    values, places = torch.topk(overlaps, 2)
    values.add_(1)
    return best, index, values, places


def halves(x):
    left, right = x.chunk(2, 1)
    left.unsqueeze_(0)  # of the object, not of what it looks at
    return left, right
