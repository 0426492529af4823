#pragma once
// The requirement numbers that exist, by framework, from the built-in files config/compliance/ids. A word there stands
// for itself or for a range: "AC-2(1..13)", "Art._5(1)(a..f)" (an underscore is a blank).

#include "dossier/base/error.hpp"
#include "embedded.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::explain {

struct ClosedList {
    std::set<std::string, std::less<>> ids;
    std::map<std::string, std::string, std::less<>> withdrawn; ///< id → where it went, "" where nowhere
};

/// A word of a list with its ranges written out.
[[nodiscard]] auto expand_ids(std::string_view word) -> std::vector<std::string>;

class ClosedLists {
public:
    /// `malformed` with "file:line: …" for the first mistake.
    [[nodiscard]] static auto parse(const std::vector<EmbeddedFile>& files) -> Result<ClosedLists>;
    /// Those in the binary.
    [[nodiscard]] static auto built_in() -> const ClosedLists&;
    [[nodiscard]] auto find(std::string_view framework) const -> const ClosedList*;
    /// The id itself or a paragraph above listed points.
    [[nodiscard]] auto knows(std::string_view framework, std::string_view id) const -> bool;
    [[nodiscard]] auto frameworks() const -> std::vector<std::string>;

private:
    std::map<std::string, ClosedList, std::less<>> lists_;
};

} // namespace dossier::explain
