#pragma once
// The assessor's knowledge as a tree to read from: what a YAML file says, laid out flat in one run of bytes that is
// read where it lies. Of the files that are built in this is made when the program is built (src/embed), so that a
// start parses no YAML; of files of a directory when they are read. Nodes are views, alive as long as the bytes.
//
// A node is its kind (s, n, l, m: text, null, list, mapping), its line (3 bytes) and the size of what follows (4
// bytes), both with the lowest byte first: the text, the elements, or keys and values by turns.

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace dossier::explain {

/// Thrown by whoever reads knowledge and turned into `malformed` at the edge.
struct KnowledgeMistake {
    int line = 0;
    std::string message;
};

/// What `yaml` says, in the form that `KnowledgeNode` reads. Throws KnowledgeMistake where it is no YAML.
[[nodiscard]] auto flat_knowledge(const std::string& yaml) -> std::string;

class KnowledgeNode {
public:
    class Iterator;
    class Items;

    KnowledgeNode() = default; ///< nothing there
    /// @param flat what `flat_knowledge` has made
    [[nodiscard]] static auto root(std::string_view flat) -> KnowledgeNode;

    [[nodiscard]] explicit operator bool() const { return kind_ != Kind::absent; }
    [[nodiscard]] auto is_text() const -> bool { return kind_ == Kind::text; }
    [[nodiscard]] auto is_list() const -> bool { return kind_ == Kind::list; }
    [[nodiscard]] auto is_map() const -> bool { return kind_ == Kind::map; }
    [[nodiscard]] auto line() const -> int { return line_; } ///< of what is absent: that of what lacks it

    /// The first member of this name; an absent node where there is none. A text has no members: that is a mistake.
    [[nodiscard]] auto operator[](std::string_view key) const -> KnowledgeNode;
    /// What a text says; "" of all else.
    [[nodiscard]] auto text() const -> std::string_view { return is_text() ? content_ : std::string_view(); }

    // A value of another kind is a mistake. As in YAML 1.1, null may be the word for it, and yes and on are true.
    [[nodiscard]] auto as_text() const -> std::string;
    [[nodiscard]] auto as_number() const -> double;
    [[nodiscard]] auto as_count() const -> std::size_t;
    [[nodiscard]] auto as_claim() const -> bool;

    // The elements of a list; nothing of all else.
    [[nodiscard]] auto begin() const -> Iterator;
    [[nodiscard]] auto end() const -> Iterator;
    /// The members of a mapping, as pairs of nodes; nothing of all else.
    [[nodiscard]] auto members() const -> Items;

private:
    enum class Kind : char { absent = 0, text = 's', null = 'n', list = 'l', map = 'm' };

    /// The node at the beginning of `bytes`, which then begin behind it.
    [[nodiscard]] static auto taken_from(std::string_view& bytes) -> KnowledgeNode;
    [[noreturn]] void refuse(std::string_view wanted) const;

    Kind kind_ = Kind::absent;
    int line_ = 0;
    std::string_view content_;
};

class KnowledgeNode::Iterator {
public:
    explicit Iterator(std::string_view rest) : rest_(rest) {}
    [[nodiscard]] auto operator*() const -> KnowledgeNode {
        auto rest = rest_;
        return taken_from(rest);
    }
    auto operator++() -> Iterator& {
        static_cast<void>(taken_from(rest_));
        return *this;
    }
    [[nodiscard]] auto operator==(const Iterator& other) const -> bool { return rest_.size() == other.rest_.size(); }

private:
    std::string_view rest_;
};

class KnowledgeNode::Items {
public:
    class Iterator {
    public:
        explicit Iterator(std::string_view rest) : rest_(rest) {}
        [[nodiscard]] auto operator*() const -> std::pair<KnowledgeNode, KnowledgeNode> {
            auto rest = rest_;
            const auto key = taken_from(rest);
            return {key, taken_from(rest)};
        }
        auto operator++() -> Iterator& {
            static_cast<void>(taken_from(rest_));
            static_cast<void>(taken_from(rest_));
            return *this;
        }
        [[nodiscard]] auto operator==(const Iterator& other) const -> bool {
            return rest_.size() == other.rest_.size();
        }

    private:
        std::string_view rest_;
    };

    explicit Items(std::string_view content) : content_(content) {}
    [[nodiscard]] auto begin() const -> Iterator { return Iterator(content_); }
    [[nodiscard]] auto end() const -> Iterator { return Iterator(content_.substr(content_.size())); }

private:
    std::string_view content_;
};

inline auto KnowledgeNode::begin() const -> Iterator { return Iterator(is_list() ? content_ : std::string_view()); }
inline auto KnowledgeNode::end() const -> Iterator { return Iterator(std::string_view()); }
inline auto KnowledgeNode::members() const -> Items { return Items(is_map() ? content_ : std::string_view()); }

} // namespace dossier::explain
