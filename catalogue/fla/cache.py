"""The cache of flash-linear-attention: what layers keep between calls."""

from mlxify.catalogue import *


@definition("fla.models.utils.Cache", "fla.models.cache_utils.Cache", "fla.models.Cache")
class Cache:
    """Recurrent, attention, convolution and feed-forward states, one dict per layer."""

    def __init__(self, seen_tokens=0):
        self.states = []
        self.seen_tokens = []
        self.windows = []

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
        """Replaces what is given, appends keys and values (B, T, ...) along time; returns the layer's dict."""
        while len(self.states) <= layer_idx:
            self.states.append(None)
            self.seen_tokens.append(0)
            self.windows.append(None)
        window = (cache_kwargs or {}).get("window_size", self.windows[layer_idx])
        self.windows[layer_idx] = window
        if self.states[layer_idx] is None:
            self.states[layer_idx] = dict(recurrent_state=None, attn_state=None, conv_state=None, ffn_state=None)
        state = self.states[layer_idx]
        given = dict(recurrent_state=recurrent_state, conv_state=conv_state, ffn_state=ffn_state)
        state.update({name: value for name, value in given.items() if value is not None})
        if attn_state is not None:
            offset = attn_state[0].shape[1]
            if state["attn_state"] is not None:
                pairs = zip(state["attn_state"], attn_state)
                attn_state = [mx.concatenate([old, new], axis=1) for old, new in pairs]
            if window is not None:
                attn_state = [kept[:, -window:] for kept in attn_state]
            state["attn_state"] = tuple(attn_state)
        self.seen_tokens[layer_idx] += 1 if offset is None else offset
        return state

    def get_seq_length(self, layer_idx=0):
        """Number of tokens that the layer has seen."""
        return self.seen_tokens[layer_idx] if layer_idx < len(self.states) else 0

    def __getitem__(self, layer_idx):
        if layer_idx >= len(self.states):
            raise KeyError(f"Cache only have {len(self.states)} layers, however accessed {layer_idx} out of bounds")
        return self.states[layer_idx]

    def __iter__(self):
        return iter(self.states)

    def __len__(self):
        return len(self.states)
