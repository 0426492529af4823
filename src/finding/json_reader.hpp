#pragma once
// How members are read back from a document: what is missing or null leaves the default.

#include "dossier/base/json.hpp"
#include "dossier/base/time.hpp"
#include "dossier/finding/vocabulary.hpp"

#include <optional>

namespace dossier::json_form {

inline auto get_time(const Json& json, const char* key) -> std::optional<Timestamp> {
    return parse_time(text_at(json, key));
}

template <class T>
void get(const Json& json, const char* key, T& out) {
    if (const auto found = json.find(key); found != json.end() && !found->is_null()) found->get_to(out);
}

template <class E>
void get_word(const Json& json, const char* key, E& out) {
    if (const auto value = parse_word<E>(text_at(json, key))) out = *value;
}

template <class Pairs>
void get_pairs(const Json& json, const char* key, Pairs& out) {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_array()) return;
    out.clear();
    for (const auto& item : *found) out.emplace_back(text_at(item, "key"), text_at(item, "value"));
}

} // namespace dossier::json_form

/// A plain aggregate: its members as they are named, in the order of the names.
#define DOSSIER_PUT(member) put(#member, value.member);
#define DOSSIER_PLAIN_JSON(Type, ...)                                                                                  \
    template <class Put>                                                                                               \
    static void members_of(const Type& value, Put& put) {                                                              \
        NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(DOSSIER_PUT, __VA_ARGS__))                                            \
    }                                                                                                                  \
    static void from_json(const Json& nlohmann_json_j, Type& nlohmann_json_t) {                                        \
        const Type nlohmann_json_default_obj{};                                                                        \
        NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(NLOHMANN_JSON_FROM_WITH_DEFAULT, __VA_ARGS__))                        \
    }
