#include "dossier/explain/prompt_eval.hpp"

#include "dossier/base/ids.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "drafted_check.hpp"
#include "prompt_assembly.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

namespace dossier::explain {
namespace {

namespace fs = std::filesystem;

auto list_at(const Json& object, const char* name) -> std::vector<std::string> {
    std::vector<std::string> list;
    const auto found = object.find(name);
    if (found == object.end() || !found->is_array()) return list;
    for (const auto& item : *found)
        if (item.is_string()) list.push_back(item.get<std::string>());
    return list;
}

auto number_at(const Json& object, const char* name) -> double {
    const auto found = object.find(name);
    return found != object.end() && found->is_number() ? found->get<double>() : 0;
}

auto read_json_file(const fs::path& path) -> Result<Json> {
    std::ifstream in(path, std::ios::binary);
    if (!in) return fail(Errc::not_found, fmt::format("{} can't be read", path.string()));
    auto json = parse_json(std::string(std::istreambuf_iterator<char>(in), {}));
    if (!json || !json->is_object()) return fail(Errc::malformed, fmt::format("{} is no JSON object", path.string()));
    return json;
}

auto case_from(const fs::path& path) -> Result<EvalCase> {
    auto json = read_json_file(path);
    if (!json) return fail(std::move(json.error()));
    const auto bad = [&](std::string_view what) {
        return fail(Errc::malformed, fmt::format("{}: {}", path.string(), what));
    };
    for (const auto& [key, value] : json->items())
        if (key != "about" && key != "evidence" && key != "expect") return bad("unknown key " + key);
    EvalCase one{.name = path.stem().string(), .about = text_at(*json, "about")};
    const auto evidence = json->find("evidence");
    if (evidence == json->end() || !evidence->is_array() || evidence->empty()) return bad("has no list of evidence");
    std::set<std::string> ids;
    for (const auto& item : *evidence) {
        if (!item.is_object()) return bad("an item of the evidence is no object");
        Evidence entry{.id = text_at(item, "id"),
                       .kind = text_at(item, "kind"),
                       .statement = text_at(item, "statement"),
                       .value = text_at(item, "value"),
                       .origin = text_at(item, "origin")};
        if (entry.id.empty() || entry.statement.empty()) return bad("an item of the evidence lacks id or statement");
        if (!ids.insert(entry.id).second) return bad("the evidence has " + entry.id + " twice");
        if (std::ranges::find(evidence_kinds, entry.kind) == std::end(evidence_kinds))
            return bad("there is no kind of evidence " + entry.kind);
        one.evidence.push_back(std::move(entry));
    }
    const auto expect = json->find("expect");
    if (expect == json->end() || !expect->is_object()) return bad("has no `expect`");
    for (const auto& [key, value] : expect->items())
        if (key != "mentions" && key != "never" && key != "covers" && key != "most_words")
            return bad("unknown key expect." + key);
    one.mentions = list_at(*expect, "mentions");
    one.never = list_at(*expect, "never");
    one.covers = list_at(*expect, "covers");
    if (const auto most = number_at(*expect, "most_words"); most > 0) one.most_words = static_cast<std::size_t>(most);
    return one;
}

auto answer_path(const std::string& directory, const EvalCase& one, const Prompt& prompt) -> fs::path {
    return fs::path(directory) / "answers" / fmt::format("{}.{}-{}.json", one.name, prompt.ref.id, prompt.ref.version);
}

auto count_words(const std::string& text) -> std::size_t {
    std::size_t count = 0;
    for (const auto word : split(text, ' ')) count += trim(word).empty() ? 0 : 1;
    return count;
}

auto citation_share(const DraftedNarrative& draft, const EvidenceList& evidence) -> double {
    const auto exist = [&](const std::vector<std::string>& ids) {
        return !ids.empty() && std::ranges::all_of(ids, [&](const auto& id) {
            return std::ranges::find(evidence, id, &Evidence::id) != evidence.end();
        });
    };
    double good = exist(draft.summary_evidence) ? 1 : 0;
    for (const auto& sentence : draft.sentences) good += exist(sentence.evidence) ? 1 : 0;
    return good / static_cast<double>(draft.sentences.size() + 1);
}

/// Kinds that what was kept cites.
auto kinds_cited(const CheckedDraft& checked, const DraftedNarrative& draft, const EvidenceList& evidence)
    -> std::set<std::string> {
    std::set<std::string> kinds;
    const auto add = [&](const std::vector<std::string>& ids) {
        for (const auto& item : evidence)
            if (std::ranges::find(ids, item.id) != ids.end()) kinds.insert(item.kind);
    };
    if (!checked.summary.empty()) add(draft.summary_evidence);
    for (const auto& sentence : checked.kept) add(sentence.evidence);
    return kinds;
}

} // namespace

auto load_cases(const std::string& directory) -> Result<std::vector<EvalCase>> {
    std::error_code error;
    fs::directory_iterator entries(directory, error);
    if (error) return fail(Errc::not_found, fmt::format("cases can't be read from {}: {}", directory, error.message()));
    std::vector<fs::path> files;
    for (const auto& entry : entries)
        if (entry.is_regular_file(error) && entry.path().extension() == ".json") files.push_back(entry.path());
    std::ranges::sort(files);
    if (files.empty()) return fail(Errc::not_found, fmt::format("there are no cases (*.json) in {}", directory));
    std::vector<EvalCase> cases;
    for (const auto& file : files) {
        auto one = case_from(file);
        if (!one) return fail(std::move(one.error()));
        cases.push_back(*std::move(one));
    }
    return cases;
}

auto load_answer(const std::string& directory, const EvalCase& one, const Prompt& prompt)
    -> Result<std::optional<RecordedAnswer>> {
    const auto path = answer_path(directory, one, prompt);
    std::error_code error;
    if (!fs::exists(path, error)) return std::optional<RecordedAnswer>{};
    const auto json = read_json_file(path);
    if (!json) return fail(json.error());
    return RecordedAnswer{.prompt_hash = text_at(*json, "prompt_hash"),
                          .provider = text_at(*json, "provider"),
                          .model = text_at(*json, "model"),
                          .text = text_at(*json, "text"),
                          .prompt_tokens = static_cast<std::int64_t>(number_at(*json, "prompt_tokens")),
                          .completion_tokens = static_cast<std::int64_t>(number_at(*json, "completion_tokens")),
                          .usd = number_at(*json, "usd"),
                          .seconds = number_at(*json, "seconds")};
}

auto save_answer(const std::string& directory, const EvalCase& one, const Prompt& prompt, const RecordedAnswer& answer)
    -> Result<void> {
    const auto path = answer_path(directory, one, prompt);
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    OrderedJson json{{"prompt_hash", answer.prompt_hash},
                     {"provider", answer.provider},
                     {"model", answer.model},
                     {"prompt_tokens", answer.prompt_tokens},
                     {"completion_tokens", answer.completion_tokens},
                     {"usd", answer.usd},
                     {"seconds", answer.seconds},
                     {"text", answer.text}};
    out << json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) << '\n';
    if (!out.flush()) return fail(Errc::storage, fmt::format("{} can't be written", path.string()));
    return {};
}

