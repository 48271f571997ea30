//! Loading: defaults ← file ← environment ← flags. A mistake names where it stands and what may have been meant;
//! several mistakes are told at once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::Path;

use config::{Config, File, FileFormat};
use toml::de::DeTable;

use super::near::nearest;
use super::{Settings, listener};

/// The defaults, as they stand in `config/default.toml`.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

/// Variables of the environment begin so.
const PREFIX: &str = "CHARGEWATCH_";

/// How the loader tells that a key is missing.
const MISSING: &str = "missing configuration field \"";

/// Variables with the prefix that are no settings.
const NO_SETTINGS: [&str; 3] = ["CHARGEWATCH_CONFIG", "CHARGEWATCH_COMMIT", "CHARGEWATCH_INFLUX_TOKEN"];

/// Settings of before, and what is there in their place.
const REMOVED: [(&str, &str); 1] = [(
    "ocpp.passwords_file",
    "passwords of chargers are in the ledger now: chargewatch charger import FILE takes them over, once",
)];

/// What is wrong with the settings: one line per mistake.
#[derive(Debug, PartialEq, Eq)]
pub struct Mistakes(pub Vec<String>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Mistakes {}

/// Where settings come from, besides the defaults.
#[derive(Debug, Default)]
pub struct Sources<'a> {
    /// The operator's file.
    pub file: Option<&'a Path>,
    /// The environment: names and values.
    pub environment: Vec<(String, String)>,
    /// Flags: setting (`ocpp.listen`) and value.
    pub flags: Vec<(&'static str, String)>,
}

/// Loads the settings.
///
/// # Errors
/// Every mistake that was found.
pub fn load(sources: &Sources<'_>) -> Result<Settings, Mistakes> {
    let known = keys(DEFAULTS).map_err(|error| Mistakes(vec![format!("config/default.toml: {error}")]))?;
    let mut known_in_file = known.clone();
    known_in_file.extend(listener::KEYS.map(|key| (format!("listener.{key}"), 0..0)));
    let mut mistakes = Vec::new();
    let file = sources.file.map(|path| OperatorFile::read(path, &known_in_file, &mut mistakes));
    let environment = from_environment(&sources.environment, &known, &mut mistakes);
    if !mistakes.is_empty() {
        return Err(Mistakes(mistakes));
    }
    let flags = sources.flags.iter().map(|(key, value)| ((*key).to_owned(), value.clone()));
    let settings = layered(file.as_ref(), environment.iter().cloned().chain(flags))
        .map_err(|error| Mistakes(vec![locate(&error.to_string(), key_of(&error), file.as_ref(), &environment)]))?;
    let objections = settings.objections();
    if objections.is_empty() {
        return Ok(settings);
    }
    let tell =
        |(key, reason): (String, String)| locate(&format!("{key} {reason}"), Some(key), file.as_ref(), &environment);
    Err(Mistakes(objections.into_iter().map(tell).collect()))
}

fn layered(
    file: Option<&OperatorFile>,
    overrides: impl Iterator<Item = (String, String)>,
) -> Result<Settings, config::ConfigError> {
    let mut builder = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
    if let Some(file) = file {
        builder = builder.add_source(File::from_str(&file.text, FileFormat::Toml));
    }
    for (key, value) in overrides {
        builder = builder.set_override(key, value)?;
    }
    builder.build()?.try_deserialize()
}

/// The setting that an error is about, where it says so.
fn key_of(error: &config::ConfigError) -> Option<String> {
    let text = error.to_string();
    let behind = |before: &str, end: char| text.split_once(before)?.1.split_once(end).map(|(key, _)| key);
    let key = behind("for key `", '`').or_else(|| behind(MISSING, '"'))?;
    // The place in a list comes without the dot behind it.
    Some(key.replace(']', "].").replace("]..", "].").trim_end_matches('.').to_owned())
}

/// Says where a mistake stands.
fn locate(message: &str, key: Option<String>, file: Option<&OperatorFile>, environment: &[(String, String)]) -> String {
    let plain = message.split(" for key `").next().unwrap_or(message);
    let Some(key) = key else { return message.to_owned() };
    let plain = if plain.starts_with(MISSING) { "is missing" } else { plain };
    let told = if plain.starts_with(&key) { plain.to_owned() } else { format!("{key}: {plain}") };
    if environment.iter().any(|(set, _)| *set == key) {
        return format!("{}: {told}", variable(&key));
    }
    // What is missing has no line; the table that misses it has one.
    let places = [key.as_str(), key.split('.').next().unwrap_or_default()];
    match file.and_then(|file| places.iter().find_map(|place| file.keys.get(*place)).map(|span| (file, span))) {
        Some((file, span)) => format!("{}:{}: {told}", file.name, line_of(&file.text, span)),
        None => told,
    }
}

/// The operator's file.
struct OperatorFile {
    name: String,
    text: String,
    keys: BTreeMap<String, Range<usize>>,
}

impl OperatorFile {
    fn read(path: &Path, known: &BTreeMap<String, Range<usize>>, mistakes: &mut Vec<String>) -> Self {
        let name = path.display().to_string();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                mistakes.push(format!("{name}: cannot be read: {error}"));
                String::new()
            }
        };
        let found = match keys(&text) {
            Ok(found) => found,
            Err(error) => {
                let line = error.span().map_or(1, |span| line_of(&text, &span));
                mistakes.push(format!("{name}:{line}: {}", error.message()));
                BTreeMap::new()
            }
        };
        for (key, span) in found.iter().filter(|(key, _)| !key.ends_with(']')) {
            let plain = without_number(key);
            if !known.contains_key(&*plain) {
                let line = line_of(&text, span);
                mistakes
                    .push(format!("{name}:{line}: unknown key \"{plain}\"; {}", advice(&plain, &plain, known.keys())));
            }
        }
        Self { name, text, keys: found }
    }
}

