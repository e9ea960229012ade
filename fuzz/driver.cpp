// A fuzzing engine for compilers that bring none (gcc): replays files, then mutates them for a while.
// takes: NAME_fuzz [--seconds N] [--seed N] FILE_OR_FOLDER...; gives: exit code 0, or the crash of the fuzzed function;
// the input that was running then stands in NAME_fuzz.last.
//
// Clang builds use libFuzzer instead, which covers more; the fuzzed functions are the same.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t kLargestInput = 1u << 16;

// Pieces of Python that random bytes would hardly spell.
constexpr std::string_view kPieces[] = {
    "import torch\n", "from torch import nn\n", "class A(nn.Module):\n",   "def forward(self, x):\n",
    "    ",           "\t",                     "\r\n",                    "\\\n",
    "(",              ")",                      "[",                       "]",
    "{",              "}",                      "f\"{x!r:>{w}}\"",         "'''",
    "\"\"\"",         "lambda *a, **k: ",       "x[..., None, ::-1]",      "async ",
    "await ",         "yield ",                 "match x:\n    case _:\n", "if x:\n",
    "else:\n",        "while True:\n",          "x += 1\n",                "@property\n",
    "# comment\n",    "\xEF\xBB\xBF",           "\xC3\xA4",                "; ",
    " := ",           "not in ",                "is not ",                 "torch.nn.functional.relu(x)",
    "x.view(-1, 2)",  "x.mul_(2)",              "x.shape[0]",              "torch.no_grad()",
    "with a as b:\n", "try:\n",                 "except:\n",               "del x\n",
};

struct Options {
    long seconds = 0;
    unsigned seed = 1;
    std::vector<std::filesystem::path> paths;
};

// The input under test, in a file that outlives a crash: memory shared with the file, so that writing it costs nothing.
class LastInput {
public:
    explicit LastInput(const std::string& path) : descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0644)) {
        MLXIFY_CHECK(descriptor_ >= 0 && ::ftruncate(descriptor_, kLargestInput) == 0);
        void* memory = ::mmap(nullptr, kLargestInput, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0);
        MLXIFY_CHECK(memory != MAP_FAILED);
        bytes_ = static_cast<char*>(memory);
    }
    LastInput(const LastInput&) = delete;
    LastInput& operator=(const LastInput&) = delete;
    ~LastInput() {
        ::munmap(bytes_, kLargestInput);
        ::close(descriptor_);
    }

    // The rest of the file is filled with line breaks, which change nothing for Python.
    void run(std::string_view input) {
        const std::size_t size = std::min(input.size(), kLargestInput);
        std::memcpy(bytes_, input.data(), size);
        std::memset(bytes_ + size, '\n', kLargestInput - size);
        // A copy of exactly this size, so that a sanitizer sees a read behind its end.
        const std::vector<std::uint8_t> exact(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(size));
        LLVMFuzzerTestOneInput(exact.data(), exact.size());
    }

private:
    int descriptor_;
    char* bytes_ = nullptr;
};

class Mutator {
public:
    explicit Mutator(unsigned seed) : random_(seed) {}

    std::string mutate(const std::vector<std::string>& seeds) {
        std::string text = seeds[below(seeds.size())];
        if (text.size() > 4096) text = text.substr(below(text.size() - 4096), 4096);
        for (std::size_t count = 1 + below(6); count > 0; --count) mutate_once(text, seeds);
        return text;
    }

private:
    std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_); }

    void mutate_once(std::string& text, const std::vector<std::string>& seeds) {
        const std::size_t at = below(text.size() + 1);
        const std::size_t length = std::min(text.size() - at, 1 + below(40));
        switch (below(6)) {
            case 0: text.erase(at, length); break;
            case 1: text.insert(at, text.substr(at, length)); break;
            case 2: text.insert(at, kPieces[below(std::size(kPieces))]); break;
            case 3: text.replace(at, length, kPieces[below(std::size(kPieces))]); break;
            case 4:
                if (at < text.size()) text[at] = static_cast<char>(below(256));
                break;
            case 5: {
                const std::string& other = seeds[below(seeds.size())];
                const std::size_t from = below(other.size() + 1);
                text.insert(at, other.substr(from, 1 + below(200)));
                break;
            }
        }
    }

    std::mt19937_64 random_;
};

Options parse_options(int count, char** arguments) {
    Options options;
    for (int i = 1; i < count; ++i) {
        const std::string_view argument = arguments[i];
        if (argument == "--seconds" && i + 1 < count)
            options.seconds = std::stol(arguments[++i]);
        else if (argument == "--seed" && i + 1 < count)
            options.seed = static_cast<unsigned>(std::stoul(arguments[++i]));
        else
            options.paths.emplace_back(argument);
    }
    return options;
}

std::vector<std::string> read_seeds(const std::vector<std::filesystem::path>& paths) {
    std::vector<std::filesystem::path> files;
    for (const std::filesystem::path& path : paths) {
        if (!std::filesystem::is_directory(path)) {
            files.push_back(path);
            continue;
        }
        for (const auto& entry : std::filesystem::recursive_directory_iterator(path))
            if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    std::vector<std::string> seeds;
    for (const std::filesystem::path& file : files) {
        std::ifstream stream(file, std::ios::binary);
        seeds.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
    }
    return seeds;
}

}  // namespace

int main(int count, char** arguments) {
    const Options options = parse_options(count, arguments);
    std::vector<std::string> seeds = read_seeds(options.paths);
    seeds.emplace_back();

    LastInput last(std::string(*arguments) + ".last");
    for (const std::string& seed : seeds) last.run(seed);

    Mutator mutator(options.seed);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(options.seconds);
    std::size_t runs = 0;
    while (std::chrono::steady_clock::now() < end) {
        last.run(mutator.mutate(seeds));
        ++runs;
    }
    std::printf("%s: %zu files replayed, %zu mutations, nothing found\n", *arguments, seeds.size(), runs);
    return 0;
}
