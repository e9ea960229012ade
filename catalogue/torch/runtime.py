"""Devices, compilation, processes and files: what surrounds a model. Most of it vanishes; questions have one answer."""

from mlxify.catalogue import *

# --- compilation -----------------------------------------------------------------------------------------------------
drop_decorator("torch.compile", "torch.compiler.disable", "torch.compiler.allow_in_graph", "torch._dynamo.disable", trap="compiled constants")
drop_decorator("torch.compiler.assume_constant_result", "torch._dynamo.allow_in_graph", "torch.fx.wrap")
drop_decorator(
    "torch.jit.script", "torch.jit.script_method", "torch.jit.export", "torch.jit.ignore", "torch.jit.unused"
)
drop_decorator(
    "torch.jit.script_if_tracing", "torch.jit._overload", "torch.jit._overload_method", "torch.jit.interface"
)
drop_decorator(
    "torch.profiler.record_function", "torch.no_grad", "torch.library.custom_op", "torch.library.register_fake",
    trap="gradients without a tape",
)
dissolve("torch.set_float32_matmul_precision", "torch.use_deterministic_algorithms", "torch.set_printoptions")
dissolve(
    "torch._dynamo.mark_static_address",
    "torch._dynamo.mark_dynamic",
    "torch._dynamo.graph_break",
    "torch._dynamo.reset",
)
dissolve("torch.compiler.cudagraph_mark_step_begin", "torch.compiler.reset", "torch._assert", "torch._check")
dissolve("torch._C._log_api_usage_once", "torchvision.utils._log_api_usage_once")
dissolve("torch.set_num_threads", "torch.set_num_interop_threads", "torch.jit.fuser", "torch.jit.optimized_execution")
constant("torch.jit.Final", "torch.jit.final.Final", "object")
constant("torch.jit.ScriptModule", "nn.Module")
constant("torch.__version__", '"2.13.0"')
constant("torch.version.cuda", "torch.version.hip", "None")


@rule("torch.compile", trap="compiled constants")
def compiled(model, *, fullgraph=False, dynamic=None, backend=None, mode=None, options=None, disable=False):
    return model


@rule("torch.jit.script", "torch.jit.trace", "torch.jit.optimize_for_inference", "torch.jit.freeze")
def scripted(obj, *example_inputs):
    return obj


@rule(
    "torch.jit.is_scripting", "torch.jit.is_tracing", "torch._C._is_tracing",
    "torch.compiler.is_compiling", "torch._dynamo.is_compiling",
)
def is_compiling():
    return False


@rule("torch.onnx.is_in_onnx_export", "torch.compiler.is_dynamo_compiling", "torch.compiler.is_exporting")
def is_exporting():
    return False


@rule("torch.jit.annotate")
def annotate(the_type, the_value):
    return the_value


@rule("torch.typename")
def typename(obj):
    return type(obj).__name__


never(
    "torch.jit.*",
    "torch.fx.*",
    "torch.onnx.*",
    "torch.export.*",
    "torch._dynamo.*",
    "MLX does not trace programs this way",
)
never(
    "torch.compiler.*",
    "torch._C.*",
    "torch.ops.*",
    "torch.library.*",
    "torch._higher_order_ops.*",
    "this is an inside of torch",
)

# --- devices ---------------------------------------------------------------------------------------------------------
dissolve(
    "torch.cuda.synchronize",
    "torch.cuda.empty_cache",
    "torch.cuda.set_device",
    "torch.cuda.device",
    "torch.cuda.nvtx.range_push",
)
dissolve("torch.cuda.manual_seed", "torch.cuda.manual_seed_all", "torch.mps.manual_seed", "torch.xpu.manual_seed")
dissolve(
    "torch.cuda.reset_peak_memory_stats", "torch.mps.empty_cache", "torch.mps.synchronize", "torch.cuda.nvtx.range_pop"
)
dissolve(
    "torch.accelerator.set_device_index",
    "torch.accelerator.synchronize",
    "torch.xpu.empty_cache",
    "torch.set_default_device",
)
dissolve("torch.backends.cudnn.benchmark", "torch.backends.cudnn.deterministic", "torch.backends.cudnn.enabled")
dissolve(
    "torch.backends.cudnn.allow_tf32", "torch.backends.cuda.matmul.allow_tf32", "torch.backends.cuda.enable_flash_sdp"
)
dissolve(
    "torch.backends.cuda.enable_math_sdp", "torch.backends.cuda.enable_mem_efficient_sdp", "torch.backends.cudnn.flags"
)
# Read to be put back later. After the entries above, which assignments find first.
constant("torch.backends.cudnn.benchmark", "False")
constant("torch.backends.cudnn.deterministic", "False")
constant("torch.backends.cudnn.enabled", "False")
constant("torch.backends.cudnn.allow_tf32", "False")
constant("torch.backends.cuda.matmul.allow_tf32", "False")


@rule("torch.device", "torch.get_default_device", "torch.accelerator.current_accelerator", "torch.Tensor.get_device")
def device(type=None, index=None):
    return mx.default_device()


# After the rule, which calls find first; this is the type in annotations and `isinstance`.
constant("torch.device", "mx.Device")
dissolve("torch.device")  # as a context: where tensors are made


# As on the CPU, where the original was run for comparison.
@attribute("torch.device.type")
def device_type(self):
    return "cpu"


@attribute("torch.device.index")
def device_index(self):
    return None


@rule(
    "torch.cuda.is_available",
    "torch.backends.mps.is_available",
    "torch.backends.mps.is_built",
    "torch.backends.cudnn.is_available",
)
def is_cuda_available():
    return False


