//! TOML: sites with their chargers and those with their EVSEs; tariffs beside them.

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fields::{Fields, Where};
use super::keys::{Of, keys_of, nearest};
use super::{build, tariff};
use crate::config::rows::scalar;
use crate::config::sites::{Registry, SitesError};

/// The tables that something holds.
const fn children(of: Of) -> Option<(&'static str, Of)> {
    match of {
        Of::Site => Some(("charger", Of::Charger)),
        Of::Charger => Some(("evse", Of::Evse)),
        Of::Tariff => Some(("element", Of::Element)),
        Of::Evse | Of::Element => None,
    }
}

/// A table of the file, with the tables in it.
struct Node<'a> {
    fields: Fields<'a>,
    inner: Vec<Self>,
}

/// A file that is read.
#[derive(Clone, Copy)]
struct Reader<'a> {
    file: &'a str,
    text: &'a str,
}

/// Reads a registry.
pub(super) fn read(file: &str, text: &str) -> Result<Registry, SitesError> {
    let reader = Reader { file, text };
    let document = DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or_default();
        reader.at(&span).error(error.message())
    })?;
    let mut registry = Registry::default();
    for (key, value) in document.get_ref() {
        let of = match key.get_ref().as_ref() {
            "site" => Of::Site,
            "tariff" => Of::Tariff,
            other => {
                let near = nearest(other, ["site", "tariff"].into_iter());
                return Err(reader
                    .at(&key.span())
                    .error(format!("unknown table \"{other}\"; did you mean \"{near}\"?")));
            }
        };
        for node in reader.nodes(of, value)? {
            if of == Of::Site {
                site(&mut registry, &node)?;
            } else {
                let elements =
                    node.inner.iter().map(|element| tariff::element(&element.fields)).collect::<Result<_, _>>()?;
                registry.tariffs.push(Arc::new(tariff::tariff(&node.fields, elements)?));
            }
        }
    }
    build::check_names(&registry, Where { file, line: 1 })?;
    Ok(registry)
}

fn site(registry: &mut Registry, node: &Node<'_>) -> Result<(), SitesError> {
    let site = Arc::new(build::site(&node.fields)?);
    for inner in &node.inner {
        let here = inner.fields.here;
        let mut charger = build::charger(&inner.fields, site.clone())?;
        for evse in &inner.inner {
            build::add_evse(&mut charger, build::evse(&evse.fields)?, evse.fields.here)?;
        }
        let id = charger.id.clone();
        if registry.chargers.insert(id.clone(), Arc::new(charger)).is_some() {
            return Err(here.error(format!("charger \"{id}\" is listed twice")));
        }
    }
    Ok(())
}

impl<'a> Reader<'a> {
    fn at(self, span: &Range<usize>) -> Where<'a> {
        let line = self.text.get(..span.start).map_or(1, |before| before.matches('\n').count() as u64 + 1);
        Where { file: self.file, line }
    }

    /// The tables of an array.
    fn nodes(self, of: Of, value: &Spanned<DeValue<'_>>) -> Result<Vec<Node<'a>>, SitesError> {
        let wrong = |span: &Range<usize>| self.at(span).error("a table is wanted here");
        let array = value.get_ref().as_array().ok_or_else(|| wrong(&value.span()))?;
        let mut nodes = Vec::new();
        for item in array {
            let table = item.get_ref().as_table().ok_or_else(|| wrong(&item.span()))?;
            nodes.push(self.node(of, table, &item.span())?);
        }
        Ok(nodes)
    }

    fn node(self, of: Of, table: &DeTable<'_>, span: &Range<usize>) -> Result<Node<'a>, SitesError> {
        // A table stands where its id does; one without at its own beginning.
        let id = table.iter().find(|(key, _)| key.get_ref() == "id").map(|(key, _)| key.span());
        let mut fields = Fields::new(self.at(&id.unwrap_or_else(|| span.clone())), of);
        let mut inner = Vec::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if let Some((_, of)) = children(of).filter(|(child, _)| *child == name) {
                inner = self.nodes(of, value)?;
                continue;
            }
            let here = self.at(&key.span());
            let Some(known) = keys_of(of).find(|known| known.name == name) else {
                let all = keys_of(of).map(|key| key.name).chain(children(of).map(|(child, _)| child));
                return Err(here.error(format!("unknown key \"{name}\"; did you mean \"{}\"?", nearest(name, all))));
            };
            let parts = if known.list { list(value.get_ref()) } else { scalar(value.get_ref()).map(|text| vec![text]) };
            let wanted = if known.list { "a list" } else { "one value" };
            fields.say(known.name, parts.ok_or_else(|| here.error(format!("{name} must be {wanted}")))?);
        }
        Ok(Node { fields, inner })
    }
}

fn list(value: &DeValue<'_>) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|item| scalar(item.get_ref())).collect()
}
