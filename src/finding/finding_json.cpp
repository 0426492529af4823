#include "dossier/finding/json.hpp"

#include "json_reader.hpp"
#include "json_writer.hpp"

namespace dossier {

using json_form::get;
using json_form::get_pairs;
using json_form::get_time;
using json_form::get_word;
using json_form::KeyValues;
using json_form::tree_of;

DOSSIER_PLAIN_JSON(Rule, id, name)
DOSSIER_PLAIN_JSON(DataField, container, name, type)

template <class Put>
static void members_of(const Resource& value, Put& put) {
    put("account", value.account);
    put("account_name", value.account_name);
    put("cloud", value.cloud);
    put("id", value.id);
    put("name", value.name);
    put("region", value.region);
    put("tags", KeyValues{value.tags});
    put("type", value.type);
    put("url", value.url);
}

void from_json(const Json& json, Resource& value) {
    get(json, "id", value.id);
    get(json, "name", value.name);
    get(json, "type", value.type);
    get(json, "cloud", value.cloud);
    get(json, "account", value.account);
    get(json, "account_name", value.account_name);
    get(json, "region", value.region);
    get_pairs(json, "tags", value.tags);
    get(json, "url", value.url);
}

template <class Put>
static void members_of(const DataProfile& value, Put& put) {
    put("classes", value.classes);
    if (!value.fields.empty()) put("fields", value.fields);
    put("identifiers", value.identifiers);
    if (!value.objects.empty()) put("objects", value.objects);
    if (!value.samples.empty()) put("samples", value.samples);
    if (!value.texts.empty()) put("texts", KeyValues{value.texts});
    put("volume", value.volume);
}

void from_json(const Json& json, DataProfile& value) {
    get(json, "classes", value.classes);
    get(json, "identifiers", value.identifiers);
    get(json, "samples", value.samples);
    get(json, "fields", value.fields);
    get(json, "objects", value.objects);
    get_pairs(json, "texts", value.texts);
    if (json.contains("volume") && json["volume"].is_number_integer())
        value.volume = json["volume"].get<std::int64_t>();
}

template <class Put>
static void members_of(const Finding& value, Put& put) {
    put("compliance", value.compliance);
    put("control", to_string(value.control));
    put("data", value.data);
    put("description", value.description);
    put("exposure", to_string(value.exposure));
    put("exposure_key", value.exposure_key);
    put("facts", KeyValues{value.facts});
    put("finding_type", to_string(value.finding_type));
    put("fingerprint", value.fingerprint);
    put("first_seen", value.first_seen);
    put("id", value.id);
    if (value.is_partial) put("is_partial", true);
    if (value.is_test) put("is_test", true);
    put("last_seen", value.last_seen);
    put("owner_hints", value.owner_hints);
    put("platform", value.platform);
    put("projects", value.projects);
    put("recommendation", value.recommendation);
    put("resource", value.resource);
    put("rule", value.rule);
    put("severity", to_string(value.severity));
    put("source", value.source);
    put("source_id", value.source_id);
    put("status", to_string(value.status));
    put("title", value.title);
    put("url", value.url);
}

void to_json(Json& json, const Finding& value) { json = tree_of(value); }

void from_json(const Json& json, Finding& value) {
    get(json, "id", value.id);
    get(json, "source", value.source);
    get(json, "platform", value.platform);
    get(json, "source_id", value.source_id);
    get(json, "fingerprint", value.fingerprint);
    get(json, "exposure_key", value.exposure_key);
    get(json, "title", value.title);
    get(json, "description", value.description);
    get(json, "recommendation", value.recommendation);
    get_word(json, "severity", value.severity);
    get_word(json, "status", value.status);
    get_word(json, "finding_type", value.finding_type);
    get_word(json, "control", value.control);
    get(json, "rule", value.rule);
    get(json, "resource", value.resource);
    get(json, "data", value.data);
    get_word(json, "exposure", value.exposure);
    get(json, "owner_hints", value.owner_hints);
    get(json, "projects", value.projects);
    get(json, "url", value.url);
    get(json, "compliance", value.compliance);
    get_pairs(json, "facts", value.facts);
    value.first_seen = get_time(json, "first_seen");
    value.last_seen = get_time(json, "last_seen");
    get(json, "is_test", value.is_test);
    get(json, "is_partial", value.is_partial);
}

template auto to_text(const Finding&) -> std::string;
template void each_text(const Finding&, std::size_t, const TextFound&);

} // namespace dossier
