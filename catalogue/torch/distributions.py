"""Probability distributions: draws, densities and divergences. Parameters are arrays or numbers that broadcast."""

from catalogue.torch.pointwise import _digamma, _log_gamma

from mlxify.catalogue import *


def _broadcast(*parameters):
    """The parameters as arrays of one shape."""
    return mx.broadcast_arrays(*[p if isinstance(p, mx.array) else mx.array(float(p)) for p in parameters])


class _Distribution:
    """What torch's distributions have in common; `batch_shape` is the shape of the parameters."""

    has_rsample = True
    event_shape = ()

    @property
    def batch_shape(self):
        return self._batch_shape

    def sample(self, sample_shape=()):
        return mx.stop_gradient(self.rsample(sample_shape))

    @property
    def stddev(self):
        return mx.sqrt(self.variance)

    def perplexity(self):
        return mx.exp(self.entropy())


@definition("torch.distributions.Normal", "torch.distributions.normal.Normal")
class Normal(_Distribution):
    """The normal distribution with mean `loc` and standard deviation `scale`."""

    def __init__(self, loc, scale, validate_args=None):
        self.loc, self.scale = _broadcast(loc, scale)
        self._batch_shape = self.loc.shape

    @property
    def mean(self):
        return self.loc

    @property
    def mode(self):
        return self.loc

    @property
    def stddev(self):
        return self.scale

    @property
    def variance(self):
        return mx.square(self.scale)

    def rsample(self, sample_shape=()):
        noise = mx.random.normal((*sample_shape, *self.batch_shape), dtype=self.loc.dtype)
        return self.loc + noise * self.scale

    def log_prob(self, value):
        return -0.5 * mx.square((value - self.loc) / self.scale) - mx.log(self.scale) - 0.5 * math.log(2 * math.pi)

    def cdf(self, value):
        return 0.5 * (1 + mx.erf((value - self.loc) / (self.scale * math.sqrt(2))))

    def icdf(self, value):
        return self.loc + self.scale * mx.erfinv(2 * value - 1) * math.sqrt(2)

    def entropy(self):
        return 0.5 + 0.5 * math.log(2 * math.pi) + mx.log(self.scale)

    def kl(self, other):
        ratio = mx.square(self.scale / other.scale)
        return 0.5 * (ratio + mx.square((self.loc - other.loc) / other.scale) - 1 - mx.log(ratio))


@definition("torch.distributions.Laplace", "torch.distributions.laplace.Laplace")
class Laplace(_Distribution):
    """The Laplace distribution around `loc` with the width `scale`."""

    def __init__(self, loc, scale, validate_args=None):
        self.loc, self.scale = _broadcast(loc, scale)
        self._batch_shape = self.loc.shape

    @property
    def mean(self):
        return self.loc

    @property
    def variance(self):
        return 2 * mx.square(self.scale)

    def rsample(self, sample_shape=()):
        raise NotImplementedError("draws of a Laplace distribution")

    def log_prob(self, value):
        return -mx.log(2 * self.scale) - mx.abs(value - self.loc) / self.scale

    def entropy(self):
        return 1 + mx.log(2 * self.scale)

    def kl(self, other):
        distance = mx.abs(self.loc - other.loc)
        ratio = self.scale / other.scale
        return -mx.log(ratio) + distance / other.scale + ratio * mx.exp(-distance / self.scale) - 1


@definition("torch.distributions.Uniform", "torch.distributions.uniform.Uniform")
class Uniform(_Distribution):
    """The uniform distribution between `low` and `high`."""

    def __init__(self, low, high, validate_args=None):
        self.low, self.high = _broadcast(low, high)
        self._batch_shape = self.low.shape

    @property
    def mean(self):
        return (self.low + self.high) / 2

    @property
    def variance(self):
        return mx.square(self.high - self.low) / 12

    def rsample(self, sample_shape=()):
        noise = mx.random.uniform(shape=(*sample_shape, *self.batch_shape), dtype=self.low.dtype)
        return self.low + noise * (self.high - self.low)

    def log_prob(self, value):
        inside = (value >= self.low) & (value < self.high)
        return mx.where(inside, -mx.log(self.high - self.low), -mx.inf)

    def entropy(self):
        return mx.log(self.high - self.low)


