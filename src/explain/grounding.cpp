#include "dossier/explain/grounding.hpp"

#include "cited.hpp"
#include "claim_extractor.hpp"
#include "dossier/base/strings.hpp"
#include "filtered_regex.hpp"
#include "instruction_detector.hpp"
#include "number_check.hpp"
#include "people_check.hpp"
#include "polarity.hpp"
#include "tampering.hpp"
#include "text_shape.hpp"
#include "untrusted_text.hpp"
#include "vocabulary_check.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

namespace dossier::explain {
namespace {

/// What reads like an instruction bears nothing but the word that it does; nor does what stands beside it.
auto was_tampered_with(const Evidence& item, const Cited& signs) -> bool {
    if (signs.empty() || is_one_of(item.kind, {"severity", "status", "exposure", "time", "risk", "regulation",
                                               "control", "gap", "tampering"}))
        return false;
    if (std::ranges::any_of(signs, [&](const Evidence* sign) { return discredits(*sign, item); })) return true;
    // steps and rules of the organisation tell people what to do, which is their purpose
    const bool is_ours = item.kind == "remediation" || icontains(item.statement.substr(0, 20), "company policy");
    return instruction_in(item.value).has_value() || (!is_ours && instruction_in(item.statement).has_value());
}

void append(auto& list, const auto& more) { list.insert(list.end(), more.begin(), more.end()); }

/// What has to be known of an item whenever it is cited.
class Particulars {
public:
    explicit Particulars(const EvidenceList& evidence) : first_(evidence.data()), known_(evidence.size()) {
        for (const auto& item : evidence)
            if (item.kind == "tampering") signs_.push_back(&item);
    }
    /// @param item of the list, as everywhere here
    auto is_discredited(const Evidence& item) -> bool {
        auto& known = known_of(item).is_discredited;
        if (!known) known = was_tampered_with(item, signs_);
        return *known;
    }
    auto claims_of(const Cited& items) -> Claims {
        Claims all;
        for (const auto* item : items) {
            auto& known = known_of(*item).claims;
            if (!known) known = extract_claims(item->statement + "\n" + item->value + "\n");
            append(all.evidence_ids, known->evidence_ids);
            append(all.pseudonyms, known->pseudonyms);
            append(all.frameworks, known->frameworks);
            append(all.citations, known->citations);
            append(all.identifiers, known->identifiers);
            append(all.numbers, known->numbers);
            append(all.dates, known->dates);
            append(all.names, known->names);
        }
        return all;
    }

private:
    struct Known {
        std::optional<bool> is_discredited;
        std::optional<Claims> claims;
    };
    auto known_of(const Evidence& item) -> Known& { return known_[static_cast<std::size_t>(&item - first_)]; }

