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
    std::vector<std::string> controls;  ///< families and finer failures; none = any
    std::vector<std::string> data;      ///< narrower than the framework's
    std::vector<std::string> resources; ///< globs over type or id
};

struct Framework {
    std::string name;
    Jurisdiction jurisdiction = Jurisdiction::any;
    std::string condition;         ///< further words on when it applies
    std::vector<std::string> data; ///< classes that bring it in; none = any, also unknown
    std::vector<std::string> clouds;
    std::size_t most = 0; ///< requirements named for one dossier; 0 = all that fit
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
    std::set<std::string> controls; ///< see control_failure.hpp
    std::set<std::string> data;
    const Resource* resource = nullptr;
};

class ComplianceCatalogue {
public:
    /// `malformed` with "file:line: …" for the first mistake; a requirement that a known framework hasn't is one.
    [[nodiscard]] static auto parse(const std::vector<EmbeddedFile>& files) -> Result<ComplianceCatalogue>;
    [[nodiscard]] auto select(const ComplianceQuery& query) const -> std::vector<RegulationRef>;
    [[nodiscard]] auto frameworks() const -> const std::vector<Framework>& { return frameworks_; }

private:
    std::vector<Framework> frameworks_;
};

} // namespace dossier::explain
