"""torch.nn.utils and torch.nn.attention."""

from mlxify.catalogue import *


@rule("torch.nn.utils.rnn.pad_sequence")
def pad_sequence(sequences, batch_first=False, padding_value=0.0, padding_side="right"):
    return _pad_sequence(sequences, batch_first, padding_value, padding_side)


def _pad_sequence(sequences, batch_first=False, value=0.0, side="right"):
    """Pads arrays to the longest first axis and stacks them, the batch second or first."""
    length = max(len(x) for x in sequences)
    gaps = [(0, length - len(x)) if side == "right" else (length - len(x), 0) for x in sequences]
    padded = [
        mx.pad(x, [gap] + [(0, 0)] * (x.ndim - 1), constant_values=value) for x, gap in zip(sequences, gaps)
    ]
    return mx.stack(padded, axis=0 if batch_first else 1)


never("torch.nn.utils.clip_grad_norm_", "gradients are not kept in parameters",
      suggest="use `mlx.optimizers.clip_grad_norm` on the gradients that `nn.value_and_grad` gives")
never("torch.nn.utils.clip_grad_value_", "gradients are not kept in parameters",
      suggest="clip the gradients that `nn.value_and_grad` gives")
never("torch.nn.utils.parameters_to_vector", "parameters are a tree in MLX", suggest="use `mlx.utils.tree_flatten`")
never("torch.nn.utils.vector_to_parameters", "parameters are a tree in MLX", suggest="use `module.update`")
never("torch.nn.utils.spectral_norm", "it estimates a singular value by a buffer that each call changes",
      suggest="fold the norm into the weight before converting")
never("torch.nn.utils.parametrizations.spectral_norm", "it estimates a singular value by a buffer that each call changes",
      suggest="fold the norm into the weight before converting")
never("torch.nn.utils.weight_norm", "it replaces a parameter by two and a hook",
      suggest="remove it with torch.nn.utils.remove_weight_norm before converting")
never("torch.nn.utils.parametrizations.weight_norm", "it replaces a parameter by two and a hook",
      suggest="remove it with torch.nn.utils.parametrize.remove_parametrizations before converting")
never("torch.nn.utils.parametrize.register_parametrization", "parameters are plain arrays in MLX",
      suggest="compute the parametrised weight in the call")
never("torch.nn.utils.parametrizations.orthogonal", "MLX's matrix factorisations have no gradient")
never("torch.nn.utils.prune.*", "pruning changes modules in place")
never("torch.nn.attention.flex_attention.*", "MLX has no flex attention",
      suggest="use scaled_dot_product_attention with a dense mask")

dissolve("torch.nn.attention.sdpa_kernel", "torch.backends.cuda.sdp_kernel", stops_gradient=False)
