"""State that layers keep between calls."""

import torch

STATES = ("recurrent_state", "attn_state", "conv_state", "ffn_state")


def _append_window(cached, new, window_size):
    """Keys or values (B, T, ...) along time, of which the last `window_size` are kept."""
    joined = torch.cat((cached, new), dim=1)
    return joined if window_size is None else joined[:, -window_size:]


class FLALayer:
    """The state of one layer: a dict of four entries, and the number of tokens seen."""

    def __init__(self):
        self.state = None
        self.window_size = None
        self._seen_tokens = 0

    def update(
        self,
        *,
        recurrent_state=None,
        attn_state=None,
        conv_state=None,
        ffn_state=None,
        offset=1,
        cache_kwargs=None,
        **_,
    ):
        """Replaces what is given; attention states (k, v) of shape (B, T, ...) are appended. Returns the state."""
        if attn_state is not None and not isinstance(attn_state, (tuple, list)):
            raise ValueError("`attn_state` must be a tuple/list of tensors")
        self.window_size = (cache_kwargs or {}).get("window_size", self.window_size)
        if self.state is None:
            self.state = dict.fromkeys(STATES)
        given = {"recurrent_state": recurrent_state, "conv_state": conv_state, "ffn_state": ffn_state}
        self.state.update({name: value for name, value in given.items() if value is not None})
        if attn_state and attn_state[0] is not None:
            # the window may cut the stored states, not the count
            offset = attn_state[0].shape[1]
            cached = self.state["attn_state"] or [new[:, :0] for new in attn_state]
            pairs = zip(cached, attn_state, strict=False)
            self.state["attn_state"] = tuple(_append_window(old, new, self.window_size) for old, new in pairs)
        self._seen_tokens += offset
        return self.state

    def get_seq_length(self, cache_position=None):
        return self._seen_tokens

    def reset(self):
        self.state = None
        self._seen_tokens = 0


class FLACache:
    """One `FLALayer` per layer, made when first updated."""

    def __init__(self, seen_tokens: int = 0, **kwargs):
        self.layers = []
        self._seen_tokens = int(seen_tokens)

    def update(
        self,
        recurrent_state=None,
        attn_state=None,
        conv_state=None,
        ffn_state=None,
        layer_idx=0,
        offset=1,
        cache_kwargs=None,
    ):
        """Updates one layer's state and returns it."""
        while len(self.layers) <= layer_idx:
            self.layers.append(FLALayer())
        return self.layers[layer_idx].update(
            recurrent_state=recurrent_state,
            attn_state=attn_state,
            conv_state=conv_state,
            ffn_state=ffn_state,
            offset=1 if offset is None else offset,
            cache_kwargs=cache_kwargs,
        )

    def __getitem__(self, layer_idx):
        if layer_idx >= len(self.layers):
            raise KeyError(f"Cache only have {len(self.layers)} layers, however accessed {layer_idx} out of bounds")
        return self.layers[layer_idx].state

    def __iter__(self):
        return (layer.state for layer in self.layers)

    def __len__(self):
        return len(self.layers)

    def get_seq_length(self, layer_idx=0, cache_position=None):
        layer_idx = layer_idx or 0
        return self.layers[layer_idx].get_seq_length() if layer_idx < len(self.layers) else 0

    def get_max_cache_shape(self, layer_idx=0):
        return -1

    def reset(self):
        for layer in self.layers:
            layer.reset()
        self._seen_tokens = 0

    def to_legacy_cache(self):
        return tuple(self)

    @classmethod
    def from_legacy_cache(cls, past_key_values=None, seen_tokens=0, **kwargs):
        """A cache from a sequence of state dicts; a cache is returned as it is."""
        if isinstance(past_key_values, cls):
            return past_key_values
        cache = cls(seen_tokens=seen_tokens, **kwargs)
        for state in past_key_values or ():
            layer = FLALayer()
            layer.state = None if state is None else dict(state)
            layer._seen_tokens = int(seen_tokens)
            cache.layers.append(layer)
        return cache


class Cache(FLACache):
    """The cache of FLA models and layers."""


__all__ = ["Cache", "FLACache", "FLALayer"]
