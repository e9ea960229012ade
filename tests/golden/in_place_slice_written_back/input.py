import torch
import torch.nn as nn


class OverlapAdd(nn.Module):
    def forward(self, chunks):
        out = torch.zeros(chunks.shape[0], 16)
        weight = torch.zeros(16)
        for start in range(0, 12, 4):
            part = out[:, start : start + 8]
            part += chunks[:, start // 4]
            out[:, start : start + 8] = part
            weight[start : start + 8] += 1
        last = out[:, -1]
        last.mul_(2)
        return out / weight
