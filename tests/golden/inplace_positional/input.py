import torch.nn as nn


class A(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Hardsigmoid(inplace=True)
        self.b = nn.Hardswish(inplace=True)
        self.c = nn.Dropout2d(0.1, False)
        self.d = nn.Dropout(0.1, True)
        self.e = nn.ReLU6(True)
        self.f = nn.ELU(1.0, True)
        self.g = nn.SELU(True)
        self.h = nn.CELU(1.0, inplace=True)
        self.i = nn.SiLU(True)
        self.j = nn.Mish(inplace=True)
        self.k = nn.Hardtanh(-1.0, 1.0, True)
        self.l = nn.LeakyReLU(0.1, True)
        self.m = nn.RReLU(0.1, 0.3, True)
        self.n = nn.Threshold(0.1, 20, True)
        self.o = nn.Dropout3d(0.1, inplace=True)
        self.p = nn.AlphaDropout(0.1, True)
        self.q = nn.FeatureAlphaDropout(0.1, True)
        self.r = nn.Dropout1d(0.1, True)
        self.s = nn.ReLU(True)
        self.t = nn.Hardswish(True)
        self.u = nn.Hardsigmoid(True)
