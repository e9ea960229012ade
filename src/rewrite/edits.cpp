#include "rewrite/edits.h"

#include <algorithm>

#include "base/check.h"

namespace mlxify::rewrite {

namespace {
struct Before {
    bool operator()(const Edit& edit, std::uint32_t offset) const { return edit.span.begin < offset; }
};
}  // namespace

void Edits::replace(base::Span span, std::string text, std::string_view rule, bool closed) {
    if (!rule.empty()) note(span, rule);
    put(span, std::move(text), rule, closed);
}

void Edits::replace_part(base::Span span, std::string text, std::string_view rule) { put(span, std::move(text), rule, false); }

void Edits::put(base::Span span, std::string text, std::string_view rule, bool closed) {
    if (span.empty()) return put_before(span.begin, std::move(text), rule, true);
    auto begin = std::lower_bound(edits_.begin(), edits_.end(), span.begin, Before{});
    auto end = begin;
    while (end != edits_.end() && (end->span.begin < span.end || (closed && end->span.begin == span.end && end->span.empty()))) {
        MLXIFY_CHECK(end->span.end <= span.end);
        ++end;
    }
    // An insertion right before the span stays where it is.
    while (begin != end && begin->span.empty() && !begin->joined && begin->span.begin == span.begin) ++begin;
    begin = edits_.erase(begin, end);
    edits_.insert(begin, Edit{span, std::move(text), std::string(rule), false});
}

void Edits::keep_line_break(std::uint32_t line_end) {
    const auto crosses = [&](const Edit& edit) { return edit.span.begin < line_end && edit.span.end > line_end; };
    auto edit = std::find_if(edits_.begin(), edits_.end(), crosses);
    if (edit == edits_.end()) return;
    while (edit->text.empty() && edit != edits_.begin() && std::prev(edit)->span.end == edit->span.begin && !std::prev(edit)->span.empty()) {
        std::prev(edit)->span.end = edit->span.end;  // the lines before were taken out, too
        edit = std::prev(edits_.erase(edit));
    }
    edit->span.end = line_end;
    const auto shorten = [](std::string_view text) { return text.ends_with("\r\n") ? 2 : text.ends_with('\n') ? 1 : 0; };
    if (edit->text.empty()) edit->span.begin -= static_cast<std::uint32_t>(shorten(source_.substr(0, edit->span.begin)));
    else edit->text.resize(edit->text.size() - static_cast<std::size_t>(shorten(edit->text)));
}

void Edits::insert(std::uint32_t at, std::string text, std::string_view rule, bool joined) {
    if (!rule.empty()) note({at, at}, rule);
    put_before(at, std::move(text), rule, joined);
}

void Edits::put_before(std::uint32_t at, std::string text, std::string_view rule, bool joined) {
    auto place = std::lower_bound(edits_.begin(), edits_.end(), at, Before{});
    // Whole lines come first, then what opens the expression: the outermost opening, made last, before the inner ones.
    while (place != edits_.end() && place->span.begin == at && place->span.empty() && !place->joined) ++place;
    edits_.insert(place, Edit{{at, at}, std::move(text), std::string(rule), joined});
}

std::vector<Made> Edits::made() const {
    const auto taken_out = [&](const Made& one) {
        const auto after = std::upper_bound(edits_.begin(), edits_.end(), one.span.begin, [](std::uint32_t offset, const Edit& edit) { return offset < edit.span.begin; });
        if (after == edits_.begin()) return false;
        const Edit& around = *std::prev(after);
        return around.span.end > one.span.begin && (around.rule == "removed" || around.rule == "absent" || around.rule == "not converted");
    };
    std::vector<Made> places;
    for (const Made& one : made_)
        if (!taken_out(one)) places.push_back(one);
    std::stable_sort(places.begin(), places.end(), [](const Made& a, const Made& b) { return a.span != b.span ? a.span < b.span : a.rule < b.rule; });
    places.erase(std::unique(places.begin(), places.end()), places.end());
    return places;
}

std::string Edits::render(base::Span span) const {
    return render_from(std::lower_bound(edits_.begin(), edits_.end(), span.begin, Before{}), span);
}

std::string Edits::render_expression(base::Span span) const {
    auto edit = std::lower_bound(edits_.begin(), edits_.end(), span.begin, Before{});
    while (edit != edits_.end() && edit->span.begin == span.begin && edit->span.empty() && !edit->joined) ++edit;
    return render_from(edit, span);
}

std::string Edits::render_from(std::vector<Edit>::const_iterator edit, base::Span span) const {
    std::string out;
    std::uint32_t at = span.begin;
    for (; edit != edits_.end() && edit->span.begin <= span.end && edit->span.end <= span.end; ++edit) {
        out += source_.substr(at, edit->span.begin - at);
        out += edit->text;
        at = edit->span.end;
    }
    out += source_.substr(at, span.end - at);
    return out;
}

bool Edits::touched(base::Span span) const {
    const auto edit = std::lower_bound(edits_.begin(), edits_.end(), span.begin, Before{});
    return edit != edits_.end() && edit->span.begin < span.end;
}

std::uint32_t Edits::position_after(std::uint32_t offset) const {
    std::int64_t shift = 0;
    for (const Edit& edit : edits_) {
        if (edit.span.begin > offset || (edit.span.begin == offset && !edit.span.empty())) break;
        if (edit.span.end > offset) return static_cast<std::uint32_t>(edit.span.begin + shift);
        shift += static_cast<std::int64_t>(edit.text.size()) - edit.span.size();
    }
    return static_cast<std::uint32_t>(offset + shift);
}

}  // namespace mlxify::rewrite
