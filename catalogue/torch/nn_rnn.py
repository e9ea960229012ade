"""Recurrent modules of torch.nn. Parameters keep torch's names and layouts (`weight_ih_l0`, gates in torch's order)."""

from mlxify.catalogue import *


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


@definition("torch.nn.LSTM", trap="initial weights")
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


@definition("torch.nn.GRU", trap="initial weights")
class GRU(_Recurrent):
    """PyTorch's GRU: gives (outputs, hidden), the state as (layers * directions, batch, hidden)."""

    gates = 3

    def _step(self, x, recurrent, states):
        x_reset, x_update, x_new = mx.split(x, 3, axis=-1)
        h_reset, h_update, h_new = mx.split(recurrent, 3, axis=-1)
        update = mx.sigmoid(x_update + h_update)
        new = mx.tanh(x_new + mx.sigmoid(x_reset + h_reset) * h_new)
        return ((1 - update) * new + update * states[0],)

    def __call__(self, x, hx=None):
        outputs, (hidden,) = self._run(x, None if hx is None else (hx,))
        return outputs, hidden


@definition("torch.nn.RNN", trap="initial weights")
class RNN(_Recurrent):
    """PyTorch's Elman network: gives (outputs, hidden), the state as (layers * directions, batch, hidden)."""

    def __init__(
        self, input_size, hidden_size, num_layers=1, nonlinearity="tanh", bias=True, batch_first=False, dropout=0.0,
        bidirectional=False,
    ):
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
        self.nonlinearity = nonlinearity

    def _step(self, x, recurrent, states):
        return (mx.tanh(x + recurrent) if self.nonlinearity == "tanh" else nn.relu(x + recurrent),)

    def __call__(self, x, hx=None):
        outputs, (hidden,) = self._run(x, None if hx is None else (hx,))
        return outputs, hidden


@attribute("torch.nn.LSTM.bias", "torch.nn.GRU.bias", "torch.nn.RNN.bias")
def bias(self):
    return "bias_ih_l0" in self


