#pragma once
// What to do about a failed control on a kind of resource, from the files of config/remediation: ordered steps and at
// most one snippet. A snippet's holes are filled with names from a finding, which a stranger may have chosen: each has
// to pass a strict list of characters that mean nothing to a shell, JSON or HCL, or there is no snippet.

#include "dossier/base/error.hpp"
#include "dossier/finding/dossier.hpp"
#include "embedded.hpp"

#include <optional>
#include <string>
#include <vector>

namespace dossier::explain {

struct Snippet {
    std::string title;
    std::string language; ///< json | hcl | bash
    std::string text;     ///< with holes, or filled
};

struct Remedy {
    std::vector<ControlFamily> controls; ///< none = any
    std::vector<std::string> clouds;
    std::vector<std::string> resources; ///< globs over type or id
    std::vector<std::string> steps;
    std::optional<Snippet> snippet;
};

/// The snippet with real names; nullopt when one is missing or not plain.
[[nodiscard]] auto fill(Snippet snippet, const Resource& resource) -> std::optional<Snippet>;

class RemediationCatalogue {
public:
    /// `malformed` with "file:line: …" for the first mistake, also when nothing fits everything.
    [[nodiscard]] static auto parse(const std::vector<EmbeddedFile>& files) -> Result<RemediationCatalogue>;
    /// The first remedy that fits.
    [[nodiscard]] auto find(ControlFamily control, const Resource& resource) const -> const Remedy&;

private:
    std::vector<Remedy> remedies_;
};

} // namespace dossier::explain
