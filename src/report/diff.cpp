#include "report/diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "report/text_width.h"

namespace mlxify::report {
namespace {

constexpr int kContext = 3;
constexpr int kMaxEdits = 4000;  // the trace takes kMaxEdits² integers: 64 MB at most

using Lines = std::vector<std::string_view>;

Lines split(std::string_view text) {
    Lines lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
        lines.push_back(text.substr(0, end));
        text.remove_prefix(end);
    }
    return lines;
}

// Lines [before_begin, before_end) of the one became [after_begin, after_end) of the other.
struct Change {
    int before_begin, before_end, after_begin, after_end;
};

struct Ids {
    std::vector<int> before, after;
};

Ids number(const Lines& before, const Lines& after) {
    std::unordered_map<std::string_view, int> numbers;
    const auto all = [&](const Lines& lines) {
        std::vector<int> ids;
        for (const std::string_view line : lines) ids.push_back(numbers.try_emplace(line, static_cast<int>(numbers.size())).first->second);
        return ids;
    };
    Ids ids;
    ids.before = all(before);
    ids.after = all(after);
    return ids;
}

// Furthest reaching x per diagonal k (at index k + d), for each number of edits d, until both ends are met.
std::optional<std::vector<std::vector<int>>> forward_trace(const std::vector<int>& a, const std::vector<int>& b) {
    const int n = static_cast<int>(a.size());
    const int m = static_cast<int>(b.size());
    std::vector<std::vector<int>> trace;
    for (int d = 0; d <= std::min(n + m, kMaxEdits); ++d) {
        std::vector<int> reach(static_cast<std::size_t>(2 * d + 1), -1);
        const auto previous = [&](int k) { return std::abs(k) > d - 1 ? -1 : trace.back()[static_cast<std::size_t>(k + d - 1)]; };
        for (int k = -d; k <= d; k += 2) {
            int x = 0;
            if (d > 0) {
                const bool down = k == -d || (k != d && previous(k - 1) < previous(k + 1));
                x = down ? previous(k + 1) : previous(k - 1) + 1;
            }
            int y = x - k;
            while (x < n && y < m && a[static_cast<std::size_t>(x)] == b[static_cast<std::size_t>(y)]) ++x, ++y;
            reach[static_cast<std::size_t>(k + d)] = x;
            if (x >= n && y >= m) {
                trace.push_back(std::move(reach));
                return trace;
            }
        }
        trace.push_back(std::move(reach));
    }
    return std::nullopt;
}

// Walks the trace backwards; single edits come in reverse order and are joined where they touch.
std::vector<Change> backtrack(const std::vector<std::vector<int>>& trace, int n, int m) {
    std::vector<Change> changes;
    int x = n, y = m;
    for (int d = static_cast<int>(trace.size()) - 1; d > 0; --d) {
        const auto& reach = trace[static_cast<std::size_t>(d - 1)];
        const auto at = [&](int k) { return std::abs(k) > d - 1 ? -1 : reach[static_cast<std::size_t>(k + d - 1)]; };
        const int k = x - y;
        const bool down = k == -d || (k != d && at(k - 1) < at(k + 1));
        const int from = down ? at(k + 1) : at(k - 1);
        const int from_y = from - (down ? k + 1 : k - 1);
        const Change edit = down ? Change{from, from, from_y, from_y + 1} : Change{from, from + 1, from_y, from_y};
        if (!changes.empty() && changes.back().before_begin == edit.before_end && changes.back().after_begin == edit.after_end) {
            changes.back().before_begin = edit.before_begin;
            changes.back().after_begin = edit.after_begin;
        } else {
            changes.push_back(edit);
        }
        x = from, y = from_y;
    }
    std::ranges::reverse(changes);
    return changes;
}

std::vector<Change> changes_between(const Ids& ids) {
    const int n = static_cast<int>(ids.before.size());
    const int m = static_cast<int>(ids.after.size());
    int head = 0, tail = 0;
    const auto before = [&](int i) { return ids.before[static_cast<std::size_t>(i)]; };
    const auto after = [&](int i) { return ids.after[static_cast<std::size_t>(i)]; };
    while (head < std::min(n, m) && before(head) == after(head)) ++head;
    while (tail < std::min(n, m) - head && before(n - 1 - tail) == after(m - 1 - tail)) ++tail;
    if (head + tail == n && n == m) return {};

    const std::vector<int> a(ids.before.begin() + head, ids.before.end() - tail);
    const std::vector<int> b(ids.after.begin() + head, ids.after.end() - tail);
    const auto trace = forward_trace(a, b);
    if (!trace) return {{head, n - tail, head, m - tail}};
    std::vector<Change> changes = backtrack(*trace, n - head - tail, m - head - tail);
    for (Change& change : changes) {
        change.before_begin += head, change.before_end += head;
        change.after_begin += head, change.after_end += head;
    }
    return changes;
}

std::string with_sign(char sign, std::string_view line) {
    const bool ends = line.ends_with('\n');
    return fmt::format("{}{}{}", sign, line, ends ? "" : "\n\\ No newline at end of file\n");
}

// "12,3": first line and count; the count is left out when one, the line before is named when none.
std::string range(int begin, int end) {
    const int count = end - begin;
    const int first = count == 0 ? begin : begin + 1;
    return count == 1 ? std::to_string(first) : fmt::format("{},{}", first, count);
}

std::string hunk(const Lines& before, const Lines& after, std::span<const Change> changes) {
    const auto line = [](const Lines& lines, int i) { return lines[static_cast<std::size_t>(i)]; };
    const int begin = std::max(0, changes.front().before_begin - kContext);
    const int end = std::min(static_cast<int>(before.size()), changes.back().before_end + kContext);
    const int after_begin = changes.front().after_begin - (changes.front().before_begin - begin);
    const int after_end = changes.back().after_end + (end - changes.back().before_end);
    std::string text = fmt::format("@@ -{} +{} @@\n", range(begin, end), range(after_begin, after_end));
    int at = begin;
    for (const Change& change : changes) {
        for (; at < change.before_begin; ++at) text += with_sign(' ', line(before, at));
        for (; at < change.before_end; ++at) text += with_sign('-', line(before, at));
        for (int i = change.after_begin; i < change.after_end; ++i) text += with_sign('+', line(after, i));
    }
    for (; at < end; ++at) text += with_sign(' ', line(before, at));
    return text;
}

}  // namespace

