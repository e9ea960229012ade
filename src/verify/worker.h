// The verbs of a worker, typed. What a worker answers is checked field by field: a malformed answer is a failure, never a crash.
// takes: requests; gives: replies; tests: worker_test.cpp, integration_test.cpp; protocol: docs/internals/worker-protocol.md
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "infer/facts.h"
#include "verify/process.h"

namespace mlxify::verify {

using Json = nlohmann::json;

// What a check of the model itself wanted and did not find: `x.shape[1] == self.length` with 48 and 16.
struct Condition {
    std::string relation;  // "==", "<", "<=", ">", ">=", "%" (a multiple of), "rank" (the number of axes), "in"
    std::vector<std::int64_t> left, right;
    std::string name{}, current{};        // of "in": what should have been one of the choices, and what it was,
    std::vector<std::string> choices{};   // as texts of Python literals
};

// Why a verb did not succeed. `type` is a Python exception's class, or "timeout", "memory", "exit", "died", "protocol".
struct Failure {
    std::string type;
    std::string message;
    std::uint32_t line = 0;          // deepest line inside the model file; 0: none
    std::vector<std::string> frames; // "function (model:12)", outermost first
    std::vector<Condition> conditions{};
    // Whether the session cannot go on (it is gone), rather than the model's code having raised.
    [[nodiscard]] bool fatal() const;
    [[nodiscard]] std::string text() const;  // "ValueError: message (line 12)"; one line, bounded
};

template <typename T>
class [[nodiscard]] Reply {
public:
    Reply(T value) : value_(std::move(value)) {}
    Reply(Failure failure) : failure_(std::move(failure)) {}
    explicit operator bool() const { return value_.has_value(); }
    const T& operator*() const { MLXIFY_CHECK(value_.has_value()); return *value_; }
    const T* operator->() const { return &**this; }
    [[nodiscard]] T take() && { MLXIFY_CHECK(value_.has_value()); return std::move(*value_); }
    [[nodiscard]] const Failure& failure() const { return failure_; }

private:
    std::optional<T> value_;
    Failure failure_;
};

struct Hello {
    std::string framework, version, python;
};

struct ParameterOf {  // of a callable
    std::string name;
    std::string kind;                        // Python's: POSITIONAL_OR_KEYWORD, KEYWORD_ONLY, VAR_KEYWORD, ... in lower case
    std::optional<std::string> default_text; // repr; absent: required
    std::string annotation;

    // Whether an argument can be given by it alone: it is not `*args` or `**kwargs`.
    [[nodiscard]] bool bindable() const { return kind != "var_positional" && kind != "var_keyword"; }
};

struct DefinitionOf {
    std::string name;
    std::string kind;  // "module", "class", "dataclass", "function"
    std::uint32_t line = 0;
    std::vector<ParameterOf> parameters;  // of the constructor, or of the function
    std::vector<ParameterOf> forward;
    std::vector<std::string> bases;
};

struct ArrayOf {
    std::string name;
    std::vector<std::int64_t> shape;
    std::string dtype;
    bool trainable = true;   // of parameters
    bool persistent = true;  // of buffers
};

struct ModuleOf {
    std::string name, type;  // "blocks.0.norm", "LayerNorm"
    std::string text;        // of a library's layer, as it prints itself: "Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1))"
};

struct Construction {
    std::vector<ArrayOf> parameters, buffers;
    std::vector<ModuleOf> modules;  // in registration order
    bool callable = false;          // a function: nothing to draw
};

struct WeightsLoaded {
    std::vector<std::string> missing, unexpected, mismatched;
};

struct LeafOf {
    std::vector<std::int64_t> shape;
    std::string dtype;
    bool finite = true;
};

struct CallResult {
    Json tree;                   // structure; leaves by number
    std::vector<LeafOf> leaves;
    double seconds = 0;
    std::map<std::string, double> kept;  // of Bernoulli draws: elements by the probability, "0.9"
    double drawn = 0;                    // elements of all other draws
};

struct GradientResult {
    std::vector<std::string> without;  // parameters that got no gradient
    double loss = 0;
};

struct Sensitivity {
    std::vector<std::pair<std::string, bool>> moved;  // what was moved, whether any output did
};

struct Reach {
    std::vector<std::uint32_t> lines, executable;  // sorted
};

// Of a call, or of a step of training: a call with its gradients.
struct Timing {
    double seconds = 0;
    double peak_bytes = 0;
    std::uint32_t moves = 0;   // permutations of three to five axes, of a call
    std::uint32_t images = 0;  // arrays of three to five axes that go in and come out
};

// One value that a statement assigned, or returned.
struct TraceEntry {
    base::Span span;          // of the statement, in bytes of that side's file
    std::uint32_t line = 0;
    std::string name;         // of the assigned variable, `return`, or `name[0]` for an item
    std::string array;        // key in the written file; empty if the value is no array
    std::uint32_t visit = 0;  // how often that statement had run before
};

// How a call is made, beyond its inputs.
struct CallOptions {
    std::string method;                    // empty: the call itself
    bool training = false;
    bool both_modes = false;               // probe and reach only: in evaluation, then in training mode, whatever `training` says
    bool float64 = false;                  // torch only
    std::optional<std::uint64_t> streams;  // seed of the shared random stream
    bool dropout = true;                   // "off" feeds p = 0
    std::optional<std::uint64_t> projection;
    std::optional<double> rate;            // of one step of gradient descent, whose state `gradient` is to give too
    bool exact_sums = false;               // MLX only: sums and means are rounded once
    std::optional<std::vector<std::string>> attributes;  // those that a call is to write, if it leaves them; all that it would otherwise
    std::optional<std::uint64_t> constants;  // torch only: arrays that a constructor left as plain attributes, one rounding away
};

struct Limits {
    double seconds = 120;      // per request
    int memory_mb = 8192;
    int processes = 64;
    int file_mb = 1024;
};

class Server;

// One model in one forked process. Closed when it goes out of scope.
class Session {
public:
    Session(Session&& other) noexcept;
    Session& operator=(Session&& other) noexcept;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session();

