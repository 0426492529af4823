#pragma once
// Which requirements of which framework an exposure touches: data class × failed control × place, looked up in the
// files of config/compliance (ids and titles in our own words). A law is named only where its kind of data is known to
// be there; control frameworks apply to any data. Citations come from here and nowhere else.

#include "dossier/base/error.hpp"
#include "dossier/finding/dossier.hpp"
#include "embedded.hpp"

#include <set>
#include <string>
#include <vector>

namespace dossier::explain {

enum class Jurisdiction { any, eu, us };

struct Requirement {
    std::string id;
    std::string title;
    std::string reason;
    std::vector<ControlFamily> controls; ///< none = any
    std::vector<std::string> data;       ///< narrower than the framework's
    std::vector<std::string> resources;  ///< globs over type or id
};

struct Framework {
    std::string name;
    std::string list; ///< closed list of its ids, where the file name doesn't tell
    Jurisdiction jurisdiction = Jurisdiction::any;
    std::string condition;         ///< further words on when it applies
    std::vector<std::string> data; ///< classes that bring it in; none = any, also unknown
    std::vector<std::string> clouds;
    std::size_t most = 3; ///< requirements named for one dossier
    std::vector<Requirement> requirements;
};

/// Where the law of a resource may be looked for.
struct Place {
    bool is_eu = false;
    bool is_us = false;
    std::string why; ///< "the resource is in eu-west-1"
};
/// From the region, else from tags that name a jurisdiction or its law.
[[nodiscard]] auto place_of(const Resource& resource) -> Place;

struct ComplianceQuery {
    std::set<ControlFamily> controls;
    std::set<std::string> data;
    const Resource* resource = nullptr;
};

class ComplianceCatalogue {
public:
    /// `malformed` with "file:line: …" for the first mistake.
    [[nodiscard]] static auto parse(const std::vector<EmbeddedFile>& files) -> Result<ComplianceCatalogue>;
    [[nodiscard]] auto select(const ComplianceQuery& query) const -> std::vector<RegulationRef>;
    [[nodiscard]] auto frameworks() const -> const std::vector<Framework>& { return frameworks_; }

private:
    std::vector<Framework> frameworks_;
};

} // namespace dossier::explain
