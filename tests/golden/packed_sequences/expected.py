import mlx.core as mx
import mlx.nn as nn


class _Recurrent(nn.Module):
    """The layers and directions of a recurrent module, over (length, batch, features), or batch first.

    A subclass gives the number of its gates, of its states, and the step from one moment to the next.
    """

    gates = 1
    states = 1

    def __init__(
        self, input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, bidirectional=False,
        proj_size=0,
    ):
        super().__init__()
        if proj_size:
            raise NotImplementedError("a recurrent network with projected states")
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.batch_first = batch_first
        self.dropout = dropout
        self.bidirectional = bidirectional
        self.suffixes = ("", "_reverse") if bidirectional else ("",)
        bound = hidden_size**-0.5
        for layer in range(num_layers):
            features = input_size if layer == 0 else hidden_size * len(self.suffixes)
            for suffix in self.suffixes:
                shapes = {"weight_ih": (features,), "weight_hh": (hidden_size,)}
                if bias:
                    shapes |= {"bias_ih": (), "bias_hh": ()}
                for name, columns in shapes.items():
                    value = mx.random.uniform(-bound, bound, (self.gates * hidden_size, *columns))
                    setattr(self, f"{name}_l{layer}{suffix}", value)

    def _scan(self, x, states, name, lengths=None):
        """Runs one layer in one direction; gives the outputs (length, batch, hidden) and the last states.

        With `lengths` (batch,), each sequence is as long as that says.
        """
        bias = self.get(f"bias_ih_{name}", mx.array(0.0))
        hidden_bias = self.get(f"bias_hh_{name}", mx.array(0.0))
        inputs = x @ self[f"weight_ih_{name}"].T + bias
        weight = self[f"weight_hh_{name}"].T
        moments = range(x.shape[0])
        outputs = []
        for t in reversed(moments) if name.endswith("_reverse") else moments:
            before = states
            states = self._step(inputs[t], states[0] @ weight + hidden_bias, states)
            if lengths is not None:  # what has ended, or from behind has not begun, keeps its states
                goes_on = mx.expand_dims(t < lengths, 1)
                states = [mx.where(goes_on, new, old) for new, old in zip(states, before)]
            outputs.append(states[0])
        return mx.stack(outputs[::-1] if name.endswith("_reverse") else outputs), states

    def _run(self, x, initial):
        """All layers; `initial` holds each state as (layers * directions, batch, hidden), or is None for zeros."""
        if not isinstance(x, mx.array):  # packed sequences
            outputs, final = self._layers(x.padded, initial, x)
            return x.holding(outputs), final
        if x.ndim == 2:  # one sequence, without a batch
            batch = 0 if self.batch_first else 1
            initial = None if initial is None else [mx.expand_dims(state, 1) for state in initial]
            outputs, final = self._run(mx.expand_dims(x, batch), initial)
            return outputs.squeeze(batch), tuple(state.squeeze(1) for state in final)
        outputs, final = self._layers(x.swapaxes(0, 1) if self.batch_first else x, initial)
        return outputs.swapaxes(0, 1) if self.batch_first else outputs, final

    def _layers(self, x, initial, packed=None):
        """All layers over (length, batch, features); `packed` tells how long each sequence is."""
        if initial is None:
            shape = (self.num_layers * len(self.suffixes), x.shape[1], self.hidden_size)
            initial = [mx.zeros(shape, dtype=x.dtype)] * self.states
        final = []
        for layer in range(self.num_layers):
            directions = []
            for suffix in self.suffixes:
                states = [state[len(final)] for state in initial]
                outputs, states = self._scan(x, states, f"l{layer}{suffix}", None if packed is None else packed.lengths)
                directions.append(outputs)
                final.append(states)
            x = mx.concatenate(directions, axis=-1) if len(directions) > 1 else directions[0]
            if self.training and self.dropout > 0 and layer + 1 < self.num_layers:
                kept = mx.random.bernoulli(1 - self.dropout, x.shape if packed is None else packed.shape(x))
                x = x * (kept if packed is None else packed.spread(kept)) / (1 - self.dropout)
        return x, tuple(mx.stack(state) for state in zip(*final))


class LSTM(_Recurrent):
    """PyTorch's LSTM: gives (outputs, (hidden, cell)), the states as (layers * directions, batch, hidden)."""

    gates = 4
    states = 2

    def _step(self, x, recurrent, states):
        i, f, g, o = mx.split(x + recurrent, 4, axis=-1)
        cell = mx.sigmoid(f) * states[1] + mx.sigmoid(i) * mx.tanh(g)
        return mx.sigmoid(o) * mx.tanh(cell), cell

    def __call__(self, x, hx=None):
        return self._run(x, hx)


class PackedSequence:
    """Sequences of several lengths, as a padded array (length, batch, ...) and the lengths (batch,)."""

    def __init__(self, padded, lengths):
        self.padded = padded[: lengths.max().item()]
        self.lengths = lengths

    def holding(self, padded):
        """Another array with the same lengths."""
        return PackedSequence(padded, self.lengths)

    def within(self):
        """(length, batch): whether a sequence is so long."""
        return mx.arange(self.padded.shape[0])[:, None] < self.lengths

    def shape(self, padded):
        """What (length, batch, ...) has without padding: all moments of all sequences on one axis."""
        return (self.lengths.sum().item(), *padded.shape[2:])

    def spread(self, packed):
        """Puts what has no padding, moment after moment and the longest sequence first, where it belongs in the padded array."""
        order = mx.argsort(-self.lengths)
        places = mx.cumsum(self.within()[:, order].flatten().astype(mx.int32)).reshape(self.padded.shape[:2]) - 1
        return packed[places[:, mx.argsort(order)]]


def _pack(padded, lengths):
    lengths = mx.array(lengths).astype(mx.int64)
    padded = padded.swapaxes(0, 1)
    if (lengths <= 0).any():
        raise RuntimeError("Length of all samples has to be greater than 0")
    return PackedSequence(padded[:, :lengths.shape[0]], lengths)


def _padded(packed, total_length):
    """(padded array, lengths) of packed sequences, with `padding_value` beyond each length."""
    x = packed.padded
    within = packed.within().reshape(*x.shape[:2], *(1 for _ in x.shape[2:]))
    x = mx.where(within, x, mx.array(0.0, dtype=x.dtype))
    if total_length < x.shape[0]:
        raise ValueError("total_length must be at least the length of the longest sequence")
    x = mx.pad(x, [(0, total_length - x.shape[0]), *[(0, 0)] * (x.ndim - 1)])
    return x.swapaxes(0, 1), packed.lengths


class Encoder(nn.Module):
    def __init__(self, vocab=20, dim=8, hidden=6, layers=2, dropout=0.3):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.rnn = LSTM(dim, hidden, layers, batch_first=True, bidirectional=True, dropout=dropout)
        self.head = nn.Linear(2 * hidden, 3)

    def __call__(self, tokens, lengths):
        x = self.embed(tokens)
        packed = _pack(x, lengths)
        out, (h, c) = self.rnn(packed)
        out, _ = _padded(out, tokens.shape[1])
        return self.head(out), h, c