std::vector<LinePair> aligned_lines(std::string_view before, std::string_view after) {
    const Lines old_lines = split(before);
    const Lines new_lines = split(after);
    std::vector<Change> changes = changes_between(number(old_lines, new_lines));
    const int n = static_cast<int>(old_lines.size()), m = static_cast<int>(new_lines.size());
    changes.push_back({n, n, m, m});
    std::vector<LinePair> rows;
    int x = 0, y = 0;
    for (const Change& change : changes) {
        while (x < change.before_begin) rows.push_back({++x, ++y});
        while (x < change.before_end || y < change.after_end) rows.push_back({x < change.before_end ? ++x : 0, y < change.after_end ? ++y : 0});
    }
    return rows;
}

std::string unified_diff(std::string_view before, std::string_view after, std::string_view before_name,
                         std::string_view after_name) {
    const Lines old_lines = split(before);
    const Lines new_lines = split(after);
    const std::vector<Change> changes = changes_between(number(old_lines, new_lines));
    if (changes.empty()) return {};
    std::string text = fmt::format("--- {}\n+++ {}\n", printable(before_name), printable(after_name));
    for (std::size_t first = 0; first < changes.size();) {
        std::size_t last = first;
        while (last + 1 < changes.size() && changes[last + 1].before_begin - changes[last].before_end <= 2 * kContext) ++last;
        text += hunk(old_lines, new_lines, std::span(changes).subspan(first, last - first + 1));
        first = last + 1;
    }
    return text;
}

}  // namespace mlxify::report
