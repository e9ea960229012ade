#include "verify/documented.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string_view>

#include "base/text.h"
#include "verify/guess.h"
#include "verify/touch.h"

namespace mlxify::verify {
namespace {

using base::is_name_letter;
using syntax::Kind;
using syntax::NodeId;
using syntax::Tree;

constexpr std::size_t kMostAxes = 6;
constexpr std::size_t kLongestAxis = 24;  // letters, of `num_heads * head_dim`

std::string_view trimmed(std::string_view text, std::string_view marks = " \t\r\n") {
    const std::size_t begin = text.find_first_not_of(marks);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(marks) + 1 - begin);
}

std::string_view first_word(std::string_view text) {
    std::size_t end = 0;
    while (end < text.size() && is_name_letter(text[end])) ++end;
    return text.substr(0, end);
}

template <std::size_t N>
bool one_of(std::string_view word, const std::array<std::string_view, N>& words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

// `C_{\text{in}}` as "c_in", `Batch Size` as "batch_size"; nullopt for what names no axis.
std::optional<std::string> axis_of(std::string_view text) {
    constexpr std::array<std::string_view, 15> kNoAxes = {"tensor", "optional", "int", "float", "bool", "str", "list", "tuple", "none", "default",
                                                          "required", "longtensor", "floattensor", "booltensor", "torch"};
    std::string axis;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text.substr(i).starts_with("\\text")) i += 4;
        else if (text[i] == ' ' && !axis.empty() && is_name_letter(axis.back()) && i + 1 < text.size() && is_name_letter(text[i + 1])) axis += '_';
        else if (std::string_view(" `$\\{}#'").find(text[i]) == std::string_view::npos) axis += static_cast<char>(std::tolower(static_cast<unsigned char>(text[i])));
    }
    if (axis == "..." || axis == "*") return axis;
    constexpr std::string_view kParts = "abcdefghijklmnopqrstuvwxyz0123456789_*/+-";
    const bool names_one = !axis.empty() && axis.size() <= kLongestAxis && axis.find_first_not_of(kParts) == std::string::npos && is_name_letter(axis.front()) &&
                           is_name_letter(axis.back()) && !one_of(axis.substr(0, axis.find('_')), kNoAxes) && std::count(axis.begin(), axis.end(), '_') < 4;
    return names_one ? std::optional(axis) : std::nullopt;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separator) {
    std::vector<std::string_view> parts;
    for (std::size_t end = text.find(separator); end != std::string_view::npos; end = text.find(separator)) {
        parts.push_back(text.substr(0, end));
        text.remove_prefix(end + separator.size());
    }
    parts.push_back(text);
    return parts;
}

// Without an ellipsis: one axis before others, none behind them, and a batch of sequences before features alone.
void settle_ellipsis(std::vector<std::string>& axes) {
    const auto is_open = [](const std::string& axis) { return axis == "..." || axis == "*"; };
    if (axes.size() > 1 && is_open(axes.back())) axes.pop_back();
    if (axes.size() == 2 && is_open(axes.front()) && !is_open(axes.back())) axes.insert(axes.begin() + 1, "seq_len");
    for (std::string& axis : axes)
        if (is_open(axis)) axis = "batch";
}

// The axes of what stands between brackets: "B, C, H", "B x C x H".
std::optional<std::vector<std::string>> axes_of(std::string_view content) {
    std::vector<std::string_view> parts = split(content, ",");
    if (parts.size() > 1 && trimmed(parts.back()).empty()) parts.pop_back();
    if (parts.size() == 1)
        for (const std::string_view separator : {" x ", " X ", "×", " * "})
            if (const auto others = split(content, separator); others.size() > parts.size()) parts = others;
    if (parts.size() > kMostAxes) return std::nullopt;
    std::vector<std::string> axes;
    for (const std::string_view part : parts) {
        auto axis = axis_of(trimmed(part));
        if (!axis) return std::nullopt;
        axes.push_back(std::move(*axis));
    }
    settle_ellipsis(axes);
    return axes;
}

// Whether one name between brackets is a shape: `(N,)`, `[L]`, `(B)`, but not `(optional)`.
bool is_one_axis(std::string_view content, char bracket, std::string_view before) {
    const std::string_view name = trimmed(content);
    if (name.ends_with(',')) return true;
    if (name.find_first_not_of("0123456789") == std::string_view::npos) return false;  // `[1]` is a reference
    const bool letter = name.size() == 1 && std::isupper(static_cast<unsigned char>(name[0])) != 0;
    return letter || bracket == '[' || before.find("shape") != std::string_view::npos || before.find("size") != std::string_view::npos;
}

struct Shape {
    std::vector<std::string> axes;
    bool integers = false;
};

