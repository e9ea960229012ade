// What converting and comparing say in the same words.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "diagnostics/diagnostic.h"
#include "pipeline/run.h"
#include "verify/verify.h"

namespace mlxify::pipeline {

class Clock {
public:
    [[nodiscard]] double seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    }

private:
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

void mark_unreadable(report::FileReport& report, const base::Error& error);

verify::Request request_for(const std::string& path, std::string_view original, std::vector<verify::EntryPoint> entries,
                            const RunOptions& options);

bool has_refusal(const std::vector<diagnostics::Diagnostic>& diagnostics);

// A verdict below "verified" always has its reason among the diagnostics. That an entry has no sample is only a remark while
// another's proof may reach it; when nothing did, it is the reason.
void explain_refusal(const verify::Verdict& verdict, std::vector<diagnostics::Diagnostic>& diagnostics);

}  // namespace mlxify::pipeline