@definition("torch.distributions.Bernoulli", "torch.distributions.bernoulli.Bernoulli")
class Bernoulli(_Distribution):
    """One with probability `probs`, else zero; `logits` are the log-odds."""

    has_rsample = False

    def __init__(self, probs=None, logits=None, validate_args=None):
        (given,) = _broadcast(logits if probs is None else probs)
        self._batch_shape = given.shape
        setattr(self, "logits" if probs is None else "probs", given)

    def __getattr__(self, name):  # of probabilities and logits, those that were not given are made when first asked for
        if name == "probs":
            self.probs = mx.sigmoid(self.logits)
            return self.probs
        if name == "logits":
            tiny = mx.finfo(self.probs.dtype).eps
            clipped = mx.clip(self.probs, tiny, 1 - tiny)
            self.logits = mx.log(clipped) - mx.log1p(-clipped)
            return self.logits
        raise AttributeError(name)

    @property
    def mean(self):
        return self.probs

    @property
    def variance(self):
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape=()):
        draws = mx.random.bernoulli(self.probs, (*sample_shape, *self.batch_shape))
        return mx.stop_gradient(draws.astype(self.probs.dtype))

    def log_prob(self, value):
        return value * self.logits - mx.logaddexp(self.logits, 0)

    def entropy(self):
        return mx.logaddexp(self.logits, 0) - self.probs * self.logits

    def kl(self, other):
        ones = self.probs * (self.logits - other.logits)
        return ones + mx.logaddexp(other.logits, 0) - mx.logaddexp(self.logits, 0)


@definition("torch.distributions.Categorical", "torch.distributions.categorical.Categorical")
class Categorical(_Distribution):
    """A number below n, by `probs` or `logits` along the last axis; both are normalised."""

    has_rsample = False

    def __init__(self, probs=None, logits=None, validate_args=None):
        if probs is not None:
            self.probs = probs / probs.sum(axis=-1, keepdims=True)
        else:
            self.logits = logits - mx.logsumexp(logits, axis=-1, keepdims=True)
        self._batch_shape = (logits if probs is None else probs).shape[:-1]

    def __getattr__(self, name):  # of probabilities and logits, those that were not given are made when first asked for
        if name == "probs":
            self.probs = mx.softmax(self.logits, axis=-1)
            return self.probs
        if name == "logits":
            tiny = mx.finfo(self.probs.dtype).eps
            self.logits = mx.log(mx.clip(self.probs, tiny, 1 - tiny))
            return self.logits
        raise AttributeError(name)

    @property
    def mode(self):
        return mx.argmax(self.probs, axis=-1).astype(mx.int32)

    def sample(self, sample_shape=()):
        return mx.random.categorical(mx.log(self.probs), shape=(*sample_shape, *self.batch_shape)).astype(mx.int32)

    def log_prob(self, value):
        shape = mx.broadcast_shapes(value.shape, self.batch_shape)
        logits = mx.broadcast_to(self.logits, (*shape, self.logits.shape[-1]))
        places = mx.broadcast_to(value, shape)[..., None].astype(mx.int32)
        return mx.take_along_axis(logits, places, axis=-1).squeeze(-1)

    def entropy(self):
        least = mx.finfo(self.logits.dtype).min
        return -(mx.maximum(self.logits, least) * self.probs).sum(axis=-1)

    def kl(self, other):
        return (self.probs * (self.logits - other.logits)).sum(axis=-1)


