// What torch's operators give, as rules: the table behind the inference of calls.
// takes: a method's or function's name; gives: its Operator; tests: operators_test.cpp
#pragma once

#include <cstdint>
#include <string_view>

namespace mlxify::infer {

// How the result follows from the operands; see operators.def for the words.
enum class Rule : std::uint8_t {
    same,
    same_rank,
    cumulative,
    softmax,
    floating,
    predicate,
    broadcast,
    true_divide,
    compare,
    where,
    reduce_sum,
    reduce,
    reduce_spread,
    reduce_norm,
    reduce_bool,
    reduce_index,
    reduce_pair,
    kth,
    unknown_tensor,
    pairwise_reduce,
    fixed_rank,
    sorted_pair,
    topk,
    indices_same,
    view,
    like_other,
    permute,
    transpose,
    transpose_2d,
    transpose_last,
    permute_some,
    unsqueeze,
    squeeze,
    flatten,
    fixed_rank_view,
    unflatten,
    expand,
    broadcast_list,
    unknown_view,
    narrow,
    select,
    diagonal,
    unfold,
    same_view,
    rank_plus,
    view_as_complex,
    chunk,
    split,
    unbind,
    repeat,
    repeat_interleave,
    cat,
    stack,
    vstack,
    meshgrid,
    diag,
    like_index,
    nonzero,
    matmul,
    einsum,
    like_first,
    tuple_of_tensors,
    linear,
    embedding,
    one_hot,
    pad,
    conv,
    conv_transposed,
    pool,
    attention,
    loss,
    create,
    randint,
    create_from,
    tensor_like_data,
    create_like,
    arange,
    linspace,
    eye,
    randperm,
    from_data,
    legacy_tensor,
    complex_pair,
    cast,
    to,
    cast_like,
    size,
    rank,
    integer,
    unknown,
    item,
    list,
    boolean,
    object,
    none,
    device,
    size_of,
    floating_number,
    transformed,
    real_part,
    einops,
    einops_einsum,
    einops_pack,
    einops_unpack,
    unpad_data,
};

struct Operator {
    std::string_view name;
    Rule rule{};
    int argument = 0;      // what the rule reads: a rank, a position, a way of spelling
    bool telling = false;  // as a method: only tensors have it
};

// Of a method of a tensor, without the trailing underscore of an in-place one; nullptr if not known.
const Operator* find_operator(std::string_view name);
// Of a function by qualified name ("torch.nn.functional.pad", "einops.rearrange"); nullptr if not known.
const Operator* find_library_operator(std::string_view qualified);

// Whether the result is a view of the first operand.
bool gives_view(const Operator& op);
// Whether the result may be the first operand itself, where there is nothing to change (dropout, casts).
bool may_give_operand(const Operator& op);
// Whether the first operand can only be a tensor.
bool takes_tensor_first(Rule rule);

}  // namespace mlxify::infer
