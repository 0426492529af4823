#include "policy_sources.hpp"

#include "answer_cache.hpp"
#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/net/url.hpp"
#include "policy_library.hpp"
#include "remote.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <system_error>
#include <tuple>

namespace dossier::context {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_files = 500;
constexpr std::size_t most_platform_facts = 5;
constexpr auto recheck = std::chrono::seconds(1);

auto is_url(std::string_view where) -> bool { return where.find("://") != std::string_view::npos; }

auto read_file(const fs::path& path) -> Result<std::string> {
    std::ifstream file(path, std::ios::binary);
    std::string content(most_policy_bytes + 1, '\0');
    file.read(content.data(), static_cast<std::streamsize>(content.size()));
    if (file.bad() || !file.is_open()) return fail(Errc::unavailable, path.string() + " can't be read");
    content.resize(static_cast<std::size_t>(file.gcount()));
    return content;
}

/// A directory of documents, or one.
class FilePolicies final : public PolicySource {
public:
    explicit FilePolicies(const std::string& where) : root_(where), name_(root_.filename().string()) {
        if (name_.empty()) name_ = root_.parent_path().filename().string(); // "handbook/"
        if (name_.empty()) name_ = where;
    }

    [[nodiscard]] auto name() const -> const std::string& override { return name_; }

    auto ask(Finding finding, Deadline) -> Task<Result<std::vector<PolicyFact>>> override {
        const auto library = current();
        if (!library) co_return fail(library.error());
        co_return (*library)->relevant_to(finding);
    }

    auto check(Deadline) -> Task<net::ConnectCheck> override {
        const auto library = current();
        if (!library) co_return net::failed_check(name_, root_.string(), library.error());
        co_return net::ConnectCheck{.what = name_,
                                    .url = root_.string(),
                                    .missing = {},
                                    .detail = fmt::format("{} sections", (*library)->sections())};
    }

private:
    using Shared = std::shared_ptr<const PolicyLibrary>;
    using Stamps = std::map<std::string, std::pair<fs::file_time_type, std::uintmax_t>>;

    /// What lies there now; read again only when something changed.
    auto current() -> Result<Shared> {
        const std::scoped_lock lock(mutex_);
        const auto now = std::chrono::steady_clock::now();
        if (checked_ && now - *checked_ < recheck) return library_;
        checked_ = now;
        auto stamps = stamps_now();
        if (!stamps) {
            library_ = fail(std::move(stamps.error()));
            stamps_.clear();
        } else if (!library_ || *stamps != stamps_) {
            stamps_ = std::move(*stamps);
            library_ = read_all();
        }
        return library_;
    }

    /// Path below the root (the file's name where the root is a file) → when and how large. Links are not followed:
    /// they would lead out of the directory that somebody meant.
    auto stamps_now() const -> Result<Stamps> {
        std::error_code error;
        Stamps stamps;
        const auto put = [&](const fs::path& path, const std::string& name) {
            const auto changed = fs::last_write_time(path, error);
            const auto size = error ? 0 : fs::file_size(path, error);
            if (!error) stamps.emplace(name, std::pair(changed, size));
        };
        if (fs::is_regular_file(root_, error)) {
            put(root_, root_.filename().string());
            return stamps;
        }
        fs::recursive_directory_iterator each(root_, fs::directory_options::skip_permission_denied, error);
        if (error) return fail(Errc::unavailable, fmt::format("{} can't be read: {}", root_.string(), error.message()));
        for (const auto end = fs::recursive_directory_iterator(); each != end; each.increment(error)) {
            if (error || stamps.size() == most_files) break;
            const auto& path = each->path();
            const bool is_hidden = path.filename().string().starts_with('.');
            if (is_hidden && each->is_directory(error)) each.disable_recursion_pending();
            if (is_hidden || each->is_symlink(error) || !each->is_regular_file(error)) continue;
            if (policy_format(path.string())) put(path, path.lexically_relative(root_).generic_string());
        }
        return stamps;
    }

