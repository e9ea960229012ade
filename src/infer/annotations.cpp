#include "infer/annotations.h"

#include <array>
#include <string>

#include "base/text.h"
#include "infer/einops_pattern.h"
#include "infer/module_results.h"

namespace mlxify::infer {

using base::last_part;
using syntax::NodeId;
using NodeKind = syntax::Kind;

namespace {

struct NamedDType {
    std::string_view name;
    DType dtype;
};

constexpr std::array kDTypes{
    NamedDType{"float32", DType::float32}, NamedDType{"float", DType::float32},       NamedDType{"float16", DType::float16},
    NamedDType{"half", DType::float16},    NamedDType{"bfloat16", DType::bfloat16},   NamedDType{"float64", DType::float64},
    NamedDType{"double", DType::float64},  NamedDType{"int64", DType::int64},         NamedDType{"long", DType::int64},
    NamedDType{"int32", DType::int32},     NamedDType{"int", DType::int32},           NamedDType{"int16", DType::int16},
    NamedDType{"short", DType::int16},     NamedDType{"int8", DType::int8},           NamedDType{"uint8", DType::uint8},
    NamedDType{"bool", DType::boolean},    NamedDType{"complex64", DType::complex64}, NamedDType{"cfloat", DType::complex64}};

std::string_view unquoted(std::string_view text) {
    while (!text.empty() && (text.front() == '"' || text.front() == '\'')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == '"' || text.back() == '\'')) text.remove_suffix(1);
    return text;
}

Fact maybe_none(Fact fact) {
    fact.maybe_none = true;
    return fact;
}

Fact fact_of_plain_name(std::string_view name) {
    const std::string_view last = last_part(name);
    if (last == "Tensor" || last == "Parameter" || last == "FloatTensor") return tensor();
    if (last == "LongTensor") return tensor(-1, DType::int64);
    if (last == "IntTensor") return tensor(-1, DType::int32);
    if (last == "BoolTensor") return tensor(-1, DType::boolean);
    if (last == "ByteTensor") return tensor(-1, DType::uint8);
    if (last == "HalfTensor") return tensor(-1, DType::float16);
    if (name == "int") return make(Kind::integer);
    if (name == "float") return make(Kind::floating);
    if (name == "bool") return make(Kind::boolean);
    if (name == "str") return make(Kind::string);
    if (last == "list" || last == "List") return make(Kind::list);
    if (last == "tuple" || last == "Tuple") return make(Kind::tuple);
    if (last == "dict" || last == "Dict") return make(Kind::dict);
    if (last == "Callable") return make(Kind::unknown);  // a module or a function
    if (name == "torch.dtype") return make(Kind::dtype);
    if (name == "torch.device") return make(Kind::device);
    if (name == "torch.Size") return make(Kind::size);
    if (name == "torch.nn.Module" || name == "nn.Module") return make(Kind::module);
    return {};
}

// "Optional[torch.Tensor]" inside quotes: the text alone.
Fact fact_of_text(std::string_view text) {
    constexpr std::string_view kOptional = "Optional[";
    text = unquoted(text);
    if (text.starts_with(kOptional) && text.ends_with(']'))
        return maybe_none(fact_of_text(text.substr(kOptional.size(), text.size() - kOptional.size() - 1)));
    constexpr std::string_view kOrNone = " | None";
    if (text.ends_with(kOrNone)) return maybe_none(fact_of_text(text.substr(0, text.size() - kOrNone.size())));
    return fact_of_plain_name(text);
}

class AnnotationReader {
public:
    AnnotationReader(const syntax::Tree& tree, const names::Names& names, FactStore& store) : tree_(tree), names_(names), store_(store) {}

    Fact read(NodeId node) {
        switch (tree_[node].kind) {
        case NodeKind::none_: return make(Kind::none);
        case NodeKind::string: return fact_of_text(tree_.text(node));
        case NodeKind::name:
        case NodeKind::attribute: return named(node);
        case NodeKind::subscript: return generic(node);
        case NodeKind::binary:
            if (tree_[node].op == syntax::Op::bit_or) return store_.join(read(tree_.child(node, 0)), read(tree_.child(node, 1)));
            return {};
        default: return {};
        }
    }

private:
    Fact named(NodeId node) {
        const std::string qualified = names::qualified_name(tree_, names_, node);
        if (!qualified.empty()) {
            if (is_library_module(qualified)) {
                Fact module = make(Kind::module);
                module.library_class =
                    qualified == "torch.nn.Sequential" || qualified == "torch.nn.ModuleList" ? 0 : store_.library(qualified);
                return module;
            }
            return fact_of_plain_name(qualified);
        }
        const names::Binding& binding = names_[names_.binding(node)];
        if (binding.kind == names::BindingKind::class_) {
            const std::uint32_t at = names_.class_at[syntax::index(binding.definition)];
            if (at == 0 || names_.classes[at - 1].is_enum) return {};
            Fact fact = make(names_.classes[at - 1].is_module ? Kind::module : Kind::object);
            fact.class_index = at;
            return fact;
        }
        if (binding.kind != names::BindingKind::none) return exists(binding.only_value) ? read(binding.only_value) : Fact{};
        return fact_of_plain_name(tree_.text(node));
    }

