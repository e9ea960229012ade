import mlx.core as mx


def grid(*axes: mx.array):
    sizes = [axis.size for axis in axes]
    x = mx.concatenate([*axes], axis=0)
    y = mx.zeros((*sizes,))
    z = x.reshape((*sizes, -1))
    return mx.stack((*axes, x)), y, z
