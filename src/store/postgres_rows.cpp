#include "postgres_rows.hpp"

#include "dossier/base/strings.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>

namespace dossier::store {

namespace {

// From PostgreSQL's pg_type.dat.
constexpr Oid bool_type = 16;
constexpr Oid bytea_type = 17;
constexpr Oid int8_type = 20;
constexpr Oid int2_type = 21;
constexpr Oid int4_type = 23;
constexpr Oid text_type = 25;
constexpr Oid numeric_type = 1700;
constexpr int binary = 1;

template <class T>
auto from_network(const char* bytes) -> T {
    T value{};
    std::memcpy(&value, bytes, sizeof value);
    if constexpr (std::endian::native == std::endian::little && sizeof(T) > 1) return std::byteswap(value);
    return value;
}

/// A whole number, as sum(bigint) gives it: digits to the base of 10,000, the first with the greatest weight.
auto whole_numeric(const char* bytes) -> std::int64_t {
    constexpr std::uint16_t negative = 0x4000;
    const auto digits = from_network<std::int16_t>(bytes);
    const auto weight = from_network<std::int16_t>(bytes + 2);
    const auto sign = from_network<std::uint16_t>(bytes + 4);
    std::int64_t value = 0;
    for (int place = 0; place <= weight; ++place) {
        const auto digit = place < digits ? from_network<std::int16_t>(bytes + 8 + 2 * place) : std::int16_t{0};
        value = value * 10'000 + digit;
    }
    return sign == negative ? -value : value;
}

class PostgresRows final : public RowSource {
public:
    explicit PostgresRows(std::shared_ptr<PGresult> result) : result_(std::move(result)) {}

    auto next() -> bool override { return ++row_ < PQntuples(result_.get()); }
    [[nodiscard]] auto is_null(int column) const -> bool override {
        return PQgetisnull(result_.get(), row_, column) != 0;
    }
    [[nodiscard]] auto integer(int column) const -> std::int64_t override {
        if (is_null(column)) return 0;
        const char* bytes = PQgetvalue(result_.get(), row_, column);
        switch (PQftype(result_.get(), column)) {
        case bool_type:
            return *bytes != 0 ? 1 : 0;
        case int2_type:
            return from_network<std::int16_t>(bytes);
        case int4_type:
            return from_network<std::int32_t>(bytes);
        case int8_type:
            return from_network<std::int64_t>(bytes);
        case numeric_type:
            return whole_numeric(bytes);
        default: {
            std::int64_t value = 0;
            std::from_chars(bytes, bytes + PQgetlength(result_.get(), row_, column), value);
            return value;
        }
        }
    }
    [[nodiscard]] auto text(int column) const -> std::string override {
        if (is_null(column)) return {};
        return {PQgetvalue(result_.get(), row_, column),
                static_cast<std::size_t>(PQgetlength(result_.get(), row_, column))};
    }

private:
    std::shared_ptr<PGresult> result_;
    int row_ = -1;
};

} // namespace

auto postgres_rows(std::shared_ptr<pg_result> result) -> std::unique_ptr<RowSource> {
    return std::make_unique<PostgresRows>(std::move(result));
}

PostgresParameters::PostgresParameters(const SqlValue* values, std::size_t count) {
    types_.reserve(count);
    values_.reserve(count);
    lengths_.reserve(count);
    formats_.assign(count, binary);
    numbers_.reserve(count);
    const auto add = [this](Oid type, const char* bytes, std::size_t size) {
        types_.push_back(type);
        values_.push_back(bytes);
        if (size > static_cast<std::size_t>(std::numeric_limits<int>::max()))
            throw StoreFailure("store: a value is too large for the database");
        lengths_.push_back(static_cast<int>(size));
    };
    for (std::size_t i = 0; i < count; ++i) {
        if (const auto* number = std::get_if<std::int64_t>(&values[i])) {
            numbers_.push_back(std::endian::native == std::endian::little ? std::byteswap(*number) : *number);
            add(int8_type, reinterpret_cast<const char*>(&numbers_.back()), sizeof(std::int64_t));
        } else if (const auto* blob = std::get_if<Blob>(&values[i])) {
            add(bytea_type, blob->bytes.empty() ? "" : blob->bytes.data(), blob->bytes.size());
        } else if (const auto* text = std::get_if<std::string_view>(&values[i])) {
            auto kept = *text;
            if (kept.contains('\0') || !is_valid_utf8(kept)) {
                auto mended = std::make_unique<std::string>(to_valid_utf8(kept));
                std::ranges::replace(*mended, '\0', ' ');
                kept = *mended_.emplace_back(std::move(mended));
            }
            add(text_type, kept.empty() ? "" : kept.data(), kept.size());
        } else {
            add(0, nullptr, 0); // its type is what the place asks for
        }
    }
}

} // namespace dossier::store
