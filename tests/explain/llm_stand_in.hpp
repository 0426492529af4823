#pragma once
// An LLM's server on loopback: it holds each request against a vendor's contract (chat completions unless told
// otherwise: members, types, strict schema), answers 400 to what breaks it, and otherwise what the test says. One
// thread, one request a connection.

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace dossier::explain::testing {

/// Why a request would be refused by a strict server.
inline auto contract_violation(const Json& body) -> std::optional<std::string> {
    static const std::vector<std::string> known = {
        "model",           "messages", "temperature", "max_tokens",    "max_completion_tokens",
        "response_format", "stream",   "store",       "stream_options"};
    if (!body.is_object()) return "no object";
    for (const auto& [key, value] : body.items()) {
        if (std::find(known.begin(), known.end(), key) == known.end()) return "unknown member " + key;
    }
    if (text_at(body, "model").empty()) return "no model";
    if (!body.contains("temperature") || !body["temperature"].is_number()) return "temperature";
    if (!body.contains("stream") || !body["stream"].is_boolean()) return "stream";
    if (body["stream"] != body.contains("stream_options")) return "stream_options";
    if (!body.contains("store") || body["store"] != false) return "store";
    if (body.contains("max_tokens") == body.contains("max_completion_tokens")) return "token limit";
    const auto limit = body.contains("max_tokens") ? body["max_tokens"] : body["max_completion_tokens"];
    if (!limit.is_number_unsigned() || limit == 0) return "token limit";
    if (!body.contains("messages") || !body["messages"].is_array() || body["messages"].empty()) return "messages";
    for (const auto& message : body["messages"]) {
        const auto role = text_at(message, "role");
        if (role != "system" && role != "user" && role != "assistant") return "role " + role;
        if (text_at(message, "content").empty() || message.size() != 2) return "message";
    }
    if (!body.contains("response_format")) return "response_format";
    const auto& format = body["response_format"];
    if (text_at(format, "type") != "json_schema" || !format.contains("json_schema")) return "response_format";
    const auto& schema = format["json_schema"];
    if (text_at(schema, "name").empty() || !schema.contains("strict") || schema["strict"] != true) return "json_schema";
    if (!schema.contains("schema") || text_at(schema["schema"], "type") != "object") return "schema";
    if (!schema["schema"].contains("additionalProperties")) return "schema is open";
    return std::nullopt;
}

inline auto openai_violation(const std::string& /*head*/, const Json& body) -> std::optional<std::string> {
    return contract_violation(body);
}
/// Why a request breaks a vendor's contract; nullopt where it doesn't.
using Judge = std::function<std::optional<std::string>(const std::string& head, const Json& body)>;

struct StandInAnswer {
    int status = 200;
    std::string body;
    std::string headers; ///< "Retry-After: 1\r\n"
    std::string type = "application/json";
    bool is_cut = false; ///< the connection ends before the length that was promised
};

class LlmStandIn {
public:
    struct Seen {
        std::string head;
        Json body;
    };
    explicit LlmStandIn(std::function<StandInAnswer(int number)> script, Judge judge = openai_violation)
        : script_(std::move(script)),
          judge_(std::move(judge)),
          acceptor_(context_, {boost::asio::ip::make_address("127.0.0.1"), 0}),
          port_(acceptor_.local_endpoint().port()),
          thread_([this] { serve(); }) {}
    ~LlmStandIn() {
        stopping_ = true;
        boost::system::error_code ignored; // wakes the blocking accept
        boost::asio::ip::tcp::socket waker(context_);
        waker.connect({boost::asio::ip::make_address("127.0.0.1"), port_}, ignored);
        waker.close(ignored);
        thread_.join();
    }
    LlmStandIn(const LlmStandIn&) = delete;
    auto operator=(const LlmStandIn&) -> LlmStandIn& = delete;

    [[nodiscard]] auto url() const -> std::string { return root() + "/v1"; }
    [[nodiscard]] auto root() const -> std::string { return fmt::format("http://127.0.0.1:{}", port_); }
    [[nodiscard]] auto seen() const -> std::vector<Seen> {
        const std::scoped_lock lock(mutex_);
        return seen_;
    }

private:
    void serve() {
        while (true) {
            boost::system::error_code error;
            boost::asio::ip::tcp::socket socket(context_);
            acceptor_.accept(socket, error);
            if (stopping_ || error) return;
            answer(socket);
        }
    }
    void answer(boost::asio::ip::tcp::socket& socket) {
        boost::system::error_code error;
        std::string data;
        const auto head_size = boost::asio::read_until(socket, boost::asio::dynamic_buffer(data), "\r\n\r\n", error);
        if (error) return;
        const auto head = data.substr(0, head_size);
        auto body = data.substr(head_size);
        std::size_t length = 0;
        for (const auto line : split(head, '\n')) {
            if (lower(line).starts_with("content-length:")) length = std::stoul(std::string(trim(line.substr(15))));
        }
        if (lower(head).contains("expect: 100-continue"))
            boost::asio::write(socket, boost::asio::buffer(std::string("HTTP/1.1 100 Continue\r\n\r\n")), error);
        if (body.size() < length)
            boost::asio::read(socket, boost::asio::dynamic_buffer(body),
                              boost::asio::transfer_exactly(length - body.size()), error);
        auto json = parse_json(body).value_or(Json());
        const auto violation = head.starts_with("POST ") ? judge_(head, json) : std::nullopt;
        auto reply = script_(static_cast<int>(seen_.size()) + 1);
        if (violation) reply = {.status = 400, .body = R"({"error":{"message":"contract: )" + *violation + "\"}}"};
        {
            const std::scoped_lock lock(mutex_);
            seen_.push_back({head, std::move(json)});
        }
        const auto text = fmt::format("HTTP/1.1 {} X\r\nContent-Type: {}\r\nContent-Length: {}\r\n"
                                      "Connection: close\r\n{}\r\n{}",
                                      reply.status, reply.type, reply.body.size() + (reply.is_cut ? 99 : 0),
                                      reply.headers, reply.body);
        boost::asio::write(socket, boost::asio::buffer(text), error);
    }

    std::function<StandInAnswer(int)> script_;
    Judge judge_;
    boost::asio::io_context context_;
    boost::asio::ip::tcp::acceptor acceptor_;
    std::uint16_t port_;
    std::atomic<bool> stopping_{false};
    mutable std::mutex mutex_;
    std::vector<Seen> seen_;
    std::thread thread_;
};

} // namespace dossier::explain::testing
