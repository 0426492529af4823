// Backstage's own catalog backend and nothing else; configured by app-config.yaml beside it.
const { createBackend } = require("@backstage/backend-defaults");

const backend = createBackend();
backend.add(import("@backstage/plugin-catalog-backend"));
backend.start();
