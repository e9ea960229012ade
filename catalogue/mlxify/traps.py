"""The silent traps between PyTorch and MLX: where a port by hand runs, and gives other numbers.

`trap(name, what differs, what the conversion does, ...)`. An entry that guards one names it by its keyword `trap`; the names after the
texts are parts of the compiler, as the source map names them. The report lists those that a file met, with their places.
"""

from mlxify.catalogue import *

# Values, names and views
trap(
    "views",
    "a slice, a transposed or a reshaped tensor shares memory with its owner in PyTorch, and is a value of its own in MLX",
    "a write through a view is written to its owner, or refused",
    "write through a view",
)
trap(
    "clones",
    "an array that is written to in place is changed for all that hold it, in MLX too: a `clone` before that must stay",
    "a `clone` that is written to becomes a copy, any other is the value itself",
)
trap(
    "repeated indices",
    "`x[i] += v` counts an index once that occurs twice, `index_add_` and `scatter_add_` each time",
    "sums go through `x.at[...]`, which counts each",
)
trap(
    "indices out of range",
    "PyTorch raises; MLX reads what lies beyond the array",
    "the places are read as written; indices at both ends of their range are proved",
)

# Shapes and pieces
trap(
    "order of axes",
    "`transpose(a, b)` exchanges two axes in PyTorch, and is a whole permutation in MLX: of a matrix, no change at all",
    "`swapaxes` for two axes, `transpose` for a permutation",
)
trap(
    "sizes of pieces",
    "`split(n)` makes pieces of n, MLX's `split` makes n pieces; its list holds places, not sizes; `chunk` may give a shorter last one",
    "numbers of pieces or places of cuts are computed from the sizes",
)
trap("repeats", "PyTorch's `repeat` is MLX's `tile`; MLX's `repeat` repeats each element", "`tile`, or `repeat` for `repeat_interleave`")
trap(
    "order of widths",
    "`F.pad` takes pairs of widths from the last axis on, `mx.pad` from the first, and a single pair for every axis",
    "pairs are written for each axis in MLX's order",
)
trap("grids", "`torch.meshgrid` counts rows first, `mx.meshgrid` columns first", 'the order is always written out: `indexing="ij"`')
trap(
    "layout of images",
    "convolutions and pools take channels first in PyTorch and last in MLX, kernels likewise; of equal sizes nothing raises",
    "images and kernels are permuted; checkpoints of PyTorch are loaded through `sanitize`",
)

# Kinds of numbers
trap(
    "kinds of indices",
    "`argmax`, `argsort` and their like give uint32 in MLX, of which `-1` is a large number",
    "indices are cast to a signed kind at once",
)
trap(
    "single numbers",
    "`torch.tensor(0.5)` leaves bfloat16 as it is, `mx.array(0.5)` makes float32 of it",
    "kinds of outputs are compared in the precision that is proved: float32, or the original's bfloat16",
)
trap(
    "numbers in integers",
    "a float bound or filling of an integer array makes floats of it in MLX",
    "kinds of outputs are compared; stores keep the kind of the array",
)
trap(
    "signs of remainders",
    "`fmod` has the sign of the dividend, `%` of MLX that of the divisor; `rounding_mode` cuts or floors",
    "each is written by `mx.trunc` or `mx.floor` as PyTorch defines it",
)
trap(
    "double precision",
    "MLX has float64 on CPUs alone",
    "float64 becomes float32, which the header says; the tolerance stays that of float32",
)

# Reductions and orders
trap(
    "unbiased variance",
    "`var` and `std` divide by n - 1 in PyTorch, by n in MLX",
    "`ddof` is written out",
)
trap(
    "values without indices",
    "`max(dim)`, `sort` and `topk` give values and indices in PyTorch, values alone in MLX: two rows are unpacked without an error",
    "indices are computed beside the values",
)
trap(
    "order of the largest",
    "`mx.topk` gives its values in ascending order, `mx.sort` knows no other",
    "the order is made by `argsort` of the negative",
)
trap("omitted axis", "without an axis MLX's reductions, `softmax` and `cumsum` run over all elements", "the axis is written out")
trap("middle value", "`median` is the lower of two middle values in PyTorch, their mean in MLX", "the lower one is taken from the sorted values")
trap("equality of arrays", "`torch.equal` is one truth value, `mx.equal` one per element", "`mx.array_equal`")
trap(
    "norms of matrices",
    "`torch.norm(x, 2)` is the norm of all elements, MLX's that of order 2 of a matrix the spectral one; at zero MLX's has no gradient",
    "the norm is written for the axes that are meant",
)
trap(
    "sums in half precision",
    "`cumsum` and `mean` of bfloat16 or float16 are accumulated in that precision in MLX",
    "proved in float32, or in the original's bfloat16; other precisions are not compared",
)

# Modules
trap(
    "truth of modules",
    "a module is a dict in MLX: one without parameters is false, and two are equal by their contents",
    "`is not None`, and identity",
    "truth of a module",
    "equality of modules",
)
trap(
    "names of attributes",
    "MLX's modules skip attributes with a leading underscore, modules in tuples, and are dicts with `keys`, `items`, `update`",
    "such attributes are renamed, and `sanitize` renames them in checkpoints",
    "attribute",
)
trap(
    "buffers",
    "an array that is an attribute is trained in MLX",
    "buffers are frozen where they are saved, and hidden by an underscore where they are not",
    "torch.nn.Module.register_buffer",
)
trap(
    "children of Sequential",
    "iterating over MLX's `Sequential` gives names, its length is 1",
    "its list `layers` is used",
    "torch.nn.Sequential",
)
trap(
    "defaults of layers",
    "layers of the same name have other defaults: the epsilon of RMSNorm, groups of GroupNorm, the bias of attention, reductions of losses",
    "defaults that differ are written out",
)
trap(
    "initial weights",
    "MLX's layers draw other initial weights: an embedding's are smaller, a convolution's bias is zero",
    "what the original sets itself is set; the rest is named in the header",
)
trap("visits of modules", "`Module.apply` takes a function of modules in PyTorch, of arrays in MLX", "`apply_to_modules`")

# Gradients, attention, random numbers
trap(
    "gradients without a tape",
    "MLX records nothing: `no_grad` and `detach` have no counterpart that is in force by itself",
    "`mx.stop_gradient` where a gradient would flow; gradients are compared",
)
trap(
    "gradients at bounds",
    "exactly at a bound of `clamp` and at a tie of a maximum MLX's gradient is another one",
    "stays so: gradients are compared on numbers that are away from such places",
)
trap(
    "gradients of branches",
    "`where` and `elu` are differentiated in both branches: an infinite one gives NaN",
    "activations clip what the branch that is not taken gets; gradients of a file's own `where` are compared",
)
trap(
    "masks of attention",
    "a mask `causal` is aligned at the end in MLX, at the beginning in PyTorch; a row without any key is zero in PyTorch alone",
    "the mask is made as PyTorch makes it",
)
trap(
    "random numbers",
    "streams never match; `bernoulli` gives booleans; bounds of a truncated normal are in deviations",
    "draws are made in the same order and kinds, and proved on shared streams",
)
trap(
    "compiled constants",
    "a compiled function of MLX keeps the weights and the random state that it saw first",
    "decorators and calls of `torch.compile` are left out",
)