    // Of each further request; 0: what the server's options say.
    void limit_requests(double seconds);

    Reply<std::vector<DefinitionOf>> load(const std::string& path, std::string_view name, bool bf16_as_f32);
    // `streams`: random draws of the constructor come from the shared stream of that seed.
    Reply<Construction> construct(std::string_view expression, std::uint64_t seed, std::optional<std::uint64_t> streams);
    Reply<base::Done> draw(std::uint64_t seed, const std::string& out);
    Reply<WeightsLoaded> weights(const std::string& path);
    Reply<base::Done> inputs(const Json& spec, std::uint64_t seed, const std::string& out);
    Reply<CallResult> call(const Json& spec, const std::string& arrays, const CallOptions& options, const std::string& out);
    Reply<GradientResult> gradient(const Json& spec, const std::string& arrays, const CallOptions& options, const std::string& out);
    // `moves`: "input.args.0", "parameter.NAME"; empty: all.
    Reply<Sensitivity> sensitivity(const Json& spec, const std::string& arrays, const CallOptions& options, const std::vector<std::string>& moves);
    // What a construction by another seed begins with, written to `out`; random numbers are shared. The session's model stays.
    // `float64`: torch only; computed in float64.
    Reply<base::Done> initial(std::uint64_t seed, const std::string& out, bool defaults, bool float64 = false);
    Reply<base::Done> names(const std::string& path, const std::string& out);
    Reply<infer::ObservedFacts> probe(const Json& spec, const std::string& arrays, const CallOptions& options);
    Reply<Reach> reach(const Json& spec, const std::string& arrays, const CallOptions& options);
    // All assignments of the call, in order; arrays in `out`.
    Reply<std::vector<TraceEntry>> trace(const Json& spec, const std::string& arrays, const CallOptions& options, const std::string& out);
    // Multiplications and additions of a call, about; torch only.
    Reply<double> operations(const Json& spec, const std::string& arrays, const CallOptions& options);
    Reply<Timing> time(const Json& spec, const std::string& arrays, const CallOptions& options, int repeat);
    Reply<Timing> time_step(const Json& spec, const std::string& arrays, const CallOptions& options, int repeat);

    [[nodiscard]] bool alive() const { return server_ != nullptr; }
    // A path in this session's scratch directory, where it may write; removed with the session.
    [[nodiscard]] std::string scratch(std::string_view file) const;

private:
    friend class Server;
    Session() = default;
    Reply<Json> ask(std::string_view verb, Json request);
    Reply<Json> ask_call(std::string_view verb, const Json& spec, const std::string& arrays, const CallOptions& options,
                         const std::string& out, Json request = Json::object());
    void close();

    Server* server_ = nullptr;  // null: gone
    std::int64_t number_ = 0;
    pid_t group_ = -1;
    std::string token_, scratch_;
    Limits limits_;
};

struct ServerOptions {
    std::vector<std::string> python = {"python3"};  // interpreter and its own flags
    std::string package_path;                       // folder that holds the package `mlxify`; empty: it is installed
    std::string scratch_root;                       // empty: TMPDIR or /tmp
    Limits limits;
};

// One framework, imported once. Started at the first use and again when it has died. Not thread-safe.
class Server {
public:
    Server(std::string framework, ServerOptions options);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server();

    // Starts the import without waiting for it; a failure shows at the first use.
    void start();
    Reply<Hello> hello();
    Reply<Session> open();
    [[nodiscard]] const ServerOptions& options() const { return options_; }
    [[nodiscard]] const std::string& framework() const { return framework_; }

private:
    friend class Session;
    Reply<Json> exchange(Json request, double seconds);
    std::optional<Failure> spawn();
    std::optional<Failure> ensure_started();

    std::string framework_;
    ServerOptions options_;
    std::optional<Process> process_;
    bool greeted_ = false;  // whether `process_` has answered
    std::uint64_t next_id_ = 1;
};

// Both frameworks, shared by the files that one thread verifies.
class WorkerPool {
public:
    explicit WorkerPool(const ServerOptions& options) : torch("torch", options), mlx("mlx", options) {}
    Server torch;
    Server mlx;
};

}  // namespace mlxify::verify
