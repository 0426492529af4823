#include "config_text.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace dossier::config {
namespace {

constexpr std::streamsize most_file_bytes = 64 * 1024;

auto is_variable_name(std::string_view name) -> bool {
    const auto is_letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; };
    return !name.empty() && is_letter(name.front()) &&
           std::ranges::all_of(name, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

/// Regular files only: a pipe or a device could keep us waiting for ever.
auto read_secret_file(const std::string& path, std::string& out) -> std::string {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (!std::filesystem::exists(status)) return "no such file";
    if (!std::filesystem::is_regular_file(status)) return "not a regular file";
    std::ifstream file(path, std::ios::binary);
    if (!file) return std::generic_category().message(errno);
    std::string content(most_file_bytes + 1, '\0');
    file.read(content.data(), most_file_bytes + 1);
    if (file.bad()) return "read error";
    if (file.gcount() > most_file_bytes) return "larger than 64 KiB";
    content.resize(static_cast<std::size_t>(file.gcount()));
    if (content.ends_with('\n')) content.pop_back();
    if (content.ends_with('\r')) content.pop_back();
    out += content;
    return {};
}

void expand_reference(std::string_view reference, Environment environment, Expansion& out) {
    constexpr std::string_view file_prefix = "file:";
    if (reference.starts_with(file_prefix) && reference.size() > file_prefix.size()) {
        const std::string path(reference.substr(file_prefix.size()));
        if (const auto reason = read_secret_file(path, out.text); !reason.empty())
            out.problems.push_back(fmt::format("can't read file `{}` of ${{file:…}}: {}", path, reason));
        return;
    }
    if (!is_variable_name(reference)) {
        out.problems.emplace_back("`${…}` must hold the name of an environment variable or `file:PATH`; write `$${` "
                                  "for a literal `${`");
        return;
    }
    bool found = false;
    const auto value = environment(std::string(reference), found);
    if (!found) out.problems.push_back(fmt::format("environment variable `{}` is not set", reference));
    out.text += value;
}

auto is_loopback_host(std::string_view host) -> bool {
    return host == "localhost" || host.ends_with(".localhost") || host == "[::1]" || // RFC 6761 §6.3
           (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos);
}

} // namespace

auto process_environment(const std::string& name, bool& found) -> std::string {
    // Nobody in this process changes the environment. NOLINTNEXTLINE(concurrency-mt-unsafe)
    const char* value = std::getenv(name.c_str());
    found = value != nullptr;
    return found ? value : "";
}

auto expand(std::string_view raw, Environment environment) -> Expansion {
    Expansion out;
    while (!raw.empty()) {
        const auto dollar = raw.find('$');
        out.text += raw.substr(0, dollar);
        if (dollar == std::string_view::npos) break;
        raw.remove_prefix(dollar);
        if (raw.starts_with("$${")) {
            out.text += "${";
            raw.remove_prefix(3);
        } else if (raw.starts_with("${")) {
            const auto end = raw.find('}');
            if (end == std::string_view::npos) {
                out.problems.emplace_back("`${` without its `}`; write `$${` for a literal `${`");
                break;
            }
            expand_reference(raw.substr(2, end - 2), environment, out);
            raw.remove_prefix(end + 1);
        } else {
            out.text += '$';
            raw.remove_prefix(1);
        }
    }
    return out;
}

auto judge_url(std::string_view url, bool& is_plain) -> std::string {
    const auto scheme_end = url.find("://");
    const auto scheme = lower(url.substr(0, scheme_end == std::string_view::npos ? 0 : scheme_end));
    if (scheme != "http" && scheme != "https") return "expected a URL that begins with https:// or http://";
    for (const char c : url)
        if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F) return "a URL can't hold blanks or control characters";
    auto host = url.substr(scheme_end + 3);
    host = host.substr(0, host.find_first_of("/?#"));
    if (host.find('@') != std::string_view::npos)
        return "credentials don't belong into a URL; use the keys made for them";
    if (const auto port = host.rfind(':'); port != std::string_view::npos && host.find(']', port) == host.npos)
        host = host.substr(0, port);
    if (host.empty()) return "the URL names no host";
    is_plain = scheme == "http" && !is_loopback_host(host);
    return {};
}

} // namespace dossier::config
