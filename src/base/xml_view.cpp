#include "dossier/base/xml_view.hpp"

#include "dossier/base/strings.hpp"

#include <pugixml.hpp>

namespace dossier {
namespace {

auto node_of(void* node) -> pugi::xml_node { return pugi::xml_node(static_cast<pugi::xml_node_struct*>(node)); }

auto local_name(std::string_view name) -> std::string_view {
    const auto colon = name.find(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

/// Walks the tree without recursion: a hostile document is as deep as it is long.
auto is_deeper_than(pugi::xml_node root, std::size_t most) -> bool {
    std::size_t depth = 1;
    for (auto node = root; node;) {
        if (depth > most) return true;
        if (const auto child = node.first_child()) {
            node = child;
            ++depth;
            continue;
        }
        while (node && node != root && !node.next_sibling()) {
            node = node.parent();
            --depth;
        }
        if (!node || node == root) break;
        node = node.next_sibling();
    }
    return false;
}

} // namespace

struct XmlDocument::Impl {
    pugi::xml_document document;
};

XmlDocument::XmlDocument(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
XmlDocument::XmlDocument() = default;
XmlDocument::XmlDocument(XmlDocument&&) noexcept = default;
auto XmlDocument::operator=(XmlDocument&&) noexcept -> XmlDocument& = default;
XmlDocument::~XmlDocument() = default;

auto XmlDocument::parse(std::string_view text, std::size_t max_depth) -> Result<XmlDocument> {
    if (!is_valid_utf8(text)) return fail(Errc::malformed, "not UTF-8");
    if (text.contains('\0')) return fail(Errc::malformed, "not XML: a NUL byte"); // pugixml would end there
    auto impl = std::make_unique<Impl>();
    constexpr unsigned options = pugi::parse_default | pugi::parse_doctype;
    const auto parsed = impl->document.load_buffer(text.data(), text.size(), options, pugi::encoding_utf8);
    if (!parsed) return fail(Errc::malformed, std::string("not XML: ") + parsed.description());
    std::size_t elements = 0;
    for (const auto node : impl->document.children()) {
        if (node.type() == pugi::node_doctype)
            return fail(Errc::malformed, "XML with a document type declaration is refused");
        if (node.type() == pugi::node_element) ++elements;
    }
    if (elements != 1) return fail(Errc::malformed, "not one XML element");
    if (is_deeper_than(impl->document.document_element(), max_depth))
        return fail(Errc::malformed, "XML nested too deeply");
    return XmlDocument(std::move(impl));
}

auto XmlDocument::root() const -> XmlView {
    return impl_ ? XmlView(impl_->document.document_element().internal_object()) : XmlView();
}

auto XmlView::name() const -> std::string_view { return local_name(node_of(node_).name()); }

auto XmlView::operator[](std::string_view name) const -> XmlView {
    for (const auto child : node_of(node_).children())
        if (child.type() == pugi::node_element && local_name(child.name()) == name)
            return XmlView(child.internal_object());
    return {};
}

auto XmlView::all(std::string_view name) const -> std::vector<XmlView> {
    std::vector<XmlView> found;
    for (const auto child : node_of(node_).children())
        if (child.type() == pugi::node_element && local_name(child.name()) == name)
            found.push_back(XmlView(child.internal_object()));
    return found;
}

auto XmlView::text() const -> std::string {
    std::string all;
    for (const auto child : node_of(node_).children())
        if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) all += child.value();
    return std::string(trim(all));
}

auto XmlView::attribute(std::string_view name) const -> std::string {
    for (const auto attribute : node_of(node_).attributes())
        if (local_name(attribute.name()) == name) return attribute.value();
    return {};
}

} // namespace dossier