@rule(
    "torch.xpu.is_available", "torch.npu.is_available", "torch.accelerator.is_available", "torch.backends.cuda.is_built"
)
def is_accelerator_available():
    return False


constant("torch.cuda._initialized", "False")


@rule("torch.cuda.is_bf16_supported", "torch.cuda.is_initialized")
def is_cuda_able(including_emulation=True):
    return False


@rule("torch.cuda.device_count", "torch.accelerator.device_count", "torch.cuda.current_device")
def device_count():
    return 0


@rule("torch.cuda.memory_allocated")
def memory_allocated(device=None):
    return mx.get_active_memory()


@rule("torch.cuda.max_memory_allocated")
def max_memory_allocated(device=None):
    return mx.get_peak_memory()


@rule("torch.cuda.memory_reserved")
def memory_reserved(device=None):
    return mx.get_active_memory() + mx.get_cache_memory()


@rule("torch.get_num_threads")
def get_num_threads():
    return 1


never(
    "torch.cuda.Stream",
    "torch.cuda.stream",
    "torch.cuda.current_stream",
    "MLX schedules by itself",
    suggest="remove the stream",
)
never("torch.cuda.Event", "MLX has no events", suggest="call `mx.eval` and measure with `time.perf_counter`")
never(
    "torch.cuda.get_device_capability",
    "torch.cuda.get_device_name",
    "torch.cuda.get_device_properties",
    "there is no CUDA device here",
)
never(
    "torch.cuda.*", "torch.npu.*", "torch.xpu.*", "torch.mps.*", "torch.accelerator.*", "there is no such device in MLX"
)
never("torch.backends.*", "MLX has no such switch")

# --- processes, data and files ---------------------------------------------------------------------------------------


@rule("torch.distributed.is_available", "torch.distributed.is_initialized")
def is_distributed():
    return False


@rule("torch.distributed.get_world_size")
def get_world_size(group=None):
    return 1


@rule("torch.distributed.get_rank")
def get_rank(group=None):
    return 0


dissolve("torch.distributed.barrier", "torch.distributed.destroy_process_group")
never("torch.distributed.*", "work over several processes is written differently", suggest="mx.distributed")
never("torch.multiprocessing.*", "torch.futures.*", "use Python's own multiprocessing")
never("torch.utils.data.*", "MLX has no data loading", suggest="mlx.data, or plain Python iterators")
never(
    "torch.utils.tensorboard.*",
    "torch.hub.*",
    "torch.profiler.*",
    "torch.utils.cpp_extension.*",
    "MLX has no counterpart",
)
never("torch.save", "models are saved by their weights", suggest="`model.save_weights(path)` or `mx.save_safetensors`")
never(
    "torch.load",
    "torch.jit.load",
    "torch's files are converted once",
    suggest="`mlxify weights`, then `model.load_weights(path)`",
)
never("torch.serialization.*", "torch's files are converted once", suggest="`mlxify weights`")
never("torch.optim.*", "optimisers take gradients, not parameters", suggest="mlx.optimizers")
never("torch.testing.*", "compare with `mx.allclose`")
# The generators of devices: MLX has one for all.
dissolve("torch.utils.checkpoint.set_device_states")


@rule("torch.utils.checkpoint.get_device_states")
def get_device_states(*args):
    return [], []


never("torch.utils.checkpoint.*", "MLX has no such hook of recomputation", suggest="nn.utils.checkpoint(block)")
never(
    "torch.utils.model_zoo.*", "MLX downloads nothing", suggest="`mlxify weights` converts a file that was downloaded"
)
never("torch.utils._pytree.*", "trees are handled by MLX's own functions", suggest="mlx.utils.tree_map, tree_flatten")


@definition("torch.utils._pytree.tree_flatten")
def tree_flatten(tree):
    """The leaves of nested lists, tuples and dicts, in order, and the nest itself with None for each leaf."""
    leaves = []

    def walk(node):
        if isinstance(node, dict):
            return {key: walk(value) for key, value in node.items()}
        if isinstance(node, tuple) and hasattr(node, "_fields"):
            return type(node)(*[walk(value) for value in node])
        if isinstance(node, (list, tuple)):
            return type(node)([walk(value) for value in node])
        leaves.append(node)
        return None

    nest = walk(tree)
    return leaves, nest


@definition("torch.utils._pytree.tree_unflatten")
def tree_unflatten(leaves, treespec):
    """Puts leaves back into a nest that `tree_flatten` gave."""
    leaves = iter(leaves)

    def walk(node):
        if isinstance(node, dict):
            return {key: walk(value) for key, value in node.items()}
        if isinstance(node, tuple) and hasattr(node, "_fields"):
            return type(node)(*[walk(value) for value in node])
        if isinstance(node, (list, tuple)):
            return type(node)([walk(value) for value in node])
        return next(leaves)

    return walk(treespec)


@definition("torch.utils._pytree.tree_map")
def tree_map(func, tree, *rests):
    """The nest with `func` applied to each leaf (and to the leaves of further nests at the same place)."""
    leaves, nest = tree_flatten(tree)
    others = [tree_flatten(rest)[0] for rest in rests]
    return tree_unflatten([func(*leaf) for leaf in zip(leaves, *others, strict=True)], nest)


@definition("torch.utils._pytree.tree_map_only")
def tree_map_only(type_or_types, func, tree):
    """The nest with `func` applied to the leaves of a type."""
    return tree_map(lambda leaf: func(leaf) if isinstance(leaf, type_or_types) else leaf, tree)


never("torch.classes.*", "torch.package.*", "this is an inside of torch")
never("torch.utils.checkpoint.checkpoint_sequential", "checkpoint each block", suggest="nn.utils.checkpoint(block)")
