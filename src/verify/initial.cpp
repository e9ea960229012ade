#include "verify/initial.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <fmt/format.h>

namespace mlxify::verify {
namespace {

using Numbers = std::vector<double>;

constexpr double kOfValue = 1e-4;   // of a constant itself, and of the array's scale up to 1: a float32 sine of a large angle
constexpr double kOfScale = 1e-3;
constexpr double kDistance = 3;     // times sqrt(2 / n): a chance of 3e-8 for equal distributions
constexpr double kDeviations = 8;   // standard errors that a mean along an axis may be off
constexpr std::size_t kFewest = 16; // numbers that have a mean
constexpr std::size_t kMost = 400'000;

struct Moments {
    double mean = 0, variance = 0;
};

Moments moments(const Numbers& numbers) {
    Moments result;
    for (const double x : numbers) result.mean += x;
    result.mean /= static_cast<double>(numbers.size());
    for (const double x : numbers) result.variance += (x - result.mean) * (x - result.mean);
    result.variance /= static_cast<double>(numbers.size());
    return result;
}

double kurtosis(const Numbers& numbers, const Moments& of) {
    double fourth = 0;
    for (const double x : numbers) fourth += std::pow(x - of.mean, 4);
    return fourth / static_cast<double>(numbers.size()) / (of.variance * of.variance);
}

// One array in all its constructions.
class Draws {
public:
    explicit Draws(const std::vector<const ArrayView*>& arrays) {
        for (const ArrayView* array : arrays) {
            Numbers& values = values_.emplace_back(array->size());
            for (std::size_t i = 0; i < values.size(); ++i) values[i] = array->real(i);
        }
    }
    [[nodiscard]] std::size_t count() const { return values_.size(); }
    [[nodiscard]] std::size_t size() const { return values_.front().size(); }
    [[nodiscard]] double at(std::size_t draw, std::size_t element) const { return values_[draw][element]; }
    [[nodiscard]] bool is_constant(std::size_t element) const {
        return std::all_of(values_.begin() + 1, values_.end(), [&](const Numbers& draw) {
            return draw[element] == values_.front()[element] || (std::isnan(draw[element]) && std::isnan(values_.front()[element]));
        });
    }
    [[nodiscard]] double scale() const {
        double largest = 0;
        for (const double x : values_.front())
            if (std::isfinite(x)) largest = std::max(largest, std::abs(x));
        return largest;
    }

private:
    std::vector<Numbers> values_;
};

bool same_constant(double expected, double given, double scale) {
    if (!std::isfinite(expected)) return std::isnan(expected) ? std::isnan(given) : expected == given;
    return std::abs(expected - given) <= kOfValue * std::abs(expected) + kOfScale * std::min(scale, 1.0);
}

std::string constants_differ(const Draws& original, const Draws& converted, const std::vector<bool>& constant) {
    const double scale = original.scale();
    for (std::size_t i = 0; i < original.size(); ++i) {
        if (!constant[i]) continue;
        for (std::size_t draw = 0; draw < converted.count(); ++draw)
            if (!same_constant(original.at(0, i), converted.at(draw, i), scale))
                return fmt::format("it begins with {:.5g} instead of {:.5g} at element {}", converted.at(draw, i), original.at(0, i), i);
    }
    return {};
}

// The random elements of all draws in one.
Numbers pooled(const Draws& draws, const std::vector<std::size_t>& elements) {
    Numbers result;
    result.reserve(draws.count() * elements.size());
    for (std::size_t draw = 0; draw < draws.count(); ++draw)
        for (const std::size_t i : elements) result.push_back(draws.at(draw, i));
    return result;
}

// Whether the draws are each one number in disguise: then there are no more samples than constructions.
bool dependent(const Draws& draws, const std::vector<std::size_t>& elements) {
    Numbers means;
    double inner = 0;
    for (std::size_t draw = 0; draw < draws.count(); ++draw) {
        Numbers own;
        for (const std::size_t i : elements) own.push_back(draws.at(draw, i));
        const Moments of_draw = moments(own);
        means.push_back(of_draw.mean);
        inner += of_draw.variance / static_cast<double>(draws.count());
    }
    return moments(means).variance > 20 * inner / static_cast<double>(elements.size());
}

double kolmogorov_smirnov(const Numbers& a, const Numbers& b) {  // both sorted
    double distance = 0;
    for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
        const double x = std::min(a[i], b[j]);
        while (i < a.size() && a[i] <= x) ++i;
        while (j < b.size() && b[j] <= x) ++j;
        distance = std::max(distance, std::abs(static_cast<double>(i) / static_cast<double>(a.size()) - static_cast<double>(j) / static_cast<double>(b.size())));
    }
    return distance;
}

std::string distributions_differ(const Draws& original, const Draws& converted, const std::vector<std::size_t>& elements) {
    Numbers ours = pooled(converted, elements), theirs = pooled(original, elements);
    for (const Numbers* numbers : {&ours, &theirs})
        if (std::any_of(numbers->begin(), numbers->end(), [](double x) { return !std::isfinite(x); })) return {};
    std::sort(ours.begin(), ours.end());
    std::sort(theirs.begin(), theirs.end());
    const double close = 1e-5 * std::max(std::abs(theirs.front()), std::abs(theirs.back()));
    if (std::equal(ours.begin(), ours.end(), theirs.begin(), [&](double a, double b) { return std::abs(a - b) <= close; })) return {};
    if (theirs.size() < kFewest || dependent(original, elements)) return {};
    const Moments a = moments(ours), b = moments(theirs);
    const auto count = static_cast<double>(theirs.size());
    const bool other_shape = kolmogorov_smirnov(ours, theirs) > kDistance * std::sqrt(2 / count);
    const bool other_spread = std::abs(std::log(a.variance / b.variance)) > kDeviations * std::sqrt(2 * std::max(kurtosis(theirs, b) - 1, 2.0) / count);
    if (!other_shape && !other_spread) return {};
    return fmt::format("its random values have mean {:.3g} and deviation {:.3g} instead of {:.3g} and {:.3g}, in [{:.3g}, {:.3g}] instead of [{:.3g}, {:.3g}]",
                       a.mean, std::sqrt(a.variance), b.mean, std::sqrt(b.variance), ours.front(), ours.back(), theirs.front(), theirs.back());
}

std::string patterns_differ(const Draws& original, const Draws& converted, const std::vector<std::size_t>& elements,
                            const std::vector<std::int64_t>& shape) {
    std::size_t stride = 1;
    for (std::size_t axis = shape.size(); axis-- > 0;) {
        const auto length = static_cast<std::size_t>(shape[axis]);
        std::vector<std::vector<std::size_t>> along(length);
        for (const std::size_t i : elements) along[i / stride % length].push_back(i);
        stride *= length;
        if (length < 2) continue;
        for (std::size_t place = 0; place < length; ++place) {
            if (along[place].size() * original.count() < kFewest || dependent(original, along[place])) continue;
            const Moments a = moments(pooled(converted, along[place])), b = moments(pooled(original, along[place]));
            const double error = std::sqrt((a.variance + b.variance) / static_cast<double>(along[place].size() * original.count()));
            if (std::abs(a.mean - b.mean) > kDeviations * error + 1e-6 * std::abs(b.mean))
                return fmt::format("its random values have mean {:.3g} instead of {:.3g} at {} of axis {}", a.mean, b.mean, place, axis);
        }
    }
    return {};
}

}  // namespace

