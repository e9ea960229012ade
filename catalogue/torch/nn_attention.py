"""Attention and Transformer modules of torch.nn. Parameters keep torch's names and layouts (`in_proj_weight`)."""

import copy

from mlxify.catalogue import *


@definition("torch.nn.MultiheadAttention", "torch.nn.modules.activation.MultiheadAttention", trap=("defaults of layers", "initial weights", "masks of attention"))
class MultiheadAttention(nn.Module):
    """PyTorch's multi-head attention over (length, batch, dims), or batch first; gives (output, weights or None).

    Boolean masks are true where attention is *not* allowed, float masks are added to the scores.
    """

    def __init__(
        self, embed_dim, num_heads, dropout=0.0, bias=True, add_bias_kv=False, add_zero_attn=False, kdim=None,
        vdim=None, batch_first=False,
    ):
        super().__init__()
        if add_bias_kv or add_zero_attn or kdim not in (None, embed_dim) or vdim not in (None, embed_dim):
            raise NotImplementedError("attention with extra keys, or keys and values of another size")
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.in_proj_weight = nn.init.glorot_uniform()(mx.zeros((3 * embed_dim, embed_dim)))
        if bias:
            self.in_proj_bias = mx.zeros((3 * embed_dim,))
        self.out_proj = nn.Linear(embed_dim, embed_dim, bias=bias)

    def _heads(self, x, part):
        """Projects (batch, length, dims) for queries (0), keys (1) or values (2): (batch, heads, length, dims / heads)."""
        dims = x.shape[-1]
        x = x @ self.in_proj_weight[part * dims : (part + 1) * dims].T
        if "in_proj_bias" in self:
            x = x + self.in_proj_bias[part * dims : (part + 1) * dims]
        return x.reshape(*x.shape[:2], self.num_heads, -1).swapaxes(1, 2)

    def _mask(self, key_padding_mask, attn_mask, dtype):
        """Both masks as one that is added to scores (batch, heads, queries, keys), or None."""
        masks = []
        if attn_mask is not None:  # (queries, keys) or (batch * heads, queries, keys)
            masks.append(attn_mask.reshape(-1, self.num_heads, *attn_mask.shape[1:]) if attn_mask.ndim == 3 else attn_mask)
        if key_padding_mask is not None:  # (batch, keys)
            masks.append(key_padding_mask[:, None, None, :])
        masks = [mx.where(mask, -mx.inf, 0.0).astype(dtype) if mask.dtype == mx.bool_ else mask for mask in masks]
        return sum(masks[1:], masks[0]) if masks else None

    def __call__(
        self, query, key, value, key_padding_mask=None, need_weights=True, attn_mask=None, average_attn_weights=True,
        is_causal=False,
    ):
        if query.ndim == 2:  # one sequence without a batch
            axis = 0 if self.batch_first else 1
            query, key, value = (mx.expand_dims(x, axis) for x in (query, key, value))
            padding = None if key_padding_mask is None else key_padding_mask[None]
            output, weights = self(query, key, value, padding, need_weights, attn_mask, average_attn_weights)
            return output.squeeze(axis), None if weights is None else weights.squeeze(0)
        if not self.batch_first:
            query, key, value = (x.swapaxes(0, 1) for x in (query, key, value))
        q, k, v = self._heads(query, 0), self._heads(key, 1), self._heads(value, 2)
        scores = (q * q.shape[-1] ** -0.5) @ k.swapaxes(-1, -2)
        mask = self._mask(key_padding_mask, attn_mask, scores.dtype)
        weights = mx.softmax(scores if mask is None else scores + mask, axis=-1)
        if self.training and self.dropout > 0:
            weights = weights * mx.random.bernoulli(1 - self.dropout, weights.shape) / (1 - self.dropout)
        output = self.out_proj((weights @ v).swapaxes(1, 2).flatten(-2))
        if not self.batch_first:
            output = output.swapaxes(0, 1)
        return output, (weights.mean(axis=1) if average_attn_weights else weights) if need_weights else None


