#include "tags.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace dossier::context {

namespace {

constexpr std::array owner_keys{
    "owner",         "owneremail",   "dataowner",   "businessowner", "technicalowner",   "serviceowner", "productowner",
    "contact",       "contactemail", "responsible", "custodian",     "datasteward",      "budgetholder", "primaryowner",
    "resourceowner", "systemowner",  "assetowner",  "appowner",      "applicationowner", "ownername",    "ownerid"};
constexpr std::array team_keys{"team",        "teamname",     "opsteam",   "squad",
                               "supportteam", "supportgroup", "ownerteam", "managedby"};
constexpr std::array creator_keys{"createdby", "creator", "requester", "provisionedby", "launchedby"};
constexpr std::array environment_keys{"environment", "environmentid", "env", "stage", "deploymentenvironment"};

auto normalised(std::string_view key) -> std::string {
    if (const auto prefix = key.find_last_of(":/"); prefix != std::string_view::npos) key.remove_prefix(prefix + 1);
    std::string word;
    for (const unsigned char c : key)
        if (std::isalnum(c) != 0) word.push_back(static_cast<char>(std::tolower(c)));
    return word;
}

} // namespace

auto tag_meaning(std::string_view key) -> TagMeaning {
    const auto word = normalised(key);
    const auto among = [&](const auto& keys) { return std::ranges::find(keys, word) != keys.end(); };
    if (among(owner_keys)) return TagMeaning::owner;
    if (among(team_keys)) return TagMeaning::team;
    if (among(creator_keys)) return TagMeaning::creator;
    if (among(environment_keys)) return TagMeaning::environment;
    return TagMeaning::other;
}

} // namespace dossier::context
