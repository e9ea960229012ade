// `explain MX4102` prints a page; `explain torch.nn.functional.pad` what the catalogue says of an API.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "cli/commands.h"
#include "cli/pages.h"

namespace mlxify::cli {
namespace {

using catalogue::Catalogue;
using catalogue::Entry;
using catalogue::EntryKind;

std::string upper(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return result;
}

const Page* page_of(std::string_view topic) {
    const std::string name = upper(topic);
    for (const Page& page : pages())
        if (page.name == name || page.name == "MX" + name) return &page;
    return nullptr;
}

bool looks_like_a_code(std::string_view topic) {
    const std::string name = upper(topic);
    const std::string_view digits = std::string_view(name).substr(name.starts_with("MX") ? 2 : 0);
    return !digits.empty() && std::ranges::all_of(digits, [](unsigned char c) { return std::isdigit(c) != 0; });
}

// `F.pad` and `nn.Linear` as people write them.
std::string qualified(std::string_view topic) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kHabits = {
        {{"F.", "torch.nn.functional."}, {"nn.", "torch.nn."}, {"Tensor.", "torch.Tensor."}}};
    for (const auto& [habit, full] : kHabits)
        if (topic.starts_with(habit)) return std::string(full) + std::string(topic.substr(habit.size()));
    return std::string(topic);
}

std::string_view last_name(std::string_view name) { return name.substr(name.rfind('.') == std::string_view::npos ? 0 : name.rfind('.') + 1); }

std::string_view kind_words(EntryKind kind) {
    switch (kind) {
        case EntryKind::rule: return "is converted by this rule";
        case EntryKind::attribute: return "is an attribute, converted by this rule";
        case EntryKind::module_: return "is a module class whose constructor becomes";
        case EntryKind::definition: return "is written into the output as this definition";
        case EntryKind::constant: return "becomes";
        case EntryKind::drop_decorator: return "is a decorator that is dropped";
        case EntryKind::dissolve: return "is dissolved: what it encloses stays";
        case EntryKind::never: return "cannot be converted";
        case EntryKind::keep: return "is kept as it is: it works with MLX";
        case EntryKind::defaults: return "has these defaults in MLX";
    }
    return {};
}

bool has_body(EntryKind kind) {
    return kind == EntryKind::rule || kind == EntryKind::attribute || kind == EntryKind::module_ || kind == EntryKind::definition;
}

std::string description(const Catalogue& catalogue, const Entry& entry) {
    const bool conditional = entry.kind == EntryKind::never && !entry.argument.empty();
    std::string text = fmt::format("{} {}", entry.qualified, kind_words(entry.kind));
    if (entry.kind == EntryKind::constant) text += fmt::format(" {}", entry.target);
    if (conditional) text += fmt::format(" when `{}` is passed", entry.argument);
    if (entry.kind == EntryKind::never) text += fmt::format(": {}", entry.target);
    text += fmt::format("  (catalogue/{})\n", catalogue.files()[entry.file].path);
    if (!entry.suggest.empty()) text += fmt::format("help: {}\n", entry.suggest);
    if (!entry.mutates.empty()) text += fmt::format("it writes into `{}`, which the output rebinds\n", entry.mutates);
    if (!entry.view_of.empty()) text += fmt::format("in PyTorch its result shares memory with `{}`\n", entry.view_of);
    if (!entry.weights.empty()) text += fmt::format("weights: {}\n", entry.weights);
    if (has_body(entry.kind)) text += fmt::format("\n{}\n", catalogue.body(entry).text);
    return text;
}

// Names with the same last part: `softmax` finds `torch.softmax` and `torch.nn.functional.softmax`.
std::vector<std::string_view> namesakes(const Catalogue& catalogue, std::string_view name) {
    std::vector<std::string_view> found;
    for (const Entry& entry : catalogue.entries())
        if (last_name(entry.qualified) == last_name(name) && entry.kind != EntryKind::defaults &&
            std::ranges::find(found, entry.qualified) == found.end())
            found.push_back(entry.qualified);
    return found;
}

int explain_api(const Catalogue& catalogue, std::string_view topic) {
    const std::string name = qualified(topic);
    if (const auto alternatives = catalogue.alternatives(name); !alternatives.empty()) {
        for (const Entry& entry : alternatives) put(description(catalogue, entry));
        return kAllVerified;
    }
    if (const Entry* covering = catalogue.find(name)) return put(description(catalogue, *covering)), kAllVerified;
    const auto others = namesakes(catalogue, name);
    if (name.find('.') == std::string::npos && others.size() == 1) return explain_api(catalogue, others.front());
    const bool partial = name.find('.') == std::string::npos && !others.empty();
    complain(partial ? fmt::format("`{}` is the end of several names", name)
                     : fmt::format("the catalogue has no entry for `{}`: nobody has looked at it", name));
    for (const std::string_view other : others) complain(fmt::format("it knows `{}`", other));
    return kNotVerified;
}

}  // namespace

int explain(const Options& options) {
    if (const Page* page = page_of(options.topic)) return put(page->text), kAllVerified;
    if (looks_like_a_code(options.topic)) return complain(fmt::format("there is no code `{}`", options.topic)), kWrongUsage;
    const auto catalogue = open_catalogue(options);
    if (!catalogue) return complain(catalogue.error().message), kWrongUsage;
    return explain_api(*catalogue, options.topic);
}

}  // namespace mlxify::cli