std::string initial_difference(const std::vector<const ArrayView*>& original, const std::vector<const ArrayView*>& converted) {
    if (original.front()->shape != converted.front()->shape || original.front()->size() == 0) return {};  // the weights' mapping judges shapes
    const Draws theirs(original), ours(converted);
    std::vector<bool> constant(theirs.size());
    for (std::size_t i = 0; i < theirs.size(); ++i) constant[i] = theirs.is_constant(i);
    std::vector<std::size_t> random;
    for (std::size_t i = 0; i < theirs.size(); ++i)
        if (!constant[i]) random.push_back(i);
    // Of few values many are alike by chance.
    Numbers values = pooled(theirs, random);
    std::sort(values.begin(), values.end());
    const auto distinct = static_cast<std::size_t>(std::unique(values.begin(), values.end()) - values.begin());
    if (random.empty() || 2 * distinct > values.size())
        if (std::string reason = constants_differ(theirs, ours, constant); !reason.empty()) return reason;
    if (random.empty()) return {};
    if (2 * distinct <= values.size()) {
        random.resize(theirs.size());
        for (std::size_t i = 0; i < random.size(); ++i) random[i] = i;
    }
    if (random.size() > kMost) {
        const std::size_t step = random.size() / kMost + 1;
        for (std::size_t i = 0; i * step < random.size(); ++i) random[i] = random[i * step];
        random.resize(random.size() / step);
    }
    if (std::string reason = distributions_differ(theirs, ours, random); !reason.empty()) return reason;
    return patterns_differ(theirs, ours, random, original.front()->shape);
}

}  // namespace mlxify::verify
