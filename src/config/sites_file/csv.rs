//! CSV: a row per EVSE; what is said of a charger or a site is said again in each of its rows.

use std::collections::HashMap;
use std::sync::Arc;

use super::build;
use super::fields::{Fields, Where};
use super::keys::{KEYS, Key, Of, nearest, of_column};
use crate::config::sites::{Registry, Site, SitesError};

/// Reads a registry.
pub(super) fn read(file: &str, text: &str) -> Result<Registry, SitesError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let head = Where { file, line: 1 };
    let columns = reader.headers().map_err(|error| head.error(error))?;
    let columns = columns.iter().map(|column| known(head, column)).collect::<Result<Vec<_>, _>>()?;
    let mut sites: HashMap<String, Arc<Site>> = HashMap::new();
    let mut registry = Registry::default();
    for row in reader.records() {
        let row = row.map_err(|error| head.error(error))?;
        let here = Where { file, line: row.position().map_or(1, csv::Position::line) };
        let said = |of| fields(here, of, &columns, &row);
        let site = build::site(&said(Of::Site))?;
        let site = match sites.get(&site.id) {
            Some(earlier) if **earlier == site => earlier.clone(),
            Some(_) => {
                return Err(here.error(format!("site \"{}\" is described differently in an earlier row", site.id)));
            }
            None => {
                let site = Arc::new(site);
                sites.insert(site.id.clone(), site.clone());
                site
            }
        };
        let charger = build::charger(&said(Of::Charger), site)?;
        let evse = said(Of::Evse);
        let evse = if evse.is_empty() { None } else { Some(build::evse(&evse)?) };
        let charger = registry.chargers.entry(charger.id.clone()).or_insert_with(|| Arc::new(charger));
        if let Some(evse) = evse {
            build::add_evse(Arc::make_mut(charger), evse, here)?;
        }
    }
    build::check_names(&registry, head)?;
    Ok(registry)
}

fn known(head: Where<'_>, column: &str) -> Result<&'static Key, SitesError> {
    let all = KEYS.iter().map(|key| key.column).filter(|column| !column.is_empty());
    let wrong = || head.error(format!("unknown column \"{column}\"; did you mean \"{}\"?", nearest(column, all)));
    of_column(column).ok_or_else(wrong)
}

/// What a row says of one thing.
fn fields<'a>(here: Where<'a>, of: Of, columns: &[&'static Key], row: &csv::StringRecord) -> Fields<'a> {
    let mut fields = Fields::new(here, of);
    for (key, cell) in columns.iter().zip(row).filter(|(key, _)| key.of == of) {
        let parts =
            if key.list { cell.split(';').map(|part| part.trim().to_owned()).collect() } else { vec![cell.to_owned()] };
        fields.say(key.name, parts);
    }
    fields
}
