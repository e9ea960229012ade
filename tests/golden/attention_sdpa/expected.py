import mlx.core as mx


def _attention(query, key, value, scale, causal):
    """torch's scaled dot-product attention, with its top-left causal mask: (batch, heads, length, dim)."""
    mask = mx.tril(mx.ones((query.shape[-2], key.shape[-2]), dtype=mx.bool_)) if causal else None
    return mx.fast.scaled_dot_product_attention(query, key, value, scale=scale, mask=mask)


def attend(q: mx.array, k: mx.array, v: mx.array) -> mx.array:
    # q, k, v: (batch, heads, length, dim)
    y = _attention(q, k, v, q.shape[-1] ** -0.5, True)
    return _attention(y, k, v, 0.5, False)
