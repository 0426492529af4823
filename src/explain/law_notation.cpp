#include "law_notation.hpp"

#include "closed_lists.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <functional>
#include <memory>

namespace dossier::explain {
namespace {

using re2::StringPiece;

/// A match's groups with its place; groups that took no part are "".
struct Found {
    std::vector<std::string> groups;
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// Calls `use` for each match; what it takes (true) is blanked in `text`, so that later steps don't see it again.
void each_match(std::string& text, const RE2& expression, const std::function<bool(const Found&)>& use) {
    std::vector<StringPiece> pieces(static_cast<std::size_t>(expression.NumberOfCapturingGroups()) + 1);
    std::size_t at = 0;
    while (at <= text.size() &&
           expression.Match(text, at, text.size(), RE2::UNANCHORED, pieces.data(), static_cast<int>(pieces.size()))) {
        Found found;
        for (const auto& piece : pieces) found.groups.emplace_back(piece.data() ? std::string(piece) : std::string());
        found.begin = static_cast<std::size_t>(pieces[0].data() - text.data());
        found.end = found.begin + pieces[0].size();
        if (use(found)) text.replace(found.begin, found.end - found.begin, found.end - found.begin, '\x01');
        at = std::max(found.end, at + 1);
    }
}

/// "3", "3.0", "v3.0.0" → "3.0.0".
auto full_version(std::string version) -> std::string {
    while (std::ranges::count(version, '.') < 2) version += ".0";
    return version;
}

auto cis_name(const Found& found) -> std::string {
    const auto word = lower(found.groups[1]);
    const std::string cloud = word.empty()                                  ? ""
                              : word == "aws" || word.starts_with("amazon") ? "AWS"
                              : word.find("azure") != std::string::npos     ? "Azure"
                                                                            : "GCP";
    if (cloud.empty()) return "CIS";
    const auto& version = found.groups[2];
    const auto name = "CIS " + cloud + " Foundations";
    return version.empty() ? name : name + " " + full_version(version);
}

struct Name {
    Law law;
    const char* framework; ///< "" = told by the match
    RE2 expression;
};

auto framework_names() -> const std::vector<std::unique_ptr<Name>>& {
    static const auto all = [] {
        std::vector<std::unique_ptr<Name>> list;
        const auto add = [&](Law law, const char* framework, const char* expression) {
            list.push_back(std::unique_ptr<Name>(new Name{law, framework, RE2(fmt::format("(?i){}", expression))}));
        };
        add(Law::gdpr, "GDPR",
            R"(\b(?:EU[ -])?GDPR\b|\b(?:EU )?General Data Protection Regulation\b|\bRegulation \(EU\) (?:No\.? ?)?2016/679|\bDSGVO\b)");
        add(Law::dora, "DORA",
            R"(\b(?-i:DORA)\b|\bDigital Operational Resilience Act\b|\bRegulation \(EU\) (?:No\.? ?)?2022/2554)");
        add(Law::hipaa, "HIPAA",
            R"(\b(?:HIPAA(?:['’]s)?(?: (?:Security|Privacy|Breach Notification))?(?: Rule)?|Health Insurance Portability and Accountability Act)\b(?:[ ,(]*45 C\.?F\.?R\.?(?: Part 16[0-4](?:,? Subpart [A-E])?)?)?|\b45 C\.?F\.?R\.?(?: Parts? 16[0-4](?:,? Subpart [A-E])?)?)");
        add(Law::ccpa, "CCPA",
            R"(\bCCPA(?:/CPRA)?\b|\bCPRA\b|\b(?:Cal(?:\.|ifornia)? )?Civ(?:\.|il) Code\b|\bCalifornia (?:Consumer Privacy|Privacy Rights) Act\b)");
        add(Law::pci, "PCI DSS 4.0.1",
            R"(\b(?:PCI[ -]?DSS|Payment Card Industry Data Security Standard)\b(?:[ ,]*\(?(?:v|ver\.? ?|version )?4\.0(?:\.1)?\b\)?)?)");
        add(Law::soc2, "SOC 2",
            R"(\bSOC ?-?2\b(?: Type (?:II|I|2|1)\b)?|\b(?:AICPA )?Trust Services Criteria\b|\b(?-i:TSC)\b)");
        add(Law::nist, "NIST 800-53 r5",
            R"(\b(?:NIST )?(?:Special Publication |SP )?800-53(?:[ ,]*\(?(?:r|rev(?:ision)?\.? ?)[0-9]\b\)?|\b))");
        add(Law::csf, "NIST CSF 2.0",
            R"(\bNIST (?:Cybersecurity Framework|CSF)\b(?: ?v?(?:ersion )?2\.0\b)?|\b(?-i:CSF)(?: ?v?2\.0\b)?)");
        add(Law::iso, "ISO 27001:2022", R"(\bISO(?:/IEC)?[ -]?27001(?:[: (]+20(?:22|13)\)?|\b))");
        add(Law::cis, "",
            R"(\b(?-i:CIS)\b(?: (?:Foundations? )?(Amazon Web Services|AWS|Microsoft Azure|Azure|Google Cloud(?: Platform)?|GCP)\b(?: Foundations?)?(?: Benchmarks?)?(?:[ ,]*\(?v?(?:ersion )?([0-9]{1,2}\.0(?:\.0)?|1\.[345](?:\.0)?|2\.1(?:\.0)?)\b\)?)?|(?: Foundations?)?(?: Benchmarks?)?))");
        add(Law::other, "",
            R"(\b(NIST|HITECH|HITRUST|FedRAMP|FISMA|SOX|GLBA|NIS ?2|FERPA|LGPD|PIPEDA|COPPA|CMMC|NYDFS|PIPL|POPIA|APPI|BDSG|UK GDPR|SOC ?[13]|ISO(?:/IEC)?[ -]?(?:27002|27017|27018|27701|22301|9001|42001)|CSA CCM|EU AI Act|Sarbanes-Oxley|Gramm-Leach-Bliley)\b)");
        return list;
    }();
    return all;
}

auto outdated_edition(Law law, std::string_view named, std::string_view after) -> std::string {
    static const RE2 old_card(
        R"((?i)^[ ,]*\(?(?:(?:v|ver\.? ?|version )[123]\.[0-9](?:\.[0-9])?|3\.2\.1(?: \(?2018\)?)?[ ,]+(?:req|requirement|control|section))\b)");
    if (law == Law::pci && RE2::PartialMatch(StringPiece(after.data(), after.size()), old_card))
        return "that version of PCI DSS is retired";
    if (law == Law::iso && named.find("2013") != std::string_view::npos) return "the edition of 2013 is withdrawn";
    if (law == Law::nist) {
        static const RE2 old_revision(R"((?i)(?:r|rev(?:ision)?\.? ?)[1-4]\)?$)");
        if (RE2::PartialMatch(StringPiece(named.data(), named.size()), old_revision))
            return "that revision is superseded";
    }
    return {};
}

auto without_leading_zeros(std::string_view digits) -> std::string {
    while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
    return std::string(digits);
}

/// "(1) (a)", ".1.a", " lit. a", " paragraph 1, point (a)" → "(1)(a)".
auto points_of(std::string tail) -> std::string {
    static const RE2 words(R"((?i)\b(?:lit|letter|para(?:graph)?|par|points?|sub-?paragraph)\b\.?)");
    static const RE2 part(R"((\w{1,4}))");
    RE2::GlobalReplace(&tail, words, " ");
    std::string points;
    StringPiece input(tail);
    std::string word;
    while (RE2::FindAndConsume(&input, part, &word)) points += "(" + word + ")";
    return points;
}

class NumberScan {
public:
    NumberScan(std::string_view text, const std::vector<NamedLaw>& named) : text_(text), rest_(text), named_(named) {
        for (const auto& name : named) rest_.replace(name.begin, name.end - name.begin, name.end - name.begin, '\x01');
    }

