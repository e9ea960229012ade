#include "verify/answers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

namespace mlxify::verify {
namespace {

const Json* find(const Json& object, std::string_view name) {
    if (!object.is_object()) return nullptr;
    const auto found = object.find(name);
    return found == object.end() || found->is_null() ? nullptr : &*found;
}

// Each `get` fills `out` from a field; false if the field is there with another type. An absent field leaves `out` alone
// when `optional`, else it is false too.
enum class Presence { required, optional };

bool get(const Json& object, std::string_view name, std::string& out, Presence presence = Presence::required) {
    const Json* value = find(object, name);
    if (value == nullptr) return presence == Presence::optional;
    if (!value->is_string()) return false;
    out = value->get<std::string>();
    return true;
}

bool get(const Json& object, std::string_view name, double& out, Presence presence = Presence::required) {
    const Json* value = find(object, name);
    if (value == nullptr) return presence == Presence::optional;
    if (!value->is_number()) return false;
    out = value->get<double>();
    return std::isfinite(out);
}

bool get(const Json& object, std::string_view name, bool& out, Presence presence = Presence::required) {
    const Json* value = find(object, name);
    if (value == nullptr) return presence == Presence::optional;
    if (!value->is_boolean()) return false;
    out = value->get<bool>();
    return true;
}

bool to_u32(const Json& value, std::uint32_t& out) {
    if (!value.is_number_unsigned() && !(value.is_number_integer() && value.get<std::int64_t>() >= 0)) return false;
    const std::uint64_t number = value.get<std::uint64_t>();
    if (number > std::numeric_limits<std::uint32_t>::max()) return false;
    out = static_cast<std::uint32_t>(number);
    return true;
}

bool get(const Json& object, std::string_view name, std::uint32_t& out, Presence presence = Presence::required) {
    const Json* value = find(object, name);
    if (value == nullptr) return presence == Presence::optional;
    return to_u32(*value, out);
}

bool get(const Json& object, std::string_view name, std::vector<std::string>& out, Presence presence = Presence::required) {
    const Json* value = find(object, name);
    if (value == nullptr) return presence == Presence::optional;
    if (!value->is_array()) return false;
    for (const Json& item : *value) {
        if (!item.is_string()) return false;
        out.push_back(item.get<std::string>());
    }
    return true;
}

bool get(const Json& object, std::string_view name, std::vector<std::uint32_t>& out) {
    const Json* value = find(object, name);
    if (value == nullptr || !value->is_array()) return false;
    for (const Json& item : *value)
        if (!to_u32(item, out.emplace_back())) return false;
    std::sort(out.begin(), out.end());
    return true;
}

bool get(const Json& object, std::string_view name, std::vector<std::int64_t>& out, Presence presence = Presence::required) {
    const Json* value = find(object, name);
    if (value == nullptr) return presence == Presence::optional;
    if (!value->is_array()) return false;
    for (const Json& item : *value) {
        if (!item.is_number_integer()) return false;
        out.push_back(item.get<std::int64_t>());
    }
    return true;
}

// A list of objects, each read by `read`.
template <typename T, typename Read>
bool get_list(const Json& object, std::string_view name, std::vector<T>& out, Presence presence, Read read) {
    const Json* value = find(object, name);
    if (value == nullptr) return presence == Presence::optional;
    if (!value->is_array()) return false;
    for (const Json& item : *value)
        if (!item.is_object() || !read(item, out.emplace_back())) return false;
    return true;
}

bool read_parameter(const Json& json, ParameterOf& parameter) {
    std::string text;
    if (!get(json, "name", parameter.name) || !get(json, "kind", parameter.kind, Presence::optional)) return false;
    std::transform(parameter.kind.begin(), parameter.kind.end(), parameter.kind.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (!get(json, "annotation", parameter.annotation, Presence::optional)) return false;
    if (find(json, "default") == nullptr) return true;
    if (!get(json, "default", text)) return false;
    parameter.default_text = std::move(text);
    return true;
}

bool read_array(const Json& json, ArrayOf& array) {
    return get(json, "name", array.name) && get(json, "shape", array.shape) && get(json, "dtype", array.dtype) &&
           get(json, "trainable", array.trainable, Presence::optional) &&
           get(json, "persistent", array.persistent, Presence::optional);
}

// Checks an output tree without recursion; marks which leaves it names.
bool check_tree(const Json& tree, std::vector<bool>& seen) {
    std::vector<std::pair<const Json*, int>> pending = {{&tree, 0}};
    const auto push_all = [&](const Json& children, int depth) {
        for (const auto& child : children) pending.emplace_back(&child, depth);
    };
    while (!pending.empty()) {
        const auto [node, depth] = pending.back();
        pending.pop_back();
        if (!node->is_object() || depth > 64) return false;
        if (const auto leaf = node->find("leaf"); leaf != node->end()) {
            std::uint32_t number = 0;
            if (!to_u32(*leaf, number) || number >= seen.size() || seen[number]) return false;
            seen[number] = true;
        } else if (node->contains("list") || node->contains("tuple")) {
            const Json& children = node->contains("list") ? (*node)["list"] : (*node)["tuple"];
            if (!children.is_array()) return false;
            push_all(children, depth + 1);
        } else if (const auto fields = node->find("dict"); fields != node->end()) {
            if (!fields->is_object()) return false;
            push_all(*fields, depth + 1);
        } else if (const auto type = node->find("object"); type != node->end()) {
            if (!type->is_string()) return false;
            const auto own = node->find("fields");
            if (own != node->end() && !own->is_object()) return false;
            if (own != node->end()) push_all(*own, depth + 1);
        } else if (!node->contains("const")) {
            return false;
        }
    }
    return true;
}

struct KindRow {
    std::string_view name;
    infer::Kind kind;
};

constexpr std::array<KindRow, 16> kKinds = {{
    {"none", infer::Kind::none}, {"boolean", infer::Kind::boolean}, {"integer", infer::Kind::integer},
    {"floating", infer::Kind::floating}, {"string", infer::Kind::string}, {"tensor", infer::Kind::tensor},
    {"module", infer::Kind::module}, {"tuple", infer::Kind::tuple}, {"list", infer::Kind::list}, {"dict", infer::Kind::dict},
    {"size", infer::Kind::size}, {"dtype", infer::Kind::dtype}, {"device", infer::Kind::device},
    {"function", infer::Kind::function}, {"class", infer::Kind::class_}, {"object", infer::Kind::object},
}};

struct DTypeRow {
    std::string_view name;
    infer::DType dtype;
};

constexpr std::array<DTypeRow, 11> kDTypes = {{
    {"float32", infer::DType::float32}, {"float16", infer::DType::float16}, {"bfloat16", infer::DType::bfloat16},
    {"float64", infer::DType::float64}, {"int64", infer::DType::int64}, {"int32", infer::DType::int32},
    {"int16", infer::DType::int16}, {"int8", infer::DType::int8}, {"uint8", infer::DType::uint8},
    {"bool", infer::DType::boolean}, {"complex64", infer::DType::complex64},
}};

template <typename Table>
auto* row_named(const Table& table, std::string_view name) {
    const auto found = std::find_if(table.begin(), table.end(), [&](const auto& row) { return row.name == name; });
    return found == table.end() ? nullptr : &*found;
}

std::optional<infer::Value> read_value(const Json& value) {
    if (value.is_boolean()) return infer::Value(value.get<bool>());
    if (value.is_number_float()) return infer::Value(value.get<double>());
    if (value.is_number_unsigned() &&
        value.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        return std::nullopt;
    if (value.is_number_integer()) return infer::Value(value.get<std::int64_t>());
    if (value.is_string()) return infer::Value(value.get<std::string>());
    return std::nullopt;
}

// What is unknown here is simply not known: a kind or dtype of a later protocol is no error.
bool read_fact(const Json& item, infer::ObservedFact& fact) {
    if (!item.is_array() || item.size() != 3 || !item[2].is_object()) return false;
    if (!to_u32(item[0], fact.span.begin) || !to_u32(item[1], fact.span.end) || fact.span.end < fact.span.begin) return false;
    const Json& json = item[2];
    std::string kind, dtype;
    if (!get(json, "kind", kind, Presence::optional) || !get(json, "dtype", dtype, Presence::optional)) return false;
    if (const KindRow* row = row_named(kKinds, kind)) fact.kind = row->kind;
    if (const DTypeRow* row = row_named(kDTypes, dtype)) fact.dtype = row->dtype;
    std::uint32_t number = 0;
    if (find(json, "ndim") != nullptr) {
        if (!get(json, "ndim", number) || number > 100) return false;
        fact.rank = static_cast<std::int8_t>(number);
    }
    fact.negative = find(json, "negative") != nullptr;
    fact.parameter = find(json, "parameter") != nullptr;
    fact.tensor = find(json, "tensor") != nullptr;
    if (find(json, "length") != nullptr) {
        if (!get(json, "length", number)) return false;
        fact.length = static_cast<std::int32_t>(std::min<std::uint32_t>(number, std::numeric_limits<std::int32_t>::max()));
    }
    if (!get(json, "type", fact.type, Presence::optional)) return false;
    if (const Json* shape = find(json, "shape")) {
        if (!shape->is_array()) return false;
        for (const Json& dimension : *shape)
            fact.shape.push_back(dimension.is_number_integer() ? dimension.get<std::int64_t>() : -1);
    }
    if (fact.kind == infer::Kind::none) fact.value = infer::Value{};
    else if (const Json* value = find(json, "value")) fact.value = read_value(*value);
    // NaN and the infinities come as text; a constant that is no number of JSON is none for us.
    if (fact.kind != infer::Kind::string && fact.value && std::holds_alternative<std::string>(*fact.value)) fact.value.reset();
    return true;
}

}  // namespace

std::optional<Failure> read_failure(const Json& answer) {
    const Json* error = find(answer, "error");
    Failure failure;
    if (error == nullptr || !get(*error, "type", failure.type) || !get(*error, "message", failure.message, Presence::optional))
        return std::nullopt;
    if (!get(*error, "line", failure.line, Presence::optional)) return std::nullopt;
    const bool well_formed = get_list<std::string>(
        *error, "frames", failure.frames, Presence::optional, [](const Json& json, std::string& frame) {
            std::string file;
            std::uint32_t line = 0;
            if (!get(json, "function", frame, Presence::optional) || !get(json, "file", file, Presence::optional) ||
                !get(json, "line", line, Presence::optional))
                return false;
            frame += " (" + file + ":" + std::to_string(line) + ")";
            return true;
        });
    const bool conditions_read = get_list<Condition>(*error, "conditions", failure.conditions, Presence::optional, [](const Json& json, Condition& condition) {
        if (!get(json, "relation", condition.relation)) return false;
        if (condition.relation == "in") return get(json, "name", condition.name) && get(json, "current", condition.current) && get(json, "choices", condition.choices);
        return get(json, "left", condition.left) && get(json, "right", condition.right);
    });
    return well_formed && conditions_read ? std::optional(failure) : std::nullopt;
}

std::optional<Hello> read_hello(const Json& answer) {
    Hello hello;
    const bool well_formed = get(answer, "framework", hello.framework) && get(answer, "version", hello.version) &&
                             get(answer, "python", hello.python, Presence::optional);
    return well_formed ? std::optional(hello) : std::nullopt;
}

std::optional<std::vector<DefinitionOf>> read_definitions(const Json& answer) {
    std::vector<DefinitionOf> definitions;
    const bool well_formed = get_list<DefinitionOf>(
        answer, "definitions", definitions, Presence::required, [](const Json& json, DefinitionOf& definition) {
            return get(json, "name", definition.name) && get(json, "kind", definition.kind) &&
                   get(json, "line", definition.line, Presence::optional) &&
                   get_list<ParameterOf>(json, "parameters", definition.parameters, Presence::optional, read_parameter) &&
                   get_list<ParameterOf>(json, "forward", definition.forward, Presence::optional, read_parameter) &&
                   get(json, "bases", definition.bases, Presence::optional);
        });
    return well_formed ? std::optional(definitions) : std::nullopt;
}

std::optional<Construction> read_construction(const Json& answer) {
    Construction construction;
    const bool well_formed =
        get(answer, "callable", construction.callable, Presence::optional) &&
        get_list<ArrayOf>(answer, "parameters", construction.parameters, Presence::optional, read_array) &&
        get_list<ArrayOf>(answer, "buffers", construction.buffers, Presence::optional, read_array) &&
        get_list<ModuleOf>(answer, "modules", construction.modules, Presence::optional, [](const Json& json, ModuleOf& module) {
            return get(json, "name", module.name) && get(json, "class", module.type) && get(json, "text", module.text, Presence::optional);
        });
    return well_formed ? std::optional(construction) : std::nullopt;
}

std::optional<WeightsLoaded> read_weights_loaded(const Json& answer) {
    WeightsLoaded loaded;
    const bool well_formed = get(answer, "missing", loaded.missing, Presence::optional) &&
                             get(answer, "unexpected", loaded.unexpected, Presence::optional) &&
                             get(answer, "mismatched", loaded.mismatched, Presence::optional);
    return well_formed ? std::optional(loaded) : std::nullopt;
}

std::optional<CallResult> read_call(const Json& answer) {
    CallResult result;
    const Json* tree = find(answer, "tree");
    if (tree == nullptr || !get(answer, "seconds", result.seconds, Presence::optional)) return std::nullopt;
    const bool leaves_read =
        get_list<LeafOf>(answer, "leaves", result.leaves, Presence::required, [](const Json& json, LeafOf& leaf) {
            return get(json, "shape", leaf.shape) && get(json, "dtype", leaf.dtype) &&
                   get(json, "finite", leaf.finite, Presence::optional);
        });
    std::vector<bool> seen(result.leaves.size());
    if (!leaves_read || !check_tree(*tree, seen)) return std::nullopt;
    if (std::find(seen.begin(), seen.end(), false) != seen.end()) return std::nullopt;
    if (const Json* kept = find(answer, "kept"); kept != nullptr && kept->is_object())
        for (const auto& [probability, count] : kept->items())
            if (count.is_number()) result.kept[probability] = count.get<double>();
    if (const Json* drawn = find(answer, "drawn"); drawn != nullptr && drawn->is_number()) result.drawn = drawn->get<double>();
    result.tree = *tree;
    return result;
}

std::optional<GradientResult> read_gradient(const Json& answer) {
    GradientResult result;
    const bool well_formed = get(answer, "without", result.without, Presence::optional);
    return well_formed ? std::optional(result) : std::nullopt;
}

std::optional<Sensitivity> read_sensitivity(const Json& answer) {
    const Json* moved = find(answer, "moved");
    if (moved == nullptr || !moved->is_object()) return std::nullopt;
    Sensitivity sensitivity;
    for (const auto& [name, value] : moved->items()) {
        if (!value.is_boolean()) return std::nullopt;
        sensitivity.moved.emplace_back(name, value.get<bool>());
    }
    return sensitivity;
}

std::optional<infer::ObservedFacts> read_facts(const Json& answer) {
    const Json* list = find(answer, "facts");
    if (list == nullptr || !list->is_array()) return std::nullopt;
    infer::ObservedFacts facts;
    for (const Json& item : *list)
        if (!read_fact(item, facts.emplace_back())) return std::nullopt;
    std::sort(facts.begin(), facts.end(), [](const auto& a, const auto& b) { return a.span < b.span; });
    return facts;
}

std::optional<Reach> read_reach(const Json& answer) {
    Reach reach;
    const bool well_formed = get(answer, "lines", reach.lines) && get(answer, "executable", reach.executable);
    return well_formed ? std::optional(reach) : std::nullopt;
}

std::optional<std::vector<TraceEntry>> read_trace(const Json& answer) {
    std::vector<TraceEntry> entries;
    const bool well_formed =
        get_list<TraceEntry>(answer, "trace", entries, Presence::required, [](const Json& json, TraceEntry& entry) {
            return get(json, "line", entry.line) && get(json, "name", entry.name) && get(json, "begin", entry.span.begin) &&
                   get(json, "end", entry.span.end) && get(json, "array", entry.array, Presence::optional) &&
                   get(json, "visit", entry.visit, Presence::optional);
        });
    return well_formed ? std::optional(entries) : std::nullopt;
}

std::optional<double> read_operations(const Json& answer) {
    double operations = 0;
    return get(answer, "operations", operations) ? std::optional(operations) : std::nullopt;
}

std::optional<Timing> read_timing(const Json& answer) {
    Timing timing;
    const bool well_formed = get(answer, "seconds", timing.seconds) && get(answer, "peak_bytes", timing.peak_bytes) && get(answer, "moves", timing.moves) &&
                             get(answer, "images", timing.images);
    return well_formed ? std::optional(timing) : std::nullopt;
}

std::optional<Timing> read_step_timing(const Json& answer) {
    Timing timing;
    const bool well_formed = get(answer, "training_seconds", timing.seconds) && get(answer, "peak_bytes", timing.peak_bytes);
    return well_formed ? std::optional(timing) : std::nullopt;
}

}  // namespace mlxify::verify
