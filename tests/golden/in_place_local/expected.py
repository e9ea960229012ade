import mlx.core as mx


def fill(n: int, mask: mx.array) -> mx.array:
    table = mx.zeros((n, n))
    table = mx.full_like(table, 0.5)
    table = mx.where(mask, 0, table)  # a local of its own: the name is bound anew
    table[0] = 3.0
    return table