    auto run() -> std::vector<NumberedLaw> {
        articles();
        sections();
        controls();
        plain_numbers();
        continuations();
        std::ranges::sort(numbers_, {}, &NumberedLaw::begin);
        return std::move(numbers_);
    }

private:
    void add(std::string id, std::vector<Law> homes, const Found& found, bool needs_name = false) {
        numbers_.push_back({std::move(id), std::move(homes), needs_name, found.begin, found.end});
    }
    [[nodiscard]] auto names_any(std::initializer_list<Law> laws) const -> bool {
        return std::ranges::any_of(
            named_, [&](const NamedLaw& name) { return std::ranges::find(laws, name.law) != laws.end(); });
    }

    void articles() {
        static const RE2 article(
            R"((?i)\b(art|arts|article|articles)\b\.?\s*(\d{1,3})((?:\s*\(\w{1,4}\)|\.(?:\d{1,2}|[a-z])\b|,?\s*(?:lit|letter)\b\.?\s*\(?[a-z]\b\)?|,?\s*(?:para(?:graph)?|par)\b\.?\s*\(?\d+\b\)?|,?\s*(?:sub-?paragraph|points?)\s*\(?[a-z]\b\)?)*))");
        static const RE2 recital(R"((?i)\b(recitals?)\s+\(?(\d{1,3})\)?)");
        each_match(rest_, article, [&](const Found& found) {
            add("Art. " + found.groups[2] + lower(points_of(found.groups[3])), {Law::gdpr, Law::dora}, found);
            plural_.push_back(iequals(found.groups[1], "articles") || iequals(found.groups[1], "arts"));
            return true;
        });
        each_match(rest_, recital, [&](const Found& found) {
            add("Recital " + found.groups[2], {Law::gdpr}, found);
            return true;
        });
    }

