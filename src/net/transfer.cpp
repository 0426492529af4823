#include "transfer.hpp"

#include "dossier/base/strings.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

namespace dossier::net {
namespace {

constexpr std::size_t max_header_bytes = 64U << 10U;
constexpr int first_final_status = 200; ///< what is below only says that the answer is to come
/// Servers and load balancers close idle connections after 60 s and more; an older one is more likely dead than of use.
constexpr long max_idle_seconds = 50;
constexpr long ca_cache_seconds = 3600;
constexpr long upload_buffer_bytes = 16L << 10U; ///< libcurl keeps one a handle; its default of 64 KiB is for uploads
/// Held for as long as the answer takes; bodies come in pieces anyway. libcurl adds one byte, and an allocator rounds
/// up from what is no power of two any more.
constexpr long read_buffer_bytes = (2L << 10U) - 1;

auto is_token(std::string_view text) -> bool { // RFC 9110 §5.6.2
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::ranges::all_of(text, [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || marks.contains(c);
    });
}

auto is_line(std::string_view text) -> bool {
    return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

struct UrlFree {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

auto part(CURLU* url, CURLUPart which, unsigned flags = 0) -> std::string {
    char* text = nullptr;
    if (curl_url_get(url, which, &text, flags) != CURLUE_OK || text == nullptr) return {};
    std::string copy(text);
    curl_free(text);
    return copy;
}

auto is_loopback_host(std::string_view host) -> bool {
    return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

/// libcurl frames the body itself; a second opinion on its length would be request smuggling.
auto is_framing(std::string_view name) -> bool {
    return iequals(name, "content-length") || iequals(name, "transfer-encoding");
}

/// "HTTP/1.1 200 OK" → 200; 0 for what is no status line.
auto status_in(std::string_view line) -> int {
    const auto blank = line.find(' ');
    if (blank == std::string_view::npos) return 0;
    int status = 0;
    std::from_chars(line.data() + blank + 1, line.data() + line.size(), status);
    return status;
}

} // namespace

auto check_request(const ClientRequest& request) -> Result<Target> {
    if (!is_token(request.method)) return fail(Errc::invalid_argument, "the method is not a token");
    if (!is_line(request.traceparent)) return fail(Errc::invalid_argument, "the traceparent holds a line break");
    for (const auto& [name, value] : request.headers.all()) {
        if (!is_token(name)) return fail(Errc::invalid_argument, "a header name is not a token");
        if (!is_line(value))
            return fail(Error{Errc::invalid_argument, "a header holds a line break", {}, {}}.with("header", name));
    }
    const std::unique_ptr<CURLU, UrlFree> url(curl_url());
    if (!url || curl_url_set(url.get(), CURLUPART_URL, request.url.c_str(), 0) != CURLUE_OK ||
        request.url.find('\0') != std::string::npos) {
        return fail(Errc::invalid_argument, "not an absolute URL");
    }
    const auto scheme = part(url.get(), CURLUPART_SCHEME);
    auto host = lower(part(url.get(), CURLUPART_HOST));
    const bool lacks_host = host.empty() || request.url.substr(scheme.size()).starts_with(":///"); // libcurl guesses
    if ((scheme != "http" && scheme != "https") || lacks_host) {
        return fail(Errc::invalid_argument, "not an http(s) URL");
    }
    const auto port = part(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
    const bool loopback = is_loopback_host(host);
    return Target{.origin = scheme + "://" + host + ":" + port,
                  .host = std::move(host),
                  .is_tls = scheme == "https",
                  .is_loopback = loopback};
}

Transfer::Transfer(ClientRequest request, Target target, Deadline deadline)
    : request_(std::move(request)), target_(std::move(target)), deadline_(deadline) {}

void Transfer::prepare(CURL* easy, const std::string& ca_file) {
    const auto set = [easy](CURLoption option, auto value) { curl_easy_setopt(easy, option, value); };
    easy_ = easy;
    set(CURLOPT_PRIVATE, this);
    set(CURLOPT_URL, request_.url.c_str());
    set(CURLOPT_PATH_AS_IS, 1L); // what was signed is what is sent
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_QUICK_EXIT, 1L); // else giving up on a name waits on the lane for the resolver's thread
    set(CURLOPT_ERRORBUFFER, curl_message_.data());
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    set(CURLOPT_MAXAGE_CONN, max_idle_seconds);
    set(CURLOPT_UPLOAD_BUFFERSIZE, upload_buffer_bytes);
    set(CURLOPT_BUFFERSIZE, read_buffer_bytes);
    set(CURLOPT_ACCEPT_ENCODING, "gzip");

    const auto left = std::chrono::ceil<Duration>(deadline_ - std::chrono::steady_clock::now());
    // Past the deadline our own timer speaks first, so a connect timeout always means `connect_timeout`.
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::clamp<Duration::rep>(
                                       std::min(request_.connect_timeout, left + Duration(1000)).count(), 1, 600'000)));

    if (target_.is_tls) {
        set(CURLOPT_SSL_VERIFYPEER, 1L);
        set(CURLOPT_SSL_VERIFYHOST, 2L);
        set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
        set(CURLOPT_CA_CACHE_TIMEOUT, ca_cache_seconds);
        if (!ca_file.empty()) set(CURLOPT_CAINFO, ca_file.c_str());
        set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
        set(CURLOPT_PIPEWAIT, 1L);
    } else {
        // Never h2c: 7.88 breaks on reused clear-text HTTP/2 connections (curl#10634).
        set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    }
    // HTTPS_PROXY and friends are how a closed network lets us out; nothing on this machine is behind them.
    if (target_.is_loopback) set(CURLOPT_PROXY, "");
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);

    set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_PREREQFUNCTION, &Transfer::on_connected);
    set(CURLOPT_PREREQDATA, this);
    set_method_and_body(easy);
    set_headers(easy);
}

void Transfer::set_method_and_body(CURL* easy) {
    const auto& method = request_.method;
    if (method == "HEAD") {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    const bool has_body = !request_.body.empty() || method == "POST" || method == "PUT" || method == "PATCH";
    if (has_body) {
        // One write for head and body over HTTP/1.1, and no buffer of libcurl's that stays for as long as the answer
        // takes.
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request_.body.view().empty() ? "" : request_.body.view().data());
    }
    if (method != (has_body ? "POST" : "GET")) curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
}

void Transfer::set_headers(CURL* easy) {
    const auto append = [this](const std::string& line) {
        if (auto* head = curl_slist_append(headers_.get(), line.c_str()); head != nullptr && !headers_) {
            headers_.reset(head);
        }
    };
    for (const auto& [name, value] : request_.headers.all()) {
        if (is_framing(name)) continue;
        append(value.empty() ? name + ";" : name + ": " + value);
    }
    const auto has = [this](std::string_view name) {
        return std::ranges::any_of(request_.headers.all(),
                                   [&](const auto& field) { return iequals(field.first, name); });
    };
    if (!request_.traceparent.empty() && !has("traceparent")) append("traceparent: " + request_.traceparent);
    if (!has("user-agent")) append("User-Agent: dossier");
    if (!has("content-type")) append("Content-Type:"); // no form encoding by default
    if (!has("expect")) append("Expect:");             // no second of waiting for "100 Continue"
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
}

auto Transfer::is_idempotent() const -> bool {
    return !request_.only_once && request_.method != "POST" && request_.method != "PATCH";
}

auto Transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) noexcept -> std::size_t {
    auto& me = *static_cast<Transfer*>(self);
    const std::size_t bytes = size * count;
    me.header_bytes_ += bytes;
    if (me.header_bytes_ > max_header_bytes) {
        me.is_too_large_ = true;
        return 0;
    }
    const std::string_view line(data, bytes);
    if (line.starts_with("HTTP/")) { // an interim answer (1xx) came before
        me.response_.headers = {};
        me.response_.status = status_in(line);
        me.is_head_whole_ = false;
        return bytes;
    }
    if (trim(line).empty() && me.response_.status >= first_final_status) me.is_head_whole_ = true;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return bytes;
    me.response_.headers.add(std::string(trim(line.substr(0, colon))), std::string(trim(line.substr(colon + 1))));
    return bytes;
}

auto Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) noexcept -> std::size_t {
    auto& me = *static_cast<Transfer*>(self);
    const std::size_t bytes = size * count;
    if (bytes > me.request_.max_response - me.body_bytes_) {
        me.is_too_large_ = true;
        return 0;
    }
    me.body_bytes_ += bytes;
    if (me.request_.on_data && me.response_.ok()) {
        me.request_.on_data(std::string_view(data, bytes));
    } else {
        me.response_.body.append(data, bytes);
    }
    return bytes;
}

/// libcurl repeats any method by itself when a kept-alive connection dies before the answer, and asks here before each
/// try: what has left once and is not to be done twice ends.
auto Transfer::on_connected(void* self, char*, char*, int, int) noexcept -> int {
    auto& me = *static_cast<Transfer*>(self);
    if (!me.is_idempotent() && me.may_have_left(me.easy_)) return CURL_PREREQFUNC_ABORT;
    me.is_connected_ = true;
    return CURL_PREREQFUNC_OK;
}

void Transfer::let_go_of_body() {
    if (is_idempotent() || request_.body.empty()) return;
    curl_off_t sent = 0;
    curl_easy_getinfo(easy_, CURLINFO_SIZE_UPLOAD_T, &sent);
    if (std::cmp_greater_equal(sent, request_.body.size())) request_.body = {};
}

auto Transfer::may_have_left(CURL* easy) const -> bool {
    long request_bytes = 0;
    curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &request_bytes);
    return is_connected_ && request_bytes > 0;
}

