#include "verify/repair.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include "verify/guess.h"

namespace mlxify::verify {
namespace {

using enum Repair::Kind;

// Matches `pattern` anywhere in `text`, where `#` stands for a number and `*` for a short stretch of anything; gives the
// numbers in order. (std::regex was ruled out: it recurses over the text.)
class Pattern {
public:
    explicit Pattern(std::string_view pattern) : pattern_(pattern) {}

    [[nodiscard]] std::optional<std::vector<std::int64_t>> find_in(std::string_view text) const {
        for (std::size_t begin = 0; begin < text.size(); ++begin) {
            std::vector<std::int64_t> numbers;
            if (match(text, begin, 0, numbers)) return numbers;
        }
        return std::nullopt;
    }

private:
    static constexpr std::size_t kStretch = 120;

    // Recursion is as deep as the pattern has stars: at most three.
    bool match(std::string_view text, std::size_t i, std::size_t p, std::vector<std::int64_t>& numbers) const {
        for (; p < pattern_.size(); ++p) {
            if (pattern_[p] == '*') {
                for (std::size_t skip = 0; skip <= kStretch && i + skip <= text.size(); ++skip) {
                    std::vector<std::int64_t> further = numbers;
                    if (!match(text, i + skip, p + 1, further)) continue;
                    numbers = std::move(further);
                    return true;
                }
                return false;
            }
            if (pattern_[p] == '#') {
                std::int64_t number = 0;
                const auto [end, error] = std::from_chars(text.data() + i, text.data() + text.size(), number);
                if (error != std::errc{}) return false;
                numbers.push_back(number);
                i = static_cast<std::size_t>(end - text.data());
            } else {
                if (i >= text.size() || text[i] != pattern_[p]) return false;
                ++i;
            }
        }
        return true;
    }

