//! chargewatch watches an EV charging network over OCPP: it keeps every session and every reading, and says what the
//! network is doing and did.
//!
//! # In one breath
//!
//! A charger's frame becomes an *event*, a pure state machine turns the event into a *turn* (what to write, what it
//! means, what to answer), the ledger makes the turn durable, and only then does the charger get its answer. Everything
//! else reads what the ledger holds.
//!
//! ```text
//! charger ══ws══ gateway::listener ─ gateway::handshake ─► gateway::session ── text ──► ocppj ─► ocpp ── domain::event::Event
//!                                                             ▲    │                                       │
//!                                                             │    └─────────────── station.asks? ◄────────┤ (what only the ledger knows)
//!                                                             │                                            ▼
//!                                            reply, effects   │     Record ◄── Turn ◄── domain::station::Station::handle(now, event)
//!                                                             │        │                                   pure, never waits
//!                                                             └─ store.commit: rows + frame, ONE transaction grouped over all chargers
//!                                                                      │
//!              observe: log lines, metrics, live picture ◄─ effects ───┤
//!              http: lists, objects, series, metrics page ◄── reads the ledger ┤
//!              sink: telemetry to a time-series server ◄── what changed ───────┘
//! ```
//!
//! # Rooms
//!
//! | room | what it is for | may name |
//! |---|---|---|
//! | [`domain`] | PURE. what a network is and how facts change it: ids, time, readings, sessions, the availability timeline, the station machine | – |
//! | [`ocppj`] | PURE. OCPP-J framing: strict, then one repair pass | domain |
//! | [`ocpp`] | PURE. OCPP 1.6, 2.0.1 and 2.1 to domain events and back; the only user of rust-ocpp | ocppj, domain |
//! | [`config`] | settings, the registry of sites, chargers, tariffs and small areas, tables of emission factors | domain |
//! | [`observe`] | named events: log lines, metrics, the live picture | domain, config |
//! | [`store`] | durable facts: group commit, the embedded SQLite ledger, what is read from it | domain, config, observe |
//! | [`sink`] | telemetry on its way out: InfluxDB 2, back-fill, export; the only user of influxdb2 and parquet | domain, config, observe, store |
//! | [`tls`] | certificates: loaded, checked, watched, read anew, signed for chargers; the only user of rustls, rcgen and x509-parser | domain, config, observe |
//! | [`gateway`] | the charger side: listeners, handshake, one task per charger | all above |
//! | [`report`] | figures: one file per report, a fold over facts that the ledger keeps by EVSE and day; `METHOD.md` says each formula | domain, config, store |
//! | [`http`] | the readers' side: who may what, what they see of it, lists, objects, metrics, open data, the pages for people | domain, config, observe, store, report, tls, gateway's list of connections |
//! | [`sim`] | a simulated fleet with its own JSON and its own true meter: an independent witness | – |
//! | [`app`] | command line, start and stop; the only place that knows everything | all |
//!
//! `tests/tidy.rs` holds this table, file sizes, and what the pure rooms may not touch. The pure rooms may use a time
//! type, serde_json and the hashes of id tokens (`hmac`, `sha2`): all of it arithmetic.
//!
//! # Invariants
//!
//! 1. **Answered means stored.** [`store::Store::commit`] takes a [`domain::record::Record`] by value and hands its reply
//!    back once its rows survive kill -9 and power loss. Nothing else can take a record apart. Heartbeats and token
//!    checks need no row; they are answered at once and kept when there is room.
//! 2. **Raw first.** The frame as received is kept beside what was made of it. What was repaired or not understood is a
//!    deviation with a rule, a path and a count.
//! 3. **No frame with data gets an error because of a quirk.** A CallError is for a frame without a readable action, or
//!    an action that does not exist.
//! 4. **The same fact twice is one fact.** Transactions are recognised by what the charger said (place, time, register,
//!    token), never by message id; readings by their content. A repeat gets the same answer.
//! 5. **Missing is not zero.** Unknown energy is null with a quality that says so.
//! 6. **Down has a cause**: charger, link, our own outage, operator. Our outages are known from a mark written every few
//!    seconds.
//! 7. **Chargers are never changed unasked.** Nothing is sent to a charger but answers, pings, the certificate that it asked
//!    for, and a question for its device model where an operator switched that on. One call at a time is under way at each.
//! 8. **Every queue is bounded**, and being full has a counted outcome: chargers wait, or a heartbeat's frame is not kept.
//! 9. **Two clocks on every fact**, the charger's and ours; the difference is measured.
//! 10. **Energy is an integer** of thousandths of a watt-hour from the frame to the API.
//! 11. **No id token is kept in clear**: a keyed hash stands for it, in frames too. Only where the settings ask for it is the
//!     clear text remembered, in one table. What there is of persons, and how it goes, stands in `store/PRIVACY.md`.
//! 12. **Telemetry is the ledger, later**: it leaves behind a position that moves only with the server's acknowledgement, is
//!     made from what the ledger says when it is sent, and names no person, not even by a hash.
//! 13. **What a file told is not what a charger told**: imported sessions have numbers below 0, a source and marks of what was
//!     odd; machines, metrics, availability and telemetry do not see them.
//!
//! # Where do I change …?
//!
//! | I want to add | touch | what asks for the rest |
//! |---|---|---|
//! | an OCPP message | a record and a function in `ocpp/v16/` or `ocpp/v2/`, or a shape where nobody keeps its parts; its line in the table of the version (`ocpp/v16/mod.rs`, `v201.rs`, `v21.rs`) | `tests/frames/<version>/<Action>/`: a normal and a full sample, mutated field by field |
//! | a word or a spelling of one | `words.rs` of the version | the official schemas in `tests/real/test_schemas.py` |
//! | a rule of tolerance | the reader in `ocpp/field.rs`, a word in `domain/deviation.rs` | `tests/frames/` |
//! | a fact of the ledger | a migration in `store/sqlite/`, a `Change`, its writer and reader | exhaustive matches |
//! | a metric | a line in `observe/metrics.rs` or `observe/page.rs` | tidy: a row in `dashboards/README.md` |
//! | a figure of `/metrics/programme` | a row in `report/scrape.rs` | tidy: a row in `dashboards/README.md` |
//! | a panel or an alert | `dashboards/*.json`, `dashboards/alerts/*.yaml` with its test and its words in `dashboards/README.md` | `tests/real/test_dashboards.py` asks a real Prometheus |
//! | an API route | a line in `http/catalogue/` with whom it is for, a handler in `http/routes/` that takes a `View` (what the caller sees) or, for the network as a whole, `Whole` | the OpenAPI document is made from it |
//! | a way to read the ledger | a method of `Archive`, its reader, and what of it a site sees in `http/seen.rs` | the compiler |
//! | a cell of an imported file | a target in `app/import/map.rs`, its reading in `app/import/row.rs` | a key in `config/import-perth-kinross.toml` |
//! | a decision of people | a file in `store/desk/`, its table in a migration; `Desk::change` writes the audit log | – |
//! | something on the pages | `http/page/`: plain modules, no build step; a new file has its line in `mod.rs` | `tests/real/test_page.py`, a real browser |
//! | a report | a file in `report/`, its line in `report/mod.rs`; API, CLI and the list follow | a heading in `report/METHOD.md` |
//! | a way to group figures by place | `report/place.rs`, its arm in `report/network.rs` | exhaustive matches |
//! | an indicator of the programme | a line in `report/indicators.rs`, its id in `config/programme.rs` | a test compares both, and looks for its column |
//! | a fact that reports sum | a line in `domain/facts.rs`, what adds to it there or in `domain/stay.rs` | the property test compares kept and new |
//! | a measure of telemetry | a row in `domain/telemetry.rs` | its field name follows; a row in `dashboards/README.md` |
//! | an emission factor | a `[[factor]]` in `config/factors.toml`; what it is of in `config/factors.rs` | the table says what may have been meant |
//! | another source of half-hourly carbon intensity | `config/half_hours.rs` reads its answers, `app/intensity.rs` asks | `tests/real/test_intensity.py` |
//! | a telemetry server | a folder in `sink/`, a section of settings | `sink/suite.rs` |
//! | something that the registry says | a line in `config/sites_file/keys.rs`, its reading in `build.rs`; `config/example-sites.*` | – |
//! | a field of open data | `http/opendata/objects.rs` and `schema.rs` | golden copies; the models in `tests/real/test_opendata.py` |
//! | a setting | `config/<section>.rs` and a commented line in `config/default.toml` | tidy compares both |
//! | a charger's habit | `sim/behaviour/<name>.rs` | the fleet test reconciles truth and ledger |

pub mod app;
pub mod config;
pub mod domain;
pub mod gateway;
pub mod http;
pub mod observe;
pub mod ocpp;
pub mod ocppj;
pub mod report;
pub mod sim;
pub mod sink;
pub mod store;
pub mod tls;
