import mlx.core as mx
import mlx.nn as nn


class OverlapAdd(nn.Module):
    def __call__(self, chunks):
        out = mx.zeros((chunks.shape[0], 16))
        weight = mx.zeros(16)
        for start in range(0, 12, 4):
            part = out[:, start : start + 8]
            part += chunks[:, start // 4]
            out[:, start : start + 8] = part
            weight[start : start + 8] += 1
        last = out[:, -1]
        last[...] = last * 2
        out[:, -1] = last
        return out / weight
