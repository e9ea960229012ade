#include "verify/locate.h"

#include <algorithm>
#include <cstring>
#include <map>

#include <fmt/format.h>

#include "verify/compare.h"

namespace mlxify::verify {
namespace {

constexpr double kMargin = 8;  // a difference is named where it is clear, not where rounding begins to add up

// The same numbers in sorted order, for arrays whose axes stand in another order on the other side.
OwnedArray sorted(const ArrayView& array) {
    std::vector<double> values(array.size());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = array.real(i);
    std::sort(values.begin(), values.end());
    OwnedArray result{ArrayType::float64, {static_cast<std::int64_t>(values.size())}, std::vector<std::byte>(values.size() * sizeof(double))};
    std::memcpy(result.bytes.data(), values.data(), result.bytes.size());
    return result;
}

ArrayView view_of(const OwnedArray& array) { return {array.type, array.shape, array.bytes}; }

// Why two assigned arrays differ clearly; empty if they do not.
std::string clear_difference(const ArrayView& original, const ArrayView& converted, double depth) {
    if (original.size() != converted.size())
        return fmt::format("shape [{}] instead of [{}]", fmt::join(converted.shape, ", "), fmt::join(original.shape, ", "));
    Comparison comparison;
    if (original.shape == converted.shape) {
        comparison = compare_arrays({&original, nullptr, nullptr}, converted, depth, 0);
    } else {
        const OwnedArray a = sorted(original);
        const OwnedArray b = sorted(converted);
        const ArrayView plain = view_of(a);
        comparison = compare_arrays({&plain, nullptr, nullptr}, view_of(b), depth, 0);
    }
    const bool clear = comparison.match == Match::differs && !(comparison.error <= kMargin * comparison.tolerance);
    return clear ? comparison.reason : std::string();
}

}  // namespace

std::vector<std::pair<std::size_t, std::size_t>> matched_assignments(const std::vector<TraceEntry>& original,
                                                                     const std::vector<TraceEntry>& converted) {
    std::map<std::string_view, std::vector<std::size_t>> by_name[2];
    for (std::size_t i = 0; i < original.size(); ++i)
        if (!original[i].array.empty()) by_name[0][original[i].name].push_back(i);
    for (std::size_t i = 0; i < converted.size(); ++i)
        if (!converted[i].array.empty()) by_name[1][converted[i].name].push_back(i);
    std::vector<std::pair<std::size_t, std::size_t>> matches;
    for (const auto& [name, places] : by_name[0]) {
        const auto other = by_name[1].find(name);
        if (name == "return" || other == by_name[1].end() || other->second.size() != places.size()) continue;
        for (std::size_t k = 0; k < places.size(); ++k) matches.emplace_back(places[k], other->second[k]);
    }
    std::sort(matches.begin(), matches.end());
    return matches;
}

std::optional<Difference> first_difference(Pair& pair, const CallOptions& options, double depth) {
    const Reply<Session*> original = pair.original().session();
    const Reply<Session*> converted = pair.converted().session();
    if (!original || !converted) return std::nullopt;
    const std::string theirs = (*original)->scratch("trace.safetensors");
    const std::string ours = (*converted)->scratch("trace.safetensors");
    const Reply<std::vector<TraceEntry>> expected = (*original)->trace(pair.spec(), pair.original_inputs(), options, theirs);
    const Reply<std::vector<TraceEntry>> found = (*converted)->trace(pair.spec(), pair.converted_inputs(), options, ours);
    if (!expected || !found) return std::nullopt;
    const base::Result<ArrayFile> expected_arrays = ArrayFile::open(theirs);
    const base::Result<ArrayFile> found_arrays = ArrayFile::open(ours);
    if (!expected_arrays || !found_arrays) return std::nullopt;
    for (const auto& [i, j] : matched_assignments(*expected, *found)) {
        const ArrayView* a = expected_arrays->find((*expected)[i].array);
        const ArrayView* b = found_arrays->find((*found)[j].array);
        if (a == nullptr || b == nullptr) continue;
        std::string reason = clear_difference(*a, *b, depth);
        if (!reason.empty()) return Difference{(*expected)[i].name, (*expected)[i].span, (*found)[j].span, std::move(reason)};
    }
    return std::nullopt;
}

}  // namespace mlxify::verify