/// The environment's settings.
fn from_environment(
    environment: &[(String, String)],
    known: &BTreeMap<String, Range<usize>>,
    mistakes: &mut Vec<String>,
) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let variables: Vec<String> = known.keys().map(|key| variable(key)).collect();
    for (name, value) in environment {
        if !name.starts_with(PREFIX) || NO_SETTINGS.contains(&name.as_str()) {
            continue;
        }
        match known.keys().zip(&variables).find(|(_, variable)| *variable == name) {
            Some((key, _)) => found.push((key.clone(), value.clone())),
            None => {
                let key = name.trim_start_matches(PREFIX).to_lowercase().replace("__", ".");
                mistakes.push(format!("unknown variable {name}; {}", advice(name, &key, variables.iter())));
            }
        }
    }
    found
}

/// The variable of a setting.
fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_uppercase())
}

/// What became of a setting of before, else what may have been meant.
fn advice<'a>(wrong: &str, key: &str, known: impl Iterator<Item = &'a String>) -> String {
    let removed = REMOVED.iter().find(|(removed, _)| *removed == key);
    removed.map_or_else(|| suggestion(wrong, known), |(_, instead)| (*instead).to_owned())
}

/// What may have been meant, as a question; empty where nothing is known.
pub fn suggestion<'a>(wrong: &str, known: impl Iterator<Item = &'a String>) -> String {
    nearest(wrong, known.map(String::as_str)).map_or_else(String::new, |nearest| format!("did you mean \"{nearest}\"?"))
}

/// `listener.listen` for `listener[0].listen`.
fn without_number(key: &str) -> Cow<'_, str> {
    match (key.find('['), key.find(']')) {
        (Some(from), Some(to)) if from < to => Cow::Owned(format!("{}{}", &key[..from], &key[to + 1..])),
        _ => Cow::Borrowed(key),
    }
}

/// Every `section.key` of a text, and where it stands; in a list of tables, `section[0].key`. A section that is neither
/// is a key of its own.
fn keys(text: &str) -> Result<BTreeMap<String, Range<usize>>, toml::de::Error> {
    let document = DeTable::parse(text)?;
    let mut found = BTreeMap::new();
    for (section, value) in document.get_ref() {
        let name = section.get_ref();
        let within = |place: String, table: &DeTable<'_>| -> Vec<(String, Range<usize>)> {
            table.keys().map(|key| (format!("{place}.{}", key.get_ref()), key.span())).collect()
        };
        let list = value.get_ref().as_array().filter(|list| list.iter().all(|table| table.get_ref().is_table()));
        match (value.get_ref().as_table(), list) {
            (Some(table), _) => found.extend(within(name.to_string(), table)),
            (None, Some(list)) => {
                for (at, value) in list.iter().enumerate() {
                    let place = format!("{name}[{at}]");
                    found.extend(value.get_ref().as_table().into_iter().flat_map(|table| within(place.clone(), table)));
                    found.insert(place, value.span());
                }
            }
            (None, None) => {
                found.insert(name.to_string(), section.span());
            }
        }
    }
    Ok(found)
}

