import mlx.core as mx
from einops import rearrange


def repeat(tensor, pattern, **axes_lengths):
    """einops.repeat for MLX arrays: einops makes room for the new axes, and broadcasting fills it."""
    left, right = pattern.split("->")
    given = left.replace("(", " ").replace(")", " ").split()
    layout = right.replace("(", " ( ").replace(")", " ) ").split()
    # a number copies too: name it after its place
    axes_lengths = axes_lengths | {f"copies{i}": int(axis) for i, axis in enumerate(layout) if axis.isdigit()}
    layout = [f"copies{i}" if axis.isdigit() else axis for i, axis in enumerate(layout)]
    axes = [axis for axis in layout if axis not in "()"]
    new = [axis for axis in axes if axis != "..." and axis not in given]
    lengths = {axis: length for axis, length in axes_lengths.items() if axis not in new}
    tensor = rearrange(tensor, f"{left} -> {' '.join('1' if axis in new else axis for axis in axes)}", **lengths)
    shape = list(tensor.shape)
    for i, axis in enumerate(axes):
        if axis in new:
            # behind an ellipsis, which may stand for any number of axes, count from the end
            shape[i - len(axes) if "..." in axes[:i] else i] = axes_lengths[axis]
    return rearrange(mx.broadcast_to(tensor, shape), f"{' '.join(axes)} -> {' '.join(layout)}")


def share_heads(x: mx.array, heads: int) -> mx.array:
    x = rearrange(x, "b n (g d) -> b g n d", d=8)
    return repeat(x, "b g n d -> b (g h) n d", h=heads)  # makes a new axis
