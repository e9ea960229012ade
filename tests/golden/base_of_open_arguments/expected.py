import mlx.core as mx
import mlx.nn as nn


class LayerNormOfShape(nn.LayerNorm):
    """PyTorch's LayerNorm with its own arguments, over the last axis."""

    def __init__(self, normalized_shape, eps=1e-5, elementwise_affine=True, bias=True, device=None, dtype=None):
        if not isinstance(normalized_shape, int):
            (normalized_shape,) = normalized_shape
        super().__init__(normalized_shape, eps, elementwise_affine, bias)


class BatchNorm(nn.BatchNorm):
    """PyTorch's batch norm: the channels are axis 1 of an array of any rank."""

    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True):
        if momentum is None:
            raise NotImplementedError("running statistics as a cumulative average")
        super().__init__(num_features, eps, momentum, affine, track_running_stats)
        if track_running_stats:
            self.num_batches_tracked = mx.array(0)
            self.freeze(keys=["num_batches_tracked"], recurse=False)

    def unfreeze(self, *args, **kwargs):
        super().unfreeze(*args, **kwargs)
        self.freeze(keys=["num_batches_tracked"], recurse=False)

    def __call__(self, x):
        if self.training and self.track_running_stats:
            self.num_batches_tracked = self.num_batches_tracked + 1
        x = mx.moveaxis(x, 1, -1)
        return mx.moveaxis(super().__call__(x.reshape(-1, x.shape[-1])).reshape(x.shape), -1, 1)


class Norm(LayerNormOfShape):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.eps = 1e-6


class Channels(BatchNorm):
    def __init__(self, dim, device=None, dtype=None):
        super().__init__(num_features=dim, eps=1e-3)
