"""torch.signal.windows: symmetric windows unless `sym=False`, which drops the last point of one that is longer by one."""

from mlxify.catalogue import *


def _period(M, sym):
    """How many steps a window of M points takes from end to end; one point stands in the middle."""
    return M - 1 if sym or M == 1 else M


def _cosine_sum(M, weights, sym):
    """Alternating sums of cosines."""
    if M == 1:
        return mx.ones(1)
    angles = mx.arange(M) * (2 * math.pi / max(_period(M, sym), 1))
    return sum((-1) ** k * weight * mx.cos(k * angles) for k, weight in enumerate(weights))


def _centred(M, sym):
    """The points of a window of M points, counted from its middle."""
    return mx.arange(M) - _period(M, sym) / 2


@rule("torch.signal.windows.general_cosine")
def general_cosine(M, *, a, sym=True, dtype=None, layout=None, device=None, requires_grad=False):
    return _cosine_sum(M, a, sym)


@rule("torch.signal.windows.general_hamming")
def general_hamming(M, *, alpha=0.54, sym=True, dtype=None, layout=None, device=None, requires_grad=False):
    return _cosine_sum(M, (alpha, 1 - alpha), sym)


@rule("torch.signal.windows.hamming")
def hamming(M, *, sym=True, dtype=None, layout=None, device=None, requires_grad=False):
    return _cosine_sum(M, (0.54, 0.46), sym)


@rule("torch.signal.windows.hann")
def hann(M, *, sym=True, dtype=None, layout=None, device=None, requires_grad=False):
    return _cosine_sum(M, (0.5, 0.5), sym)


@rule("torch.signal.windows.blackman")
def blackman(M, *, sym=True, dtype=None, layout=None, device=None, requires_grad=False):
    return _cosine_sum(M, (0.42, 0.5, 0.08), sym)


@rule("torch.signal.windows.nuttall")
def nuttall(M, *, sym=True, dtype=None, layout=None, device=None, requires_grad=False):
    return _cosine_sum(M, (0.3635819, 0.4891775, 0.1365995, 0.0106411), sym)


@rule("torch.signal.windows.bartlett")
def bartlett(M, *, sym=True, dtype=None, layout=None, device=None, requires_grad=False):
    return 1 - mx.abs(_centred(M, sym)) * (2 / max(_period(M, sym), 1))


@rule("torch.signal.windows.cosine")
def cosine(M, *, sym=True, dtype=None, layout=None, device=None, requires_grad=False):
    return mx.sin((mx.arange(M) + 0.5) * (math.pi / (max(_period(M, sym), 0) + 1)))


@rule("torch.signal.windows.gaussian")
def gaussian(M, *, std=1.0, sym=True, dtype=None, layout=None, device=None, requires_grad=False):
    return mx.exp(-0.5 * mx.square(_centred(M, sym) / std))


@rule("torch.signal.windows.exponential")
def exponential(M, *, center=None, tau=1.0, sym=True, dtype=None, layout=None, device=None, requires_grad=False):
    if center is None:
        return mx.exp(-mx.abs(_centred(M, sym)) / tau)
    return mx.exp(-mx.abs(mx.arange(M) - center) / tau)


@rule("torch.signal.windows.kaiser")
def kaiser(M, *, beta=12.0, sym=True, dtype=None, layout=None, device=None, requires_grad=False):
    return mx.array(np.kaiser(_period(M, sym) + 1, beta)[:M].astype(np.float32))
