#include "shared_texts.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/log.hpp"

#include <utility>

namespace dossier::explain {
namespace {

auto strings_at(const Json& object, const char* name) -> std::vector<std::string> {
    std::vector<std::string> list;
    const auto found = object.find(name);
    if (found == object.end() || !found->is_array()) return list;
    for (const auto& item : *found)
        if (item.is_string()) list.push_back(item.get<std::string>());
    return list;
}

auto to_cache(const SharedText& shared) -> std::string {
    Json sentences = Json::array();
    for (const auto& sentence : shared.text.sentences)
        sentences.push_back({{"text", sentence.text}, {"evidence", sentence.evidence}});
    return dump_json({{"dossier_id", shared.dossier_id},
                      {"provider", shared.provider},
                      {"model", shared.model},
                      {"session_id", shared.session_id},
                      {"left_out", shared.left_out},
                      {"summary", shared.text.summary},
                      {"summary_evidence", shared.text.summary_evidence},
                      {"sentences", std::move(sentences)}});
}

/// Anything else than what we wrote reads as a text without sentences, which serves nobody.
auto from_cache(const std::string& text) -> std::optional<SharedText> {
    const auto json = parse_json(text);
    if (!json || !json->is_object()) return std::nullopt;
    SharedText shared{.dossier_id = text_at(*json, "dossier_id"),
                      .provider = text_at(*json, "provider"),
                      .model = text_at(*json, "model"),
                      .session_id = text_at(*json, "session_id"),
                      .left_out = strings_at(*json, "left_out")};
    shared.text.summary = text_at(*json, "summary");
    shared.text.summary_evidence = strings_at(*json, "summary_evidence");
    const auto sentences = json->find("sentences");
    if (sentences == json->end() || !sentences->is_array()) return std::nullopt;
    for (const auto& sentence : *sentences) {
        if (sentence.is_object())
            shared.text.sentences.push_back(
                {.text = text_at(sentence, "text"), .evidence = strings_at(sentence, "evidence")});
    }
    return shared;
}

} // namespace

Crowds::Member::Member(Crowds& crowds, std::string key) : crowds_(crowds), key_(std::move(key)) {
    const std::scoped_lock lock(crowds_.mutex_);
    count_ = ++crowds_.sizes_[key_];
}

Crowds::Member::~Member() {
    const std::scoped_lock lock(crowds_.mutex_);
    const auto at = crowds_.sizes_.find(key_);
    if (at != crowds_.sizes_.end() && --at->second == 0) crowds_.sizes_.erase(at);
}

auto SharedTexts::kept(std::string key) -> Task<std::optional<SharedText>> {
    const auto found = co_await store_.cached_answer(std::move(key));
    if (!found) co_return std::nullopt; // a store that can't be read costs a call, no more
    const auto& text = found.value();
    co_return text ? from_cache(*text) : std::nullopt;
}

auto SharedTexts::get(std::string key, Write write, Deadline deadline) -> Task<std::optional<SharedText>> {
    if (auto known = co_await kept(key)) co_return known;
    SingleFlight<SharedText>::Work work = [this, key, write = std::move(write)]() -> Task<Result<SharedText>> {
        // Somebody may have landed between the look above and this take-off.
        if (auto known = co_await kept(key)) co_return *std::move(known);
        auto written = co_await write();
        if (!written) co_return fail(Errc::rejected, "nobody wrote a text");
        const auto saved = co_await store_.cache_answer(key, to_cache(*written), clock_.now());
        if (!saved) log::warn("llm.text_not_shared", {{"error", name_of(saved.error().code)}});
        co_return *std::move(written);
    };
    auto shared = co_await flights_.run(std::move(key), std::move(work), deadline);
    if (!shared) co_return std::nullopt;
    co_return *std::move(shared);
}

} // namespace dossier::explain
