import mlx.core as mx


def _new(self, args, device=None):
    return mx.zeros(args, dtype=self.dtype)


def like(x, *args, **kwargs):
    return _new(x, (*args,), **kwargs)
