#pragma once
// A directory of its own for an SQLite store, removed at the end.

#include "store_suite.hpp"

#include "sqlite_store.hpp"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace dossier::store {

class SqlitePlace final : public Place {
public:
    SqlitePlace() {
        std::string name = (std::filesystem::temp_directory_path() / "dossier-store-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
        directory_ = name;
    }
    ~SqlitePlace() override {
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }
    auto open() -> std::unique_ptr<Store> override {
        auto store = open_store({.url = url()}, plain_seal);
        if (!store) throw std::runtime_error(store.error().describe());
        return std::move(*store);
    }
    auto open_sqlite() -> std::unique_ptr<SqliteStore> {
        return std::make_unique<SqliteStore>(file().string(), plain_seal);
    }
    [[nodiscard]] auto url() const -> std::string override { return "sqlite:" + file().string(); }
    void pretend_schema(int version) override {
        SqliteDatabase(file().string(), SqliteDatabase::Access::read_write)
            .script("PRAGMA user_version=" + std::to_string(version));
    }
    [[nodiscard]] auto file() const -> std::filesystem::path { return directory_ / "data" / "dossier.db"; }

private:
    std::filesystem::path directory_;
};

} // namespace dossier::store
