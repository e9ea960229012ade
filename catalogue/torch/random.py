"""Random draws, in torch's order and shapes. Generators are not torch's: `mx.random` has one global stream of its own."""

from contextlib import contextmanager

from mlxify.catalogue import *


# The shape as a tuple; a lone int is a size of one axis.
def _shape(size):
    if known(len(size) == 1) and len(size) == 1 and isinstance(size[0], (tuple, list)):
        return size[0]
    return size


@rule("torch.manual_seed", "torch.random.manual_seed", "torch.seed")
def manual_seed(seed):
    return mx.random.seed(seed)


@rule("torch.randn", trap="random numbers")
def randn(*size, generator=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    return mx.random.normal(_shape(size), dtype=dtype)


@rule("torch.rand", trap="random numbers")
def rand(*size, generator=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    if dtype is not None and known(dtype == mx.complex64) and dtype == mx.complex64:
        return mx.random.uniform(shape=_shape(size)) + 1j * mx.random.uniform(shape=_shape(size))
    return mx.random.uniform(shape=_shape(size), dtype=dtype)


# randint(high, size), randint(low, high, size), randint(high=high, size=size)
@rule("torch.randint", trap="random numbers")
def randint(
    low=0, high=None, size=None, *, generator=None, dtype=mx.int32, layout=None, device=None, requires_grad=False
):
    if dtype in (mx.float32, mx.float16, mx.bfloat16, mx.float64):  # MLX draws integers only
        return randint(low, high, size).astype(dtype)
    if size is None:
        return mx.random.randint(0, low, high, dtype=dtype)
    if known(high is None) and high is None:
        return mx.random.randint(0, low, size, dtype=dtype)
    return mx.random.randint(low, high, size, dtype=dtype)


@rule("torch.randperm", trap="kinds of indices")
def randperm(n, *, generator=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    return mx.random.permutation(n).astype(mx.int32)


@rule("torch.randn_like", trap="random numbers")
def randn_like(input, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None):
    if dtype is None:
        return mx.random.normal(input.shape, dtype=input.dtype)
    return mx.random.normal(input.shape, dtype=dtype)


@rule("torch.rand_like", trap="random numbers")
def rand_like(input, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None):
    if dtype is None:
        return mx.random.uniform(shape=input.shape, dtype=input.dtype)
    return mx.random.uniform(shape=input.shape, dtype=dtype)


@rule("torch.randint_like", trap="random numbers")
def randint_like(input, low=0, high=None, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None):
    if high is None:
        return randint_like(input, 0, low, dtype)
    if dtype is None:
        return mx.random.randint(low, high, input.shape).astype(input.dtype)
    return mx.random.randint(low, high, input.shape).astype(dtype)


# normal(mean, std) of tensors or numbers, normal(mean, std, size) of numbers
@rule("torch.normal", trap="random numbers")
def normal(mean, std=1.0, size=None, *, generator=None, dtype=None, layout=None, device=None, requires_grad=False):
    if size is not None:
        return mx.random.normal(size, dtype=dtype, loc=mean, scale=std)
    if not is_tensor(mean):
        return mx.random.normal(std.shape, dtype=std.dtype) * std + mean
    if not is_tensor(std):
        return mx.random.normal(mean.shape, dtype=mean.dtype) * std + mean
    return mx.random.normal(mx.broadcast_shapes(mean.shape, std.shape), dtype=mean.dtype) * std + mean


@rule("torch.bernoulli", "torch.Tensor.bernoulli", trap="random numbers")
def bernoulli(input, p=None, *, generator=None):
    if p is None:
        return mx.random.bernoulli(input).astype(input.dtype)
    return mx.random.bernoulli(p, input.shape).astype(input.dtype)


# With replacement every draw is one of `categorical`; without, the largest of the logits plus Gumbel noise are drawn.
@rule("torch.multinomial", "torch.Tensor.multinomial", trap="random numbers")
def multinomial(input, num_samples, replacement=False, *, generator=None):
    if replacement or num_samples == 1:
        return mx.random.categorical(mx.log(input), num_samples=num_samples).astype(mx.int32)
    noisy = mx.log(input) + mx.random.gumbel(input.shape)
    return mx.argsort(-noisy, axis=-1)[..., :num_samples].astype(mx.int32)


@rule("torch.poisson")
def poisson(input, generator=None):
    refuse("MLX has no Poisson draws")


never(
    "torch.Generator",
    "MLX draws from one global stream or from explicit keys",
    suggest="drop the generator and call `mx.random.seed`, or pass `key=mx.random.key(seed)` to the draws",
)
# The state of MLX's generator is a key, and a key of two words is what a seed of 64 bits makes.
@rule("torch.get_rng_state", "torch.random.get_rng_state")
def get_rng_state():
    return mx.array(mx.random.state[0])


@definition("torch.set_rng_state", "torch.random.set_rng_state")
def set_rng_state(new_state):
    """Goes on with MLX's random numbers from a state, a copy of `mx.random.state[0]`."""
    high, low = new_state.tolist()
    mx.random.seed(high << 32 | low)


@definition("torch.random.fork_rng")
@contextmanager
def fork_rng(devices=None, enabled=True):
    """Draws inside do not count for what is drawn afterwards."""
    state = mx.array(mx.random.state[0])
    yield
    if enabled:
        set_rng_state(state)


never(
    "torch.initial_seed",
    "torch.random.*",
    "MLX keeps its generator elsewhere",
    suggest="`mx.random.state`, or `mx.random.key(seed)` passed to the draws",
)
