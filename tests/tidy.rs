//! The rules of the house, held by a machine. Each says why it is there; change one in the open or keep it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Which rooms a room may name. What is not listed names nobody.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("ocppj", &["domain"]),
    ("ocpp", &["ocppj", "domain"]),
    ("config", &["domain"]),
    ("observe", &["domain", "config"]),
    ("store", &["domain", "config", "observe"]),
    ("sink", &["domain", "config", "observe", "store"]),
    ("tls", &["domain", "config", "observe"]),
    ("gateway", &["ocppj", "ocpp", "domain", "store", "config", "observe", "tls"]),
    ("report", &["domain", "config", "store"]),
    ("http", &["domain", "store", "gateway", "config", "observe", "report", "tls"]),
    ("sim", &[]),
    (
        "app",
        &["domain", "ocppj", "ocpp", "config", "observe", "store", "sink", "tls", "gateway", "http", "report", "sim"],
    ),
];

/// Crates that only some rooms may name.
const CRATE_OF: &[(&str, &[&str])] = &[
    ("rust_ocpp", &["ocpp"]),
    ("config", &["config"]),
    ("prometheus", &["observe"]),
    ("tracing_subscriber", &["observe"]),
    ("rusqlite", &["store"]),
    ("influxdb2", &["sink"]),
    // The sink sends with it; the application asks for carbon intensity.
    ("reqwest011", &["sink", "app"]),
    ("parquet", &["sink"]),
    ("tokio_tungstenite", &["gateway", "sim"]),
    // The simulated fleet is an independent witness, and its own TLS client.
    ("tokio_rustls", &["tls", "sim"]),
    ("x509_parser", &["tls"]),
    ("rcgen", &["tls", "sim"]),
    ("httparse", &["gateway"]),
    ("axum", &["http"]),
    ("hyper", &["http"]),
    ("hyper_util", &["http"]),
    ("clap", &["app"]),
];

/// Rooms without I/O, clock, chance and log: they are told the time and return what to do.
const PURE: &[&str] = &["domain", "ocppj", "ocpp"];

/// What a pure room must not name.
const IMPURE: &[&str] = &[
    "tokio",
    "std::time::Instant",
    "SystemTime",
    "Utc::now",
    " rand::",
    "use rand",
    "tracing",
    "std::fs",
    "std::net",
    "HashMap",
    "std::thread",
];

/// What may stand at the top of the tree.
const TOP: &[&str] = &["Cargo.toml", "Cargo.lock", "src", "config", "dashboards", "tests", "Dockerfile", "README.md"];

