// The hash of what a finding says. It is taken of each delivery before the acknowledgement, so the canonical form is
// written straight from the members: the same bytes as canonical_json gives of the finding's JSON without its id and
// the times of seeing (finding/finding_json.cpp), which stores hold hashes of.

#include "dossier/base/canonical_json.hpp"
#include "dossier/base/crypto.hpp"
#include "dossier/finding/finding.hpp"

namespace dossier {

namespace {

using canonical::Object;

void append_text(std::string& out, const std::string& text) { canonical::append(out, text); }

void write_texts(Object& object, std::string_view name, const std::vector<std::string>& texts) {
    canonical::append_list(object.member(name), texts, append_text);
}

void write_pairs(Object& object, std::string_view name, const Tags& pairs) {
    canonical::append_list(object.member(name), pairs, [](std::string& out, const auto& pair) {
        Object one(out);
        one.text("key", pair.first);
        one.text("value", pair.second);
        one.close();
    });
}

void write_data(std::string& out, const DataProfile& data) {
    Object object(out);
    write_texts(object, "classes", data.classes);
    if (!data.fields.empty()) {
        canonical::append_list(object.member("fields"), data.fields, [](std::string& list, const DataField& field) {
            Object one(list);
            one.text("container", field.container);
            one.text("name", field.name);
            one.text("type", field.type);
            one.close();
        });
    }
    write_texts(object, "identifiers", data.identifiers);
    if (!data.objects.empty()) write_texts(object, "objects", data.objects);
    if (!data.samples.empty()) write_texts(object, "samples", data.samples);
    if (!data.texts.empty()) write_pairs(object, "texts", data.texts);
    object.member("volume") += data.volume ? std::to_string(*data.volume) : "null";
    object.close();
}

void write_resource(std::string& out, const Resource& resource) {
    Object object(out);
    object.text("account", resource.account);
    object.text("account_name", resource.account_name);
    object.text("cloud", resource.cloud);
    object.text("id", resource.id);
    object.text("name", resource.name);
    object.text("region", resource.region);
    write_pairs(object, "tags", resource.tags);
    object.text("type", resource.type);
    object.text("url", resource.url);
    object.close();
}

void write_rule(std::string& out, const Rule& rule) {
    Object object(out);
    object.text("id", rule.id);
    object.text("name", rule.name);
    object.close();
}

void write_content(std::string& out, const Finding& finding) {
    Object object(out);
    write_texts(object, "compliance", finding.compliance);
    object.text("control", to_string(finding.control));
    write_data(object.member("data"), finding.data);
    object.text("description", finding.description);
    object.text("exposure", to_string(finding.exposure));
    object.text("exposure_key", finding.exposure_key);
    write_pairs(object, "facts", finding.facts);
    object.text("finding_type", to_string(finding.finding_type));
    object.text("fingerprint", finding.fingerprint);
    if (finding.is_partial) object.member("is_partial") += "true";
    if (finding.is_test) object.member("is_test") += "true";
    write_texts(object, "owner_hints", finding.owner_hints);
    object.text("platform", finding.platform);
    write_texts(object, "projects", finding.projects);
    object.text("recommendation", finding.recommendation);
    write_resource(object.member("resource"), finding.resource);
    write_rule(object.member("rule"), finding.rule);
    object.text("severity", to_string(finding.severity));
    object.text("source", finding.source);
    object.text("source_id", finding.source_id);
    object.text("status", to_string(finding.status));
    object.text("title", finding.title);
    object.text("url", finding.url);
    object.close();
}

} // namespace

auto content_hash(const Finding& finding) -> std::string {
    constexpr std::size_t usual_size = 2048;
    std::string content;
    content.reserve(usual_size);
    write_content(content, finding);
    return sha256_hex(content).substr(0, 32);
}

} // namespace dossier
