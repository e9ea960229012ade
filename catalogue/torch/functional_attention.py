"""Attention and embedding look-ups of torch.nn.functional, and dropout."""

from catalogue.torch.scalars import _whole

from mlxify.catalogue import *


def _attention(query, key, value, mask=None, dropout_p=0.0, is_causal=False, scale=None):
    """torch's scaled dot-product attention for any rank, with its top-left causal mask and its dropout.

    A boolean mask is true where a query may attend. A query that may attend to nothing gives zeros.
    """
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    blocked = False
    if is_causal:
        mask = mx.tril(mx.ones((query.shape[-2], key.shape[-2]), dtype=mx.bool_))
    elif mask is not None:
        visible = mask if mask.dtype == mx.bool_ else mask > -mx.inf
        blocked = ~visible.any(axis=-1, keepdims=True)
        mask = mask | blocked if mask.dtype == mx.bool_ else mx.where(blocked, 0, mask)
    if query.ndim == 4 and dropout_p == 0:
        if is_causal and query.shape[-2] == key.shape[-2]:
            return mx.fast.scaled_dot_product_attention(query, key, value, scale=scale, mask="causal")
        if blocked is False:
            return mx.fast.scaled_dot_product_attention(query, key, value, scale=scale, mask=mask)
        return mx.where(blocked, 0, mx.fast.scaled_dot_product_attention(query, key, value, scale=scale, mask=mask))
    if key.shape[-3:-2] != query.shape[-3:-2]:  # grouped queries
        key = mx.repeat(key, query.shape[-3] // key.shape[-3], axis=-3)
        value = mx.repeat(value, query.shape[-3] // value.shape[-3], axis=-3)
    scores = (query * scale) @ key.swapaxes(-1, -2)
    if mask is not None:
        scores = mx.where(mask, scores, -mx.inf) if mask.dtype == mx.bool_ else scores + mask
    weights = mx.softmax(scores, axis=-1)
    if blocked is not False:
        weights = mx.where(blocked, 0, weights)
    if dropout_p > 0:
        weights = weights * mx.random.bernoulli(1 - dropout_p, weights.shape) / (1 - dropout_p)
    return weights @ value


# The fast kernel wants rank 4. Its "causal" mask is aligned to the last key, torch's to the first: they agree for as many
# queries as keys. With a boolean mask, a row that may attend to nothing is NaN or an average there and zero in torch.
@rule("torch.nn.functional.scaled_dot_product_attention", "torch._C._nn.scaled_dot_product_attention", trap="masks of attention")
def scaled_dot_product_attention(
    query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False
):
    fast = known(query.ndim == 4 and dropout_p == 0) and query.ndim == 4 and dropout_p == 0
    if fast and attn_mask is None:
        if scale is None:
            scale = query.shape[-1] ** -0.5
        if known(is_causal) and not is_causal:
            return mx.fast.scaled_dot_product_attention(query, key, value, scale=scale)
        if known(is_causal and query.shape[-2] == key.shape[-2]) and is_causal and query.shape[-2] == key.shape[-2]:
            return mx.fast.scaled_dot_product_attention(query, key, value, scale=scale, mask="causal")
    return _attention(query, key, value, attn_mask, dropout_p, is_causal, scale)


@rule("torch.nn.functional.embedding", trap="indices out of range")
def embedding(
    input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False
):
    if max_norm is not None:
        refuse("max_norm rescales the rows of the table in place during the look-up")
    if scale_grad_by_freq:
        refuse("scale_grad_by_freq has no counterpart: gradients are pure functions in MLX")
    if padding_idx is not None:
        return _padded_embedding(input, weight, padding_idx)
    return weight[input]


def _padded_embedding(x, weight, padding_idx):
    """A look-up that gives no gradient to the row `padding_idx`, if there is one."""
    rows = weight[x]
    if padding_idx is None:
        return rows
    return mx.where((x == padding_idx % weight.shape[0])[..., None], mx.stop_gradient(rows), rows)


@rule("torch.nn.functional.one_hot")
def one_hot(input, num_classes=-1):
    if known(num_classes >= 0) and num_classes < 0:
        return _one_hot_up_to_largest(input)
    return (mx.expand_dims(input, -1) == mx.arange(_whole(num_classes))).astype(mx.int32)


def _one_hot_up_to_largest(x):
    """One-hot codes with as many classes as the largest index asks for; reads the array."""
    return (mx.expand_dims(x, -1) == mx.arange(x.max().item() + 1)).astype(mx.int32)


@rule("torch.nn.functional.dropout", trap="random numbers")
def dropout(input, p=0.5, training=True, inplace=False):
    if known(training and p > 0) and not (training and p > 0):
        return input
    return _dropout(input, p, training)


def _dropout(x, p, training=True, shape=None):
    """Zeroes each value with probability p and scales the others by 1 / (1 - p); `shape` is that of the mask."""
    if not training or p == 0:
        return x
    if p == 1:
        return mx.zeros_like(x)
    return x * mx.random.bernoulli(1 - p, x.shape if shape is None else shape) / (1 - p)


@rule("torch.nn.functional.dropout1d")
def dropout1d(input, p=0.5, training=True, inplace=False):
    if known(training and p > 0) and not (training and p > 0):
        return input
    return _dropout(input, p, training, shape=input.shape[:-1] + (1,))


# A rank-3 input counts as a batch of sequences, as in torch.
@rule("torch.nn.functional.dropout2d", trap="random numbers")
def dropout2d(input, p=0.5, training=True, inplace=False):
    if known(training and p > 0) and not (training and p > 0):
        return input
    return _dropout(input, p, training, shape=input.shape[:2] + (1,) * (input.ndim - 2))


@rule("torch.nn.functional.dropout3d")
def dropout3d(input, p=0.5, training=True, inplace=False):
    if known(training and p > 0) and not (training and p > 0):
        return input
    return _dropout(input, p, training, shape=input.shape[:-3] + (1, 1, 1))


def _alpha_dropout(x, p, shape):
    """Drops values to SELU's lower limit with probability p, and keeps mean and variance; `shape` is that of the mask."""
    limit = -1.7580993408473766
    if p == 1:
        return mx.zeros_like(x)
    scale = ((1 - p) * (1 + p * limit**2)) ** -0.5
    return mx.where(mx.random.bernoulli(1 - p, shape), x, limit) * scale - scale * limit * p


@rule("torch.nn.functional.alpha_dropout", "torch.alpha_dropout")
def alpha_dropout(input, p=0.5, training=False, inplace=False):
    if known(training and p > 0) and not (training and p > 0):
        return input
    return _alpha_dropout(input, p, input.shape) if training and p > 0 else input


@rule("torch.nn.functional.feature_alpha_dropout", "torch.feature_alpha_dropout")
def feature_alpha_dropout(input, p=0.5, training=False, inplace=False):
    if known(training and p > 0) and not (training and p > 0):
        return input
    shape = input.shape[:2] + (1,) * (input.ndim - 2)
    return _alpha_dropout(input, p, shape) if training and p > 0 else input


@rule("torch.nn.functional.embedding_bag")
def embedding_bag(
    input, weight, offsets=None, max_norm=None, norm_type=2, scale_grad_by_freq=False, mode="mean", sparse=False,
    per_sample_weights=None, include_last_offset=False, padding_idx=None,
):
    if offsets is not None or padding_idx is not None:
        refuse("bags of different lengths need shapes that depend on values")
    if max_norm is not None or scale_grad_by_freq:
        refuse("max_norm and scale_grad_by_freq have no counterpart")
    if per_sample_weights is not None:
        return (weight[input] * mx.expand_dims(per_sample_weights, -1)).sum(axis=1)
    if mode == "sum":
        return weight[input].sum(axis=1)
    if mode == "max":
        return weight[input].max(axis=1)
    return weight[input].mean(axis=1)


def _split_heads(x, num_heads):
    """(length, batch, dims) as (batch, heads, length, dims / heads)."""
    return x.reshape(*x.shape[:2], num_heads, -1).transpose(1, 2, 0, 3)


def _masked_scores(scores, mask):
    """Scores with a mask that is true where attention is not allowed, or is added."""
    if mask is None:
        return scores
    return mx.where(mask, -mx.inf, scores) if mask.dtype == mx.bool_ else scores + mask


def _multi_head_attention(
    query, key, value, num_heads, weights, bias, extra, dropout, out_weight, out_bias, padding, mask, average
):
    """torch's multi-head attention over (length, batch, dims), with its weights as arguments; gives outputs and weights.

    `weights` and `bias` are those of queries, keys and values; `extra` are a key and value to append, or None.
    """
    q, k, v = [x @ w.T for x, w in zip((query, key, value), weights)]
    if bias is not None:
        q, k, v = [x + b for x, b in zip((q, k, v), mx.split(bias, 3))]
    for row in extra:
        k, v = [mx.concatenate([x, mx.broadcast_to(r, (1, *x.shape[1:]))]) for x, r in zip((k, v), row)]
    if mask is not None:
        mask = mask.reshape(-1, num_heads, *mask.shape[1:]) if mask.ndim == 3 else mask
        mask = mx.pad(mask, [(0, 0)] * (mask.ndim - 1) + [(0, len(extra))])
    q, k, v = [_split_heads(x, num_heads) for x in (q, k, v)]
    scores = _masked_scores((q * q.shape[-1] ** -0.5) @ k.swapaxes(-1, -2), mask)
    if padding is not None:
        scores = _masked_scores(scores, mx.pad(padding, [(0, 0), (0, len(extra))])[:, None, None, :])
    attention = mx.softmax(scores, axis=-1)
    if dropout > 0:
        attention = attention * mx.random.bernoulli(1 - dropout, attention.shape) / (1 - dropout)
    output = (attention @ v).transpose(2, 0, 1, 3).flatten(-2) @ out_weight.T
    output = output if out_bias is None else output + out_bias
    return output, attention.mean(axis=1) if average else attention


@rule("torch.nn.functional.multi_head_attention_forward", trap="masks of attention")
def multi_head_attention_forward(
    query, key, value, embed_dim_to_check, num_heads, in_proj_weight, in_proj_bias, bias_k, bias_v, add_zero_attn,
    dropout_p, out_proj_weight, out_proj_bias, training=True, key_padding_mask=None, need_weights=True,
    attn_mask=None, use_separate_proj_weight=False, q_proj_weight=None, k_proj_weight=None, v_proj_weight=None,
    static_k=None, static_v=None, average_attn_weights=True, is_causal=False,
):
    if static_k is not None or static_v is not None:
        refuse("keys and values that are given ready are not written here", suggest="scaled_dot_product_attention")
    weights = (q_proj_weight, k_proj_weight, v_proj_weight) if use_separate_proj_weight else mx.split(in_proj_weight, 3)
    extra = ([] if bias_k is None else [(bias_k, bias_v)]) + ([(mx.zeros(()), mx.zeros(()))] if add_zero_attn else [])
    if query.ndim == 2:  # without a batch: one of one
        padding = None if key_padding_mask is None else key_padding_mask[None]
        output, attention = _multi_head_attention(
            query[:, None], key[:, None], value[:, None], num_heads, weights, in_proj_bias, extra, dropout_p if training else 0.0,
            out_proj_weight, out_proj_bias, padding, attn_mask, average_attn_weights,
        )
        output, attention = output.squeeze(1), attention.squeeze(0)
    else:
        output, attention = _multi_head_attention(
            query, key, value, num_heads, weights, in_proj_bias, extra, dropout_p if training else 0.0, out_proj_weight,
            out_proj_bias, key_padding_mask, attn_mask, average_attn_weights,
        )
    return output, attention if need_weights else None
