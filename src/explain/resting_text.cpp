#include "dossier/explain/resting_text.hpp"

#include "dossier/base/lz4_block.hpp"

#include <algorithm>
#include <stdexcept>

namespace dossier::explain {

namespace {

constexpr std::size_t least_packed = 2U << 10U; ///< less is not worth the way there and back

} // namespace

void RestingText::rest() const {
    if (!body_ || body_->packed || body_->text.holders() > 1) return;
    const auto text = body_->text.view();
    if (text.size() < least_packed) return;
    const auto worth_it = text.size() - text.size() / 4;
    const auto room = std::make_unique_for_overwrite<char[]>(worth_it);
    const auto size = pack_lz4(text, {room.get(), worth_it});
    if (size == 0) return; // it would take more
    body_->packed_size = size;
    body_->packed = std::make_unique_for_overwrite<char[]>(body_->packed_size);
    std::copy_n(room.get(), body_->packed_size, body_->packed.get());
    body_->size = text.size();
    body_->text = {};
}

void RestingText::wake() const {
    std::string text;
    bool is_whole = false;
    // The size that it says isn't always the one that was asked for (libstdc++ 12).
    text.resize_and_overwrite(body_->size, [&](char* begin, std::size_t) {
        is_whole = unpack_lz4({body_->packed.get(), body_->packed_size}, {begin, body_->size});
        return is_whole ? body_->size : 0;
    });
    if (!is_whole) throw std::logic_error("a text did not wake whole");
    body_->text = FixedText(std::move(text));
    body_->packed.reset();
}

auto RestingText::held() const -> std::size_t {
    if (!body_) return 0;
    return body_->packed ? body_->packed_size : body_->text.size();
}

} // namespace dossier::explain
