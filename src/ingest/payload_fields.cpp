#include "payload_fields.hpp"

#include "dossier/base/strings.hpp"

#include "json_unfolder.hpp"
#include "payload_words.hpp"

#include <algorithm>
#include <utility>

namespace dossier::ingest {
namespace {

constexpr std::size_t most_words = 100;
constexpr std::size_t longest_word = 256;
constexpr std::size_t longest_text = 16'384;
constexpr std::size_t aws_account_digits = 12;
constexpr std::size_t parts_of_arn = 6;

auto is_digit(char c) -> bool { return c >= '0' && c <= '9'; }
auto is_hex(char c) -> bool { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
auto all_digits(std::string_view text) -> bool { return !text.empty() && std::ranges::all_of(text, is_digit); }

auto is_word_for_nothing(std::string_view text) -> bool {
    static constexpr std::string_view words[] = {"n/a", "na", "blank", "null", "none", "-", "undefined", "unknown"};
    return text.empty() || std::ranges::any_of(words, [&](auto word) { return iequals(word, text); });
}

void add_word(std::vector<std::string>& into, std::string_view text) {
    const auto word = trim(text);
    if (is_word_for_nothing(word) || into.size() >= most_words) return;
    auto bounded = shorten(word, longest_word);
    if (std::ranges::find(into, bounded) == into.end()) into.push_back(std::move(bounded));
}

void add_tag(Tags& tags, std::string_view key, std::string_view value) {
    const auto name = trim(key);
    if (name.empty() || tags.size() >= most_words) return;
    tags.emplace_back(shorten(name, longest_word), shorten(trim(value), longest_word));
}

void add_tag_text(Tags& tags, std::string_view text) {
    for (const char separator : {'|', '=', ':'}) {
        const auto at = text.find(separator);
        if (at == std::string_view::npos) continue;
        add_tag(tags, text.substr(0, at), text.substr(at + 1));
        return;
    }
    add_tag(tags, text, "");
}

void add_tag_object(Tags& tags, JsonView entry) {
    const auto key = first_text({entry["key"], entry["Key"], entry["name"], entry["Name"], entry["tagKey"]});
    const auto has_value = !entry["value"].is_null() || !entry["Value"].is_null() || !entry["tagValue"].is_null();
    if (!key.empty() && (has_value || entry.size() <= 2)) {
        add_tag(tags, key, first_text({entry["value"], entry["Value"], entry["tagValue"]}));
        return;
    }
    for (const auto& [name, value] : entry.members()) {
        if (!value.is_object() && !value.is_array()) add_tag(tags, name, value.text_or(""));
    }
}

auto last_part(std::string_view text) -> std::string_view {
    const auto at = text.find_last_of("/:");
    return at == std::string_view::npos ? text : text.substr(at + 1);
}

} // namespace

auto first_text(std::initializer_list<JsonView> places) -> std::string {
    for (const auto& place : places) {
        if (place.is_object() || place.is_array()) continue;
        const auto text = place.text();
        if (!text) continue;
        const auto bare = trim(*text);
        if (!bare.empty()) return shorten(bare, longest_text);
    }
    return {};
}

auto first_time(std::initializer_list<JsonView> places) -> std::optional<Timestamp> {
    for (const auto& place : places) {
        if (place.is_object() || place.is_array()) continue;
        const auto number = place.integer();
        const auto text = number ? std::optional(std::to_string(*number)) : place.text();
        if (!text) continue;
        if (auto time = parse_time(trim(*text))) return time;
    }
    return std::nullopt;
}

auto first_object(std::initializer_list<JsonView> places) -> JsonView {
    for (const auto& place : places) {
        if (place.is_object()) return place;
    }
    return {};
}

auto words_in(JsonView list) -> std::vector<std::string> {
    std::vector<std::string> words;
    JsonUnfolder unfold;
    list = unfold(list);
    if (list.is_array()) {
        for (const auto& element : list.elements()) {
            if (element.is_object()) {
                add_word(words, first_text({element["name"], element["Name"], element["label"], element["value"],
                                            element["type"], element["title"], element["category"]}));
            } else if (const auto text = element.text()) {
                add_word(words, *text);
            }
            if (words.size() >= most_words) break;
        }
    } else if (const auto text = list.text(); text && !list.is_object()) {
        for (const auto part : split(*text, ',')) add_word(words, part);
    }
    return words;
}

void add_all(std::vector<std::string>& into, std::vector<std::string> more) {
    for (const auto& word : more) add_word(into, word);
}

auto read_tags(JsonView tags) -> Tags {
    Tags result;
    JsonUnfolder unfold;
    tags = unfold(tags);
    if (tags.is_object()) {
        for (const auto& [key, value] : tags.members()) {
            if (!value.is_object() && !value.is_array()) add_tag(result, key, value.text_or(""));
        }
    } else if (tags.is_array()) {
        for (const auto& entry : tags.elements()) {
            if (entry.is_object()) {
                add_tag_object(result, entry);
            } else if (const auto text = entry.text()) {
                add_tag_text(result, *text);
            }
            if (result.size() >= most_words) break;
        }
    } else if (const auto text = tags.text()) {
        for (const auto part : split(*text, ',')) {
            if (part.find_first_of("|=:") != std::string_view::npos) add_tag_text(result, part);
        }
    }
    return result;
}

auto account_id(std::string text, std::string_view cloud) -> std::string {
    if ((cloud == "aws" || cloud.empty()) && text.size() < aws_account_digits && all_digits(text) &&
        (cloud == "aws" || text.size() > aws_account_digits - 4)) {
        text.insert(0, aws_account_digits - text.size(), '0');
    }
    return text;
}

auto without_slash(std::string_view base) -> std::string_view {
    while (base.ends_with('/')) base.remove_suffix(1);
    return base;
}

auto link(std::string text, std::string_view base) -> std::string {
    const auto has_control = std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) <= ' '; });
    if (has_control) return {};
    const auto head = lower(std::string_view(text).substr(0, 8));
    if (head.starts_with("https://") || head.starts_with("http://")) return text;
    if (!base.empty() && text.starts_with('/') && !text.starts_with("//")) {
        return std::string(without_slash(base)) + text;
    }
    return {};
}

