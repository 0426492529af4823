#pragma once
// An object that is asked for many names of which it has few: whose finding it is, what it may hold. Each look in a
// document walks through the members; one walk beforehand tells most of the names that are not there.

#include "dossier/base/json_view.hpp"

#include <cstdint>
#include <string_view>

namespace dossier::ingest {

/// Answers as its JsonView does; a value that is no object isn't sifted.
class SiftedObject {
public:
    explicit SiftedObject(JsonView object) : object_(object), seen_(object.is_object() ? 0 : ~std::uint64_t{0}) {
        for (const auto& [name, value] : object.members()) seen_ |= mark(name);
    }

    [[nodiscard]] auto view() const -> JsonView { return object_; }
    [[nodiscard]] auto operator[](std::string_view name) const -> JsonView {
        return (seen_ & mark(name)) != 0 ? object_[name] : JsonView{};
    }
    [[nodiscard]] auto at(std::string_view pointer) const -> JsonView {
        const auto first = pointer.substr(0, pointer.find('/', 1));
        const bool is_plain = first.size() > 1 && !first.contains('~');
        return !is_plain || (seen_ & mark(first.substr(1))) != 0 ? object_.at(pointer) : JsonView{};
    }

private:
    /// One of 64 bits, by what differs most between names.
    static auto mark(std::string_view name) -> std::uint64_t {
        if (name.empty()) return 1;
        const auto first = static_cast<unsigned char>(name.front());
        const auto last = static_cast<unsigned char>(name.back());
        return std::uint64_t{1} << ((name.size() * 5 + first + 3U * last) % 64);
    }

    JsonView object_;
    std::uint64_t seen_;
};

} // namespace dossier::ingest