auto Transfer::timed_out(CURL* easy) const -> Error {
    const bool unknown = may_have_left(easy);
    return Error{.code = unknown ? Errc::outcome_unknown : Errc::timeout,
                 .message = unknown ? "no whole answer within the time allowed" : "not sent within the time allowed",
                 .context = {{"host", target_.host}},
                 .retry_after = {}};
}

auto Transfer::verdict(CURL* easy, CURLcode code) -> Result<HttpResponse> {
    // libcurl is content with a head that ends where the connection ends, and takes it for an answer without a body.
    if (code == CURLE_OK && is_head_whole_) {
        long status = 0;
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        response_.status = static_cast<int>(status);
        return std::move(response_);
    }
    Error error{.code = Errc::unavailable, .message = curl_easy_strerror(code), .context = {}, .retry_after = {}};
    if (code == CURLE_OK) error.message = "the answer was cut off within its head";
    if (is_too_large_) {
        error.code = Errc::too_large;
        error.message = "the answer is larger than allowed";
    } else if (may_have_left(easy)) {
        error.code = Errc::outcome_unknown;
    } else if (curl_message_[0] != '\0') {
        error.message = curl_message_.data(); // of resolving, connecting and TLS: names hosts and reasons, no more
    }
    return fail(std::move(error).with("host", target_.host));
}

void Transfer::complete(Result<HttpResponse> result) {
    if (auto done = std::exchange(done_, nullptr)) done(std::move(result));
}

} // namespace dossier::net