auto parse_arn(std::string_view text) -> std::optional<NameParts> {
    if (!text.starts_with("arn:")) return std::nullopt;
    const auto parts = split(text, ':');
    if (parts.size() < parts_of_arn) return std::nullopt;
    return NameParts{.cloud = "aws",
                     .type = std::string(parts[2]),
                     .region = std::string(parts[3]),
                     .account = account_id(std::string(parts[4]), "aws"),
                     .leaf = std::string(last_part(text))};
}

auto parse_rrn(std::string_view text) -> std::optional<NameParts> {
    if (!text.starts_with("rrn:")) return std::nullopt;
    const auto parts = split(text, ':');
    if (parts.size() < parts_of_arn) return std::nullopt;
    auto leaf = parts.back().empty() ? parts[parts.size() - 2] : parts.back();
    auto cloud = cloud_from_word(parts[1]);
    auto account = account_id(std::string(parts[4]), cloud);
    return NameParts{.cloud = std::move(cloud),
                     .type = std::string(parts[2]),
                     .region = std::string(parts[3]),
                     .account = std::move(account),
                     .leaf = percent_decode(leaf).value_or(std::string(leaf))};
}

auto is_uuid(std::string_view text) -> bool {
    constexpr std::size_t length = 36;
    if (text.size() != length) return false;
    for (std::size_t i = 0; i < length; ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !is_hex(text[i])) return false;
    }
    return true;
}

auto is_provider_id(std::string_view text) -> bool {
    if (text.starts_with("arn:") || text.starts_with("//") || icontains(text.substr(0, 15), "/subscriptions/"))
        return true;
    if (text.starts_with("projects/") || text.starts_with("https://www.googleapis.com/")) return true;
    const auto dash = text.find('-');
    if (dash == std::string_view::npos || dash == 0 || dash > 9) return false;
    const auto hex = text.substr(dash + 1);
    return hex.size() >= 8 && hex.size() <= 17 && std::ranges::all_of(hex, is_hex);
}

void complete_from_id(Resource& resource) {
    auto parts = parse_arn(resource.id);
    if (!parts) parts = parse_rrn(resource.id);
    if (parts) {
        if (resource.cloud.empty()) resource.cloud = parts->cloud;
        if (resource.account.empty()) resource.account = parts->account;
        if (resource.region.empty()) resource.region = parts->region;
        if (resource.type.empty()) resource.type = parts->type;
        if (resource.name.empty()) resource.name = parts->leaf;
    } else if (icontains(std::string_view(resource.id).substr(0, 15), "/subscriptions/")) {
        const auto segments = split(resource.id, '/');
        if (resource.cloud.empty()) resource.cloud = "azure";
        if (resource.account.empty() && segments.size() > 2) resource.account = segments[2];
        if (resource.name.empty()) resource.name = last_part(resource.id);
    }
    resource.account = account_id(std::move(resource.account), resource.cloud);
}

void add_fact(Finding& finding, std::string key, std::string value) {
    if (value.empty() || finding.facts.size() >= most_words) return;
    finding.facts.emplace_back(std::move(key), shorten(value, 2'000));
}

void add_fact_list(Finding& finding, std::string key, JsonView list) {
    add_fact(finding, std::move(key), join(words_in(list), ", "));
}

} // namespace dossier::ingest
