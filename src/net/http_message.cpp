#include "dossier/net/http_message.hpp"

#include "dossier/base/strings.hpp"

#include <algorithm>

namespace dossier::net {

auto Headers::get(std::string_view name) const -> std::optional<std::string_view> {
    for (const auto& [key, value] : fields_) {
        if (iequals(key, name)) return value;
    }
    return std::nullopt;
}

void Headers::set(std::string name, std::string value) {
    std::erase_if(fields_, [&](const auto& field) { return iequals(field.first, name); });
    fields_.emplace_back(std::move(name), std::move(value));
}

void Headers::add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }

auto HttpRequest::query_value(std::string_view name) const -> std::optional<std::string_view> {
    for (const auto& [key, value] : query) {
        if (key == name) return value;
    }
    return std::nullopt;
}

auto HttpRequest::media_type() const -> std::string {
    const auto value = headers.get("Content-Type");
    return value ? lower(trim(value->substr(0, value->find(';')))) : std::string{};
}

} // namespace dossier::net
