#include "catalogue/index_builder.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "syntax/parse.h"

namespace mlxify::catalogue {
namespace {

using syntax::exists;
using syntax::NodeId;
using NodeKind = syntax::Kind;

// The characters of a string literal, implicitly joined parts included.
std::string literal(std::string_view written) {
    std::string out;
    std::size_t at = 0;
    while ((at = written.find_first_of("\"'", at)) != std::string_view::npos) {
        const bool raw = at > 0 && (written[at - 1] == 'r' || written[at - 1] == 'R');
        const std::string fence(written.substr(at, 3) == std::string(3, written[at]) ? 3 : 1, written[at]);
        at += fence.size();
        while (at < written.size() && written.substr(at, fence.size()) != fence) {
            if (written[at] == '\\' && !raw && at + 1 < written.size()) {
                ++at;
                const char letter = written[at++];
                if (letter == 'n') out += '\n';
                else if (letter == 't') out += '\t';
                else if (letter != '\n') out += letter;
            } else {
                out += written[at++];
            }
        }
        at += fence.size();
    }
    return out;
}

class FileReader {
public:
    FileReader(OwnedIndex& index, std::uint32_t file) : index_(index), file_(file) {}

    std::optional<std::string> read() {
        diagnostics::Sink sink;
        tree_ = syntax::parse(index_.files[file_].text, sink);
        if (sink.has_refusal()) return fail(sink.all()[0].span.begin, sink.all()[0].message);
        for (const NodeId statement : tree_.children(tree_.child(tree_.root(), 0)))
            if (auto problem = top_level(statement)) return problem;
        return std::nullopt;
    }

private:
    std::optional<std::string> fail(std::uint32_t offset, std::string_view why) const {
        const std::string_view text = index_.files[file_].text;
        const auto line = 1 + std::count(text.begin(), text.begin() + offset, '\n');
        return std::string(index_.files[file_].path) + ":" + std::to_string(line) + ": " + std::string(why);
    }
    std::string_view keep(std::string text) { return index_.strings.emplace_back(std::move(text)); }

    // One literal, or several in a tuple or list.
    std::optional<std::vector<std::string>> strings(NodeId id) const {
        std::vector<std::string> found;
        if (tree_[id].kind == NodeKind::string) return std::vector{literal(tree_.text(id))};
        if (tree_[id].kind != NodeKind::tuple && tree_[id].kind != NodeKind::list) return std::nullopt;
        for (const NodeId child : tree_.children(id)) {
            if (tree_[child].kind != NodeKind::string) return std::nullopt;
            found.push_back(literal(tree_.text(child)));
        }
        return found;
    }
    std::string_view joined(NodeId id) {
        std::string all;
        if (const auto parts = strings(id))
            for (const std::string& part : *parts) all += (all.empty() ? "" : ",") + part;
        return keep(std::move(all));
    }
    // {"weight": "OIHW->OHWI"} as "weight=OIHW->OHWI;..."
    std::string_view weights(NodeId id) {
        std::string all;
        for (const NodeId entry : tree_.children(id)) {
            if (tree_[entry].kind != NodeKind::dict_entry) continue;
            all += (all.empty() ? "" : ";") + literal(tree_.text(tree_.child(entry, 0))) + "=" + literal(tree_.text(tree_.child(entry, 1)));
        }
        return keep(std::move(all));
    }

    std::optional<std::string> top_level(NodeId id);
    std::optional<std::string> definition(NodeId id);
    std::optional<std::string> registration(NodeId call);
    std::optional<std::string> trap(NodeId call);
    void import(NodeId id);
    void local(std::string_view name, base::Span span) { index_.locals.push_back({file_, name, span, {}, {}}); }
    Entry entry(EntryKind kind) const {
        Entry made;
        made.kind = kind;
        made.file = file_;
        return made;
    }
    // Fills what keyword arguments say; false for a keyword that this kind does not have.
    bool keyword(Entry& entry, NodeId id);

