#include "postgres_sql.hpp"

#include <algorithm>
#include <cctype>

namespace dossier::store {

namespace {

constexpr std::string_view indexed_by = "INDEXED BY ";
constexpr std::string_view cross_join = "CROSS JOIN ";
constexpr std::string_view insert_into = "INSERT INTO ";
constexpr std::string_view values_of_row = ") VALUES(";

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

auto table_of_insert(std::string_view insert) -> std::string_view {
    const auto rest = insert.substr(std::min(insert_into.size(), insert.size()));
    return rest.substr(0, rest.find('('));
}

auto with_number(std::string_view insert, std::size_t parameter) -> std::string {
    const auto columns = insert.find('(') + 1;
    const auto values = insert.find(values_of_row, columns) + values_of_row.size();
    std::string text(insert.substr(0, columns));
    text += "seq, ";
    text += insert.substr(columns, values - columns);
    text += '$' + std::to_string(parameter) + ", ";
    text += insert.substr(values);
    return text;
}

auto only_reads(std::string_view sql) -> bool { return sql.starts_with("SELECT"); }

} // namespace dossier::store
