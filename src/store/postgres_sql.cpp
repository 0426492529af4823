#include "postgres_sql.hpp"

#include <algorithm>
#include <cctype>

namespace dossier::store {

namespace {

constexpr std::string_view indexed_by = "INDEXED BY ";
constexpr std::string_view cross_join = "CROSS JOIN ";

auto is_digit(char c) -> bool { return c >= '0' && c <= '9'; }
auto is_word(char c) -> bool { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

} // namespace

auto to_postgres(std::string_view sql) -> std::string {
    std::string text;
    text.reserve(sql.size() + 32);
    int greatest = 0;
    for (std::size_t i = 0; i < sql.size();) {
        if (sql[i] == '\'') { // a literal, up to its end; a doubled quote is two literals side by side
            const auto end = std::min(sql.find('\'', i + 1), sql.size() - 1);
            text += sql.substr(i, end + 1 - i);
            i = end + 1;
        } else if (sql[i] == '?') {
            int number = 0;
            for (++i; i < sql.size() && is_digit(sql[i]); ++i) number = number * 10 + (sql[i] - '0');
            if (number == 0) number = greatest + 1;
            greatest = std::max(greatest, number);
            text += '$' + std::to_string(number);
        } else if (sql.substr(i).starts_with(indexed_by)) {
            i += indexed_by.size();
            while (i < sql.size() && is_word(sql[i])) ++i;
            if (i < sql.size() && sql[i] == ' ') ++i;
        } else if (sql.substr(i).starts_with(cross_join)) {
            text += "JOIN ";
            i += cross_join.size();
        } else {
            text += sql[i++];
        }
    }
    return text;
}

auto only_reads(std::string_view sql) -> bool { return sql.starts_with("SELECT"); }

} // namespace dossier::store