@definition("torch.nn.MultiheadAttention", argument=("add_bias_kv", "add_zero_attn", "kdim", "vdim"), trap=("defaults of layers", "initial weights", "masks of attention"))
class GeneralMultiheadAttention(MultiheadAttention):
    """PyTorch's multi-head attention with keys and values of other sizes, a learned further key, or one of zeros."""

    def __init__(
        self, embed_dim, num_heads, dropout=0.0, bias=True, add_bias_kv=False, add_zero_attn=False, kdim=None,
        vdim=None, batch_first=False,
    ):
        super().__init__(embed_dim, num_heads, dropout, bias, batch_first=batch_first)
        if kdim not in (None, embed_dim) or vdim not in (None, embed_dim):
            del self["in_proj_weight"]
            for name, size in (("q", embed_dim), ("k", kdim or embed_dim), ("v", vdim or embed_dim)):
                self[f"{name}_proj_weight"] = nn.init.glorot_uniform()(mx.zeros((embed_dim, size)))
        if add_bias_kv:
            self.bias_k = mx.random.normal((1, 1, embed_dim), scale=embed_dim**-0.5)
            self.bias_v = mx.random.normal((1, 1, embed_dim), scale=embed_dim**-0.5)
        self.extra_keys = bool(add_bias_kv) + bool(add_zero_attn)
        self.add_zero_attn = add_zero_attn

    def _heads(self, x, part):
        dims = self.out_proj.weight.shape[0]
        own = slice(part * dims, (part + 1) * dims)
        name = "qkv"[part]
        x = x @ (self.in_proj_weight[own] if "in_proj_weight" in self else self[f"{name}_proj_weight"]).T
        if "in_proj_bias" in self:
            x = x + self.in_proj_bias[own]
        if part > 0 and f"bias_{name}" in self:
            x = mx.concatenate([x, mx.broadcast_to(self[f"bias_{name}"], (x.shape[0], 1, dims))], axis=1)
        if part > 0 and self.add_zero_attn:
            x = mx.pad(x, [(0, 0), (0, 1), (0, 0)])
        return x.reshape(*x.shape[:2], self.num_heads, -1).swapaxes(1, 2)

    def _mask(self, key_padding_mask, attn_mask, dtype):
        mask = super()._mask(key_padding_mask, attn_mask, dtype)
        return None if mask is None else mx.pad(mask, [(0, 0)] * (mask.ndim - 1) + [(0, self.extra_keys)])


def _activation(name):
    """A Transformer's activation: "relu", "gelu" or a function."""
    return {"relu": nn.relu, "gelu": nn.gelu}[name] if isinstance(name, str) else name


def _copies(layer, count):
    """Independent copies of a layer; the functions that it holds are shared, those of MLX cannot be copied."""
    shared = {id(value): value for value in vars(layer).values() if callable(value)}
    return [copy.deepcopy(layer, dict(shared)) for _ in range(count)]


# Insides of PyTorch's Transformer that models borrow.
@rule("torch.nn.modules.transformer._get_activation_fn")
def get_activation_fn(activation):
    return _activation(activation)


@rule("torch.nn.modules.transformer._get_clones")
def get_clones(module, N):
    return _copies(module, N)


@definition("torch.nn.TransformerEncoderLayer")
class TransformerEncoderLayer(nn.Module):
    """PyTorch's encoder layer: self-attention and a feed-forward network, each with a residual and a norm."""

    def __init__(
        self, d_model, nhead, dim_feedforward=2048, dropout=0.1, activation="relu", layer_norm_eps=1e-5,
        batch_first=False, norm_first=False, bias=True,
    ):
        super().__init__()
        self.self_attn = MultiheadAttention(d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first)
        self.linear1 = nn.Linear(d_model, dim_feedforward, bias=bias)
        self.linear2 = nn.Linear(dim_feedforward, d_model, bias=bias)
        self.norm1 = nn.LayerNorm(d_model, eps=layer_norm_eps, bias=bias)
        self.norm2 = nn.LayerNorm(d_model, eps=layer_norm_eps, bias=bias)
        self.dropout, self.dropout1, self.dropout2 = (nn.Dropout(dropout) for _ in range(3))
        self.activation = _activation(activation)
        self.norm_first = norm_first

    def _sa_block(self, x, attn_mask, key_padding_mask, is_causal=False):
        output, _ = self.self_attn(x, x, x, attn_mask=attn_mask, key_padding_mask=key_padding_mask, need_weights=False)
        return self.dropout1(output)

    def _ff_block(self, x):
        return self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(x)))))

    def __call__(self, src, src_mask=None, src_key_padding_mask=None, is_causal=False):
        if self.norm_first:
            src = src + self._sa_block(self.norm1(src), src_mask, src_key_padding_mask)
            return src + self._ff_block(self.norm2(src))
        src = self.norm1(src + self._sa_block(src, src_mask, src_key_padding_mask))
        return self.norm2(src + self._ff_block(src))


