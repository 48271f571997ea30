//! Ways in which a sound payload is bent: one field at a time, at every depth, by every rule of tolerance.

use serde_json::{Map, Value, json};

/// Whether the bent frame still says the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The event must be the same.
    Same,
    /// What comes from the touched field may differ, nothing else.
    Lost,
}

/// A bent payload.
pub(super) struct Bent {
    pub(super) rule: &'static str,
    /// The touched field: `evse.connectorId`, `meterValue[0].timestamp`.
    pub(super) path: String,
    pub(super) meaning: Meaning,
    pub(super) payload: Value,
    /// Bends the text of the sound frame instead.
    pub(super) text: Option<fn(&str) -> String>,
}

/// A step to a field.
#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Item(usize),
}

/// Every bent payload.
pub(super) fn all(payload: &Value) -> Vec<Bent> {
    let mut bent = Vec::new();
    let mut paths = Vec::new();
    walk(payload, &mut Vec::new(), &mut paths);
    for path in &paths {
        of_field(payload, path, &mut bent);
    }
    let whole = |rule, meaning, text: fn(&str) -> String| Bent {
        rule,
        path: String::new(),
        meaning,
        payload: Value::Null,
        text: Some(text),
    };
    bent.push(whole("pretty_printed", Meaning::Same, |text| {
        format!("\u{feff}  {:#}\n", serde_json::from_str::<Value>(text).unwrap())
    }));
    bent.push(whole("trailing_comma", Meaning::Same, |text| {
        format!("{},}}]", &text[..text.len() - 2]).replace("{,}", "{}")
    }));
    bent.push(whole("unclosed", Meaning::Same, |text| text[..text.len() - 1].to_owned()));
    bent.push(whole("action_case", Meaning::Same, |text| {
        let mut parts: Vec<String> = text.splitn(4, ',').map(str::to_owned).collect();
        parts[2] = parts[2].to_uppercase();
        parts.join(",")
    }));
    bent.push(whole("extra_element", Meaning::Same, |text| format!("{},{{}}]", &text[..text.len() - 1])));
    bent
}

/// Every field below a value.
fn walk(value: &Value, here: &mut Vec<Step>, paths: &mut Vec<Vec<Step>>) {
    let below: Vec<(Step, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(key, value)| (Step::Key(key.clone()), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, value)| (Step::Item(index), value)).collect(),
        _ => return,
    };
    for (step, value) in below {
        if matches!(&step, Step::Key(key) if key == "customData") {
            continue;
        }
        here.push(step);
        if matches!(here.last(), Some(Step::Key(_))) {
            paths.push(here.clone());
        }
        walk(value, here, paths);
        here.pop();
    }
}

fn written(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => text.push_str(&format!(".{key}")),
            Step::Item(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}

/// The object that holds the field.
fn parent<'a>(payload: &'a mut Value, path: &[Step]) -> &'a mut Map<String, Value> {
    let mut value = payload;
    for step in &path[..path.len() - 1] {
        value = match step {
            Step::Key(key) => value.get_mut(key).unwrap(),
            Step::Item(index) => value.get_mut(index).unwrap(),
        };
    }
    value.as_object_mut().unwrap()
}

fn of_field(payload: &Value, path: &[Step], bent: &mut Vec<Bent>) {
    let Some(Step::Key(key)) = path.last() else { return };
    let value = parent(&mut payload.clone(), path)[key].clone();
    // What is kept as it came says less when it is touched.
    let verbatim =
        ["signedMeterValue.", "costDetails", "transactionLimit"].iter().any(|part| written(path).contains(part));
    let mut add = |rule, meaning, change: &dyn Fn(&mut Map<String, Value>)| {
        let mut payload = payload.clone();
        change(parent(&mut payload, path));
        let meaning = if verbatim { Meaning::Lost } else { meaning };
        bent.push(Bent { rule, path: written(path), meaning, payload, text: None });
    };
    let put = |value: Value| move |members: &mut Map<String, Value>| drop(members.insert(key.clone(), value.clone()));
    let rename = |to: String| {
        move |members: &mut Map<String, Value>| {
            let value = members.remove(key).unwrap();
            members.insert(to.clone(), value);
        }
    };
    add("dropped", Meaning::Lost, &|members| drop(members.remove(key)));
    add("null", Meaning::Lost, &put(json!(null)));
    for junk in [json!({"x": [1]}), json!([]), json!([[{}]]), json!(false), json!(-1), json!(1e300)] {
        add("wrong_type", Meaning::Lost, &put(junk));
    }
    add("empty_text", Meaning::Lost, &put(json!("")));
    add("none_text", Meaning::Lost, &put(json!("none")));
    add("strange_text", Meaning::Lost, &put(json!("\u{1}?")));
    add("over_long", Meaning::Lost, &put(json!("x".repeat(3000))));
    add("key_case", Meaning::Same, &rename(key.to_uppercase()));
    add("key_case", Meaning::Same, &rename(key.to_lowercase()));
    add("key_marks", Meaning::Same, &rename(format!("{}_{}", &key[..1], &key[1..])));
    add("extra_key", Meaning::Same, &|members| drop(members.insert(format!("{key}X"), json!({"deep": [{"er": 1.5}]}))));
    match &value {
        Value::Number(number) => {
            for text in [number.to_string(), format!(" {number} "), format!("+{number}").replace("+-", "-")] {
                add("number_as_text", Meaning::Same, &put(json!(text)));
            }
            if number.is_i64() {
                add("fraction", Meaning::Same, &put(json!(format!("{number}.0"))));
            } else {
                add("decimal_comma", Meaning::Same, &put(json!(number.to_string().replace('.', ","))));
            }
        }
        Value::Bool(flag) => add("flag_as_text", Meaning::Same, &put(json!(flag.to_string()))),
        Value::String(text) if is_time(text) => {
            add("no_zone", Meaning::Same, &put(json!(text.trim_end_matches('Z'))));
            add("short_offset", Meaning::Same, &put(json!(text.replace('Z', "+00"))));
            add("blank_for_t", Meaning::Same, &put(json!(text.replace('T', " "))));
            add("time_unreadable", Meaning::Lost, &put(json!("yesterday")));
        }
        Value::String(_) => add("unknown_word", Meaning::Lost, &put(json!("Dreaming"))),
        Value::Array(items) if items.len() == 1 => add("list_as_object", Meaning::Same, &put(items[0].clone())),
        _ => {}
    }
}

fn is_time(text: &str) -> bool {
    text.len() >= 20 && text.as_bytes()[10] == b'T' && text.ends_with('Z')
}
