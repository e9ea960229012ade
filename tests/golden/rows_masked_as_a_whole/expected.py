# mlxify: Attention()(f32[2, 4, 8], torch.tensor([[1, 1, 0, 0], [0, 0, 0, 0]]))
# mlxify: Plain()(f32[2, 4, 8], torch.tensor([[1, 1, 0, 0], [1, 1, 1, 1]]))
# mlxify: Additive()(f32[2, 4, 8], torch.tensor([[1, 1, 0, 0], [1, 1, 1, 1]]))
import mlx.core as mx
import mlx.nn as nn


def _filled_apart(input, mask, value):
    """`input` with `value` where the mask holds; the gradient there is 0. MLX's `where` multiplies what comes back by 0, a NaN too."""
    input = mx.broadcast_to(input, mx.broadcast_shapes(input.shape, mask.shape))

    @mx.custom_function
    def selected(input):
        return mx.where(mask, value, input)

    @selected.vjp
    def selected_vjp(input, cotangent, output):
        return mx.where(mask, 0, cotangent)

    return selected(input)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.query = nn.Linear(8, 8)

    def __call__(self, x, mask):
        scores = self.query(x) @ x.swapaxes(1, 2)
        hidden = mx.expand_dims(mask == 0, 1)
        scores = _filled_apart(scores, hidden, float("-inf"))
        weights = mx.where(hidden, 0.0, mx.softmax(scores, axis=-1))
        return weights @ x


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.query = nn.Linear(8, 8)

    def __call__(self, x, mask):
        scores = self.query(x) @ x.swapaxes(1, 2)
        return mx.softmax(mx.where(mx.expand_dims(mask, 1) > 0, scores, -mx.inf), axis=-1) @ x


class Additive(nn.Module):
    def __init__(self):
        super().__init__()
        self.query = nn.Linear(8, 8)

    def __call__(self, x, mask):
        hidden = mx.expand_dims(mask == 0, 1)
        scores = self.query(x) @ x.swapaxes(1, 2) + mx.where(hidden, float("-inf"), 0.0)
        return mx.nan_to_num(mx.softmax(scores, axis=-1)).mean(axis=1)
