// A model file in a worker: its session is opened at the first use, and again when it has died.
// takes: a text; gives: a session that has loaded it; tests: integration_test.cpp
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "verify/worker.h"

namespace mlxify::verify {

class Program {
public:
    Program(Server& server, std::string text, std::string module_name, bool bf16_as_f32)
        : server_(server), text_(std::move(text)), module_name_(std::move(module_name)), bf16_as_f32_(bf16_as_f32) {}

    // A session with the file imported. Fails for good after the file failed to import, or after several deaths.
    Reply<Session*> session();
    // Builds what `expression` says, unless that is what the session holds already.
    Reply<Construction> construct(const std::string& expression);
    // After the session's model was changed (weights drawn, trained): build anew next time.
    void forget() { constructed_.clear(); }
    void close() { session_.reset(); }
    // While samples are searched, a request that takes longer ends its session; 0: no longer so.
    void limit_requests(double seconds);

    [[nodiscard]] const std::vector<DefinitionOf>& definitions() const { return definitions_; }
    [[nodiscard]] const DefinitionOf* definition(std::string_view name) const;
    [[nodiscard]] bool bf16_as_f32() const { return bf16_as_f32_; }

private:
    Server& server_;
    std::string text_, module_name_;
    bool bf16_as_f32_;
    std::optional<Session> session_;
    std::optional<Failure> broken_;  // the file itself does not import
    int deaths_ = 0;
    double request_seconds_ = 0;
    std::vector<DefinitionOf> definitions_;
    std::string constructed_;
    Construction construction_;
};

}  // namespace mlxify::verify
