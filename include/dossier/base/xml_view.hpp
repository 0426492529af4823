#pragma once
// A read-only view of an XML document (pugixml underneath), for the answers of AWS' query and S3 protocols. As with
// JsonView, views never fail: what isn't there is the null view. Names are local names, namespaces are dropped. A
// document type declaration is refused, so that there are no entities but XML's own five, and nothing is ever loaded.
// A view lives no longer than its XmlDocument.

#include "dossier/base/error.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dossier {

class XmlDocument;

class XmlView {
public:
    XmlView() = default; ///< the null view

    [[nodiscard]] auto is_null() const -> bool { return node_ == nullptr; }
    [[nodiscard]] auto name() const -> std::string_view;
    /// First child element of that name.
    [[nodiscard]] auto operator[](std::string_view name) const -> XmlView;
    /// Child elements of that name, in order.
    [[nodiscard]] auto all(std::string_view name) const -> std::vector<XmlView>;
    /// The text directly inside, entities resolved, white space around it cut; "" for none.
    [[nodiscard]] auto text() const -> std::string;
    /// Text of the first child element of that name.
    [[nodiscard]] auto text_at(std::string_view child) const -> std::string { return (*this)[child].text(); }
    /// Value of an attribute by its local name; "" for none.
    [[nodiscard]] auto attribute(std::string_view name) const -> std::string;

private:
    friend class XmlDocument;
    explicit XmlView(void* node) : node_(node) {}
    void* node_ = nullptr; ///< pugixml's node
};

class XmlDocument {
public:
    XmlDocument(); ///< the null document: its root is the null view
    /// @return `malformed` for what is no well-formed XML with one root, has a document type declaration or is nested
    /// deeper than `max_depth`
    [[nodiscard]] static auto parse(std::string_view text, std::size_t max_depth = 64) -> Result<XmlDocument>;
    XmlDocument(XmlDocument&&) noexcept;
    auto operator=(XmlDocument&&) noexcept -> XmlDocument&;
    ~XmlDocument();

    [[nodiscard]] auto root() const -> XmlView;

private:
    struct Impl;
    explicit XmlDocument(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace dossier
