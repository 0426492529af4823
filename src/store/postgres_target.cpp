#include "postgres_target.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <memory>

namespace dossier::store {

namespace {

/// A peer that vanishes without a word is noticed within seconds and not after TCP's two hours.
constexpr std::pair<const char*, const char*> defaults[] = {
    {"connect_timeout", "5"},  {"keepalives_idle", "5"},      {"keepalives_interval", "2"},
    {"keepalives_count", "3"}, {"tcp_user_timeout", "10000"}, {"client_encoding", "UTF8"},
};

} // namespace

auto is_postgres_url(std::string_view url) -> bool {
    return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

auto PostgresTarget::parse(const std::string& url, const Secret& password) -> Result<PostgresTarget> {
    if (!is_postgres_url(url)) return fail(Errc::invalid_argument, "expected postgresql://user@host/database");
    char* complaint = nullptr;
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfoParse(url.c_str(), &complaint),
                                                                               PQconninfoFree);
    PQfreemem(complaint); // it quotes the URL
    if (!options)
        return fail(Errc::invalid_argument,
                    "libpq can't read the URL: expected postgresql://user@host:5432/database?sslmode=verify-full, with "
                    "special characters as %XX");
    PostgresTarget target;
    target.password_ = password;
    for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val == nullptr) continue;
        if (std::string_view(option->keyword) == "password" || std::string_view(option->keyword) == "sslpassword")
            return fail(Errc::invalid_argument,
                        "a password doesn't belong into a URL; set store.password: ${ENV} or ${file:PATH}");
        target.given_.emplace_back(option->keyword, option->val);
    }
    return target;
}

auto PostgresTarget::value(std::string_view keyword) const -> std::string {
    const auto found =
        std::ranges::find(given_, keyword, [](const auto& one) -> std::string_view { return one.first; });
    return found == given_.end() ? std::string() : found->second;
}

auto PostgresTarget::parameters(Access access) const -> std::vector<std::pair<std::string, std::string>> {
    auto all = given_;
    const auto add = [&](std::string_view keyword, std::string text) {
        if (value(keyword).empty()) all.emplace_back(keyword, std::move(text));
    };
    for (const auto& [keyword, text] : defaults) add(keyword, text);
    add("application_name", "dossier");
    const bool has_several_hosts = value("host").contains(',') || value("hostaddr").contains(',');
    if (access == Access::read_write) add("target_session_attrs", "read-write");
    if (access == Access::read_only && has_several_hosts) add("target_session_attrs", "primary");
    if (!password_.empty()) all.emplace_back("password", password_.reveal());
    return all;
}

auto PostgresTarget::describe() const -> std::string {
    const auto given = value("host").empty() ? value("hostaddr") : value("host");
    const auto given_ports = value("port");
    const auto ports = split(given_ports, ',');
    std::vector<std::string> hosts;
    for (const auto host : split(given, ',')) {
        // One port serves all hosts; several belong to them in order.
        const auto at = ports.size() == 1 ? 0 : hosts.size();
        const auto port = at < ports.size() ? ports[at] : std::string_view();
        hosts.push_back(fmt::format("{}{}{}", host, port.empty() ? "" : ":", port));
    }
    const auto where = given.empty() ? std::string("local socket") : join(hosts, ", ");
    return where + ", database " + (value("dbname").empty() ? "of the user's name" : value("dbname"));
}

} // namespace dossier::store
