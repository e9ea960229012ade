#include "catalogue/catalogue.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "base/check.h"
#include "catalogue/index_builder.h"
#include "syntax/parse.h"

namespace mlxify::catalogue {

struct Catalogue::State {
    Index index;
    std::unique_ptr<OwnedIndex> owned;  // when user folders are in play
    mutable std::mutex mutex;
    mutable std::map<std::pair<std::uint32_t, std::uint32_t>, std::unique_ptr<Body>> bodies;  // by file and begin

    const Body& body(std::uint32_t file, base::Span span) const {
        const std::lock_guard lock(mutex);
        std::unique_ptr<Body>& slot = bodies[{file, span.begin}];
        if (slot) return *slot;
        auto body = std::make_unique<Body>();
        body->file = index.files[file].path;
        body->file_index = file;
        std::string_view text = index.files[file].text.substr(span.begin, span.size());
        diagnostics::Sink sink;
        body->tree = syntax::parse(text, sink);
        MLXIFY_CHECK(!sink.has_refusal());
        body->node = body->tree.child(body->tree.child(body->tree.root(), 0), 0);
        const syntax::Node& node = body->tree[body->node];
        if (node.kind == syntax::Kind::function_def || node.kind == syntax::Kind::class_def) {
            // parsed again without its decorators, so that the span of the node is the text that is copied
            const std::uint32_t begin = definition_begin(text, node);
            if (begin > 0) {
                text.remove_prefix(begin);
                body->tree = syntax::parse(text, sink);
                body->node = body->tree.child(body->tree.child(body->tree.root(), 0), 0);
            }
            body->name = body->tree[body->node].name;
        } else {
            body->name = body->tree[body->tree.child(body->node, 1)].name;
        }
        body->text = text;
        slot = std::move(body);
        return *slot;
    }

    static std::uint32_t definition_begin(std::string_view text, const syntax::Node& node) {
        const std::string_view word = node.kind == syntax::Kind::class_def ? "class" : "def";
        std::size_t at = text.rfind(word, node.name_span.begin);
        MLXIFY_CHECK(at != std::string_view::npos);
        return static_cast<std::uint32_t>(at);
    }
};

Catalogue::Catalogue(const Index& index) : state_(std::make_unique<State>()) { state_->index = index; }
Catalogue::Catalogue(Catalogue&&) noexcept = default;
Catalogue& Catalogue::operator=(Catalogue&&) noexcept = default;
Catalogue::~Catalogue() = default;

base::Result<Catalogue> Catalogue::with_folders(const Index& embedded, const std::vector<std::string>& folders) {
    if (folders.empty()) return Catalogue(embedded);
    Files all;
    for (const std::string& folder : folders) {
        auto files = read_folder(folder);
        if (!files) return files.error();
        for (auto& file : *files) all.push_back(std::move(file));
    }
    for (const File& file : embedded.files) all.emplace_back(std::string(file.path), std::string(file.text));
    auto index = build_index(all);
    if (!index) return index.error();
    Catalogue made((*index)->view());
    made.state_->owned = std::move(*index);
    return made;
}

std::span<const Entry> Catalogue::entries() const { return state_->index.entries; }
std::span<const File> Catalogue::files() const { return state_->index.files; }

namespace {
bool lists(std::string_view names, std::string_view name) {  // separated by ','
    for (std::size_t at = 0; at <= names.size();) {
        const std::size_t end = std::min(names.find(',', at), names.size());
        if (names.substr(at, end - at) == name) return true;
        at = end + 1;
    }
    return false;
}
}  // namespace

std::vector<const Trap*> Catalogue::traps_of(std::string_view rule) const {
    constexpr std::string_view kOtherLayout = "mlxify.channels_last.";
    if (rule.starts_with(kOtherLayout)) rule.remove_prefix(kOtherLayout.size());
    std::vector<const Trap*> found;
    for (const Trap& trap : state_->index.traps) {
        bool guarded = lists(trap.rules, rule);
        for (const Entry& entry : alternatives(rule)) guarded = guarded || lists(entry.trap, trap.name);
        if (guarded) found.push_back(&trap);
    }
    return found;
}

std::span<const Entry> Catalogue::alternatives(std::string_view qualified) const {
    const auto entries = state_->index.entries;
    const auto [begin, end] = std::equal_range(entries.begin(), entries.end(), qualified, [](const auto& a, const auto& b) {
        const auto name = [](const auto& value) -> std::string_view {
            if constexpr (std::is_same_v<std::decay_t<decltype(value)>, Entry>) return value.qualified;
            else return value;
        };
        return name(a) < name(b);
    });
    return {begin, end};
}

const Entry* Catalogue::find(std::string_view qualified) const {
    for (const Entry& entry : alternatives(qualified))
        if (entry.kind != EntryKind::defaults && entry.argument.empty()) return &entry;
    std::string pattern(qualified);
    for (std::size_t dot = pattern.rfind('.'); dot != std::string::npos && dot > 0; dot = pattern.rfind('.', dot - 1)) {
        pattern.resize(dot + 1);
        for (const Entry& entry : alternatives(pattern + "*"))
            if (entry.kind == EntryKind::never || entry.kind == EntryKind::keep) return &entry;
    }
    return nullptr;
}

std::string_view Catalogue::mlx_default(std::string_view callee, std::string_view keyword) const {
    for (const Entry& entry : alternatives(callee)) {
        if (entry.kind != EntryKind::defaults) continue;
        std::string_view stated = entry.weights;
        while (!stated.empty()) {
            const std::size_t end = std::min(stated.find(';'), stated.size());
            const std::string_view one = stated.substr(0, end);
            const std::size_t equals = one.find('=');
            if (one.substr(0, equals) == keyword) return one.substr(equals + 1);
            stated.remove_prefix(std::min(end + 1, stated.size()));
        }
    }
    return {};
}

const Body& Catalogue::body(const Entry& entry) const { return state_->body(entry.file, entry.span); }

namespace {
const Local* find_local(const Index& index, std::uint32_t file, std::string_view name) {
    const auto found = std::lower_bound(index.locals.begin(), index.locals.end(), std::pair(file, name),
                                        [](const Local& local, const auto& wanted) {
                                            return local.file != wanted.first ? local.file < wanted.first : local.name < wanted.second;
                                        });
    return found != index.locals.end() && found->file == file && found->name == name ? &*found : nullptr;
}
}  // namespace

const Body* Catalogue::local(std::uint32_t file, std::string_view name) const {
    const Index& index = state_->index;
    for (int hops = 0; hops < 8; ++hops) {
        const Local* found = find_local(index, file, name);
        if (!found) return nullptr;
        if (!found->span.empty()) return &state_->body(found->file, found->span);
        if (found->from_file.empty()) return nullptr;
        std::uint32_t next = file;
        for (std::uint32_t at = 0; at < index.files.size() && next == file; ++at)
            if (index.files[at].path == found->from_file) next = at;
        if (next == file) return nullptr;
        file = next;
    }
    return nullptr;
}

std::string_view Catalogue::import_line(std::uint32_t file, std::string_view name) const {
    const Local* found = find_local(state_->index, file, name);
    return found ? found->import_line : std::string_view{};
}

}  // namespace mlxify::catalogue
