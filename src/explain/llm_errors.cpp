#include "llm_errors.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/net/upstream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace dossier::explain {
namespace {

constexpr std::size_t message_limit = 200;

template <std::size_t N>
auto has_any(std::string_view text, const std::array<std::string_view, N>& words) -> bool {
    return std::ranges::any_of(words, [&](std::string_view word) { return icontains(text, word); });
}

/// A code may be a number: 400, 429 …
auto word_at(const Json& object, const char* key) -> std::string {
    const auto found = object.find(key);
    if (found == object.end()) return {};
    if (found->is_string()) return found->get<std::string>();
    return found->is_number_integer() ? found->dump() : std::string();
}

/// To generate text again changes nothing over there, so a server that waited too long for us is worth another try.
auto code_of_status(int status) -> Errc {
    return status == 408 ? Errc::timeout : net::errc_of_status(status, net::Repeat::safe);
}

/// Inside a stream there is no status: the type stands for it.
auto status_of_type(const ServerError& said) -> int {
    static constexpr std::array<std::pair<std::string_view, int>, 9> types{{{"authentication_error", 401},
                                                                            {"permission_error", 403},
                                                                            {"not_found_error", 404},
                                                                            {"rate_limit_error", 429},
                                                                            {"rate_limit_exceeded", 429},
                                                                            {"overloaded_error", 529},
                                                                            {"api_error", 500},
                                                                            {"server_error", 500},
                                                                            {"timeout_error", 504}}};
    for (const auto& word : {said.type, said.code}) {
        const auto* const at = std::ranges::find(types, word, &std::pair<std::string_view, int>::first);
        if (at != types.end()) return at->second;
        if (word.size() == 3 && word.find_first_not_of("0123456789") == std::string::npos) return std::stoi(word);
    }
    return 500;
}

} // namespace

auto error_in(int status, const std::string& body) -> ServerError {
    const auto json = parse_json(body);
    return json ? error_in(status, *json) : ServerError{.status = status};
}

auto error_in(int status, const Json& body) -> ServerError {
    ServerError said{.status = status};
    if (!body.is_object()) return said;
    const auto error = body.find("error");
    const auto& inner = error != body.end() && error->is_object() ? *error : body;
    if (error != body.end() && error->is_string()) said.message = error->get<std::string>();
    said.code = word_at(inner, "code");
    said.type = text_at(inner, "type");
    said.param = text_at(inner, "param");
    for (const auto* member : {"message", "Message", "detail"})
        if (said.message.empty()) said.message = text_at(inner, member);
    return said;
}

auto is_quota(const ServerError& error) -> bool {
    if (error.status == 402) return true;
    static constexpr std::array<std::string_view, 7> words = {
        "insufficient_quota", "credit_balance_exhausted", "spend_limit_exceeded", "usage_limit_exceeded",
        "billing_hard_limit", "billing_not_active",       "billing_error"};
    if (has_any(error.code, words) || has_any(error.type, words)) return true;
    // Anthropic has no code of its own for an empty purse.
    static constexpr std::array<std::string_view, 2> phrases = {"reached your specified api usage limits",
                                                                "credit balance is too low"};
    return error.status == 400 && has_any(error.message, phrases);
}

auto is_content_filter(const ServerError& error) -> bool {
    return error.code == "content_filter" || error.code == "content_policy_violation" || error.type == "content_filter";
}

auto is_too_long(const ServerError& error) -> bool {
    if (error.status == 413 || error.code == "context_length_exceeded") return true;
    if (error.status != 400 && error.status != 422) return false;
    static constexpr std::array<std::string_view, 6> phrases = {"maximum context length", "context_length_exceeded",
                                                                "exceed_context_size",    "prompt is too long",
                                                                "available context size", "input is too long"};
    return has_any(error.message, phrases) || has_any(error.type, phrases);
}

auto is_overloaded(const ServerError& error) -> bool {
    return error.status == 529 || (error.status == 503 && error.code == "server_is_overloaded") ||
           error.type == "overloaded_error";
}

auto safe_words(std::string_view message) -> std::string {
    std::string safe;
    for (const auto word : split(message, ' ')) {
        const auto digits = std::ranges::count_if(word, [](unsigned char c) { return std::isdigit(c) != 0; });
        const bool secretive = word.starts_with("sk-") || word.find('@') != std::string_view::npos ||
                               (word.size() >= 16 && digits >= 3) || word.size() >= 32 ||
                               word.find('*') != std::string_view::npos;
        if (!safe.empty()) safe += ' ';
        safe += secretive ? std::string_view("[…]") : word;
    }
    std::ranges::replace_if(safe, [](unsigned char c) { return c < 0x20; }, ' ');
    return shorten(to_valid_utf8(safe), message_limit);
}

auto to_error(const ServerError& said) -> Error {
    const bool in_stream = said.status < 400;
    const auto place = in_stream ? std::string("broke its answer off") : fmt::format("answered {}", said.status);
    Error error{.code = code_of_status(in_stream ? status_of_type(said) : said.status),
                .message = said.message.empty() ? fmt::format("the LLM {}", place)
                                                : fmt::format("the LLM {}: {}", place, safe_words(said.message))};
    if (is_quota(said)) error.code = Errc::quota_exhausted;
    if (is_content_filter(said)) {
        error.code = Errc::rejected;
        error.message = "the LLM's content filter refused the request";
    } else if (is_too_long(said)) {
        error.code = Errc::too_large;
        error.message = "the LLM's context window is too small for the request";
    }
    error.context.emplace_back("status", std::to_string(said.status));
    return error;
}

} // namespace dossier::explain
