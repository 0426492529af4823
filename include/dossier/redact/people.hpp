#pragma once
// Names of people: whether the value of a field that holds an owner, a creator or a principal reads like a person, and
// a list of known names that finds each again however it is spelled.

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dossier::redact {

/// "Alice Ngo", "alice", "Ngo, Alice"; not "Claims Platform Team", "payments-core", "role/etl" or an address.
[[nodiscard]] auto reads_as_person(std::string_view value) -> bool;

/// Taken apart once, for all the texts of a finding are searched for the same few names.
class KnownNames {
public:
    void add(std::string_view name);
    [[nodiscard]] auto empty() const -> bool { return orders_.empty(); }
    /// Begin and end of each place where one of the names stands: its words, of two in either order, with a separator
    /// between.
    [[nodiscard]] auto places_in(std::string_view text) const -> std::vector<std::pair<std::size_t, std::size_t>>;

private:
    std::vector<std::string> names_;
    std::vector<std::vector<std::string>> orders_; ///< words of a name, one after the other as they may stand
    std::array<bool, 256> first_bytes_{};          ///< with which one of them begins
};

} // namespace dossier::redact
