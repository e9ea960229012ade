#include "verify/worker.h"

#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <system_error>

#include "verify/answers.h"

namespace mlxify::verify {
namespace {

constexpr double kStartSeconds = 120;  // the first import of a framework from a cold disk
constexpr double kGrace = 10;          // beyond a request's own deadline, for the server to answer that it passed
constexpr std::size_t kMaxMessage = 600;

Failure protocol_failure(std::string message) { return {"protocol", std::move(message), 0, {}}; }

std::string random_token() {
    std::random_device device;
    std::string token;
    for (int i = 0; i < 32; ++i) token += "0123456789abcdef"[device() % 16];
    return token;
}

// One printable line of bounded length.
std::string one_line(std::string_view text) {
    std::string line;
    for (const char c : text) {
        const bool blank = c == '\n' || c == '\r' || c == '\t' || c == ' ';
        if (!blank) line += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
        else if (!line.empty() && line.back() != ' ') line += ' ';
    }
    while (line.ends_with(' ')) line.pop_back();
    if (line.size() <= kMaxMessage) return line;
    std::size_t cut = kMaxMessage;
    while (cut > 0 && (static_cast<unsigned char>(line[cut]) & 0xc0) == 0x80) --cut;  // not inside a character
    return line.substr(0, cut) + "...";
}

template <typename T>
Reply<T> parsed(const Reply<Json>& answer, std::optional<T> (*read)(const Json&)) {
    if (!answer) return answer.failure();
    std::optional<T> value = read(*answer);
    if (!value) return protocol_failure("the worker's answer is malformed");
    return std::move(*value);
}

Reply<base::Done> done(const Reply<Json>& answer) {
    if (!answer) return answer.failure();
    return base::Done{};
}

std::string scratch_root(const ServerOptions& options) {
    if (!options.scratch_root.empty()) return options.scratch_root;
    std::error_code error;
    const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
    return error ? "/tmp" : folder.string();
}

}  // namespace

bool Failure::fatal() const {
    return type == "timeout" || type == "memory" || type == "exit" || type == "died" || type == "protocol";
}

std::string Failure::text() const {
    std::string result = message.empty() ? type : type + ": " + one_line(message);
    if (line != 0) result += " (line " + std::to_string(line) + ")";
    return result;
}

// ---------------------------------------------------------------------------------------------------------------- Server

Server::Server(std::string framework, ServerOptions options) : framework_(std::move(framework)), options_(std::move(options)) {}

Server::~Server() {
    if (process_) process_->kill(/*patience=*/2);
}

std::optional<Failure> Server::spawn() {
    greeted_ = false;
    Command command;
    command.arguments = options_.python;
    for (const char* argument : {"-m", "mlxify.workers"}) command.arguments.emplace_back(argument);
    command.arguments.push_back(framework_);
    if (!options_.package_path.empty()) {
        const char* inherited = std::getenv("PYTHONPATH");
        command.environment.push_back("PYTHONPATH=" + options_.package_path +
                                      (inherited != nullptr && *inherited != 0 ? std::string(":") + inherited : ""));
    }
    command.environment.emplace_back("PYTHONDONTWRITEBYTECODE=1");
    base::Result<Process> started = Process::start(command);
    if (!started) return Failure{"died", started.error().message, 0, {}};
    process_.emplace(std::move(started).value());
    return std::nullopt;
}

void Server::start() {
    if (!process_ || !process_->running()) (void)spawn();
}

std::optional<Failure> Server::ensure_started() {
    if (!process_ || !process_->running())
        if (std::optional<Failure> failure = spawn()) return failure;
    if (greeted_) return std::nullopt;
    const Reply<Json> greeting = exchange({{"verb", "hello"}}, kStartSeconds);
    greeted_ = static_cast<bool>(greeting);
    if (greeted_) return std::nullopt;
    process_->kill();
    Failure failure = greeting.failure();
    failure.message = "the " + framework_ + " worker did not start (" + failure.message + "); is " + framework_ + " installed for `" +
                      options_.python[0] + "`?";
    return failure;
}

// Sends one request and waits for its own answer; late answers of requests that were given up are passed over.
Reply<Json> Server::exchange(Json request, double seconds) {
    const std::uint64_t id = next_id_++;
    request["id"] = id;
    const auto sent = process_->send(request.dump(-1, ' ', false, Json::error_handler_t::replace), seconds);
    if (!sent) {
        process_->kill();
        return Failure{"died", sent.error().message, 0, {}};
    }
    for (int skipped = 0; skipped < 1000; ++skipped) {
        const base::Result<std::string> line = process_->receive(seconds);
        if (!line) {
            process_->kill();
            return Failure{"died", line.error().message, 0, {}};
        }
        Json answer = Json::parse(*line, nullptr, /*allow_exceptions=*/false);
        if (!answer.is_object()) return protocol_failure("the worker's answer is no JSON object");
        const auto answered = answer.find("id");
        if (answered == answer.end() || !answered->is_number_integer() || *answered != id) continue;
        const auto token = request.find("token");
        if (token != request.end() && (!answer.contains("token") || answer["token"] != *token))
            return protocol_failure("the worker's answer lacks its token");
        const auto ok = answer.find("ok");
        if (ok == answer.end() || !ok->is_boolean()) return protocol_failure("the worker's answer does not say whether it worked");
        if (ok->get<bool>()) return answer;
        const std::optional<Failure> failure = read_failure(answer);
        return failure ? *failure : protocol_failure("the worker's error is malformed");
    }
    process_->kill();
    return protocol_failure("the worker answers other questions");
}

Reply<Hello> Server::hello() {
    if (std::optional<Failure> failure = ensure_started()) return *failure;
    return parsed(exchange({{"verb", "hello"}}, kStartSeconds), read_hello);
}

Reply<Session> Server::open() {
    if (std::optional<Failure> failure = ensure_started()) return *failure;
    std::string folder = scratch_root(options_) + "/mlxify-XXXXXX";
    if (::mkdtemp(folder.data()) == nullptr) return Failure{"died", "cannot make a scratch directory in " + scratch_root(options_), 0, {}};
    Session session;
    session.server_ = this;
    session.scratch_ = folder;
    session.token_ = random_token();
    session.limits_ = options_.limits;
    const Limits& limits = options_.limits;
    const Json bounds = {{"seconds", limits.seconds}, {"memory_mb", limits.memory_mb}, {"processes", limits.processes}, {"file_mb", limits.file_mb}};
    const Reply<Json> answer =
        exchange({{"verb", "open"}, {"scratch", folder}, {"limits", bounds}, {"token", session.token_}}, limits.seconds);
    if (!answer) return answer.failure();
    const auto number = answer->find("session");
    const auto group = answer->find("pid");
    if (number == answer->end() || !number->is_number_integer() || group == answer->end() || !group->is_number_integer())
        return protocol_failure("the worker does not name its session");
    session.number_ = number->get<std::int64_t>();
    session.group_ = static_cast<pid_t>(group->get<std::int64_t>());
    return session;
}

// --------------------------------------------------------------------------------------------------------------- Session

Session::Session(Session&& other) noexcept { *this = std::move(other); }

Session& Session::operator=(Session&& other) noexcept {
    std::swap(server_, other.server_);
    std::swap(number_, other.number_);
    std::swap(group_, other.group_);
    std::swap(token_, other.token_);
    std::swap(scratch_, other.scratch_);
    std::swap(limits_, other.limits_);
    return *this;
}

Session::~Session() {
    close();
    std::error_code ignored;
    if (!scratch_.empty()) std::filesystem::remove_all(scratch_, ignored);
}

void Session::close() {
    if (server_ == nullptr) return;
    Server* server = std::exchange(server_, nullptr);
    if (number_ != 0 && server->process_ && server->process_->running()) {
        const Json request = {{"verb", "close"}, {"session", number_}, {"token", token_}};
        if (server->exchange(request, kGrace) || server->process_->running()) return;
    }
    if (group_ > 1) ::kill(-group_, SIGKILL);  // its server is gone: nobody else ends it
}

std::string Session::scratch(std::string_view file) const { return scratch_ + "/" + std::string(file); }

Reply<Json> Session::ask(std::string_view verb, Json request) {
    if (server_ == nullptr || !server_->process_ || !server_->process_->running())
        return Failure{"died", "the session is gone", 0, {}};
    request["verb"] = verb;
    request["session"] = number_;
    request["token"] = token_;
    request["seconds"] = limits_.seconds;
    Reply<Json> answer = server_->exchange(std::move(request), limits_.seconds + kGrace);
    if (!answer && answer.failure().fatal()) close();
    return answer;
}

Reply<Json> Session::ask_call(std::string_view verb, const Json& spec, const std::string& arrays, const CallOptions& options,
                              const std::string& out, Json request) {
    request.update({{"spec", spec}, {"arrays", arrays}, {"training", options.training}, {"dropout", options.dropout ? "on" : "off"}});
    if (!out.empty()) request["out"] = out;
    if (!options.method.empty()) request["method"] = options.method;
    if (options.both_modes) request["both_modes"] = true;
    if (options.float64) request["float64"] = true;
    if (options.exact_sums) request["exact_sums"] = true;
    if (options.streams) request["streams"] = *options.streams;
    if (options.projection) request["projection"] = *options.projection;
    if (options.rate) request["rate"] = *options.rate;
    if (options.attributes) request["attributes"] = *options.attributes;
    if (options.constants) request["constants"] = *options.constants;
    return ask(verb, std::move(request));
}

void Session::limit_requests(double seconds) {
    if (alive()) limits_.seconds = seconds > 0 ? seconds : server_->options().limits.seconds;
}

Reply<std::vector<DefinitionOf>> Session::load(const std::string& path, std::string_view name, bool bf16_as_f32) {
    return parsed(ask("load", {{"path", path}, {"name", name}, {"bf16_as_f32", bf16_as_f32}}), read_definitions);
}

Reply<Construction> Session::construct(std::string_view expression, std::uint64_t seed, std::optional<std::uint64_t> streams) {
    Json request = {{"expression", expression}, {"seed", seed}};
    if (streams) request["streams"] = *streams;
    return parsed(ask("construct", std::move(request)), read_construction);
}

Reply<base::Done> Session::draw(std::uint64_t seed, const std::string& out) {
    return done(ask("draw", {{"seed", seed}, {"out", out}}));
}

Reply<WeightsLoaded> Session::weights(const std::string& path) {
    return parsed(ask("weights", {{"path", path}}), read_weights_loaded);
}

Reply<base::Done> Session::inputs(const Json& spec, std::uint64_t seed, const std::string& out) {
    return done(ask("inputs", {{"spec", spec}, {"seed", seed}, {"out", out}}));
}

Reply<CallResult> Session::call(const Json& spec, const std::string& arrays, const CallOptions& options, const std::string& out) {
    return parsed(ask_call("call", spec, arrays, options, out), read_call);
}

Reply<GradientResult> Session::gradient(const Json& spec, const std::string& arrays, const CallOptions& options,
                                        const std::string& out) {
    return parsed(ask_call("gradient", spec, arrays, options, out), read_gradient);
}

Reply<Sensitivity> Session::sensitivity(const Json& spec, const std::string& arrays, const CallOptions& options,
                                        const std::vector<std::string>& moves) {
    return parsed(ask_call("sensitivity", spec, arrays, options, "", {{"move", moves}}), read_sensitivity);
}

Reply<base::Done> Session::initial(std::uint64_t seed, const std::string& out, bool defaults, bool float64) {
    return done(ask("initial", {{"seed", seed}, {"streams", seed}, {"out", out}, {"defaults", defaults}, {"float64", float64}}));
}

Reply<base::Done> Session::names(const std::string& path, const std::string& out) {
    return done(ask("names", {{"path", path}, {"out", out}}));
}

Reply<infer::ObservedFacts> Session::probe(const Json& spec, const std::string& arrays, const CallOptions& options) {
    return parsed(ask_call("probe", spec, arrays, options, ""), read_facts);
}

Reply<Reach> Session::reach(const Json& spec, const std::string& arrays, const CallOptions& options) {
    return parsed(ask_call("reach", spec, arrays, options, ""), read_reach);
}

Reply<std::vector<TraceEntry>> Session::trace(const Json& spec, const std::string& arrays, const CallOptions& options,
                                              const std::string& out) {
    return parsed(ask_call("trace", spec, arrays, options, out), read_trace);
}

Reply<double> Session::operations(const Json& spec, const std::string& arrays, const CallOptions& options) {
    return parsed(ask_call("operations", spec, arrays, options, ""), read_operations);
}

Reply<Timing> Session::time(const Json& spec, const std::string& arrays, const CallOptions& options, int repeat) {
    return parsed(ask_call("time", spec, arrays, options, "", {{"repeat", repeat}}), read_timing);
}

Reply<Timing> Session::time_step(const Json& spec, const std::string& arrays, const CallOptions& options, int repeat) {
    return parsed(ask_call("time", spec, arrays, options, "", {{"repeat", repeat}, {"step", true}}), read_step_timing);
}

}  // namespace mlxify::verify