/// The line of a text, from 1, in which a span begins.
pub fn line_of(text: &str, span: &Range<usize>) -> usize {
    text.get(..span.start).map_or(1, |before| before.matches('\n').count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_file(text: &str, environment: &[(&str, &str)]) -> Result<Settings, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.toml");
        std::fs::write(&path, text).unwrap();
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let loaded = load(&Sources { file: Some(&path), environment, flags: Vec::new() });
        loaded.map_err(|mistakes| mistakes.to_string().replace(&format!("{}/", folder.path().display()), ""))
    }

    #[test]
    fn defaults_load_and_each_layer_wins_over_the_one_before() {
        let settings = load(&Sources::default()).unwrap();
        assert_eq!(settings.ocpp.listen.port(), 9000);
        assert!(settings.registry.file.is_none() && settings.http.listen.ip().is_loopback());
        let text = "[ocpp]\nheartbeat_interval_s = 60\nping_interval_s = 20\n";
        let settings = with_file(text, &[("CHARGEWATCH_OCPP__PING_INTERVAL_S", "30"), ("PATH", "/bin")]).unwrap();
        assert_eq!((settings.ocpp.heartbeat_interval_s, settings.ocpp.ping_interval_s), (60, 30));
        let flags = vec![("ocpp.listen", "127.0.0.1:0".to_owned())];
        assert_eq!(load(&Sources { flags, ..Sources::default() }).unwrap().ocpp.listen.port(), 0);
    }

    #[test]
    fn a_mistake_names_where_it_stands_and_what_may_have_been_meant() {
        for (text, told) in [
            ("[ocpp]\n\nlisen = \"x\"\n", "site.toml:3: unknown key \"ocpp.lisen\"; did you mean \"ocpp.listen\"?"),
            ("[htp]\nlisten = \"x\"", "site.toml:2: unknown key \"htp.listen\"; did you mean \"http.listen\"?"),
            (
                "[ocpp]\npasswords_file = \"p.toml\"\n",
                "site.toml:2: unknown key \"ocpp.passwords_file\"; passwords of chargers are in the ledger now: chargewatch \
                 charger import FILE takes them over, once",
            ),
            ("[ocpp\n", "site.toml:1: unclosed table, expected `]`"),
            (
                "[ocpp]\nping_interval_s = \"often\"\n",
                "site.toml:2: ocpp.ping_interval_s: invalid type: string \"often\", expected an integer",
            ),
            (
                "[ocpp]\nsilence_limit_s = 10\n",
                "site.toml:2: ocpp.silence_limit_s must be longer than ocpp.ping_interval_s",
            ),
        ] {
            assert_eq!(with_file(text, &[]).unwrap_err(), told);
        }
        let both = with_file("[ocpp]\na = 1\n[store]\nb = 2\n", &[]).unwrap_err();
        assert_eq!(both.lines().count(), 2, "{both}");
    }

    #[test]
    fn a_mistake_in_a_list_of_listeners_names_its_line_too() {
        let first = "[[listener]]\nlisten = \"0.0.0.0:9001\"\nsecurity_profile = 1\n\n[[listener]]\n";
        for (second, told) in [
            ("lisen = \"x\"", "site.toml:6: unknown key \"listener.lisen\"; did you mean \"listener.listen\"?"),
            (
                "listen = \"0.0.0.0:9443\"\nsecurity_profile = 4",
                "site.toml:7: listener[1].security_profile: invalid value: integer `4`, expected one of 0, 1, 2, 3 or \"mixed\"",
            ),
            ("listen = \"0.0.0.0:9443\"", "site.toml:5: listener[1].security_profile: is missing"),
            (
                "listen = \"0.0.0.0:9001\"\nsecurity_profile = 0",
                "site.toml:6: listener[1].listen 0.0.0.0:9001 is taken by a listener before it",
            ),
            (
                "listen = \"0.0.0.0:9443\"\nsecurity_profile = \"2\"",
                "site.toml:7: listener[1].security_profile 2 is TLS: it needs certificate_file and key_file, there or in [ocpp]",
            ),
        ] {
            assert_eq!(with_file(&format!("{first}{second}\n"), &[]).unwrap_err(), told);
        }
        let text = "[ocpp]\ncertificate_file = \"c.pem\"\nkey_file = \"k.pem\"\n[[listener]]\nlisten = \"[::]:9443\"\n\
                    security_profile = 2\nkey_file = \"own.pem\"\n";
        let listeners = with_file(text, &[]).unwrap().listeners();
        assert_eq!((listeners.len(), listeners[0].tls.is_some()), (2, false));
        let files = listeners[1].tls.as_ref().unwrap();
        assert_eq!((files.certificate.to_str(), files.key.to_str()), (Some("c.pem"), Some("own.pem")));
    }

    #[test]
    fn a_variable_that_is_no_setting_is_refused_and_a_bad_value_names_its_variable() {
        let told = with_file("", &[("CHARGEWATCH_OCPP_LISTEN", "x")]).unwrap_err();
        assert_eq!(told, "unknown variable CHARGEWATCH_OCPP_LISTEN; did you mean \"CHARGEWATCH_OCPP__LISTEN\"?");
        let told = with_file("", &[("CHARGEWATCH_OCPP__PASSWORDS_FILE", "x")]).unwrap_err();
        assert!(told.contains("chargewatch charger import FILE"), "{told}");
        let told = with_file("", &[("CHARGEWATCH_METRICS__DETAIL", "all")]).unwrap_err();
        assert!(told.starts_with("CHARGEWATCH_METRICS__DETAIL: "), "{told}");
        assert!(with_file("", &[("CHARGEWATCH_CONFIG", "x")]).is_ok());
    }

    #[test]
    fn beyond_loopback_readers_need_https() {
        let told = with_file("[http]\nlisten = \"0.0.0.0:8080\"\n", &[]).unwrap_err();
        assert!(told.starts_with("site.toml:2: http.listen is beyond loopback"), "{told}");
        let files = "certificate_file = \"a.pem\"\nkey_file = \"b.pem\"\n";
        assert!(with_file(&format!("[http]\nlisten = \"0.0.0.0:8080\"\n{files}"), &[]).is_ok());
    }
}