    OwnedIndex& index_;
    std::uint32_t file_;
    syntax::Tree tree_;
};

bool FileReader::keyword(Entry& entry, NodeId id) {
    const std::string_view name = tree_[id].name;
    const NodeId value = tree_.child(id, 0);
    if (name == "mutates") entry.mutates = joined(value);
    else if (name == "view_of") entry.view_of = joined(value);
    else if (name == "fields") entry.fields = joined(value);
    else if (name == "suggest") entry.suggest = joined(value);
    else if (name == "argument") entry.argument = joined(value);
    else if (name == "weights") entry.weights = weights(value);
    else if (name == "trap") entry.trap = joined(value);
    else if (name == "stops_gradient") entry.stops_gradient = tree_[value].kind == NodeKind::true_;
    else return false;
    return true;
}

std::optional<std::string> FileReader::definition(NodeId id) {
    const syntax::Node& node = tree_[id];
    const auto children = tree_.children(id);
    const std::uint32_t decorators = tree_.decorator_begin(id);
    local(node.name, node.span);
    for (std::uint32_t slot = decorators; slot < children.size(); ++slot) {
        const NodeId call = tree_.child(children[slot], 0);
        if (tree_[call].kind != NodeKind::call) continue;
        const std::string_view word = tree_.text(tree_.child(call, 0));
        EntryKind kind{};
        if (word == "rule") kind = EntryKind::rule;
        else if (word == "attribute") kind = EntryKind::attribute;
        else if (word == "module") kind = EntryKind::module_;
        else if (word == "definition") kind = EntryKind::definition;
        else continue;
        Entry made = entry(kind);
        made.span = node.span;
        std::vector<std::string> names;
        for (const NodeId argument : tree_.children(call).subspan(1)) {
            if (tree_[argument].kind == NodeKind::keyword) {
                if (!keyword(made, argument)) return fail(tree_[argument].span.begin, "unknown keyword of an entry");
            } else if (const auto found = strings(argument)) {
                names.insert(names.end(), found->begin(), found->end());
            } else {
                return fail(tree_[argument].span.begin, "the name of an entry must be a string literal");
            }
        }
        if (names.empty()) return fail(node.span.begin, "an entry without a name");
        for (const std::string& name : names) {
            made.qualified = keep(name);
            index_.entries.push_back(made);
        }
    }
    return std::nullopt;
}

// trap("name", "what differs", "what is done", "rule of the compiler", ...)
std::optional<std::string> FileReader::trap(NodeId call) {
    std::vector<std::string_view> texts;
    for (const NodeId argument : tree_.children(call).subspan(1)) {
        if (tree_[argument].kind != NodeKind::string) return fail(tree_[argument].span.begin, "a trap is stated by string literals");
        texts.push_back(keep(literal(tree_.text(argument))));
    }
    if (texts.size() < 3) return fail(tree_[call].span.begin, "a trap has a name, a text of what differs and one of what is done");
    std::string rules;
    for (std::size_t i = 3; i < texts.size(); ++i) rules += (rules.empty() ? "" : ",") + std::string(texts[i]);
    index_.traps.push_back({texts[0], texts[1], texts[2], keep(std::move(rules))});
    return std::nullopt;
}

std::optional<std::string> FileReader::registration(NodeId call) {
    const std::string_view word = tree_.text(tree_.child(call, 0));
    if (word == "trap") return trap(call);
    EntryKind kind{};
    if (word == "constant") kind = EntryKind::constant;
    else if (word == "drop_decorator") kind = EntryKind::drop_decorator;
    else if (word == "dissolve") kind = EntryKind::dissolve;
    else if (word == "never") kind = EntryKind::never;
    else if (word == "keep") kind = EntryKind::keep;
    else if (word == "defaults") kind = EntryKind::defaults;
    else return fail(tree_[call].span.begin, "a call at the top of a catalogue file must be a registration");
    Entry made = entry(kind);
    std::vector<std::vector<std::string>> positional;
    std::string stated;
    for (const NodeId argument : tree_.children(call).subspan(1)) {
        if (tree_[argument].kind == NodeKind::keyword) {
            if (kind == EntryKind::defaults)
                stated += (stated.empty() ? "" : ";") + std::string(tree_[argument].name) + "=" + std::string(tree_.text(tree_.child(argument, 0)));
            else if (!keyword(made, argument)) return fail(tree_[argument].span.begin, "unknown keyword of a registration");
        } else if (auto found = strings(argument)) {
            positional.push_back(std::move(*found));
        } else {
            return fail(tree_[argument].span.begin, "a registration takes string literals");
        }
    }
    if (kind == EntryKind::defaults) made.weights = keep(stated);
    const bool second_is_text = kind == EntryKind::constant || kind == EntryKind::never;
    if (second_is_text) {
        if (positional.size() < 2 || positional.back().size() != 1) return fail(tree_[call].span.begin, "a name and a text are needed");
        made.target = keep(positional.back()[0]);
        positional.pop_back();
    }
    for (const auto& group : positional) {
        for (const std::string& name : group) {
            made.qualified = keep(name);
            index_.entries.push_back(made);
        }
    }
    return std::nullopt;
}

void FileReader::import(NodeId id) {
    const syntax::Node& node = tree_[id];
    for (const NodeId alias : tree_.children(id)) {
        const syntax::Node& one = tree_[alias];
        const std::string_view as = one.text2.empty() ? one.name : one.text2;
        Local made{file_, as.substr(0, as.find('.')), {}, {}, {}};
        if (node.kind == NodeKind::import_from && node.name.starts_with("catalogue.")) {
            std::string path(node.name.substr(std::string_view("catalogue.").size()));
            std::replace(path.begin(), path.end(), '.', '/');
            made.from_file = keep(path + ".py");
        } else if (node.name != "mlxify.catalogue" && node.name != "__future__") {
            const std::string head = node.kind == NodeKind::import_from ? "from " + std::string(node.name) + " import " : "import ";
            made.import_line = keep(head + std::string(tree_.text(alias)));
        } else {
            continue;
        }
        index_.locals.push_back(made);
    }
}

std::optional<std::string> FileReader::top_level(NodeId id) {
    const syntax::Node& node = tree_[id];
    switch (node.kind) {
    case NodeKind::function_def:
    case NodeKind::class_def: return definition(id);
    case NodeKind::import_:
    case NodeKind::import_from: import(id); return std::nullopt;
    case NodeKind::assign:
        if (tree_[tree_.child(id, 1)].kind == NodeKind::name) local(tree_[tree_.child(id, 1)].name, node.span);
        return std::nullopt;
    case NodeKind::expression_statement: {
        const NodeId value = tree_.child(id, 0);
        if (tree_[value].kind == NodeKind::call) return registration(value);
        if (tree_[value].kind == NodeKind::string) return std::nullopt;
        break;
    }
    default: break;
    }
    return fail(node.span.begin, "only definitions, registrations, imports and constants stand at the top of a catalogue file");
}

}  // namespace

namespace {

// The first trap that an entry names and nothing states; empty if there is none.
std::string unknown_trap(const OwnedIndex& index) {
    for (const Entry& entry : index.entries)
        for (std::size_t at = 0; at < entry.trap.size();) {
            const std::size_t end = std::min(entry.trap.find(',', at), entry.trap.size());
            const std::string_view name = entry.trap.substr(at, end - at);
            if (std::ranges::find(index.traps, name, &Trap::name) == index.traps.end())
                return std::string(index.files[entry.file].path) + ": `" + std::string(entry.qualified) + "` names a trap that is not stated: `" + std::string(name) + "`";
            at = end + 1;
        }
    return {};
}

}  // namespace

base::Result<std::unique_ptr<OwnedIndex>> build_index(const Files& files) {
    auto index = std::make_unique<OwnedIndex>();
    for (const auto& [path, text] : files)
        index->files.push_back({index->strings.emplace_back(path), index->strings.emplace_back(text)});
    for (std::uint32_t file = 0; file < index->files.size(); ++file)
        if (auto problem = FileReader(*index, file).read()) return base::Error{*problem};
    if (std::string problem = unknown_trap(*index); !problem.empty()) return base::Error{std::move(problem)};
    std::stable_sort(index->entries.begin(), index->entries.end(),
                     [](const Entry& a, const Entry& b) { return a.qualified < b.qualified; });
    std::stable_sort(index->locals.begin(), index->locals.end(), [](const Local& a, const Local& b) {
        return a.file != b.file ? a.file < b.file : a.name < b.name;
    });
    return index;
}

base::Result<Files> read_folder(const std::string& folder) {
    std::vector<std::filesystem::path> paths;
    std::error_code error;
    for (auto at = std::filesystem::recursive_directory_iterator(folder, error); !error && at != std::filesystem::recursive_directory_iterator();
         at.increment(error))
        if (at->path().extension() == ".py" && at->path().filename() != "__init__.py") paths.push_back(at->path());
    if (error) return base::Error{"cannot read the catalogue folder " + folder + ": " + error.message()};
    std::sort(paths.begin(), paths.end());
    Files files;
    for (const auto& path : paths) {
        std::ifstream stream(path, std::ios::binary);
        std::stringstream text;
        text << stream.rdbuf();
        if (!stream) return base::Error{"cannot read " + path.string()};
        files.emplace_back(std::filesystem::relative(path, folder).generic_string(), text.str());
    }
    return files;
}

}  // namespace mlxify::catalogue
