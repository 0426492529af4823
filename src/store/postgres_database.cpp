#include "postgres_database.hpp"

#include "postgres_rows.hpp"
#include "postgres_sql.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <functional>
#include <span>

#include <poll.h>

namespace dossier::store {

namespace {

using SteadyClock = std::chrono::steady_clock;
using Kind = PostgresFailure::Kind;

constexpr int binary_results = 1;
constexpr std::size_t most_unread = 512; ///< the answers wait in the server's and our buffers meanwhile
constexpr std::size_t most_drawn = 512;
constexpr std::chrono::seconds most_waited{40};
constexpr std::chrono::seconds come_back{2}; ///< what callers are told while there is no server

// A statement ends before our patience does. A transaction that its owner lets lie (a process that was stopped, a
// network that swallows packets) ends soon, since everybody's writes wait for it. Commits are durable when they are
// acknowledged: asking for more (remote_apply) is the server's business, asking for less is not. Long texts are packed
// by LZ4 where the server was built with it: its own method takes five times the CPU, most of what a stage's result
// costs.
constexpr auto session_settings =
    "SET statement_timeout='30s'; SET lock_timeout='15s'; SET idle_in_transaction_session_timeout='10s'; SET jit=off; "
    "SET bytea_output='hex'; SET client_min_messages='error'; "
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'; "
    "SELECT set_config('default_toast_compression', 'lz4', false) FROM pg_settings "
    "WHERE name = 'default_toast_compression' AND 'lz4' = ANY(enumvals)";

auto shared(PGresult* result) -> std::shared_ptr<PGresult> { return {result, PQclear}; }

/// libpq's messages are of several lines, one or two a host that was tried.
auto one_line(const char* message) -> std::string {
    std::string line;
    for (const char* c = message; *c != '\0'; ++c) {
        if (*c == '\n') {
            line += c[1] == '\0' ? "" : "; ";
        } else if (*c != '\t') {
            line += *c;
        }
    }
    return line;
}

/// A statement with its values, as a key.
auto question_of(std::string_view sql, bool holds, const SqlValue* values, std::size_t count) -> std::string {
    std::string question(holds ? "hold " : "");
    question += sql;
    for (const auto& value : std::span(values, count)) {
        question += '\0';
        if (const auto* number = std::get_if<std::int64_t>(&value)) question += std::to_string(*number);
        if (const auto* text = std::get_if<std::string_view>(&value))
            question += fmt::format("{}:{}", text->size(), *text);
        if (const auto* blob = std::get_if<Blob>(&value))
            question += fmt::format("{}x{}", blob->bytes.size(), blob->bytes);
    }
    return question;
}

auto failure_of(const PGresult* result) -> PostgresFailure {
    const auto field = [result](int code) -> std::string {
        const char* text = PQresultErrorField(result, code);
        return text == nullptr ? "" : text;
    };
    // The primary message only: the detail quotes values.
    auto message = field(PG_DIAG_MESSAGE_PRIMARY);
    if (message.empty()) message = one_line(PQresultErrorMessage(result));
    const auto sqlstate = field(PG_DIAG_SQLSTATE);
    return {sqlstate.empty() ? Kind::lost : kind_of(sqlstate), sqlstate, "store: PostgreSQL: " + message};
}

} // namespace

auto kind_of(std::string_view sqlstate) -> Kind {
    constexpr std::string_view lost[] = {
        "25006",                            // read-only transaction: a standby, or a primary that was made one
        "25P03",                            // our transaction lay too long
        "57P01", "57P02", "57P03", "57P05", // shut down, crashed, not up yet, idle too long
    };
    constexpr std::string_view busy[] = {"55P03", "57014"}; // lock or statement took too long
    if (sqlstate.starts_with("08") || std::ranges::find(lost, sqlstate) != std::end(lost)) return Kind::lost;
    // 40: deadlock or serialisation; 53: no disk, memory or connections left
    if (sqlstate.starts_with("40") || sqlstate.starts_with("53") || std::ranges::find(busy, sqlstate) != std::end(busy))
        return Kind::busy;
    return Kind::statement;
}

auto PostgresFailure::to_error() const -> Error {
    auto error = StoreFailure::to_error();
    if (kind_ != Kind::statement) error.retry_after = come_back;
    return error;
}

PostgresDatabase::PostgresDatabase(const PostgresTarget& target, Access access) {
    std::vector<const char*> keywords;
    std::vector<const char*> values;
    const auto parameters = target.parameters(access);
    for (const auto& [keyword, value] : parameters) {
        keywords.push_back(keyword.c_str());
        values.push_back(value.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    connection_ = PQconnectdbParams(keywords.data(), values.data(), 0);
    try {
        if (connection_ == nullptr) throw std::bad_alloc();
        if (PQstatus(connection_) != CONNECTION_OK)
            throw PostgresFailure(Kind::lost, "", "store: can't connect: " + one_line(PQerrorMessage(connection_)));
        PQsetNoticeProcessor(connection_, [](void*, const char*) {}, nullptr);
        PQsetnonblocking(connection_, 1);
        PQenterPipelineMode(connection_);
        script(session_settings);
        if (access == Access::read_only) script("SET default_transaction_read_only=on");
    } catch (...) {
        PQfinish(connection_);
        throw;
    }
}

PostgresDatabase::~PostgresDatabase() { PQfinish(connection_); }

auto PostgresDatabase::backend() const -> int { return PQbackendPID(connection_); }

void PostgresDatabase::check_usable() const {
    if (failure_) throw PostgresFailure(*failure_);
}

void PostgresDatabase::lose(const std::string& why) {
    if (!failure_ || failure_->kind() != Kind::lost) failure_.emplace(Kind::lost, "", "store: PostgreSQL: " + why);
    throw PostgresFailure(*failure_);
}

void PostgresDatabase::reject(PostgresFailure failure) {
    for (const auto& key : unproven_) statements_.erase(key);
    unproven_.clear();
    failure_ = std::move(failure);
}

void PostgresDatabase::sent(int accepted) {
    if (accepted != 1) lose(one_line(PQerrorMessage(connection_)));
    sent_.emplace_back();
}

void PostgresDatabase::send_sync() {
    if (PQpipelineSync(connection_) != 1) lose(one_line(PQerrorMessage(connection_)));
    sent_.push_back({.is_sync = true, .question = {}});
}

void PostgresDatabase::send_once(const std::string& sql, const SqlValue* values, std::size_t count) {
    check_usable();
    make_room();
    const PostgresParameters bound(values, count);
    sent(PQsendQueryParams(connection_, sql.c_str(), bound.count(), bound.types(), bound.values(), bound.lengths(),
                           bound.formats(), binary_results));
}

void PostgresDatabase::send_mark(std::string_view sql) {
    if (only_reads(sql)) return;
    ++writes_;
    if (mark_ != Mark::wanted) return;
    mark_ = Mark::set;
    send("SAVEPOINT operation");
}

/// Before a statement, never behind it: its answer is for whoever waits for it.
void PostgresDatabase::make_room() {
    if (sent_.size() >= most_unread) collect();
}

void PostgresDatabase::send(std::string_view sql, Form form, const SqlValue* values, std::size_t count) {
    check_usable();
    send_mark(sql);
    make_room();
    const PostgresParameters bound(values, count);
    auto key = std::string(sql);
    key += static_cast<char>('0' + static_cast<int>(form));
    auto known = statements_.find(key);
    if (known == statements_.end()) {
        auto text = to_postgres(sql);
        if (form == Form::holding) text += " FOR UPDATE";
        if (form == Form::numbered) text = with_number(text, count);
        const auto name = fmt::format("s{}", ++names_);
        sent(PQsendPrepare(connection_, name.c_str(), text.c_str(), bound.count(), bound.types()));
        unproven_.push_back(key);
        known = statements_.emplace(std::move(key), name).first;
    }
    sent(PQsendQueryPrepared(connection_, known->second.c_str(), bound.count(), bound.values(), bound.lengths(),
                             bound.formats(), binary_results));
}

void PostgresDatabase::wait_for_server(SteadyClock::time_point until) {
    const int unsent = PQflush(connection_);
    if (unsent < 0) lose(one_line(PQerrorMessage(connection_)));
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - SteadyClock::now()).count();
    if (left <= 0) lose("no answer for a long time");
    pollfd wait{
        .fd = PQsocket(connection_), .events = static_cast<short>(POLLIN | (unsent == 1 ? POLLOUT : 0)), .revents = 0};
    if (wait.fd < 0) lose("the connection is closed");
    if (::poll(&wait, 1, static_cast<int>(left)) > 0 && (wait.revents & (POLLIN | POLLERR | POLLHUP)) != 0) {
        if (PQconsumeInput(connection_) != 1) lose(one_line(PQerrorMessage(connection_)));
    }
}

auto PostgresDatabase::next_result() -> std::shared_ptr<PGresult> {
    const auto until = SteadyClock::now() + most_waited;
    while (PQisBusy(connection_) != 0) wait_for_server(until);
    return shared(PQgetResult(connection_));
}

void PostgresDatabase::take(const std::shared_ptr<PGresult>& result) {
    switch (PQresultStatus(result.get())) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_PIPELINE_ABORTED: // after a failure that was told
        return;
    default: {
        auto failure = failure_of(result.get());
        // Once it has failed, a transaction refuses everything: what counts is the first word.
        if (!failure_ || failure.kind() == Kind::lost) reject(std::move(failure));
    }
    }
}

auto PostgresDatabase::collect() -> std::shared_ptr<PGresult> {
    send_sync();
    ++waits_;
    std::shared_ptr<PGresult> last;
    for (auto& what : std::exchange(sent_, {})) {
        if (what.is_sync) {
            if (PQresultStatus(next_result().get()) != PGRES_PIPELINE_SYNC) lose("the answers don't fit the questions");
            continue;
        }
        while (auto result = next_result()) { // a NULL ends the results of a statement
            take(result);
            if (!what.question.empty() && PQresultStatus(result.get()) == PGRES_TUPLES_OK) {
                if (what.keeps_rows)
                    rows_[std::move(what.question)] = result;
                else if (PQntuples(result.get()) == 0)
                    empty_.insert(std::move(what.question));
            }
            last = std::move(result);
            if (failure_ && failure_->kind() == Kind::lost) throw PostgresFailure(*failure_);
        }
    }
    if (failure_) throw PostgresFailure(*failure_);
    unproven_.clear();
    return last;
}

void PostgresDatabase::begin(std::string_view how, std::size_t inserts) {
    mark_ = Mark::none;
    asked_.clear();
    empty_.clear();
    rows_.clear();
    numbers_.clear();
    inserts_ = inserts;
    send_once(std::string(how));
}

void PostgresDatabase::commit() {
    send_once("COMMIT");
    const auto result = collect();
    // A transaction that has failed "commits" by rolling back.
    if (std::string_view(PQcmdStatus(result.get())) != "COMMIT")
        throw PostgresFailure(Kind::busy, "", "store: PostgreSQL rolled the transaction back");
}

void PostgresDatabase::end_reading() {
    send_once("COMMIT");
    send_sync();
    if (PQflush(connection_) < 0) lose(one_line(PQerrorMessage(connection_)));
}

void PostgresDatabase::rollback() {
    if (failure_ && failure_->kind() == Kind::lost) throw PostgresFailure(*failure_);
    mark_ = Mark::none;
    try {
        collect(); // what is still under way belongs to the transaction
    } catch (const PostgresFailure& failure) {
        if (failure.kind() == Kind::lost) throw;
    }
    failure_.reset();
    send_once("ROLLBACK");
    collect();
}

void PostgresDatabase::keep() {
    const bool was_set = mark_ == Mark::set;
    mark_ = Mark::none;
    if (was_set) send("RELEASE SAVEPOINT operation");
}

void PostgresDatabase::undo() {
    const bool was_set = mark_ == Mark::set;
    mark_ = Mark::none;
    if (!was_set) return;
    send("ROLLBACK TO SAVEPOINT operation");
    send("RELEASE SAVEPOINT operation");
}

void PostgresDatabase::ask(std::string_view sql, Form form, const SqlValue* values, std::size_t count,
                           bool keeps_rows) {
    auto question = question_of(sql, form == Form::holding, values, count);
    if (!asked_.insert(question).second) return; // whoever asks it second asks behind the first
    send(sql, form, values, count);
    sent_.back().question = std::move(question);
    sent_.back().keeps_rows = keeps_rows;
}

auto PostgresDatabase::answer(std::string_view sql, Form form, const SqlValue* values, std::size_t count) -> Rows {
    if (!empty_.empty() || !rows_.empty()) {
        const auto question = question_of(sql, form == Form::holding, values, count);
        if (empty_.erase(question) != 0) return Rows(postgres_rows(nullptr));
        if (auto known = rows_.extract(question)) return Rows(postgres_rows(std::move(known.mapped())));
    }
    send(sql, form, values, count);
    return Rows(postgres_rows(collect()));
}

void PostgresDatabase::ask_ahead_bound(std::string_view sql, const SqlValue* values, std::size_t count) {
    ask(sql, Form::plain, values, count, false);
}

void PostgresDatabase::ask_rows_ahead_bound(std::string_view sql, const SqlValue* values, std::size_t count,
                                            Holding holding) {
    ask(sql, holding == Holding::yes ? Form::holding : Form::plain, values, count, true);
}

void PostgresDatabase::run_bound(std::string_view sql, const SqlValue* values, std::size_t count) {
    send(sql, Form::plain, values, count);
}

auto PostgresDatabase::draw_number(std::string_view table) -> std::int64_t {
    auto at = numbers_.find(table);
    if (at == numbers_.end()) at = numbers_.emplace(std::string(table), Numbers{.next_block = inserts_}).first;
    auto& numbers = at->second;
    if (numbers.drawn.empty()) {
        const auto sql =
            // The sequence's name is looked up once and not for each number.
            fmt::format("SELECT nextval(s.oid) FROM (SELECT pg_get_serial_sequence('{}', 'seq')::regclass AS oid "
                        "OFFSET 0) s, generate_series(1, ?)",
                        table);
        auto rows = query(sql, numbers.next_block);
        while (rows.next()) numbers.drawn.push_back(rows.integer(0));
        if (numbers.drawn.empty()) throw StoreFailure(fmt::format("store: {} has no numbers", table));
        std::ranges::sort(numbers.drawn, std::greater());
        numbers.next_block = std::min(numbers.next_block * 2, most_drawn);
    }
    const auto number = numbers.drawn.back();
    numbers.drawn.pop_back();
    return number;
}

auto PostgresDatabase::insert_bound(std::string_view sql, const SqlValue* values, std::size_t count) -> std::int64_t {
    const auto number = draw_number(table_of_insert(sql));
    std::vector<SqlValue> all(values, values + count);
    all.push_back(sql_value(number));
    send(sql, Form::numbered, all.data(), all.size());
    return number;
}

auto PostgresDatabase::change_bound(std::string_view sql, const SqlValue* values, std::size_t count) -> std::int64_t {
    send(sql, Form::plain, values, count);
    const auto result = collect();
    return std::strtoll(PQcmdTuples(result.get()), nullptr, 10);
}

auto PostgresDatabase::query_bound(std::string_view sql, const SqlValue* values, std::size_t count, bool cached)
    -> Rows {
    if (cached) return answer(sql, Form::plain, values, count);
    send_mark(sql);
    send_once(to_postgres(sql), values, count);
    return Rows(postgres_rows(collect()));
}

auto PostgresDatabase::hold_bound(std::string_view sql, const SqlValue* values, std::size_t count) -> Rows {
    return answer(sql, Form::holding, values, count);
}

void PostgresDatabase::script(const std::string& sql) {
    check_usable();
    if (!sent_.empty()) collect();
    if (PQexitPipelineMode(connection_) != 1 || PQsendQuery(connection_, sql.c_str()) != 1)
        lose(one_line(PQerrorMessage(connection_)));
    while (const auto result = next_result()) take(result);
    if (PQenterPipelineMode(connection_) != 1) lose(one_line(PQerrorMessage(connection_)));
    if (failure_) throw PostgresFailure(*failure_);
}

void PostgresDatabase::listen(const std::string& channel) {
    send_once("LISTEN " + channel);
    collect();
}

auto PostgresDatabase::wait_for_notification(int wake_fd, std::chrono::milliseconds most, int own_backend) -> bool {
    pollfd waits[] = {{.fd = PQsocket(connection_), .events = POLLIN, .revents = 0},
                      {.fd = wake_fd, .events = POLLIN, .revents = 0}};
    if (waits[0].fd < 0) lose("the connection is closed");
    if (::poll(waits, 2, static_cast<int>(most.count())) > 0 && waits[0].revents != 0 &&
        PQconsumeInput(connection_) != 1)
        lose(one_line(PQerrorMessage(connection_)));
    bool came = false;
    while (auto* notification = PQnotifies(connection_)) {
        came = came || notification->be_pid != own_backend;
        PQfreemem(notification);
    }
    return came;
}

} // namespace dossier::store