    Fact generic(NodeId node) {
        const NodeId index = tree_.child(node, 1);
        const std::string qualified = names::qualified_name(tree_, names_, tree_.child(node, 0));
        const std::string_view base = last_part(qualified.empty() ? tree_.text(tree_.child(node, 0)) : std::string_view(qualified));
        if (base == "Optional") return maybe_none(read(index));
        if (base == "Union") return united(index);
        if (base == "List" || base == "list" || base == "Sequence" || base == "Iterable") return store_.repeated(Kind::list, read(index));
        if (base == "Tuple" || base == "tuple") return tuple_of(index);
        if (base == "Dict" || base == "dict" || base == "Mapping") {
            Fact fact = make(Kind::dict);
            if (tree_[index].kind == NodeKind::tuple && tree_[index].child_count == 2)
                fact.elements = store_.sequence({read(tree_.child(index, 1))});
            return fact;
        }
        if (base == "Final" || base == "ClassVar" || base == "Annotated" || base == "Literal")
            return base == "Literal" ? make(tree_[index].kind == NodeKind::string ? Kind::string : Kind::unknown)
                                     : read(tree_[index].kind == NodeKind::tuple ? tree_.child(index, 0) : index);
        if (qualified.starts_with("jaxtyping.")) return shaped(index, base);
        return {};
    }

    Fact united(NodeId index) {
        if (tree_[index].kind != NodeKind::tuple) return read(index);
        Fact fact = read(tree_.child(index, 0));
        for (std::uint32_t slot = 1; slot < tree_[index].child_count; ++slot) fact = store_.join(fact, read(tree_.child(index, slot)));
        return fact;
    }

    Fact tuple_of(NodeId index) {
        if (tree_[index].kind != NodeKind::tuple) return store_.sequence_of(Kind::tuple, {read(index)});
        std::vector<Fact> parts;
        for (const NodeId part : tree_.children(index)) {
            if (tree_[part].kind == NodeKind::ellipsis) return store_.repeated(Kind::tuple, parts.empty() ? Fact{} : parts[0]);
            parts.push_back(read(part));
        }
        return store_.sequence_of(Kind::tuple, parts);
    }

    // Float[Tensor, "b n d"]
    Fact shaped(NodeId index, std::string_view base) {
        if (tree_[index].kind != NodeKind::tuple || tree_[index].child_count != 2) return {};
        const NodeId words = tree_.child(index, 1);
        if (tree_[words].kind != NodeKind::string) return {};
        const std::string_view text = unquoted(tree_.text(words));
        const bool spread = text.find("...") != std::string_view::npos || text.find('*') != std::string_view::npos;
        DType dtype = DType::unknown;
        if (base == "Float32") dtype = DType::float32;
        if (base == "Bool") dtype = DType::boolean;
        return tensor(spread ? -1 : static_cast<int>(parse_einops_side(text).size()), dtype);
    }

    const syntax::Tree& tree_;
    const names::Names& names_;
    FactStore& store_;
};

}  // namespace

DType dtype_of_builtin(std::string_view name) {
    return name == "bool" ? DType::boolean : name == "int" ? DType::int64 : name == "float" ? DType::float64 : DType::unknown;
}

DType dtype_of_name(std::string_view qualified) {
    if (!qualified.starts_with("torch.") || qualified.find('.', 6) != std::string_view::npos) return DType::unknown;
    for (const NamedDType& entry : kDTypes)
        if (entry.name == qualified.substr(6)) return entry.dtype;
    return DType::unknown;
}

Fact fact_of_annotation(const syntax::Tree& tree, const names::Names& names, FactStore& store, NodeId annotation) {
    Fact fact = AnnotationReader(tree, names, store).read(annotation);
    fact.temporary = false;
    if (fact.kind == Kind::none) return {};
    return fact;
}

}  // namespace mlxify::infer