@definition("torch.nn.TransformerDecoderLayer")
class TransformerDecoderLayer(nn.Module):
    """PyTorch's decoder layer: self-attention, attention to a memory and a feed-forward network."""

    def __init__(
        self, d_model, nhead, dim_feedforward=2048, dropout=0.1, activation="relu", layer_norm_eps=1e-5,
        batch_first=False, norm_first=False, bias=True,
    ):
        super().__init__()
        self.self_attn = MultiheadAttention(d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first)
        self.multihead_attn = MultiheadAttention(d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first)
        self.linear1 = nn.Linear(d_model, dim_feedforward, bias=bias)
        self.linear2 = nn.Linear(dim_feedforward, d_model, bias=bias)
        self.norm1 = nn.LayerNorm(d_model, eps=layer_norm_eps, bias=bias)
        self.norm2 = nn.LayerNorm(d_model, eps=layer_norm_eps, bias=bias)
        self.norm3 = nn.LayerNorm(d_model, eps=layer_norm_eps, bias=bias)
        self.dropout, self.dropout1, self.dropout2, self.dropout3 = (nn.Dropout(dropout) for _ in range(4))
        self.activation = _activation(activation)
        self.norm_first = norm_first

    def _attend(self, attention, x, memory, mask, padding):
        dropout = self.dropout1 if attention is self.self_attn else self.dropout2
        output, _ = attention(x, memory, memory, attn_mask=mask, key_padding_mask=padding, need_weights=False)
        return dropout(output)

    def _feed(self, x):
        return self.dropout3(self.linear2(self.dropout(self.activation(self.linear1(x)))))

    def __call__(
        self, tgt, memory, tgt_mask=None, memory_mask=None, tgt_key_padding_mask=None, memory_key_padding_mask=None,
        tgt_is_causal=False, memory_is_causal=False,
    ):
        if self.norm_first:
            x = self.norm1(tgt)
            tgt = tgt + self._attend(self.self_attn, x, x, tgt_mask, tgt_key_padding_mask)
            x = self.norm2(tgt)
            tgt = tgt + self._attend(self.multihead_attn, x, memory, memory_mask, memory_key_padding_mask)
            return tgt + self._feed(self.norm3(tgt))
        tgt = self.norm1(tgt + self._attend(self.self_attn, tgt, tgt, tgt_mask, tgt_key_padding_mask))
        tgt = self.norm2(tgt + self._attend(self.multihead_attn, tgt, memory, memory_mask, memory_key_padding_mask))
        return self.norm3(tgt + self._feed(tgt))


@definition("torch.nn.TransformerEncoder")
class TransformerEncoder(nn.Module):
    """A stack of copies of one encoder layer, with an optional norm at the end."""

    def __init__(self, encoder_layer, num_layers, norm=None, enable_nested_tensor=True, mask_check=True):
        super().__init__()
        self.layers = _copies(encoder_layer, num_layers)
        if norm is not None:
            self.norm = norm

    def __call__(self, src, mask=None, src_key_padding_mask=None, is_causal=None):
        for layer in self.layers:
            src = layer(src, src_mask=mask, src_key_padding_mask=src_key_padding_mask)
        return self.norm(src) if "norm" in self else src


@definition("torch.nn.TransformerDecoder")
class TransformerDecoder(nn.Module):
    """A stack of copies of one decoder layer, with an optional norm at the end."""

    def __init__(self, decoder_layer, num_layers, norm=None):
        super().__init__()
        self.layers = _copies(decoder_layer, num_layers)
        if norm is not None:
            self.norm = norm

    def __call__(
        self, tgt, memory, tgt_mask=None, memory_mask=None, tgt_key_padding_mask=None, memory_key_padding_mask=None,
        tgt_is_causal=None, memory_is_causal=False,
    ):
        for layer in self.layers:
            tgt = layer(tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask)
        return self.norm(tgt) if "norm" in self else tgt


@definition("torch.nn.Transformer")
class Transformer(nn.Module):
    """PyTorch's encoder and decoder; parameters are named `encoder.layers.0…` and `decoder.layers.0…`."""

    def __init__(
        self, d_model=512, nhead=8, num_encoder_layers=6, num_decoder_layers=6, dim_feedforward=2048, dropout=0.1,
        activation="relu", custom_encoder=None, custom_decoder=None, layer_norm_eps=1e-5, batch_first=False,
        norm_first=False, bias=True,
    ):
        super().__init__()
        options = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias)
        norms = [nn.LayerNorm(d_model, eps=layer_norm_eps, bias=bias) for _ in range(2)]
        self.encoder = custom_encoder or TransformerEncoder(
            TransformerEncoderLayer(*options), num_encoder_layers, norms[0]
        )
        self.decoder = custom_decoder or TransformerDecoder(
            TransformerDecoderLayer(*options), num_decoder_layers, norms[1]
        )

    def __call__(
        self, src, tgt, src_mask=None, tgt_mask=None, memory_mask=None, src_key_padding_mask=None,
        tgt_key_padding_mask=None, memory_key_padding_mask=None, src_is_causal=None, tgt_is_causal=None,
        memory_is_causal=False,
    ):
        memory = self.encoder(src, mask=src_mask, src_key_padding_mask=src_key_padding_mask)
        return self.decoder(tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask)


@rule("torch.nn.Transformer.generate_square_subsequent_mask")
def generate_square_subsequent_mask(sz, device=None, dtype=None):
    if dtype is None:
        return mx.triu(mx.full((sz, sz), -mx.inf), k=1)
    return mx.triu(mx.full((sz, sz), -mx.inf, dtype=dtype), k=1)
