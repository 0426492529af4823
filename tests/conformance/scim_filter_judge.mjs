// Reads a JSON list of SCIM filters and answers, for each, null or why the grammar of RFC 7644 refuses it.
import { readFileSync } from "node:fs";
import filters from "scim2-parse-filter";

const verdicts = JSON.parse(readFileSync(0, "utf8")).map((text) => {
  try {
    filters.parse(text);
    return null;
  } catch (error) {
    return String(error.message ?? error);
  }
});
console.log(JSON.stringify(verdicts));