@definition("torch.distributions.Beta", "torch.distributions.beta.Beta")
class Beta(_Distribution):
    """The beta distribution of two concentrations."""

    def __init__(self, concentration1, concentration0, validate_args=None):
        self.concentration1, self.concentration0 = _broadcast(concentration1, concentration0)
        self._batch_shape = self.concentration1.shape

    @property
    def mean(self):
        return self.concentration1 / (self.concentration1 + self.concentration0)

    @property
    def mode(self):
        return (self.concentration1 - 1) / (self.concentration1 + self.concentration0 - 2)

    @property
    def variance(self):
        total = self.concentration1 + self.concentration0
        return self.concentration1 * self.concentration0 / (mx.square(total) * (total + 1))

    def rsample(self, sample_shape=()):
        raise NotImplementedError("MLX has no draws of a beta distribution")

    def _log_norm(self):
        total = self.concentration1 + self.concentration0
        return _log_gamma(self.concentration1) + _log_gamma(self.concentration0) - _log_gamma(total)

    def log_prob(self, value):
        ones, zeros = self.concentration1 - 1, self.concentration0 - 1
        return ones * mx.log(value) + zeros * mx.log1p(-value) - self._log_norm()

    def entropy(self):
        ones, zeros = self.concentration1, self.concentration0
        mixed = (ones + zeros - 2) * _digamma(ones + zeros)
        return self._log_norm() - (ones - 1) * _digamma(ones) - (zeros - 1) * _digamma(zeros) + mixed

    def kl(self, other):
        ones, zeros = self.concentration1, self.concentration0
        less = (other.concentration1 - ones) * _digamma(ones) + (other.concentration0 - zeros) * _digamma(zeros)
        more = other.concentration1 + other.concentration0 - ones - zeros
        return other._log_norm() - self._log_norm() - less + more * _digamma(ones + zeros)


@definition("torch.distributions.Independent", "torch.distributions.independent.Independent")
class Independent:
    """A distribution whose last `reinterpreted_batch_ndims` batch axes are one event: their densities multiply."""

    def __init__(self, base_distribution, reinterpreted_batch_ndims, validate_args=None):
        self.base_dist = base_distribution
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        shape = (*base_distribution.batch_shape, *base_distribution.event_shape)
        cut = len(base_distribution.batch_shape) - reinterpreted_batch_ndims
        self._batch_shape, self._event_shape = shape[:cut], shape[cut:]

    @property
    def batch_shape(self):
        return self._batch_shape

    @property
    def event_shape(self):
        return self._event_shape

    @property
    def has_rsample(self):
        return self.base_dist.has_rsample

    @property
    def mean(self):
        return self.base_dist.mean

    @property
    def variance(self):
        return self.base_dist.variance

    @property
    def stddev(self):
        return self.base_dist.stddev

    def sample(self, sample_shape=()):
        return self.base_dist.sample(sample_shape)

    def rsample(self, sample_shape=()):
        return self.base_dist.rsample(sample_shape)

    def _total(self, values):
        axes = tuple(range(-self.reinterpreted_batch_ndims, 0))
        return values.sum(axis=axes) if axes else values

    def log_prob(self, value):
        return self._total(self.base_dist.log_prob(value))

    def entropy(self):
        return self._total(self.base_dist.entropy())

    def kl(self, other):
        return self._total(self.base_dist.kl(other.base_dist))


@definition("torch.distributions.kl_divergence", "torch.distributions.kl.kl_divergence")
def kl_divergence(p, q):
    """The Kullback-Leibler divergence of two distributions of one kind."""
    if type(p) is not type(q):
        raise NotImplementedError(f"the divergence of a {type(p).__name__} from a {type(q).__name__}")
    return p.kl(q)


constant("torch.distributions.Distribution", "torch.distributions.distribution.Distribution", "object")
dissolve(
    "torch.distributions.Normal.set_default_validate_args",
    "torch.distributions.Beta.set_default_validate_args",
    "torch.distributions.Categorical.set_default_validate_args",
    "torch.distributions.Bernoulli.set_default_validate_args",
    "torch.distributions.Distribution.set_default_validate_args",
)
never("torch.distributions.*", "MLX has no distributions", suggest="mx.random, and densities written out")