    const Evidence* first_;
    std::vector<Known> known_;
    Cited signs_;
};

auto cited_items(const Sentence& sentence, const EvidenceList& evidence, Cited& cited) -> Objection {
    for (const auto& id : sentence.evidence) {
        const auto found = std::ranges::find(evidence, id, &Evidence::id);
        if (found == evidence.end()) return fmt::format("it cites {}, which does not exist", shorten(id, 40));
        if (std::ranges::find(cited, &*found) == cited.end()) cited.push_back(&*found);
    }
    if (cited.empty()) return "it cites no evidence";
    return std::nullopt;
}

/// What a policy of the organisation says of all data is no claim about this one.
auto without_company_rules(std::string text, const Cited& cited) -> std::string {
    for (const auto* item : of_kinds(cited, {"policy"})) {
        if (!item->statement.starts_with("the company policy ") && !item->statement.starts_with("The company policy "))
            continue;
        static const RE2 quoted(R"~("([^"]{3,})")~");
        re2::StringPiece input(item->statement);
        std::string rule;
        while (RE2::FindAndConsume(&input, quoted, &rule)) text = replace_all(std::move(text), rule, "");
    }
    return text;
}

/// Laws are selected by code. What a platform, a tag or a policy says of them may be told as what they say.
auto regulation_objection(const std::string& text, const Claims& claims, const Cited& cited, Particulars& particulars)
    -> Objection {
    static const FilteredRegex attributed(
        R"((?i)\b(platform|wiz|prisma|orca|maps?|mapped|according to|tag|tagged|policy|policies|lists?|title|named|rule|recommends?)\b)");
    auto selected = of_kinds(cited, {"regulation", "risk", "remediation", "business"});
    std::erase_if(selected, [](const Evidence* item) { return item->origin.ends_with(":recommendation"); });
    if (attributed.found_in(text))
        for (const auto* item : of_kinds(cited, {"compliance", "tag", "policy", "rule", "finding", "fact", "data"}))
            selected.push_back(item);
    const auto facts = particulars.claims_of(selected);
    for (const auto& citation : claims.citations) {
        if (!citation.exists())
            return fmt::format("{} {} can't be cited: {}", citation.framework, citation.id, citation.problem);
        const bool listed = std::ranges::any_of(facts.citations, [&](const Citation& fact) {
            return fact.framework == citation.framework &&
                   (fact.id == citation.id || fact.id.starts_with(citation.id + "(") ||
                    fact.id.starts_with(citation.id + "."));
        });
        if (!listed) return fmt::format("{} {} was not selected for this finding", citation.framework, citation.id);
    }
    for (const auto& framework : claims.frameworks) {
        const bool listed = std::ranges::any_of(facts.frameworks, [&](const std::string& fact) {
            return fact == framework || fact.starts_with(framework + " ");
        });
        if (!listed) return fmt::format("{} is in no cited evidence that code selected", framework);
    }
    return std::nullopt;
}

auto name_objection(const Claims& claims, const std::string& cited) -> Objection {
    for (const auto& pseudonym : claims.pseudonyms) {
        if (cited.find(lower(pseudonym)) == std::string::npos)
            return fmt::format("the mark {} is in no cited evidence", pseudonym);
    }
    for (const auto& identifier : claims.identifiers) {
        if (!occurs(cited, lower(identifier), true)) return fmt::format("{} is in no cited evidence", identifier);
    }
    for (const auto& name : claims.names) {
        if (!occurs(cited, lower(name), false)) return fmt::format("the name {} is in no cited evidence", name);
    }
    return std::nullopt;
}

} // namespace

struct Grounding::Impl {
    explicit Impl(const EvidenceList& list) : evidence(list), particulars(list) {}
    const EvidenceList& evidence;
    Particulars particulars;
};

Grounding::Grounding(const EvidenceList& evidence) : impl_(std::make_unique<Impl>(evidence)) {}
Grounding::~Grounding() = default;

auto Grounding::objection(const Sentence& sentence) -> std::optional<std::string> {
    auto& particulars = impl_->particulars;
    if (trim(sentence.text).empty()) return "it is empty";
    Cited cited;
    if (auto objected = cited_items(sentence, impl_->evidence, cited)) return objected;
    std::erase_if(cited, [&](const Evidence* item) { return particulars.is_discredited(*item); });
    if (cited.empty()) return "all it cites reads like an instruction, or stands beside such text";
    auto text = with_plain_blanks(sentence.text);
    const auto cited_text = text_of(cited);
    if (auto objected = shape_objection(text, cited, cited_text)) return objected;
    // what the sentence quotes from a title may reassure all the same, so the polarity check sees the whole text, but
    // for rules of the organisation
    if (auto objected = polarity_objection(without_company_rules(text, cited), cited)) return objected;
    if (auto objected = take_quotes(text, cited_text)) return objected;
    if (auto objected = negation_objection(text, cited)) return objected;

    const auto claims = extract_claims(text);
    for (const auto& id : claims.evidence_ids) {
        if (std::ranges::find(sentence.evidence, id) == sentence.evidence.end())
            return fmt::format("it names {} in its text without citing it", id);
    }
    const auto facts = particulars.claims_of(cited);
    if (auto objected = regulation_objection(text, claims, cited, particulars)) return objected;
    if (auto objected = name_objection(claims, cited_text)) return objected;
    if (auto objected = number_objection(text, claims, facts, cited)) return objected;
    if (auto objected = date_objection(text, claims, facts, cited)) return objected;
    if (auto objected = vocabulary_objection(text, cited)) return objected;
    if (auto objected = people_objection(text, cited)) return objected;
    return access_objection(text, cited);
}

auto objection(const Sentence& sentence, const EvidenceList& evidence) -> std::optional<std::string> {
    return Grounding(evidence).objection(sentence);
}

} // namespace dossier::explain
