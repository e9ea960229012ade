// Attributes: of tensors, of instances of the file's classes, of library modules, and names of libraries.
#include <algorithm>
#include <array>
#include <limits>
#include <string>

#include "base/text.h"
#include "infer/annotations.h"
#include "infer/evaluator.h"
#include "infer/module_results.h"

namespace mlxify::infer {

using base::last_part;
using syntax::index;
using NodeKind = syntax::Kind;
using syntax::kNoNode;

namespace {

// Attributes that tell that their object is a tensor.
constexpr std::array<std::string_view, 8> kTensorAttributes{"shape", "ndim", "T", "mT", "H", "mH", "is_cuda", "requires_grad"};

bool is_tensor_attribute(std::string_view name) {
    return std::find(kTensorAttributes.begin(), kTensorAttributes.end(), name) != kTensorAttributes.end();
}

}  // namespace

const std::string& Evaluator::library_name_of(NodeId node) {
    std::uint32_t& at = qualified_at_[index(node)];
    if (at == 0) {
        std::string name = names::qualified_name(tree_, names_, node);
        at = 1;
        if (!name.empty()) {
            qualified_.push_back(std::move(name));
            at = static_cast<std::uint32_t>(qualified_.size()) + 1;
        }
    }
    return at == 1 ? no_name_ : qualified_[at - 2];
}

// What an imported name is when it is not called.
Fact Evaluator::library_constant(std::string_view qualified) {
    if (const DType dtype = dtype_of_name(qualified); dtype != DType::unknown) {
        Fact fact = make(Kind::dtype);
        fact.dtype = dtype;
        return fact;
    }
    if (qualified == "torch.channels_last" || qualified == "torch.channels_last_3d") return store_.constant(Kind::string, std::string("channels_last"));
    if (qualified == "torch.contiguous_format" || qualified == "torch.preserve_format") return make(Kind::none);
    if (qualified.starts_with("math.") || qualified.starts_with("torch.") || qualified.starts_with("numpy.")) {
        const std::string_view last = last_part(qualified);
        if (last == "inf") return store_.constant(Kind::floating, std::numeric_limits<double>::infinity());
        if (last == "nan") return store_.constant(Kind::floating, std::numeric_limits<double>::quiet_NaN());
        if (last == "pi" || last == "e" || last == "tau") return make(Kind::floating);
    }
    if (qualified == "typing.TYPE_CHECKING") return store_.constant(Kind::boolean, false);
    if (is_library_module(qualified)) return store_.library_fact(Kind::class_, qualified);
    if (qualified == "torch.Tensor" || qualified == "torch.nn.Parameter" || qualified == "torch.Size" || qualified == "torch.device" ||
        qualified == "torch.nn.Module")
        return store_.library_fact(Kind::class_, qualified);
    const std::string_view last = last_part(qualified);
    // Functions and classes of libraries; packages stay unknown.
    if (find_library_operator(qualified)) return store_.library_fact(Kind::function, qualified);
    Fact fact;
    fact.library_class = qualified.find('.') != std::string_view::npos && !last.empty() ? store_.library(qualified) : 0;
    return fact;
}

Fact Evaluator::evaluate_attribute(NodeId node) {
    const std::string_view name = tree_[node].name;
    const NodeId object = tree_.child(node, 0);
    const std::string& qualified = library_name_of(node);
    if (!qualified.empty()) return library_constant(qualified);
    Fact fact = evaluate(object);
    fact = not_none(object, fact);
    if (fact.kind == Kind::unknown && is_tensor_attribute(name)) fact = used_as_tensor(object, fact);
    switch (fact.kind) {
    case Kind::tensor: return tensor_attribute(node, object, fact, name);
    case Kind::module:
    case Kind::object: return instance_attribute(fact, name, is_self(object));
    case Kind::class_:
        if (fact.class_index != 0) {
            if (names_.classes[fact.class_index - 1].is_enum) return make(Kind::object);
            if (name == "__name__") return make(Kind::string);
            if (const std::uint32_t forward = autograd_forward(fact, name); forward != 0)
                return method_value(fact, program_.functions[forward - 1].node);
            const NodeId method = program_.method(fact.class_index, name);
            if (exists(method)) return method_value(fact, method);
            if (const auto found = program_.find_attribute(store_, fact.class_index, name, round_)) return *found;
        }
        return {};
    default: break;
    }
    if (name == "__class__") return {};
    if (name == "training") return make(Kind::boolean);
    // torch.finfo(dtype).min and the like
    if (tree_[object].kind == NodeKind::call) {
        const std::string& callee = library_name_of(tree_.child(object, 0));
        if (callee == "torch.finfo" || callee == "torch.iinfo") return make(callee == "torch.finfo" ? Kind::floating : Kind::integer);
    }
    // r.values and r.indices of torch.max, torch.topk, ...
    if (fact.kind == Kind::tuple && fact.length == 2 && fact.elements != 0 && (name == "values" || name == "indices"))
        return store_.elements(fact)[name == "values" ? 0 : 1];
    return {};
}

Fact Evaluator::tensor_attribute(NodeId node, NodeId object, const Fact& fact, std::string_view name) {
    if (name == "shape") {
        Fact size = make(Kind::size);
        size.length = fact.rank;
        if (fact.rank > 0) {
            std::vector<Fact> sizes;
            for (const Dim& dim : store_.dims(fact)) sizes.push_back(dim.known ? store_.integer(dim) : make(Kind::integer));
            size.elements = store_.sequence(sizes);
        }
        return size;
    }
    if (name == "dtype") {
        Fact dtype = make(Kind::dtype);
        dtype.dtype = fact.dtype;
        return dtype;
    }
    if (name == "device") return make(Kind::device);
    if (name == "ndim") return fact.rank >= 0 ? store_.integer(fact.rank) : make(Kind::integer);
    if (name == "T" || name == "mT" || name == "H" || name == "mH") {
        Fact turned = tensor(fact.rank, fact.dtype);
        turned.same_rank_as = fact.same_rank_as;
        std::vector<Dim> dims = store_.dims(fact);
        if (name == "T" || name == "H")
            std::reverse(dims.begin(), dims.end());
        else if (dims.size() > 1)
            std::swap(dims[dims.size() - 1], dims[dims.size() - 2]);
        turned.shape = fact.rank > 0 ? store_.shape(dims) : 0;
        return sharing_memory(turned, object, fact);
    }
    if (name == "data") {
        Fact data = fact;
        return sharing_memory(data, object, fact);
    }
    if (name == "real" || name == "imag") {
        Fact part = tensor(fact.rank, fact.dtype == DType::complex64 ? DType::float32 : fact.dtype);
        part.shape = fact.shape;
        return sharing_memory(part, object, fact);
    }
    if (name == "grad") {
        Fact gradient = fact;
        gradient.maybe_none = true;
        gradient.temporary = false;
        gradient.view_of = index(node);
        return gradient;
    }
    if (name.starts_with("is_") || name == "requires_grad") return make(Kind::boolean);
    if (name == "itemsize" || name == "nbytes") return make(Kind::integer);
    return {};
}

// A method that is not called here: `f = self.block`, map(self.block, xs).
Fact Evaluator::method_value(const Fact& object, NodeId method) {
    Fact fact = make(Kind::function);
    fact.definition = index(method);
    fact.class_index = object.class_index;
    fact.library_class = object.library_class;
    return fact;
}

Fact Evaluator::instance_attribute(const Fact& object, std::string_view name, bool of_self) {
    if (object.class_index != 0) {
        if (of_self) {
            const std::uint32_t attribute = program_.attribute(object.class_index, name, false);
            if (attribute != 0 && attribute < slot_by_attribute_.size() && slot_by_attribute_[attribute] != 0)
                if (const Fact* fact = environment_.find(slot_by_attribute_[attribute])) return *fact;
        }
        const NodeId method = program_.method(object.class_index, name);
        if (exists(method)) {
            const std::uint32_t function = program_.function_at(method);
            if (function == 0) return {};
            if (!program_.functions[function - 1].is_property) return method_value(object, method);
            return call_function(function, object, Operands{});
        }
        if (const auto found = program_.find_attribute(store_, object.class_index, name, round_)) {
            Fact fact = *found;
            if (!of_self) fact.shape = 0;  // another instance's sizes
            return fact;
        }
    }
    if (object.kind == Kind::module) {
        if (name == "training") return make(Kind::boolean);
        return module_attribute(store_, object, name);
    }
    return {};
}

}  // namespace mlxify::infer