    void sections() {
        static const RE2 california(
            R"((?i)(?:§+\s*|\bsec(?:tion|\.)?s?\s+)?\b(1798\.\d{1,3}(?:\.\d{1,3})?)((?:\s*\(\w{1,4}\))*))");
        static const RE2 federal(R"((?i)(§+\s*|\bsec(?:tion|\.)?s?\s+)?\b(1\d\d\.\d{3})\b((?:\s*\(\w{1,5}\))*))");
        each_match(rest_, california, [&](const Found& found) {
            add(found.groups[1] + points_of(found.groups[2]), {Law::ccpa}, found);
            return true;
        });
        each_match(rest_, federal, [&](const Found& found) {
            const bool is_part = found.groups[2].starts_with("16");
            if (!is_part && !names_any({Law::hipaa})) return false;
            add("45 CFR " + found.groups[2] + points_of(found.groups[3]), {Law::hipaa}, found);
            return true;
        });
    }

    void controls() {
        static const RE2 annex(
            R"((?i)\b(?:Annex )?A\.(\d{1,2}\.\d{1,2}(?:\.\d{1,2})?)\b|\bAnnex A(?: controls?)?[ :]+(\d{1,2}\.\d{1,2})\b)");
        static const RE2 subcategory(R"(\b((?:GV|ID|PR|DE|RS|RC)\.[A-Z]{2}(?:-\d{2})?)\b)");
        static const RE2 control(
            R"(\b([A-Za-z]{2})-(\d{1,2})(?:\s*\((\d{1,2})\)|\.(\d{1,2})\b|,?\s+(?:control\s+)?enhancement\s+\(?(\d{1,2})\)?|\b))");
        static const RE2 appendix(R"(\b(A[123]\.\d{1,2}(?:\.\d{1,2}){1,2})\b)");
        static const RE2 criterion(R"(\b(CC\d{1,2}\.\d{1,2}|PI\d\.\d{1,2}|[ACP]\d\.\d{1,2})\b)");
        each_match(rest_, annex, [&](const Found& found) {
            add("A." + (found.groups[1].empty() ? found.groups[2] : found.groups[1]), {Law::iso}, found);
            return true;
        });
        each_match(rest_, subcategory, [&](const Found& found) {
            add(found.groups[1], {Law::csf}, found);
            return true;
        });
        each_match(rest_, control, [&](const Found& found) { return take_control(found); });
        each_match(rest_, appendix, [&](const Found& found) {
            add(found.groups[1], {Law::pci}, found);
            return true;
        });
        each_match(rest_, criterion, [&](const Found& found) {
            add(found.groups[1], {Law::soc2, Law::pci}, found);
            return true;
        });
    }

