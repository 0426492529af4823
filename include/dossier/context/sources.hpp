#pragma once
// What a context source offers: identity (who owns it, who can reach it) and CMDB (what it is for the business).
// Sources answer in any order and may fail alone; the Enricher merges, and a failure is a gap, never a failed finding.

#include "dossier/base/error.hpp"
#include "dossier/base/task.hpp"
#include "dossier/finding/dossier.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dossier::context {

struct IdentityAnswer {
    std::vector<OwnerSignal> owners;
    std::vector<Principal> access;
};

class IdentitySource {
public:
    virtual ~IdentitySource() = default;
    [[nodiscard]] virtual auto name() const -> const std::string& = 0;
    /// Owners and principals of a resource as far as this source knows.
    /// @return `unavailable`, `timeout`, … when the source could not be asked (the dossier then says so)
    virtual auto ask(Resource resource, Deadline deadline) -> Task<Result<IdentityAnswer>> = 0;
    /// The person behind an id or e-mail that another source named; nullopt = unknown here.
    virtual auto person(std::string id_or_email, Deadline deadline) -> Task<Result<std::optional<Person>>> = 0;
};

class CmdbSource {
public:
    virtual ~CmdbSource() = default;
    [[nodiscard]] virtual auto name() const -> const std::string& = 0;
    /// The asset behind a resource; nullopt = not in this CMDB.
    virtual auto ask(Resource resource, Deadline deadline) -> Task<Result<std::optional<Asset>>> = 0;
};

} // namespace dossier::context