    std::string_view pattern_;
};

struct Row {
    std::string_view pattern;
    Repair::Kind kind;
    int found = -1;   // which number of the pattern; -1: none
    int wanted = -1;
};

// Messages with their numbers, the more special first. The wording is PyTorch 2.13's, einops's and Python's.
constexpr Row kRows[] = {
    {"is missing the required \"forward\" function", give_up},
    {"mat1 and mat2 shapes cannot be multiplied (#x# and #x#)", last_axis, 1, 2},
    {"size mismatch, got input (#), mat (#x#), vec (#)", last_axis, 3, 2},
    {"Given normalized_shape=[#], expected input with shape [*, #], but got input of size[*, #]", last_axis, 2, 0},
    {"input.size(-1) must be equal to input_size. Expected #, got #", last_axis, 1, 0},
    {"input has inconsistent input_size: got # expected #", last_axis, 0, 1},
    {"was expecting embedding dimension of #, but got #", last_axis, 1, 0},
    {"the feature number of src and tgt must be equal to d_model", same_shape},
    {"expected input[*] to have # channels, but got # channels", channels, 1, 0},
    {"Expected number of channels in input to be divisible by num_groups, but got input of shape [#, #*", divisible},
    {"xpected weight to be a vector of size equal to the number of channels in input, but got weight of shape [#] and input of shape [#, #", channels, 2, 0},
    {"running_mean should contain # elements not #", channels, 0, 1},
    {"weight should contain # elements not #", channels, 0, 1},
    {"to have # channels, but got # channels", channels, 1, 0},
    {"Found parameter numbers = # and channel size = #", channels, 1, 0},
    {"Expected #D (unbatched) or #D (batched) input", rank, -1, 1},
    {"expected #D or #D input (got #D input)", rank, -1, 1},
    {"expected #D input (got #D input)", rank, -1, 0},
    {"Expected #D or #D input", rank, -1, 1},
    {"Expected # dimensions, got #", rank, -1, 0},
    {"expected # dims. Received #-dim tensor", rank, 1, 0},
    {"Expected input to be #D or #D", rank, -1, 1},
    {"Expected #D tensor", rank, -1, 0},
    {"too many values to unpack (expected #)", rank, -1, 0},
    {"not enough values to unpack (expected #, got #)", rank, 1, 0},
    {"number of dimensions in the tensor input does not match the length of the desired ordering of dimensions i.e. input.dim() = # is not equal to len(dims) = #", rank, -1, 1},
    {"permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired ordering of dimensions i.e. input.dim() = # is not equal to len(dims) = #", rank, -1, 1},
    {"Dimension out of range (expected to be in range of [-#, #], but got #)", rank, -1, -2},
    {"Got #D input, but * mode needs #D input", rank, -1, 1},
    {"batch1 must be a 3D tensor", rank, -1, -3},
    {"too many indices for tensor of dimension #", rank, 0, -5},
    {"'lengths' argument should be a 1D CPU int64 tensor", lengths},
    {"`lengths` array must be sorted in decreasing order", lengths},
    {"Length of all samples has to be greater than 0", lengths},
    {"Expected `len(lengths)` to be equal to batch_size", lengths},
    {"index_select(): Index is supposed to be a vector", lengths},
    {"Index tensor must have the same number of dimensions as", rank, -1, -4},
    {"Expected tensor for argument *'indices' to have one of the following scalar types: Long, Int", indices},
    {"tensors used as indices must be long, int, byte or bool tensors", indices},
    {"one_hot is only applicable to index tensor", indices},
    {"only integer tensors of a single element can be converted to an index", indices},
    {"expected scalar type Long but found Float", indices},
    {"index tensor of type LongTensor", indices},
    {"expected TensorOptions(dtype=long int", indices},
    {"must be tuple of Tensors, not Tensor", sequence_input},
    {"gather(): Expected dtype int", indices},
    {"scatter(): Expected dtype int", indices},
    {"is not implemented for tensors with non-complex dtypes", complex_numbers},
    {"is only supported for complex tensors", complex_numbers},
    {"between 0 and 1", shares},
    {"be in the range [0, 1]", shares},
    {"be in [0, 1]", shares},
    {"not implemented for 'Long'", floats},
    {"expected scalar type Float but found Long", floats},
    {"can only be floating point", floats},
    {"could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: Long", floats},
    {"mat1 and mat2 must have the same dtype, but got BFloat16 and Float", low_precision},
    {"mat1 and mat2 must have the same dtype, but got Float and BFloat16", low_precision},
    {"expected m1 and m2 to have the same dtype, but got: float != c10::BFloat16", low_precision},
    {"expected m1 and m2 to have the same dtype, but got: c10::BFloat16 != float", low_precision},
    {"to have the same dtype, but got: float != c10::", low_precision},
    {"to have the same dtype, but got: c10::BFloat16", low_precision},
    {"expected scalar type BFloat16 but found Float", low_precision},
    {"expected scalar type Float but found BFloat16", low_precision},
    {"Input type (c10::BFloat16) and bias type (float)", low_precision},
    {"Input type (float) and bias type (c10::BFloat16)", low_precision},
    {"expected scalar type Half but found Float", low_precision},
    {"expected scalar type Float but found Half", low_precision},
    {"to have the same dtype, but got: double != float", floats},
    {"mat1 and mat2 must have the same dtype, but got Long and Float", floats},
    {"index out of range in self", smaller_indices},
    {"out of bounds for dimension", smaller_indices},
    {"Class values must be smaller than num_classes", smaller_indices},
    {"Target # is out of bounds", smaller_indices},
    {"padding (#, #) at dimension # of input [*, #]", last_axis, 3, -6},
    {"can't be greater than actual input size", larger_space},
    {"Given input size: (#x#x#). Calculated output size: (#x#x#). Output size is too small", larger_space, 2, -7},
    {"Output size is too small", larger_space},
    {"is too small", larger_space},
    {"Padding size should be less than the corresponding input dimension", larger_space},
    {"Expected more than 1 value per channel when training", larger_space},
    {"Expected more than 1 spatial element when training", larger_space},
    {"The size of tensor a (#) must match the size of tensor b (#)", any_axis, 0, 1},
    {"The expanded size of the tensor (#) must match the existing size (#)", any_axis, 1, 0},
    {"Expected size for first two dimensions of batch2 tensor to be: [#, #] but got: [#, #]", any_axis, 3, 1},
    {"Expected input batch_size (#) to match target batch_size (#)", any_axis, 0, 1},
    {"Sizes of tensors must match except in dimension #. Expected size # but got size #", even_space, 2, 1},
    {"shape '[-1, #]' is invalid for input of size #", last_axis, 1, 0},
    {"shape '[#, #]' is invalid for input of size #", last_axis, 2, 1},
    {"shape '[*]' is invalid for input of size #", divisible},
    {"Shape mismatch, can't divide axis of length # in chunks of #", divisible, 0, 1},
    {"Shape mismatch, # != #", any_axis, 0, 1},
    {"the number of subscripts in the equation (#) does not match the number of dimensions (#)", rank, 1, 0},
    {"Input images should have the same dimensions", same_shape},
    {"must be the same as input size", input_shape},
    {"has size # for operand # which does not broadcast with previously seen size #", any_axis, 0, 2},
    {"Boolean value of Tensor with more than one value is ambiguous", single_value},
    {"(#) must be divisible by num_groups (#)", argument_value, 0, 1},
    {"divisible", divisible},
    {"must divide", divisible},
    {"cannot reshape tensor of", divisible},
    {"must be the same size", same_shape},
    {"The shapes of", same_shape},
    {"Input image size", any_axis},
    {"object has no attribute 'float'", floats},
    {"less than #, got #", argument_value, 1, 0},
    {"at least #, got #", argument_value, 1, 0},
    {"at least # but got #", argument_value, 1, 0},
    {"'int' object is not callable", module_value},
    {"is not a Module subclass", module_value},
    {"must be a mapping", mapping_value},
    {"object has no attribute 'keys'", mapping_value},
    {"object has no attribute 'values'", mapping_value},
    {"object has no attribute 'items'", mapping_value},
    {"object has no attribute 'get'", mapping_value},
    {"list index out of range", longer_value},
    {"tuple index out of range", longer_value},
    {"object is not iterable", sequence_value},
    {"object is not subscriptable", sequence_value},
    {"has no len()", sequence_value},
    {"cannot unpack non-iterable", sequence_value},
    {"needs to be tuple", sequence_value},
    {"must be a tuple", sequence_value},
    {"must be a list", sequence_value},
    {"'list' object cannot be interpreted as an integer", scalar_value},
    {"'tuple' object cannot be interpreted as an integer", scalar_value},
    {"not 'list'", scalar_value},
    {"not 'tuple'", scalar_value},
    {"'list' and 'int'", scalar_value},
    {"'tuple' and 'int'", scalar_value},
    {"'int' and 'list'", scalar_value},
    {"'int' and 'tuple'", scalar_value},
    {"'list' and 'float'", scalar_value},
    {"'tuple' and 'float'", scalar_value},
    {"can't multiply sequence by non-int", scalar_value},
};

// The text between the first pair of quotes after `marker`.
std::optional<std::string> quoted_after(std::string_view text, std::string_view marker) {
    const std::size_t at = text.find(marker);
    if (at == std::string_view::npos) return std::nullopt;
    const std::size_t begin = text.find('\'', at + marker.size());
    if (begin == std::string_view::npos) return std::nullopt;
    const std::size_t end = text.find('\'', begin + 1);
    if (end == std::string_view::npos) return std::nullopt;
    return std::string(text.substr(begin + 1, end - begin - 1));
}

// "Net.forward() missing 2 required positional arguments: 'y' and 'z'"
std::vector<Repair> missing_arguments(std::string_view message) {
    const std::size_t at = message.find("missing");
    const bool constructor = message.substr(0, at).find("__init__()") != std::string_view::npos;
    std::vector<Repair> repairs;
    std::size_t begin = message.find('\'', at);
    while (begin != std::string_view::npos) {
        const std::size_t end = message.find('\'', begin + 1);
        if (end == std::string_view::npos) break;
        repairs.push_back({constructor ? add_argument : add_input, -1, -1, std::string(message.substr(begin + 1, end - begin - 1))});
        begin = message.find('\'', end + 1);
    }
    return repairs;
}

std::vector<Repair> from_python_errors(const Failure& failure) {
    const std::string_view message = failure.message;
    if (message.find("required positional argument") != std::string_view::npos ||
        message.find("required keyword-only argument") != std::string_view::npos)
        return missing_arguments(message);
    if (const auto name = quoted_after(message, "unexpected keyword argument")) return {{drop_argument, -1, -1, *name}};
    if (failure.type == "AttributeError") {
        if (message.starts_with("'NoneType'") || message.starts_with("'int'") || message.starts_with("'float'"))
            return {{optional_inputs, -1, -1, {}}, {other_values, -1, -1, {}}};
        if (message.starts_with("'Tensor'"))
            return {{no_input, -1, -1, quoted_after(message, "has no attribute").value_or("")}, {sequence_input, -1, -1, {}}, {optional_inputs, -1, -1, {}}};
        if (const auto name = quoted_after(message, "has no attribute"))
            return {{message.find("SimpleNamespace") != std::string_view::npos ? field : other_values, -1, -1, *name}};
    }
    if (failure.type == "KeyError") {
        // einops looks up the recipe of a layer by the rank of its input
        if (message.size() == 1 && message[0] >= '0' && message[0] <= '9') return {{other_rank, message[0] - '0', -1, {}}, {other_values, -1, -1, {}}};
        if (const auto name = quoted_after(message, "")) return {{field, -1, -1, *name}};
        return {{other_values, -1, -1, {}}};
    }
    if (failure.type == "AssertionError") return {{optional_inputs, -1, -1, {}}, {other_values, -1, -1, {}}};
    if (message.find("NoneType") != std::string_view::npos) return {{optional_inputs, -1, -1, {}}, {other_values, -1, -1, {}}};
    if (failure.type == "ModuleNotFoundError" || failure.type == "ImportError" || failure.type == "URLError" || failure.type == "HTTPError")
        return {{other_feature, -1, -1, {}}};
    if (message.find("CUDA") != std::string_view::npos || message.find("not compiled with") != std::string_view::npos)
        return {{give_up, -1, -1, {}}};
    if (failure.type == "ValueError") return {{other_values, -1, -1, {}}, {optional_inputs, -1, -1, {}}};  // "pass one of the two"
    return {{other_values, -1, -1, {}}};
}

// The whole numbers in `text` between `begin` and `end`.
std::vector<std::int64_t> integers_until(std::string_view text, std::size_t begin, std::size_t end) {
    std::vector<std::int64_t> numbers;
    for (std::size_t i = begin; i < std::min(end, text.size()); ++i) {
        std::int64_t number = 0;
        const auto [next, error] = std::from_chars(text.data() + i, text.data() + std::min(end, text.size()), number);
        if (error != std::errc{}) continue;
        numbers.push_back(number);
        i = static_cast<std::size_t>(next - text.data());
    }
    return numbers;
}

// The sizes of the first `torch.Size([2, 3])` after `begin`, which moves behind it.
std::optional<std::vector<std::int64_t>> next_shape(std::string_view text, std::size_t& begin) {
    constexpr std::string_view kOpening = "torch.Size([";
    const std::size_t at = text.find(kOpening, begin);
    const std::size_t end = text.find(']', at == std::string_view::npos ? at : at + kOpening.size());
    if (at == std::string_view::npos || end == std::string_view::npos) return std::nullopt;
    begin = end;
    return integers_until(text, at + kOpening.size(), end);
}

// What is made of the inputs has the one shape and must have the other.
Repair reshaped(const std::vector<std::int64_t>& found, const std::vector<std::int64_t>& wanted) {
    Repair repair{input_shape, -1, -1, {}};
    repair.found_shape = found;
    repair.wanted_shape = wanted;
    return repair;
}

// "expected inputs of shape torch.Size([8]), got torch.Size([3, 8])": which is which follows from the word before the first.
std::vector<Repair> from_shapes(std::string_view message) {
    std::size_t at = 0;
    const auto first = next_shape(message, at), second = next_shape(message, at);
    if (!first || !second || *first == *second) return {};
    const std::string_view before = message.substr(0, message.find("torch.Size"));
    const bool found_first = before.find("got") != std::string_view::npos || before.find("xpected") == std::string_view::npos;
    return {found_first ? reshaped(*first, *second) : reshaped(*second, *first), {same_shape, -1, -1, {}}, {other_values, -1, -1, {}}};
}

// "Expected target size [2, 48], got [2]", "The shape of the mask [2, 48] ... the shape of the indexed tensor [2, 8, 8]"
std::vector<Repair> from_lists_of_sizes(std::string_view message) {
    const bool wanted_first = message.find("Expected target size") != std::string_view::npos;
    if (!wanted_first && message.find("shape of the mask") == std::string_view::npos) return {};
    std::vector<std::vector<std::int64_t>> shapes;
    for (std::size_t at = message.find('['); at != std::string_view::npos && shapes.size() < 2; at = message.find('[', at + 1))
        shapes.push_back(integers_until(message, at + 1, message.find(']', at)));
    if (shapes.size() < 2 || shapes[0] == shapes[1]) return {};
    return {wanted_first ? reshaped(shapes[1], shapes[0]) : reshaped(shapes[0], shapes[1])};
}

// "Target size (torch.Size([2, 1])) must be the same as input size (torch.Size([2, 8]))": either may be what an input has.
std::vector<Repair> from_two_sizes(std::string_view message) {
    std::size_t at = 0;
    const auto target = next_shape(message, at), input = next_shape(message, at);
    if (!target || !input || *target == *input) return {{same_shape, -1, -1, {}}};
    return {{same_shape, -1, -1, {}}, reshaped(*input, *target), reshaped(*target, *input)};
}

// "split_sizes to sum exactly to 16 (input tensor's size at dimension -1), but got split_sizes=[3, 3]": a last axis of 6.
std::vector<Repair> from_pieces(std::string_view message) {
    constexpr std::string_view kSum = "split_sizes to sum exactly to ", kPieces = "got split_sizes=[";
    const std::size_t at = message.find(kSum), pieces = message.find(kPieces);
    if (at == std::string_view::npos || pieces == std::string_view::npos || message.find("dimension -1") == std::string_view::npos) return {};
    std::int64_t found = 0, sum = 0;
    std::from_chars(message.data() + at + kSum.size(), message.data() + message.size(), found);
    for (const std::int64_t piece : integers_until(message, pieces + kPieces.size(), message.find(']', pieces))) sum += piece;
    return {{last_axis, found, sum, {}}};
}

// An axis of the inputs, or an argument, that is one side becomes the other.
void make_equal(const Condition& condition, std::vector<Repair>& repairs) {
    const auto one_way = [&](const std::vector<std::int64_t>& from, const std::vector<std::int64_t>& to) {
        if (from.size() == 1 && to.size() == 1) {
            repairs.push_back({any_axis, from[0], to[0], {}});
            repairs.push_back({argument_value, from[0], to[0], {}});
            return;
        }
        repairs.push_back(reshaped(from, to));
    };
    one_way(condition.left, condition.right);
    one_way(condition.right, condition.left);
}

std::vector<Repair> from_conditions(const std::vector<Condition>& conditions) {
    std::vector<Repair> repairs;
    for (const Condition& condition : conditions) {
        for (const std::string& one : condition.choices) {
            repairs.push_back({choice, -1, -1, condition.name});
            repairs.back().current = condition.current;
            repairs.back().value = one;
        }
        if (condition.left.empty() || condition.right.empty()) continue;
        const std::int64_t left = condition.left[0], right = condition.right[0];
        if (condition.relation == "rank") {
            repairs.push_back({rank, left, right, {}});
        } else if (condition.relation == "%") {
            repairs.push_back({divisible, left, right, {}});
            repairs.push_back({argument_value, left, 2 * right, {}});
            repairs.push_back({argument_value, right, left, {}});
        } else if (condition.relation == "==") {
            make_equal(condition, repairs);
        } else {  // beyond a bound by one at most
            const std::int64_t bound = condition.relation == "<" ? right - 1 : condition.relation == ">" ? right + 1 : right;
            repairs.push_back({any_axis, left, bound, {}});
            repairs.push_back({argument_value, left, bound, {}});
            const std::int64_t other_bound = condition.relation == "<" ? left + 1 : condition.relation == ">" ? left - 1 : left;
            repairs.push_back({any_axis, right, other_bound, {}});
            repairs.push_back({argument_value, right, other_bound, {}});
        }
    }
    return repairs;
}

Repair repair_of(const Row& row, const std::vector<std::int64_t>& numbers) {
    Repair repair{row.kind, -1, -1, {}};
    const auto number = [&](int which) { return which >= 0 && which < static_cast<int>(numbers.size()) ? numbers[static_cast<std::size_t>(which)] : -1; };
    repair.found = number(row.found);
    repair.wanted = row.wanted == -3 ? 3 : row.wanted == -4 ? 2 : number(row.wanted);
    if (row.wanted == -7) repair.wanted = numbers[2] + 1 - numbers[5];  // a pooling that covers all of its input has one result
    if (row.wanted == -6) repair.wanted = 2 * std::max<std::int64_t>(numbers[0], 1);
    if (row.wanted == -5) repair.wanted = repair.found + 1;
    // "Dimension out of range (expected to be in range of [-2, 1], but got 2)": one more axis than the index reaches
    if (row.wanted == -2 && numbers.size() == 3) repair.wanted = numbers[2] >= 0 ? numbers[2] + 1 : -numbers[2];
    // What is flattened is told for the whole batch.
    if (row.kind == last_axis && row.pattern.starts_with("shape '[-1")) repair.found /= kBatch;
    if (row.kind == last_axis && row.pattern.starts_with("shape '[#") && numbers[0] > 0) repair.found /= numbers[0];
    return repair;
}

}  // namespace

bool asks_for_another_form(Repair::Kind kind) {
    return kind == sequence_value || kind == scalar_value || kind == mapping_value || kind == module_value || kind == longer_value;
}

std::vector<Repair> repairs_for(const Failure& failure) {
    if (failure.fatal()) return {};
    std::vector<Repair> told = from_conditions(failure.conditions);
    std::vector<Repair> repairs;
    for (const Row& row : kRows) {
        const auto numbers = Pattern(row.pattern).find_in(failure.message);
        if (!numbers) continue;
        if (row.kind == input_shape) repairs = from_two_sizes(failure.message);
        else repairs.push_back(repair_of(row, *numbers));
        break;
    }
    if (!repairs.empty() && repairs[0].kind == mapping_value && failure.message.starts_with("'Tensor'")) repairs[0].kind = mapping_input;
    if (!repairs.empty() && repairs[0].kind == argument_value) repairs.push_back({other_values, -1, -1, {}});
    if (!repairs.empty() && asks_for_another_form(repairs[0].kind)) repairs.push_back({optional_inputs, -1, -1, {}});
    if (!repairs.empty() && repairs[0].kind == any_axis) {
        repairs.push_back({divisible, -1, -1, {}});
        repairs.push_back({same_shape, -1, -1, {}});
    }
    if (!repairs.empty() && repairs[0].kind == last_axis && failure.message.starts_with("shape '")) repairs.push_back({divisible, -1, -1, {}});
    if (!repairs.empty() && repairs[0].kind == even_space) repairs.push_back({any_axis, repairs[0].found, repairs[0].wanted, {}});
    if (repairs.empty()) repairs = from_pieces(failure.message);
    if (repairs.empty()) repairs = from_lists_of_sizes(failure.message);
    if (repairs.empty()) repairs = from_shapes(failure.message);
    if (repairs.empty()) repairs = from_python_errors(failure);
    told.insert(told.end(), repairs.begin(), repairs.end());
    return told;
}

}  // namespace mlxify::verify
