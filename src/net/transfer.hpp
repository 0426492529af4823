#pragma once
// One HTTP exchange as libcurl sees it: the request turned into easy-handle options, the answer gathered within its
// bounds, and the verdict on what is known of the outcome. A Transfer belongs to one CurlShard once it is started: from
// then on all is called there.

#include "dossier/net/http_client.hpp"

#include <array>
#include <functional>
#include <memory>
#include <string>

#include <curl/curl.h>

namespace dossier::net {

/// Where a request goes: what decides on the shard, the protocol version and the proxy.
struct Target {
    std::string origin; ///< scheme://host:port
    std::string host;
    bool is_tls = false;
    bool is_loopback = false;
};

/// Refuses what isn't an absolute http(s) URL, and any method, header or traceparent that could break out of its line.
[[nodiscard]] auto check_request(const ClientRequest& request) -> Result<Target>;

class Transfer {
public:
    using Done = std::move_only_function<void(Result<HttpResponse>)>;

    Transfer(ClientRequest request, Target target, Deadline deadline);
    Transfer(const Transfer&) = delete;
    auto operator=(const Transfer&) -> Transfer& = delete;

    [[nodiscard]] auto deadline() const -> Deadline { return deadline_; }
    [[nodiscard]] auto target() const -> const Target& { return target_; }
    /// To be changed before it starts only.
    [[nodiscard]] auto request() -> ClientRequest& { return request_; }
    /// Who gets the result; to be told before it starts.
    void on_done(Done done) { done_ = std::move(done); }
    /// Sets the options of this request on a fresh or reset handle.
    void prepare(CURL* easy, const std::string& ca_file);
    /// Lets go of a body that is sent and won't be again: answers take long.
    void let_go_of_body();
    /// What the end of the transfer means.
    [[nodiscard]] auto verdict(CURL* easy, CURLcode code) -> Result<HttpResponse>;
    /// What it means that our deadline passed.
    [[nodiscard]] auto timed_out(CURL* easy) const -> Error;
    /// Hands over the result, once; later calls do nothing.
    void complete(Result<HttpResponse> result);

private:
    struct SlistFree {
        void operator()(curl_slist* list) const { curl_slist_free_all(list); }
    };

    static auto on_header(char* data, std::size_t size, std::size_t count, void* self) noexcept -> std::size_t;
    static auto on_body(char* data, std::size_t size, std::size_t count, void* self) noexcept -> std::size_t;
    static auto on_connected(void* self, char*, char*, int, int) noexcept -> int;

    void set_method_and_body(CURL* easy);
    void set_headers(CURL* easy);
    [[nodiscard]] auto may_have_left(CURL* easy) const -> bool;
    [[nodiscard]] auto is_idempotent() const -> bool;

    ClientRequest request_;
    Target target_;
    Deadline deadline_;
    Done done_;
    CURL* easy_ = nullptr; ///< once it is prepared
    HttpResponse response_;
    std::unique_ptr<curl_slist, SlistFree> headers_;
    std::array<char, CURL_ERROR_SIZE> curl_message_{};
    std::size_t body_bytes_ = 0; ///< of the answer, so far
    std::size_t header_bytes_ = 0;
    bool is_connected_ = false;  ///< the request was about to be written
    bool is_head_whole_ = false; ///< the blank line after it has come
    bool is_too_large_ = false;
};

} // namespace dossier::net
