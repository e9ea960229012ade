import torch


def pieces(x, y, size):
    seen = set()
    seen.add(3)
    total = x.add(y)
    left, right = total.split(size, 1)
    words = "a b".split(" ")
    return left.sort()[0], right.unique(), words
