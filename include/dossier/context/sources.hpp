#pragma once
// What a context source offers: identity (who owns it, who can reach it) and CMDB (what it is for the business).
// Sources answer in any order and may fail alone; the Enricher merges, and a failure is a gap, never a failed finding.

#include "dossier/base/error.hpp"
#include "dossier/base/task.hpp"
#include "dossier/finding/dossier.hpp"
#include "dossier/net/connect_check.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dossier::context {

struct IdentityAnswer {
    std::vector<OwnerSignal> owners;
    std::vector<Principal> access;
    Tags tags;                              ///< the provider's own, for what the finding's don't say
    std::string account_name;               ///< the provider's name for the account
    std::vector<PolicyFact> policies;       ///< attached to the resource
    std::vector<std::string> exposure_path; ///< how one gets there from outside, one step a line
    std::vector<AccessEvent> access_log;
    std::optional<StorePolicy> store_policy;
    std::string gap; ///< what could not be asked, where that is only a part; "" = nothing
};

/// A group or application of a directory and the people behind it.
struct Team {
    std::string id;
    std::string name;
    std::string email;
    std::vector<Person> owners;      ///< whom the directory calls its owners, at most a handful
    std::optional<Person> only_one;  ///< the member of a group without owners that has a single member
    std::vector<std::string> unseen; ///< as in Person
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
    /// Names of the groups of somebody whom person() of this source gave; asked only where it matters whether they
    /// belong to one, since most directories take a call for it. By default those that person() filled in.
    virtual auto groups_of(Person person, Deadline deadline) -> Task<Result<std::vector<std::string>>>;
    /// The group or application behind a name, e-mail or id that is no person; nullopt = none here.
    virtual auto team(std::string name, Deadline deadline) -> Task<Result<std::optional<Team>>>;
    /// What an answer of `ask` depends on: questions of one key share one call and, for a while, its answer. "" = asked
    /// each time, for sources that answer from memory. By default all of the resource but its tags.
    [[nodiscard]] virtual auto cache_key(const Resource& resource) const -> std::string;
    /// The same for `person` and `team`; by default the name in lower case.
    [[nodiscard]] virtual auto person_key(const std::string& id_or_email) const -> std::string;
    /// Tries address, credentials and rights by reading only.
    virtual auto check(Deadline deadline) -> Task<net::ConnectCheck>;
};

class CmdbSource {
public:
    virtual ~CmdbSource() = default;
    [[nodiscard]] virtual auto name() const -> const std::string& = 0;
    /// The asset behind a resource; nullopt = not in this CMDB.
    virtual auto ask(Resource resource, Deadline deadline) -> Task<Result<std::optional<Asset>>> = 0;
    /// As of IdentitySource.
    [[nodiscard]] virtual auto cache_key(const Resource& resource) const -> std::string;
    virtual auto check(Deadline deadline) -> Task<net::ConnectCheck>;
};

/// What a platform knows around the resource of one of its findings.
struct Surroundings {
    std::optional<BlastRadius> blast_radius;
    std::vector<std::string> exposure_path;
    std::vector<AccessEvent> access_log;
    std::vector<PolicyFact> policies;
    std::vector<Principal> access;
    std::vector<ContextGap> gaps{}; ///< what could not be asked while the rest could
};

class GraphSource {
public:
    virtual ~GraphSource() = default;
    [[nodiscard]] virtual auto name() const -> const std::string& = 0;
    /// Whether this source can say something about a finding (it is of that platform).
    [[nodiscard]] virtual auto serves(const Finding& finding) const -> bool = 0;
    virtual auto ask(Finding finding, Deadline deadline) -> Task<Result<Surroundings>> = 0;
};

/// Policies that concern a finding: the organisation's documents, the platform's classification policies.
class PolicySource {
public:
    virtual ~PolicySource() = default;
    [[nodiscard]] virtual auto name() const -> const std::string& = 0;
    virtual auto ask(Finding finding, Deadline deadline) -> Task<Result<std::vector<PolicyFact>>> = 0;
    virtual auto check(Deadline deadline) -> Task<net::ConnectCheck>;
};

} // namespace dossier::context