    auto take_control(const Found& found) -> bool {
        static constexpr std::array families = {"AC", "AT", "AU", "CA", "CM", "CP", "IA", "IR", "MA", "MP",
                                                "PE", "PL", "PM", "PS", "PT", "RA", "SA", "SC", "SI", "SR"};
        // "SC-7-prod" and "eu-SC-7" are names of things
        if (found.end < rest_.size() && rest_[found.end] == '-') return false;
        if (found.begin > 0 && std::string_view("-./:_@").find(rest_[found.begin - 1]) != std::string_view::npos)
            return false;
        std::string family = found.groups[1];
        std::ranges::transform(family, family.begin(), [](unsigned char c) { return std::toupper(c); });
        const bool is_known = family == found.groups[1] && std::ranges::find(families, family) != families.end();
        if (!is_known && !names_any({Law::nist})) return false;
        auto id = family + "-" + without_leading_zeros(found.groups[2]);
        for (std::size_t i = 3; i < 6; ++i)
            if (!found.groups[i].empty()) id += "(" + without_leading_zeros(found.groups[i]) + ")";
        add(std::move(id), {Law::nist}, found, !is_known);
        return true;
    }

    /// Numbers that only the name beside them, or the word before them, makes a requirement.
    void plain_numbers() {
        if (!names_any({Law::pci, Law::iso, Law::cis})) return;
        static const RE2 after(
            R"((?i)^[\s,:(]*(?:(?:requirements?|reqs?\.?|controls?|recommendations?|sections?|sec\.|clauses?|rules?|items?|no\.|§+)[\s:]*)?(\d{1,2}(?:\.\d{1,2}){0,3})\b)");
        static const RE2 worded(
            R"((?i)\b(requirements?|reqs?\.?|controls?|recommendations?|clauses?|sections?)[\s:]+(\d{1,2}(?:\.\d{1,2}){0,3})\b)");
        static const RE2 before(R"(\b(\d{1,2}(?:\.\d{1,2}){1,3})\s+(?:of|in|from|under)\s+(?:the\s+)?$)");
        for (const auto& name : named_) {
            if (name.law != Law::pci && name.law != Law::iso && name.law != Law::cis) continue;
            StringPiece number;
            const StringPiece tail(rest_.data() + name.end, rest_.size() - name.end);
            if (RE2::PartialMatch(tail, after, &number)) add_plain(number, name.law);
            const StringPiece head(rest_.data(), name.begin);
            if (RE2::PartialMatch(head, before, &number)) add_plain(number, name.law);
        }
        each_match(rest_, worded, [&](const Found& found) {
            const auto at = found.end - found.groups[2].size();
            add_plain(StringPiece(rest_.data() + at, found.groups[2].size()), nearest_plain(found.begin));
            return false;
        });
    }

    [[nodiscard]] auto nearest_plain(std::size_t at) const -> Law {
        Law nearest = Law::other;
        for (const auto& name : named_)
            if ((name.law == Law::pci || name.law == Law::iso || name.law == Law::cis) &&
                (nearest == Law::other || name.begin < at))
                nearest = name.law;
        return nearest;
    }