struct Source {
    path: String,
    room: String,
    text: String,
    is_test: bool,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn sources() -> Vec<Source> {
    let mut paths = Vec::new();
    walk(&root().join("src"), &mut paths);
    paths.sort();
    let rust = paths.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let source = |path: PathBuf| {
        let relative = path.strip_prefix(root().join("src")).unwrap().to_str().unwrap().to_owned();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let is_test = name.ends_with("tests") || name == "suite" || relative.contains("/tests/");
        let room = relative.split(['/', '.']).next().unwrap().to_owned();
        Source { path: relative, room, text: fs::read_to_string(&path).unwrap(), is_test }
    };
    rust.map(source).collect()
}

/// The code of a file without its test module and its comments.
fn code(source: &Source) -> String {
    if source.is_test {
        return String::new();
    }
    let end = source.text.find("#[cfg(test)]\nmod tests {").unwrap_or(source.text.len());
    let lines = source.text[..end].lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Fails with every complaint at once.
fn settle(complaints: Vec<String>, reason: &str) {
    assert!(complaints.is_empty(), "{reason}\n{}", complaints.join("\n"));
}

#[test]
fn rooms_name_only_the_rooms_they_may() {
    let mut complaints = Vec::new();
    let mut edges: BTreeSet<(String, String)> = BTreeSet::new();
    for source in sources().iter().filter(|source| source.room != "lib" && source.room != "main") {
        let allowed = MAY_NAME.iter().find(|(room, _)| *room == source.room).map(|(_, rooms)| *rooms);
        let Some(allowed) = allowed else {
            complaints.push(format!("src/{}: the room \"{}\" is not in the graph", source.path, source.room));
            continue;
        };
        let code = code(source);
        for (index, _) in code.match_indices("crate::") {
            let named: String = code[index + 7..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !MAY_NAME.iter().any(|(room, _)| *room == named) || named == source.room {
                continue;
            }
            edges.insert((source.room.clone(), named.clone()));
            if !allowed.contains(&named.as_str()) {
                complaints.push(format!("src/{} names crate::{named}", source.path));
            }
        }
    }
    for (from, to) in &edges {
        if edges.contains(&(to.clone(), from.clone())) {
            complaints.push(format!("{from} and {to} name each other"));
        }
    }
    settle(complaints, "Each room may name only those listed in tests/tidy.rs: that is what keeps the core pure.");
}

#[test]
fn only_its_room_names_a_crate() {
    let mut complaints = Vec::new();
    for source in sources() {
        let code = code(&source);
        for (name, rooms) in CRATE_OF {
            let used = [format!("use {name}::"), format!(" {name}::"), format!("({name}::"), format!("&{name}::")];
            let names_it =
                used.iter().any(|form| code.contains(form.as_str()) && !code.contains(&format!("crate::{name}::")));
            if names_it && !rooms.contains(&source.room.as_str()) {
                complaints.push(format!("src/{} names {name}, which belongs to {}", source.path, rooms.join(" and ")));
            }
        }
    }
    settle(complaints, "A crate that belongs to one room can be replaced in one room.");
}

#[test]
fn pure_rooms_touch_nothing_outside() {
    let mut complaints = Vec::new();
    for source in sources().iter().filter(|source| PURE.contains(&source.room.as_str())) {
        // A security event of OCPP has that name; it is no clock.
        let code = code(source).replace("\"SettingSystemTime\"", "");
        for word in IMPURE.iter().filter(|word| code.contains(**word)) {
            complaints.push(format!("src/{} names {word}", source.path));
        }
    }
    settle(complaints, "domain, ocppj and ocpp are told the time and return what to do; only so can they be replayed.");
}

#[test]
fn only_the_store_takes_a_record_apart() {
    let allowed = |path: &str| path.starts_with("store/") || path == "domain/record.rs";
    let breach = |source: &&Source| code(source).contains("take_apart(") && !allowed(&source.path);
    let complaints = sources().iter().filter(breach).map(|source| format!("src/{}", source.path)).collect();
    settle(complaints, "Answered means stored: a reply is released by the commit of its record and by nothing else.");
}

#[test]
fn every_file_says_what_it_is_for_and_is_small() {
    let mut complaints = Vec::new();
    let mut sizes = Vec::new();
    for source in sources() {
        if !source.text.starts_with("//! ") {
            complaints.push(format!("src/{} does not begin with //!", source.path));
        }
        let lines = source.text.lines().count();
        if lines > 500 {
            complaints.push(format!("src/{} has {lines} lines; 500 is the end", source.path));
        }
        if !source.is_test {
            let end = source.text.find("#[cfg(test)]").unwrap_or(source.text.len());
            sizes.push(source.text[..end].lines().count());
        }
    }
    sizes.sort_unstable();
    let at_95 = sizes[sizes.len() * 95 / 100];
    if at_95 > 400 {
        complaints.push(format!("the 95th percentile of file sizes is {at_95} lines; 400 is the limit"));
    }
    settle(complaints, "A newcomer reads one file at a time.");
}

#[test]
fn nothing_unwraps_and_nothing_is_left_over() {
    let left = ["TODO", "FIXME", "XXX", "todo!(", "unimplemented!(", "dbg!(", "placeholder"];
    let mut complaints = Vec::new();
    for source in sources() {
        let code = code(&source);
        if code.contains(".unwrap()") || code.contains(".expect(") {
            complaints.push(format!("src/{} unwraps", source.path));
        }
        for word in left.iter().filter(|word| source.text.contains(**word)) {
            complaints.push(format!("src/{} holds {word}", source.path));
        }
    }
    settle(complaints, "Nothing panics on input, and nothing is called done that is not.");
}

#[test]
fn no_float_hides_behind_a_flattened_or_untagged_type() {
    let forms = ["serde(flatten", "serde(untagged", "serde(tag"];
    let breach = |source: &Source| forms.iter().any(|form| source.text.contains(form));
    let complaints =
        sources().iter().filter(|source| breach(source)).map(|source| format!("src/{}", source.path)).collect();
    settle(
        complaints,
        "rust-ocpp turns on arbitrary precision for the whole binary; a float behind these attributes then fails.",
    );
}

#[test]
fn the_top_of_the_tree_holds_what_was_agreed() {
    let mut complaints = Vec::new();
    for entry in fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !name.starts_with('.') && name != "target" && !TOP.contains(&name.as_str()) {
            complaints.push(name);
        }
    }
    settle(complaints, "The owner fixed the top level; documents live beside what they describe.");
}

#[test]
fn every_setting_is_explained_in_the_defaults() {
    let defaults = fs::read_to_string(root().join("config/default.toml")).unwrap();
    let mut explained: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut section = String::new();
    let mut complaints = Vec::new();
    // A list of tables can be shown only as a comment: it would be one otherwise.
    let mut in_list = false;
    for line in defaults.lines() {
        in_list = if line.starts_with("# [[") { true } else { in_list && line.starts_with("# ") };
        let line = if in_list { line.trim_start_matches("# ") } else { line };
        if line.trim_start().starts_with('#') || line.trim().is_empty() {
            continue;
        }
        if let Some(rest) = line.strip_prefix('[') {
            section = rest.trim_start_matches('[').split(']').next().unwrap().to_owned();
        } else if let Some((key, rest)) = line.split_once('=') {
            if !rest.contains('#') {
                complaints.push(format!("config/default.toml: {section}.{} has no comment", key.trim()));
            }
            explained.entry(section.clone()).or_default().insert(key.trim().to_owned());
        }
    }
    for (section, keys) in &explained {
        let file = fs::read_to_string(root().join(format!("src/config/{section}.rs"))).unwrap();
        let body = file.split("Settings {").nth(1).and_then(|rest| rest.split("\n}").next()).unwrap();
        let fields: BTreeSet<String> = body
            .lines()
            .filter_map(|line| line.trim().strip_prefix("pub ").and_then(|rest| rest.split(':').next()))
            .map(str::to_owned)
            .collect();
        for difference in fields.symmetric_difference(keys) {
            complaints.push(format!("{section}.{difference} is not both in config/default.toml and in src/config"));
        }
    }
    settle(complaints, "An operator learns every setting from config/default.toml.");
}

#[test]
fn every_metric_is_in_the_reference() {
    let reference = fs::read_to_string(root().join("dashboards/README.md")).unwrap();
    let listed: BTreeSet<&str> = reference.split('`').filter(|word| word.starts_with("chargewatch_")).collect();
    let page = fs::read_to_string(root().join("src/observe/page.rs")).unwrap();
    let table = fs::read_to_string(root().join("src/observe/metrics.rs")).unwrap();
    let mut known: BTreeSet<String> = page
        .split('"')
        .filter(|word| word.starts_with("chargewatch_") && word.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
        .map(str::to_owned)
        .collect();
    known.insert("chargewatch_build_info".to_owned());
    for line in table.lines().filter(|line| line.contains("table.")) {
        known.insert(format!("chargewatch_{}", line.split('"').nth(1).unwrap()));
    }
    let programme = fs::read_to_string(root().join("src/report/scrape.rs")).unwrap();
    let rows = programme.lines().filter(|line| line.starts_with("    \"") && line.ends_with("\";"));
    known.extend(rows.map(|row| format!("chargewatch_programme_{}", row.split('"').nth(5).unwrap())));
    known.extend(["made_timestamp_seconds", "simulated"].map(|name| format!("chargewatch_programme_{name}")));
    let known: BTreeSet<&str> = known.iter().map(String::as_str).collect();
    let complaints = known.symmetric_difference(&listed).map(|name| (*name).to_owned()).collect();
    settle(complaints, "Every metric has a row in dashboards/README.md, and every row a metric.");
}

#[test]
fn the_tree_does_not_speak_of_the_machine_it_was_built_on() {
    let mut paths = Vec::new();
    for folder in ["src", "config", "tests", "dashboards"] {
        walk(&root().join(folder), &mut paths);
    }
    paths.push(root().join("README.md"));
    paths.push(root().join("Dockerfile"));
    let marks = [concat!("/wo", "rk/"), concat!("/fa", "rm/"), concat!("/ro", "ot/")];
    let mut complaints = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).unwrap_or_default();
        if marks.iter().any(|mark| text.contains(mark)) {
            complaints.push(path.display().to_string());
        }
    }
    settle(complaints, "The project speaks of itself alone.");
}
