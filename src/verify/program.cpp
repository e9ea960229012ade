#include "verify/program.h"

#include <algorithm>
#include <fstream>

namespace mlxify::verify {
namespace {

constexpr int kMaxDeaths = 4;
constexpr std::uint64_t kConstructionSeed = 0;  // also of the stream that random constructors share

}  // namespace

Reply<Session*> Program::session() {
    if (broken_) return *broken_;
    if (session_ && session_->alive()) return &*session_;
    if (session_ && ++deaths_ > kMaxDeaths) return Failure{"died", "the model keeps ending its process", 0, {}};
    session_.reset();
    constructed_.clear();
    Reply<Session> opened = server_.open();
    if (!opened) return opened.failure();
    session_.emplace(std::move(opened).take());
    const std::string path = session_->scratch(module_name_ + ".py");
    std::ofstream file(path, std::ios::binary);
    file << text_;
    file.close();
    if (!file) return Failure{"died", "cannot write into the scratch directory", 0, {}};
    const Reply<std::vector<DefinitionOf>> loaded = session_->load(path, module_name_, bf16_as_f32_);
    if (!loaded) {
        broken_ = loaded.failure();
        session_.reset();
        return *broken_;
    }
    session_->limit_requests(request_seconds_);
    definitions_ = *loaded;
    return &*session_;
}

void Program::limit_requests(double seconds) {
    request_seconds_ = seconds;
    deaths_ = 0;
    if (session_) session_->limit_requests(seconds);
}

Reply<Construction> Program::construct(const std::string& expression) {
    const Reply<Session*> ready = session();
    if (!ready) return ready.failure();
    if (!constructed_.empty() && constructed_ == expression) return construction_;
    constructed_.clear();
    Reply<Construction> built = (*ready)->construct(expression, kConstructionSeed, kConstructionSeed);
    if (built) {
        constructed_ = expression;
        construction_ = *built;
    }
    return built;
}

const DefinitionOf* Program::definition(std::string_view name) const {
    const auto found = std::find_if(definitions_.begin(), definitions_.end(), [&](const DefinitionOf& d) { return d.name == name; });
    return found == definitions_.end() ? nullptr : &*found;
}

}  // namespace mlxify::verify