// The first shape in `text`: `[B, L]`, `(N, C, H, W)`, `LongTensor(B)`; the brackets of a call are none.
std::optional<Shape> shape_in(std::string_view text) {
    constexpr std::array<std::string_view, 9> kOfTensors = {"Tensor", "FloatTensor", "LongTensor", "BoolTensor", "Size", "shape", "tensor", "float", "size"};
    for (std::size_t begin = text.find_first_of("(["); begin != std::string_view::npos; begin = text.find_first_of("([", begin + 1)) {
        const char closing = text[begin] == '(' ? ')' : ']';
        const std::size_t end = text.find(closing, begin);
        if (end == std::string_view::npos) return std::nullopt;
        std::size_t word = begin;
        while (word > 0 && is_name_letter(text[word - 1])) --word;
        const std::string_view before = text.substr(word, begin - word);
        if (!before.empty() && !one_of(before, kOfTensors)) continue;
        const std::string_view content = text.substr(begin + 1, end - begin - 1);
        auto axes = axes_of(content);
        if (!axes || axes->empty()) continue;
        if (axes->size() == 1 && content.find(" x ") == std::string_view::npos && !is_one_axis(content, text[begin], text.substr(0, begin))) continue;
        return Shape{std::move(*axes), before == "LongTensor"};
    }
    return std::nullopt;
}

bool speaks_of_integers(std::string_view text) {
    constexpr std::array<std::string_view, 7> kWords = {"longtensor", "indices", "integer", "token id", "label", "torch.long", "int64"};
    const std::string words = lower(text);
    return std::any_of(kWords.begin(), kWords.end(), [&](std::string_view word) { return words.find(word) != std::string::npos; });
}

// Reads statements line by line.
class Reader {
public:
    explicit Reader(const std::vector<std::string>& names) : names_(names) {}

    // A line of a docstring, or of a comment (`must_name`), which has to begin with the name of an input.
    void read(std::string_view line, bool must_name) {
        line = trimmed(line);
        note_section(line);
        const std::size_t named = of_results_ ? 0 : leading_names(line);
        if (named == 0) {
            if (must_name || ends_statement(line)) return current_.clear();
            quoted_names(line);
        }
        if (current_.empty()) return;
        integers_ = integers_ || speaks_of_integers(line);
        const auto shape = shape_in(line.substr(named));
        if (!shape) return;
        for (const std::string& name : current_) found_.try_emplace(name, Documented{shape->axes, integers_ || shape->integers});
    }

    void finish() {
        current_.clear();
        of_results_ = false;
    }

    std::map<std::string, Documented> found_;

private:
    [[nodiscard]] bool is_input(std::string_view name) const { return std::find(names_.begin(), names_.end(), name) != names_.end(); }

    // `x:`, `q, k, v:`, `:param x:`, "- **x** of shape": makes these the current names and gives where they end; 0 if there are none.
    std::size_t leading_names(std::string_view line) {
        constexpr std::string_view kMarks = " \t-*`:@>\"'";
        std::size_t at = 0;
        const auto skip_marks = [&] {
            while (at < line.size() && kMarks.find(line[at]) != std::string_view::npos) ++at;
        };
        skip_marks();
        for (const std::string_view word : {"param ", "parameter ", "arg "})
            if (line.substr(at).starts_with(word)) at += word.size();
        std::vector<std::string> names;
        while (at < line.size()) {
            const std::string_view word = first_word(line.substr(at));
            if (!is_input(word) && !is_only_input(word)) break;
            names.emplace_back(is_input(word) ? std::string(word) : names_.front());
            at += word.size();
            std::size_t next = at;
            while (next < line.size() && std::string_view(" `,*/&").find(line[next]) != std::string_view::npos) ++next;
            if (line.substr(next).starts_with("and ")) next += 4;
            while (next < line.size() && (line[next] == '`' || line[next] == '*')) ++next;
            if (next == at || !is_input(first_word(line.substr(next)))) break;
            at = next;
        }
        if (names.empty() || !introduces(line.substr(at))) return 0;
        begin(std::move(names));
        return at;
    }

    // "Input: (N, C)" where there is one input only.
    [[nodiscard]] bool is_only_input(std::string_view word) const { return names_.size() == 1 && (word == "Input" || word == "Inputs" || word == "input"); }

    // Whether what follows a name says something of it.
    [[nodiscard]] static bool introduces(std::string_view rest) {
        constexpr std::array<std::string_view, 8> kVerbs = {"is", "are", "has", "have", "of", "with", "shape", "tensor"};
        const std::string_view next = trimmed(rest, " \t`*");
        return next.empty() || std::string_view(":([=-").find(next[0]) != std::string_view::npos || one_of(first_word(next), kVerbs);
    }

    // Whether what follows is of the results, which may have the names of inputs.
    void note_section(std::string_view line) {
        constexpr std::array<std::string_view, 4> kOfResults = {"Returns", "Return", "Outputs", "Raises"};
        constexpr std::array<std::string_view, 6> kOfInputs = {"Args", "Arguments", "Parameters", "Inputs", "Params", "Shape"};
        if (one_of(first_word(line), kOfResults)) of_results_ = true;
        if (one_of(first_word(line), kOfInputs)) of_results_ = false;
    }

