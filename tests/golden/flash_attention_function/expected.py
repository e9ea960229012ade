import mlx.core as mx


def _attention(q, k, v):
    if q.shape[1] > k.shape[1]:
        raise NotImplementedError("a causal mask under which some queries see no key")
    scale = q.shape[-1] ** -0.5
    q = q.swapaxes(1, 2)
    k = k.swapaxes(1, 2)
    v = v.swapaxes(1, 2)
    return mx.fast.scaled_dot_product_attention(q, k, v, scale=scale, mask="causal").swapaxes(1, 2)


def _flash_attn_qkvpacked_func(qkv, softmax_scale):
    q, k, v = mx.unstack(qkv, axis=2)
    return mx.fast.scaled_dot_product_attention(q.swapaxes(1, 2), k.swapaxes(1, 2), v.swapaxes(1, 2), scale=softmax_scale, mask=None).swapaxes(1, 2)


def attend(q: mx.array, k: mx.array, v: mx.array) -> mx.array:
    return _attention(q, k, v)


def attend_packed(qkv: mx.array, scale: float) -> mx.array:
    return _flash_attn_qkvpacked_func(qkv, scale)