auto ask_for_case(LlmProvider& provider, const redact::Redactor& redactor, EvalCase one, Prompt prompt,
                  Deadline deadline) -> Task<Result<RecordedAnswer>> {
    redact::Redaction redaction;
    LlmRequest request;
    request.messages.push_back({.role = "system", .content = prompt.text});
    request.messages.push_back(
        {.role = "user",
         .content = user_message(evidence_lines(shown_evidence(one.evidence, redactor, redaction)),
                                 "evidence-" + random_hex(12))});
    request.schema_name = prompt.ref.id;
    request.schema = prompt.schema;
    request.temperature = prompt.temperature;
    request.max_tokens = prompt.max_tokens;
    const auto begun = std::chrono::steady_clock::now();
    auto answer = co_await provider.complete(std::move(request), deadline);
    if (!answer) co_return fail(std::move(answer.error()));
    co_return RecordedAnswer{.prompt_hash = prompt.ref.hash,
                             .provider = provider.name(),
                             .model = answer->model.empty() ? provider.model() : answer->model,
                             .text = answer->text,
                             .prompt_tokens = answer->prompt_tokens,
                             .completion_tokens = answer->completion_tokens,
                             .usd = provider.price().of(answer->prompt_tokens, answer->completion_tokens),
                             .seconds =
                                 std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count()};
}