    void add_plain(StringPiece number, Law law) {
        const auto begin = static_cast<std::size_t>(number.data() - rest_.data());
        const auto end = begin + number.size();
        if (end < rest_.size() && (rest_[end] == '%' || rest_[end] == '-')) return;
        std::string id(number);
        if (law == Law::iso) {
            // The clause words tell a clause; else the number of an Annex A control is meant where there is one.
            const auto head =
                lower(std::string_view(text_).substr(begin < 12 ? 0 : begin - 12, std::min<std::size_t>(begin, 12)));
            const bool is_clause =
                head.find("clause") != std::string::npos ||
                (std::ranges::count(id, '.') != 1 && ClosedLists::built_in().knows("ISO 27001:2022", id));
            if (!is_clause) id = "A." + id;
        }
        Found found{.groups = {}, .begin = begin, .end = end};
        add(std::move(id), {law}, found);
        rest_.replace(begin, end - begin, end - begin, '\x01');
    }

    /// "Articles 5, 25(2) and 32", "PCI DSS 1.3.1, 7.2.1 and 3.5.1", "§ 164.312(a)(1) and (b)" is not read.
    void continuations() {
        static const RE2 next(
            R"((?i)^\s*(?:,|;|/|&|and|or|to|–|-)\s*(?:(?:and|or)\s+)?(\d{1,3})((?:\s?\(\w{1,4}\)|\.\d{1,2})*)(?:[\s,.;:)/]|$))");
        for (std::size_t i = 0; i < numbers_.size() && numbers_.size() < 200; ++i) {
            const auto number = numbers_[i];
            const bool is_article = number.id.starts_with("Art. ");
            const bool is_dotted = number.homes.front() == Law::pci || number.homes.front() == Law::iso ||
                                   number.homes.front() == Law::cis;
            if (!is_article && !is_dotted) continue;
            std::string digits;
            std::string tail;
            StringPiece whole(rest_.data() + number.end, rest_.size() - number.end);
            if (!RE2::PartialMatch(whole, next, &digits, &tail)) continue;
            const bool is_plural = is_article && i < plural_.size() && plural_[i];
            if (tail.empty() && !is_plural) continue; // "and 3 principals"
            const auto begin = rest_.find(digits, number.end);
            Found found{.groups = {}, .begin = begin, .end = begin + digits.size() + tail.size()};
            auto id = is_article ? "Art. " + digits + lower(points_of(tail)) : digits + tail;
            if (number.id.starts_with("A.") && number.homes.front() == Law::iso) id = "A." + id;
            numbers_.insert(numbers_.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                            {std::move(id), number.homes, number.needs_name, found.begin, found.end});
            if (i + 1 <= plural_.size())
                plural_.insert(plural_.begin() + static_cast<std::ptrdiff_t>(i) + 1, is_plural);
        }
    }

    std::string text_;
    std::string rest_; ///< what is not taken yet
    const std::vector<NamedLaw>& named_;
    std::vector<NumberedLaw> numbers_;
    std::vector<bool> plural_; ///< for the articles, which come first
};

} // namespace

auto named_laws(std::string_view text) -> std::vector<NamedLaw> {
    std::vector<NamedLaw> found_laws;
    std::string rest(text);
    for (const auto& name : framework_names()) {
        each_match(rest, name->expression, [&](const Found& found) {
            auto framework = name->law == Law::cis     ? cis_name(found)
                             : name->law == Law::other ? found.groups[1]
                                                       : std::string(name->framework);
            found_laws.push_back({name->law, std::move(framework),
                                  outdated_edition(name->law, found.groups[0], text.substr(found.end)), found.begin,
                                  found.end});
            return true;
        });
    }
    std::ranges::sort(found_laws, {}, &NamedLaw::begin);
    return found_laws;
}

auto numbered_laws(std::string_view text, const std::vector<NamedLaw>& named) -> std::vector<NumberedLaw> {
    return NumberScan(text, named).run();
}

} // namespace dossier::explain