    auto read_all() const -> Result<Shared> {
        auto library = std::make_shared<PolicyLibrary>();
        std::error_code error;
        const bool is_file = fs::is_regular_file(root_, error);
        for (const auto& [name, stamp] : stamps_) {
            const auto format = policy_format(name);
            if (!format) return fail(format.error()); // one file, of a kind that can't be read
            auto content = read_file(is_file ? root_ : root_ / name);
            auto document = content ? read_policy(name, *content, *format) : fail(std::move(content.error()));
            if (document)
                library->add(*document);
            else if (is_file)
                return fail(std::move(document.error()));
            else
                log::warn("policies.document_rejected", {{"file", name}, {"reason", document.error().message}});
        }
        return library;
    }

    fs::path root_;
    std::string name_;
    std::mutex mutex_;
    std::optional<std::chrono::steady_clock::time_point> checked_;
    Stamps stamps_;
    Result<Shared> library_ = fail(Errc::unavailable, "not read yet");
};

auto provider_of(const std::string& url) -> ProviderConfig {
    ProviderConfig provider;
    provider.url = url;
    provider.headers = {{"Accept", "text/markdown, text/html, text/plain, application/yaml, application/json"}};
    return provider;
}

/// One document behind an URL.
class UrlPolicies final : public PolicySource {
public:
    UrlPolicies(const std::string& url, const ContextConfig& config, const SourceMakings& makings)
        : url_(url),
          name_(net::host_of(url)),
          remote_("policies:" + name_, provider_of(url), config, makings),
          store_(1'000, makings.metrics),
          kept_("policies:" + name_, store_,
                {.times = {.ttl = config.cache_ttl,
                           .negative_ttl = config.cache_negative_ttl,
                           .stale_for = std::max(config.cache_stale, Duration{std::chrono::hours(24)})},
                 .is_negative = {},
                 .further_keys = {},
                 .weight = {}}) {}

    [[nodiscard]] auto name() const -> const std::string& override { return name_; }

    auto ask(Finding finding, Deadline deadline) -> Task<Result<std::vector<PolicyFact>>> override {
        auto work = [this, deadline] { return fetch(deadline); };
        const auto library = co_await kept_.ask("document", std::move(work), deadline);
        if (!library) co_return fail(library.error());
        co_return library->value->relevant_to(finding);
    }

    auto check(Deadline deadline) -> Task<net::ConnectCheck> override {
        auto library = co_await fetch(deadline);
        if (!library) co_return net::failed_check(name_, url_, library.error());
        co_return net::ConnectCheck{
            .what = name_, .url = url_, .missing = {}, .detail = fmt::format("{} sections", (*library)->sections())};
    }

private:
    using Shared = std::shared_ptr<const PolicyLibrary>;

    auto fetch(Deadline deadline) -> Task<Result<Shared>> {
        net::ClientRequest request;
        request.url = url_;
        Shared known;
        {
            const std::scoped_lock lock(mutex_);
            known = last_;
            if (known && !tag_.empty()) request.headers.set("If-None-Match", tag_);
        }
        auto response = co_await remote_.send(std::move(request), deadline);
        if (!response) co_return fail(std::move(response.error()));
        if (response->status == 304 && known) co_return known;
        if (!response->ok()) co_return fail(refusal(remote_.label(), *response));
        auto library = read(*response);
        if (!library) co_return fail(std::move(library.error()));
        const auto tag = response->headers.get("ETag");
        const std::scoped_lock lock(mutex_);
        last_ = *library;
        tag_ = tag && tag->size() <= 200 ? std::string(*tag) : std::string();
        co_return *library;
    }

    auto read(const net::HttpResponse& response) const -> Result<Shared> {
        const auto type = response.headers.get("Content-Type").value_or("");
        const auto format = policy_format(url_, lower(trim(type.substr(0, type.find(';')))));
        if (!format) return fail(format.error());
        auto path = url_.substr(0, url_.find_first_of("?#"));
        while (path.ends_with('/')) path.pop_back();
        const auto slash = path.find_last_of('/');
        const bool has_path = slash > path.find("://") + 2;
        auto document = read_policy(has_path ? path.substr(slash + 1) : name_, response.body, *format);
        if (!document) return fail(std::move(document.error()));
        auto library = std::make_shared<PolicyLibrary>();
        library->add(*document);
        return library;
    }

    std::string url_;
    std::string name_;
    Remote remote_;
    AnswerStore store_;
    AnswerCache<Shared> kept_;
    std::mutex mutex_;
    Shared last_;
    std::string tag_;
};

/// The classification policies that a platform has, for its own findings.
class PlatformPolicies final : public PolicySource {
public:
    PlatformPolicies(std::shared_ptr<ingest::PlatformApi> platform, const ContextConfig& config, Metrics& metrics)
        : platform_(std::move(platform)),
          store_(1'000, metrics),
          kept_("policies:" + platform_->source(), store_,
                {.times = {.ttl = config.cache_ttl,
                           .negative_ttl = config.cache_negative_ttl,
                           .stale_for = config.cache_stale},
                 .is_negative = {},
                 .further_keys = {},
                 .weight = {}}) {}

    [[nodiscard]] auto name() const -> const std::string& override { return platform_->source(); }

    auto ask(Finding finding, Deadline deadline) -> Task<Result<std::vector<PolicyFact>>> override {
        if (finding.source != platform_->source()) co_return std::vector<PolicyFact>{};
        auto work = [this, deadline] { return platform_->classification_policies(deadline); };
        auto all = co_await kept_.ask("classification", std::move(work), deadline);
        if (!all) co_return fail(std::move(all.error()));
        co_return relevant(all->value, finding);
    }

private:
    /// Those that speak of its data, its kind of store or, where nobody knows the data, of the names of its fields.
    static auto relevant(const std::vector<PolicyFact>& policies, const Finding& finding) -> std::vector<PolicyFact> {
        auto topic = topic_of(finding);
        for (const auto& field : finding.data.fields) topic.data |= concepts_in(replace_all(field.name, "_", " "));
        std::vector<std::pair<int, const PolicyFact*>> found;
        for (const auto& policy : policies) {
            const auto text = index_text(policy.name, policy.statement);
            const auto concepts = text.heading | text.text;
            const auto data = static_cast<int>((topic.data & concepts).count());
            int score = data * 4 + static_cast<int>((topic.around & concepts).count());
            for (const auto& identifier : finding.data.identifiers)
                if (icontains(policy.name, identifier) || icontains(policy.statement, identifier)) score += 4;
            if (score > 0) found.emplace_back(score, &policy);
        }
        std::ranges::sort(found, [](const auto& a, const auto& b) {
            return std::tie(b.first, a.second->name, a.second->id) < std::tie(a.first, b.second->name, b.second->id);
        });
        if (found.size() > most_platform_facts) found.resize(most_platform_facts);
        std::vector<PolicyFact> facts;
        for (const auto& [score, policy] : found) {
            facts.push_back(*policy);
            if (facts.back().kind.empty()) facts.back().kind = "classification";
        }
        return facts;
    }

    std::shared_ptr<ingest::PlatformApi> platform_;
    AnswerStore store_;
    AnswerCache<std::vector<PolicyFact>> kept_;
};

} // namespace

auto make_document_policies(const std::string& where, const ContextConfig& config, const SourceMakings& makings)
    -> std::unique_ptr<PolicySource> {
    if (is_url(where)) return std::make_unique<UrlPolicies>(where, config, makings);
    return std::make_unique<FilePolicies>(where);
}

auto make_platform_policies(std::shared_ptr<ingest::PlatformApi> platform, const ContextConfig& config,
                            Metrics& metrics) -> std::unique_ptr<PolicySource> {
    return std::make_unique<PlatformPolicies>(std::move(platform), config, metrics);
}

auto fault_in_policy_place(const std::string& where) -> std::string {
    if (where.empty()) return "an empty place";
    if (is_url(where)) {
        const auto host = net::host_of(where);
        const bool is_near = host == "localhost" || host == "127.0.0.1";
        if (where.substr(0, where.find('/', where.find("://") + 3)).find('@') != std::string::npos)
            return "credentials don't belong into a URL";
        if (!where.starts_with("https://") && !(is_near && where.starts_with("http://")))
            return fmt::format("`{}`: policies are taken by https only", where);
        return {};
    }
    // A directory that isn't there yet is no mistake of the configuration, no more than a file of people that isn't.
    std::error_code error;
    const auto ending = fs::path(where).extension();
    if (fs::is_directory(where, error) || ending.empty()) return {};
    const auto format = policy_format(where);
    return format ? std::string() : format.error().message;
}

} // namespace dossier::context
