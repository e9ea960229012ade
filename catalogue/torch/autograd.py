"""Gradients. MLX records no tape: a function is differentiated as a whole, so that most of this has nothing to do."""

from mlxify.catalogue import *

dissolve(
    "torch.no_grad",
    "torch.inference_mode",
    "torch.autograd.no_grad",
    "torch.autograd.grad_mode.no_grad",
    stops_gradient=True,
    trap="gradients without a tape",
)
dissolve(
    "torch.enable_grad",
    "torch.autograd.enable_grad",
    "torch.autograd.set_detect_anomaly",
    "torch.autograd.detect_anomaly",
)
dissolve("torch.autocast", "torch.amp.autocast", "torch.cuda.amp.autocast", "torch.cpu.amp.autocast")
dissolve(
    "torch.autograd.graph.save_on_cpu",
    "torch.autograd.graph.saved_tensors_hooks",
    "torch.autograd.forward_ad.dual_level",
)
dissolve("torch.autograd.profiler.record_function", "torch.profiler.record_function", "torch.profiler.profile")
drop_decorator("torch.no_grad", "torch.enable_grad", "torch.inference_mode", "torch.set_grad_enabled", trap="gradients without a tape")
drop_decorator("torch.amp.custom_fwd", "torch.amp.custom_bwd", "torch.cuda.amp.custom_fwd", "torch.cuda.amp.custom_bwd")
drop_decorator(
    "torch.autocast", "torch.amp.autocast", "torch.cuda.amp.autocast", "torch.autograd.function.once_differentiable"
)

never(
    "torch.set_grad_enabled",
    "MLX has no gradient mode to switch",
    suggest="use `mx.stop_gradient` where no gradient must flow",
)


@rule("torch.is_grad_enabled")
def is_grad_enabled():
    return True


@rule("torch.is_inference", "torch.Tensor.is_inference")
def is_inference(input):
    return False


@rule("torch.is_inference_mode_enabled")
def is_inference_mode_enabled():
    return False


@rule("torch.is_autocast_enabled", "torch.is_autocast_cpu_enabled")
def is_autocast_enabled(device_type=None):
    return False


@rule("torch.get_autocast_gpu_dtype")
def get_autocast_gpu_dtype():
    return mx.float16


@rule("torch.get_autocast_dtype", "torch.get_autocast_cpu_dtype")
def get_autocast_dtype(device_type=None):
    return mx.bfloat16


@rule("torch.autograd.Variable")
def variable(data, requires_grad=False, volatile=False):
    return data


# What is trained is a matter of the module in MLX: a parameter that must not be is frozen by its name there.
@rule("torch.Tensor.requires_grad_")
def requires_grad_(self, requires_grad=True):
    if requires_grad:
        return self
    refuse("arrays are not frozen one by one", suggest='`module.freeze(keys=["name"], recurse=False)`')


# Recomputing in the backward pass changes memory, not values. MLX's checkpoint wants to be told of a module, whose weights it
# must pass as inputs; a plain function that uses weights is called as it is.
@rule("torch.utils.checkpoint.checkpoint")
def checkpoint(
    function, *args, use_reentrant=None, context_fn=None, determinism_check=None, preserve_rng_state=True, debug=False,
    **kwargs
):
    if known(isinstance(function, nn.Module)) and isinstance(function, nn.Module):
        return nn.utils.checkpoint(function)(*args, **kwargs)
    return function(*args, **kwargs)


never(
    "torch.Tensor.backward",
    "torch.autograd.backward",
    "MLX differentiates functions, not results",
    suggest="`loss, gradients = nn.value_and_grad(model, loss_function)(inputs)`",
)
never(
    "torch.autograd.grad",  # but of what the same function computes from named inputs: src/rewrite/autograd.cpp
    "MLX differentiates functions, not results",
    suggest="compute the output from the inputs in the same function, by variables that are assigned once; or write `mx.grad(function)(inputs)`",
)