auto score_answer(const EvalCase& one, const Prompt& prompt, RecordedAnswer answer, const redact::Redactor& redactor)
    -> EvalScore {
    EvalScore score{.case_name = one.name, .version = prompt.ref.version};
    score.is_stale = answer.prompt_hash != prompt.ref.hash;
    score.answer = std::move(answer);
    redact::Redaction redaction;
    const auto shown = shown_evidence(one.evidence, redactor, redaction);
    const auto draft = parse_answer(score.answer.text, prompt.schema);
    if (!draft) {
        score.complaints.push_back("schema: " + draft.error().message);
        return score;
    }
    score.schema = 1;
    const auto checked = check_draft(*draft, shown);
    score.grounding = checked.score;
    for (const auto& removed : checked.removed)
        score.complaints.push_back(fmt::format("removed \"{}\": {}", shorten(removed.text, 120), removed.reason));
    score.citation = citation_share(*draft, shown);
    const auto kinds = kinds_cited(checked, *draft, shown);
    std::size_t covered = 0;
    for (const auto& kind : one.covers) {
        covered += kinds.contains(kind) ? 1 : 0;
        if (!kinds.contains(kind)) score.complaints.push_back("nothing of the kind " + kind + " is cited");
    }
    score.coverage = one.covers.empty() ? 1 : static_cast<double>(covered) / static_cast<double>(one.covers.size());
    auto text = checked.summary;
    for (const auto& sentence : checked.kept) text += " " + sentence.text;
    auto written = draft->summary;
    for (const auto& sentence : draft->sentences) written += " " + sentence.text;
    score.words = count_words(written);
    score.length = score.words <= one.most_words ? 1 : 0;
    if (score.length < 1) score.complaints.push_back(fmt::format("{} words, over {}", score.words, one.most_words));
    for (const auto& wanted : one.mentions)
        if (!lower(text).contains(lower(wanted))) score.complaints.push_back("does not mention " + wanted);
    for (const auto& banned : one.never)
        if (lower(written).contains(lower(banned))) score.complaints.push_back("says \"" + banned + "\"");
    return score;
}

auto summarise(const std::string& version, const std::vector<EvalScore>& scores) -> EvalSummary {
    EvalSummary sum{.version = version};
    for (const auto& score : scores) {
        if (score.version != version) continue;
        if (!score.missing.empty()) {
            ++sum.missing;
            continue;
        }
        ++sum.cases;
        sum.stale += score.is_stale ? 1 : 0;
        sum.schema += score.schema;
        sum.grounding += score.grounding;
        sum.citation += score.citation;
        sum.coverage += score.coverage;
        sum.length += score.length;
        sum.words += static_cast<double>(score.words);
        sum.flawless += score.complaints.empty() ? 1 : 0;
        sum.prompt_tokens += static_cast<double>(score.answer.prompt_tokens);
        sum.completion_tokens += static_cast<double>(score.answer.completion_tokens);
        sum.usd += score.answer.usd;
        sum.seconds += score.answer.seconds;
    }
    const auto all = static_cast<double>(std::max<std::size_t>(sum.cases, 1));
    for (auto* mean : {&sum.schema, &sum.grounding, &sum.citation, &sum.coverage, &sum.length, &sum.words,
                       &sum.flawless, &sum.prompt_tokens, &sum.completion_tokens, &sum.usd, &sum.seconds})
        *mean /= all;
    return sum;
}

} // namespace dossier::explain