def _names_of_weights(network):
    """The names of the weights of a recurrent module, a list for each direction of each layer."""
    kinds = [kind for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh") if kind + "_l0" in network]
    parts = ["_l" + str(layer) + suffix for layer in range(network.num_layers) for suffix in network.suffixes]
    names = []
    for part in parts:
        names.append([kind + part for kind in kinds])
    return names


@attribute("torch.nn.LSTM._all_weights", "torch.nn.GRU._all_weights", "torch.nn.RNN._all_weights")
def names_of_weights(self):
    return _names_of_weights(self)


@attribute("torch.nn.LSTM.all_weights", "torch.nn.GRU.all_weights", "torch.nn.RNN.all_weights")
def all_weights(self):
    return [[self[name] for name in names] for names in _names_of_weights(self)]


class _RecurrentCell(nn.Module):
    """The weights of one step of a recurrent network, over (batch, features)."""

    gates = 1

    def __init__(self, input_size, hidden_size, bias=True):
        super().__init__()
        self.hidden_size = hidden_size
        bound = hidden_size**-0.5
        self.weight_ih = mx.random.uniform(-bound, bound, (self.gates * hidden_size, input_size))
        self.weight_hh = mx.random.uniform(-bound, bound, (self.gates * hidden_size, hidden_size))
        if bias:
            self.bias_ih = mx.random.uniform(-bound, bound, (self.gates * hidden_size,))
            self.bias_hh = mx.random.uniform(-bound, bound, (self.gates * hidden_size,))
        else:
            self.bias_ih = self.bias_hh = None

    def _project(self, x, hidden):
        """What the input and the hidden state contribute to the gates."""
        x, hidden = x @ self.weight_ih.T, hidden @ self.weight_hh.T
        return (x + self.bias_ih, hidden + self.bias_hh) if "bias_ih" in self else (x, hidden)


@definition("torch.nn.LSTMCell")
class LSTMCell(_RecurrentCell):
    """One step of PyTorch's LSTM: (input, (hidden, cell)) -> (hidden, cell)."""

    gates = 4

    def __call__(self, x, hx=None):
        hidden, cell = hx if hx is not None else [mx.zeros((*x.shape[:-1], self.hidden_size), dtype=x.dtype)] * 2
        i, f, g, o = mx.split(sum(self._project(x, hidden)), 4, axis=-1)
        cell = mx.sigmoid(f) * cell + mx.sigmoid(i) * mx.tanh(g)
        return mx.sigmoid(o) * mx.tanh(cell), cell


@definition("torch.nn.GRUCell")
class GRUCell(_RecurrentCell):
    """One step of PyTorch's GRU: (input, hidden) -> hidden."""

    gates = 3

    def __call__(self, x, hx=None):
        hidden = hx if hx is not None else mx.zeros((*x.shape[:-1], self.hidden_size), dtype=x.dtype)
        inputs, recurrent = self._project(x, hidden)
        x_reset, x_update, x_new = mx.split(inputs, 3, axis=-1)
        h_reset, h_update, h_new = mx.split(recurrent, 3, axis=-1)
        update = mx.sigmoid(x_update + h_update)
        new = mx.tanh(x_new + mx.sigmoid(x_reset + h_reset) * h_new)
        return (1 - update) * new + update * hidden


@definition("torch.nn.RNNCell")
class RNNCell(_RecurrentCell):
    """One step of PyTorch's Elman network: (input, hidden) -> hidden."""

    def __init__(self, input_size, hidden_size, bias=True, nonlinearity="tanh"):
        super().__init__(input_size, hidden_size, bias)
        self.nonlinearity = nonlinearity

    def __call__(self, x, hx=None):
        hidden = hx if hx is not None else mx.zeros((*x.shape[:-1], self.hidden_size), dtype=x.dtype)
        gates = sum(self._project(x, hidden))
        return mx.tanh(gates) if self.nonlinearity == "tanh" else nn.relu(gates)


# Packed sequences stay padded: their recurrent networks stop at each one's length, and what lies beyond is not looked at.
@rule("torch.nn.utils.rnn.pack_padded_sequence")
def pack_padded_sequence(input, lengths, batch_first=False, enforce_sorted=True):
    return _pack(input, lengths, batch_first, enforce_sorted)


def _pack(padded, lengths, batch_first, enforce_sorted):
    lengths = mx.array(lengths).astype(mx.int64)
    padded = padded.swapaxes(0, 1) if batch_first else padded
    if (lengths <= 0).any():
        raise RuntimeError("Length of all samples has to be greater than 0")
    if enforce_sorted and (lengths[1:] > lengths[:-1]).any():
        raise RuntimeError("`lengths` array must be sorted in decreasing order when `enforce_sorted` is True")
    if enforce_sorted and lengths.shape[0] != padded.shape[1]:
        raise RuntimeError("Expected `len(lengths)` to be equal to batch_size")
    return PackedSequence(padded[:, : lengths.shape[0]], lengths)


@definition("mlxify.packed_sequence")
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


@rule("torch.nn.utils.rnn.pad_packed_sequence")
def pad_packed_sequence(sequence, batch_first=False, padding_value=0.0, total_length=None):
    return _padded(sequence, batch_first, padding_value, total_length)


def _padded(packed, batch_first, padding_value, total_length):
    """(padded array, lengths) of packed sequences, with `padding_value` beyond each length."""
    x = packed.padded
    within = packed.within().reshape(*x.shape[:2], *(1 for _ in x.shape[2:]))
    x = mx.where(within, x, mx.array(padding_value, dtype=x.dtype))
    if total_length is not None:
        if total_length < x.shape[0]:
            raise ValueError("total_length must be at least the length of the longest sequence")
        x = mx.pad(x, [(0, total_length - x.shape[0]), *[(0, 0)] * (x.ndim - 1)], constant_values=padding_value)
    return x.swapaxes(0, 1) if batch_first else x, packed.lengths


never("torch.nn.utils.rnn.pack_sequence", "packed sequences have shapes that depend on values",
      suggest="run the padded batch and mask what lies beyond each length")
never("torch.nn.utils.rnn.PackedSequence", "packed sequences have shapes that depend on values",
      suggest="run the padded batch and mask what lies beyond each length")