# The base class of functions with a gradient of their own. Each application is one `mx.custom_function`; what forward leaves
# in the context, backward finds there.
@definition("torch.autograd.Function", "torch.autograd.function.FunctionCtx")
class Function:
    """A function with a gradient of its own: `forward` and `backward` are given the same context, as in PyTorch."""

    def save_for_backward(self, *arrays):
        self.saved_tensors = arrays

    @classmethod
    def apply(cls, *args):
        ctx = cls()
        places = [place for place, arg in enumerate(args) if isinstance(arg, mx.array)]
        ctx.needs_input_grad = tuple(place in places for place in range(len(args)))

        @mx.custom_function
        def function(*arrays):
            if not hasattr(cls, "setup_context"):
                return cls.forward(ctx, *args)
            outputs = cls.forward(*args)
            cls.setup_context(ctx, args, outputs)
            return outputs

        @function.vjp
        def function_vjp(arrays, cotangents, outputs):
            gradients = cls.backward(ctx, *(cotangents if isinstance(cotangents, (list, tuple)) else [cotangents]))
            gradients = gradients if isinstance(gradients, (list, tuple)) else [gradients]
            return [_fitted(gradients[place], args[place]) for place in places]

        outputs = function(*[args[place] for place in places])
        if isinstance(outputs, (list, tuple)):
            return type(outputs)(_without_gradient_of_integers(output) for output in outputs)
        return _without_gradient_of_integers(outputs)


# A function whose gradient only runs forward again, to save memory, has the gradient of forward.
@definition("mlxify.recomputed_function")
class RecomputedFunction:
    """A function that PyTorch runs again for its gradient; MLX differentiates `forward` itself."""

    def save_for_backward(self, *arrays):
        self.saved_tensors = arrays

    @classmethod
    def apply(cls, *args):
        return cls.forward(cls(), *args)


def _without_gradient_of_integers(output):
    """What a function gives, cut off from its gradient where it is no float: MLX would ask an index for one."""
    if isinstance(output, mx.array) and not mx.issubdtype(output.dtype, mx.inexact):
        return mx.stop_gradient(output)
    return output


def _fitted(gradient, array):
    """The gradient in the dtype and shape of the array, summed along axes that were broadcast; zeros for None."""
    if gradient is None:
        return mx.zeros_like(array)
    _, (gradient,) = mx.vjp(lambda x: mx.broadcast_to(x, gradient.shape), [array], [gradient.astype(array.dtype)])
    return gradient


never(
    "torch.Tensor.register_hook",
    "torch.Tensor.retain_grad",
    "torch.Tensor.register_post_accumulate_grad_hook",
    "MLX has no hooks on gradients",
    suggest="change the gradients that `nn.value_and_grad` gives",
)
never("torch.autograd.*", "MLX has no tape", suggest="`mx.grad`, `mx.vjp`, `mx.jvp`")


@rule("torch.vmap", "torch.func.vmap")
def vmap(func, in_dims=0, out_dims=0, randomness="error", *, chunk_size=None):
    if known(isinstance(in_dims, int) and isinstance(out_dims, int) and in_dims == 0 and out_dims == 0):
        if in_dims == 0 and out_dims == 0:
            return mx.vmap(func)
    return mx.vmap(func, in_axes=in_dims, out_axes=out_dims)


@rule("torch.func.grad")
def gradient_of(func, argnums=0, has_aux=False):
    if has_aux:
        refuse("`mx.grad` gives nothing besides gradients", suggest="`mx.value_and_grad`")
    if known(argnums == 0) and argnums == 0:
        return mx.grad(func)
    return mx.grad(func, argnums=list(argnums) if isinstance(argnums, tuple) else argnums)


never("torch.func.*", "MLX's own transformations differ in what they take and give",
      suggest="`mx.vmap`, `mx.grad`, `mx.value_and_grad`, `mx.vjp`, `mx.jvp`")
never("torch.cuda.amp.GradScaler", "torch.amp.GradScaler", "MLX trains in bfloat16 or float32 without loss scaling")
