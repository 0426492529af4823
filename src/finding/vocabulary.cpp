#include "dossier/finding/vocabulary.hpp"

#include "dossier/base/strings.hpp"

#include <array>
#include <utility>

namespace dossier {

namespace {

template <class E>
struct Words; // one table a vocabulary: the only place where its words stand

template <>
struct Words<Severity> {
    static constexpr std::array table{std::pair{Severity::informational, std::string_view{"informational"}},
                                      std::pair{Severity::low, std::string_view{"low"}},
                                      std::pair{Severity::medium, std::string_view{"medium"}},
                                      std::pair{Severity::high, std::string_view{"high"}},
                                      std::pair{Severity::critical, std::string_view{"critical"}}};
};
template <>
struct Words<Status> {
    static constexpr std::array table{std::pair{Status::open, std::string_view{"open"}},
                                      std::pair{Status::in_progress, std::string_view{"in_progress"}},
                                      std::pair{Status::resolved, std::string_view{"resolved"}},
                                      std::pair{Status::suppressed, std::string_view{"suppressed"}}};
};
template <>
struct Words<Exposure> {
    static constexpr std::array table{std::pair{Exposure::public_, std::string_view{"public"}},
                                      std::pair{Exposure::cross_account, std::string_view{"cross_account"}},
                                      std::pair{Exposure::internal, std::string_view{"internal"}},
                                      std::pair{Exposure::none, std::string_view{"none"}},
                                      std::pair{Exposure::unknown, std::string_view{"unknown"}}};
};
template <>
struct Words<FindingType> {
    static constexpr std::array table{std::pair{FindingType::sensitive_data, std::string_view{"sensitive_data"}},
                                      std::pair{FindingType::unclassified_data, std::string_view{"unclassified_data"}},
                                      std::pair{FindingType::misconfiguration, std::string_view{"misconfiguration"}},
                                      std::pair{FindingType::vulnerability, std::string_view{"vulnerability"}},
                                      std::pair{FindingType::threat, std::string_view{"threat"}},
                                      std::pair{FindingType::identity, std::string_view{"identity"}},
                                      std::pair{FindingType::other, std::string_view{"other"}}};
};
template <>
struct Words<Environment> {
    static constexpr std::array table{std::pair{Environment::prod, std::string_view{"prod"}},
                                      std::pair{Environment::staging, std::string_view{"staging"}},
                                      std::pair{Environment::test, std::string_view{"test"}},
                                      std::pair{Environment::dev, std::string_view{"dev"}},
                                      std::pair{Environment::unknown, std::string_view{"unknown"}}};
};
template <>
struct Words<Criticality> {
    static constexpr std::array table{std::pair{Criticality::low, std::string_view{"low"}},
                                      std::pair{Criticality::medium, std::string_view{"medium"}},
                                      std::pair{Criticality::high, std::string_view{"high"}},
                                      std::pair{Criticality::critical, std::string_view{"critical"}},
                                      std::pair{Criticality::unknown, std::string_view{"unknown"}}};
};
template <>
struct Words<Stage> {
    static constexpr std::array table{std::pair{Stage::received, std::string_view{"received"}},
                                      std::pair{Stage::normalised, std::string_view{"normalised"}},
                                      std::pair{Stage::enriched, std::string_view{"enriched"}},
                                      std::pair{Stage::assessed, std::string_view{"assessed"}},
                                      std::pair{Stage::explained, std::string_view{"explained"}},
                                      std::pair{Stage::drafted, std::string_view{"drafted"}},
                                      std::pair{Stage::awaiting_approval, std::string_view{"awaiting_approval"}},
                                      std::pair{Stage::delivered, std::string_view{"delivered"}},
                                      std::pair{Stage::closed, std::string_view{"closed"}},
                                      std::pair{Stage::digested, std::string_view{"digested"}},
                                      std::pair{Stage::dead, std::string_view{"dead"}}};
};
template <>
struct Words<ControlFamily> {
    static constexpr std::array table{std::pair{ControlFamily::public_access, std::string_view{"public_access"}},
                                      std::pair{ControlFamily::excessive_access, std::string_view{"excessive_access"}},
                                      std::pair{ControlFamily::encryption, std::string_view{"encryption"}},
                                      std::pair{ControlFamily::logging, std::string_view{"logging"}},
                                      std::pair{ControlFamily::backup_retention, std::string_view{"backup_retention"}},
                                      std::pair{ControlFamily::network_exposure, std::string_view{"network_exposure"}},
                                      std::pair{ControlFamily::data_at_risk, std::string_view{"data_at_risk"}},
                                      std::pair{ControlFamily::classification, std::string_view{"classification"}},
                                      std::pair{ControlFamily::credentials, std::string_view{"credentials"}},
                                      std::pair{ControlFamily::vulnerability, std::string_view{"vulnerability"}},
                                      std::pair{ControlFamily::malware, std::string_view{"malware"}},
                                      std::pair{ControlFamily::threat, std::string_view{"threat"}},
                                      std::pair{ControlFamily::other, std::string_view{"other"}}};
};

template <class E>
auto word_of(E value) -> std::string_view {
    for (const auto& [known, word] : Words<E>::table) {
        if (known == value) return word;
    }
    return "unknown";
}

} // namespace

auto to_string(Severity value) -> std::string_view { return word_of(value); }
auto to_string(Status value) -> std::string_view { return word_of(value); }
auto to_string(Exposure value) -> std::string_view { return word_of(value); }
auto to_string(FindingType value) -> std::string_view { return word_of(value); }
auto to_string(Environment value) -> std::string_view { return word_of(value); }
auto to_string(Criticality value) -> std::string_view { return word_of(value); }
auto to_string(Stage value) -> std::string_view { return word_of(value); }
auto to_string(ControlFamily value) -> std::string_view { return word_of(value); }

template <class E>
auto parse_word(std::string_view word) -> std::optional<E> {
    for (const auto& [value, known] : Words<E>::table) {
        if (known == word) return value;
    }
    return std::nullopt;
}

template auto parse_word<Severity>(std::string_view) -> std::optional<Severity>;
template auto parse_word<Status>(std::string_view) -> std::optional<Status>;
template auto parse_word<Exposure>(std::string_view) -> std::optional<Exposure>;
template auto parse_word<FindingType>(std::string_view) -> std::optional<FindingType>;
template auto parse_word<Environment>(std::string_view) -> std::optional<Environment>;
template auto parse_word<Criticality>(std::string_view) -> std::optional<Criticality>;
template auto parse_word<Stage>(std::string_view) -> std::optional<Stage>;
template auto parse_word<ControlFamily>(std::string_view) -> std::optional<ControlFamily>;

auto environment_from_text(std::string_view text) -> Environment {
    const auto word = lower(trim(text));
    const auto any_of = [&](std::initializer_list<std::string_view> words) {
        for (const auto candidate : words) {
            if (word == candidate) return true;
        }
        return false;
    };
    if (any_of({"production", "prod", "live", "prd"})) return Environment::prod;
    if (any_of({"staging", "stage", "stg", "preprod", "pre-prod", "preproduction", "pre-production", "uat"}))
        return Environment::staging;
    if (any_of({"test", "testing", "tst", "qa", "quality"})) return Environment::test;
    if (any_of({"dev", "development", "develop", "sandbox", "sbx", "lab"})) return Environment::dev;
    return Environment::unknown;
}

auto counts_as_prod(Environment environment) -> bool {
    return environment == Environment::prod || environment == Environment::unknown;
}

} // namespace dossier
