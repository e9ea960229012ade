import mlx.core as mx


def fill(n: int, mask: mx.array) -> mx.array:
    table = mx.zeros((n, n))
    table += 1
    table = mx.where(mask, 0, table)  # still a local of its own
    return table
