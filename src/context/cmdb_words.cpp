#include "cmdb_words.hpp"

#include "dossier/base/strings.hpp"

#include <cctype>
#include <string>
#include <utility>

namespace dossier::context {
namespace {

constexpr std::pair<std::string_view, Criticality> words[] = {
    {"critical", Criticality::critical},
    {"missioncritical", Criticality::critical},
    {"businesscritical", Criticality::critical},
    {"mostcritical", Criticality::critical},
    {"1mostcritical", Criticality::critical},
    {"veryhigh", Criticality::critical},
    {"tier0", Criticality::critical},
    {"tier1", Criticality::critical},
    {"1critical", Criticality::critical},
    {"p1", Criticality::critical},
    {"1", Criticality::critical},
    {"high", Criticality::high},
    {"somewhatcritical", Criticality::high},
    {"2somewhatcritical", Criticality::high},
    {"important", Criticality::high},
    {"2high", Criticality::high},
    {"tier2", Criticality::high},
    {"p2", Criticality::high},
    {"2", Criticality::high},
    {"medium", Criticality::medium},
    {"moderate", Criticality::medium},
    {"lesscritical", Criticality::medium},
    {"3lesscritical", Criticality::medium},
    {"3medium", Criticality::medium},
    {"3moderate", Criticality::medium},
    {"tier3", Criticality::medium},
    {"p3", Criticality::medium},
    {"3", Criticality::medium},
    {"low", Criticality::low},
    {"notcritical", Criticality::low},
    {"noncritical", Criticality::low},
    {"4notcritical", Criticality::low},
    {"4low", Criticality::low},
    {"tier4", Criticality::low},
    {"p4", Criticality::low},
    {"4", Criticality::low},
};

} // namespace

auto criticality_from_text(std::string_view text) -> Criticality {
    std::string plain;
    for (const unsigned char c : text)
        if (std::isalnum(c) != 0) plain.push_back(static_cast<char>(std::tolower(c)));
    for (const auto& [word, criticality] : words)
        if (plain == word) return criticality;
    return Criticality::unknown;
}

} // namespace dossier::context
