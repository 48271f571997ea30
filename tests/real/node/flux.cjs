// The parser of Flux that InfluxData publishes: node flux.cjs < QUERIES (a JSON list), and it says of each whether it is
// valid: syntax, names of functions and of their arguments, types.
"use strict";

const { is_valid_flux } = require("@influxdata/flux-lsp-node");

// What Grafana gives a query.
const given = "option v = {timeRangeStart: -1h, timeRangeStop: now(), windowPeriod: 1m}\n";

const queries = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(queries.map((query) => is_valid_flux(given + query))));