    // "Returns:", "scale (float): ...": what follows is of something else.
    [[nodiscard]] static bool ends_statement(std::string_view line) {
        const std::string_view word = first_word(trimmed(line, " \t-*`"));
        if (word == "Returns" || word == "Return" || word == "Output" || word == "Outputs" || word == "Raises" || word == "return" || word == "output") return true;
        const std::string_view rest = trimmed(line.substr(std::min(line.size(), line.find(word) + word.size())), " \t");
        const std::size_t closing = rest.find(')');
        const bool typed = rest.starts_with('(') && closing != std::string_view::npos && rest.substr(closing + 1).starts_with(':');
        return !word.empty() && (rest.starts_with(':') || typed);
    }

    // "The tensors `query` and `key` ..."
    void quoted_names(std::string_view line) {
        std::vector<std::string> names;
        for (std::size_t at = line.find('`'); at != std::string_view::npos; at = line.find('`', at + 1)) {
            const std::string_view word = first_word(line.substr(at + 1));
            if (is_input(word) && line.substr(at + 1 + word.size()).starts_with('`')) names.emplace_back(word);
        }
        if (!names.empty()) begin(std::move(names));
    }

    void begin(std::vector<std::string> names) {
        current_ = std::move(names);
        integers_ = false;
    }

    const std::vector<std::string>& names_;
    std::vector<std::string> current_;  // of which a shape is awaited
    bool integers_ = false, of_results_ = false;
};

// The first statement of the body, if it is a string.
std::string_view docstring_of(const Tree& tree, NodeId definition) {
    if (!exists(definition)) return {};
    const NodeId body = body_of(tree, definition);
    if (tree.children(body).empty()) return {};
    const NodeId first = tree.child(body, 0);
    const bool is_string = tree[first].kind == Kind::expression_statement && tree[tree.child(first, 0)].kind == Kind::string;
    return is_string ? tree.text(first) : std::string_view{};
}

// `x: torch.Tensor,  # (B, C, H, W)` and `# x: (B, C, H, W)` before and behind the first statement.
void read_comments(const Tree& tree, NodeId function, Reader& reader) {
    const auto statements = tree.children(body_of(tree, function));
    const std::size_t first = docstring_of(tree, function).empty() ? 0 : 1;
    const std::uint32_t signature_end = statements.empty() ? tree[function].span.end : tree[statements[0]].span.begin;
    const std::uint32_t end = first < statements.size() ? tree[statements[first]].span.end : tree[function].span.end;
    for (const base::Span comment : tree.comments()) {
        if (comment.begin < tree[function].span.begin || comment.begin > end + 40) continue;
        std::string line(trimmed(tree.source().substr(comment.begin, comment.end - comment.begin), " \t#"));
        if (comment.begin < signature_end)
            for (const NodeId parameter : tree.children(tree.child(function, 0))) {
                const std::string_view between = tree.source().substr(tree[parameter].span.end, comment.begin - std::min(comment.begin, tree[parameter].span.end));
                if (tree[parameter].span.end <= comment.begin && between.find('\n') == std::string_view::npos && between.size() < 40)
                    line = std::string(tree[parameter].name) + ": " + line;
            }
        reader.read(line, true);
    }
}

// `x: Float[Tensor, "b c h w"]`
std::optional<Documented> of_annotation(std::string_view annotation) {
    const std::size_t begin = annotation.find_first_of("\"'"), end = annotation.find_last_of("\"'");
    const std::size_t bracket = annotation.find('[');
    if (bracket == std::string_view::npos || begin == std::string_view::npos || begin < bracket || end <= begin) return std::nullopt;
    std::vector<std::string> axes;
    for (const std::string_view part : split(annotation.substr(begin + 1, end - begin - 1), " ")) {
        if (part.empty()) continue;
        auto axis = axis_of(part);
        if (!axis || axes.size() == kMostAxes) return std::nullopt;
        axes.push_back(std::move(*axis));
    }
    settle_ellipsis(axes);
    return axes.empty() ? std::nullopt : std::optional(Documented{std::move(axes), annotation.starts_with("Int")});
}

}  // namespace

std::map<std::string, Documented> documented_inputs(const Tree& tree, NodeId class_node, NodeId function, const std::vector<std::string>& names) {
    Reader reader(names);
    for (const NodeId parameter : tree.children(tree.child(function, 0))) {
        const NodeId annotation = tree[parameter].kind == Kind::parameter ? tree.child(parameter, 0) : syntax::kNoNode;
        if (!exists(annotation)) continue;
        if (auto documented = of_annotation(tree.text(annotation))) reader.found_.emplace(std::string(tree[parameter].name), std::move(*documented));
    }
    for (const NodeId definition : {function, class_node}) {
        for (const std::string_view line : split(docstring_of(tree, definition), "\n")) reader.read(line, false);
        reader.finish();
        if (definition == function) read_comments(tree, function, reader);
        reader.finish();
    }
    return std::move(reader.found_);
}

}  // namespace mlxify::verify
