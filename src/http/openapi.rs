//! The OpenAPI document, made from the routes and resources themselves.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::opendata::{self, schema};
use super::params::Param;
use super::router::{Does, Gives, Route, routes};
use super::table::{Kind, Resource};
use crate::domain::people::Access;

/// How a caller says who they are.
const TOKEN: &str = "A token of chargewatch token add, in the header Authorization and nowhere else.";

/// Gives the document.
pub(super) async fn serve() -> Response {
    let body = std::future::ready(document().to_string()).await;
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// The document.
pub(super) fn document() -> Value {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    schemas.insert("Problem".to_owned(), problem());
    schemas.extend(schema::components().map(|(name, schema)| (name.to_owned(), schema)));
    for route in routes() {
        match route.gives {
            Gives::List(resource) | Gives::One(resource) => add_schema(resource, &mut schemas),
            Gives::Stream(_, events) => events.iter().for_each(|(_, resource)| add_schema(resource, &mut schemas)),
            Gives::Text(_) | Gives::Ocpi(_) => {}
        }
        if let Does::Change(_, Some(body)) = route.does {
            add_schema(body, &mut schemas);
        }
        let methods = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(methods) = methods.as_object_mut() {
            methods.insert(route.does.method().as_str().to_ascii_lowercase(), operation(route));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "chargewatch",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What an EV charging network does and did. Times are RFC 3339 in UTC; quantities are exact decimals; what is not known is null."
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer", "description": TOKEN } }
        }
    })
}

fn operation(route: &Route) -> Value {
    let mut parameters: Vec<Value> = route.params.iter().map(|param| query(param)).collect();
    for (index, name) in names(route.path).enumerate() {
        parameters.insert(index, in_path(name));
    }
    let content = match route.gives {
        // JSON that is described nowhere else may be anything.
        Gives::Text("application/json") => json!({ "application/json": { "schema": {} } }),
        Gives::Text(kind) => json!({ kind: { "schema": { "type": "string" } } }),
        Gives::Stream(resource, events) => {
            let carried: Map<String, Value> =
                events.iter().map(|(name, resource)| ((*name).to_owned(), reference(resource))).collect();
            json!({
                "application/json": { "schema": reference(resource) },
                "text/event-stream": { "schema": { "type": "string" }, "x-events": carried }
            })
        }
        Gives::Ocpi(kind) => json!({ "application/json": { "schema": schema::envelope(kind) } }),
        Gives::One(resource) => json!({ "application/json": { "schema": reference(resource) } }),
        Gives::List(resource) => json!({
            "application/json": { "schema": {
                "type": "object",
                "required": ["items", "next_cursor"],
                "properties": {
                    "items": { "type": "array", "items": reference(resource) },
                    "next_cursor": { "type": ["string", "null"] }
                }
            } },
            "text/csv": { "schema": { "type": "string" } },
            "application/x-ndjson": { "schema": { "type": "string" } }
        }),
    };
    let problem = json!({ "$ref": "#/components/schemas/Problem" });
    let mut fails = json!({ "application/problem+json": { "schema": problem } });
    let mut failed = "A problem (RFC 9457).";
    if opendata::is_open(route.path) {
        failed = "An error of OCPI; a problem (RFC 9457) where the service is busy or the address too long.";
        fails["application/json"] = json!({ "schema": schema::error() });
    }
    let mut operation = json!({
        "summary": route.about,
        "x-access": route.access.word(),
        "parameters": parameters,
        "responses": {
            "200": { "description": route.about, "content": content },
            "default": { "description": failed, "content": fails }
        }
    });
    if route.access != Access::Anyone {
        operation["security"] = json!([{ "token": [] }]);
    }
    if let (Does::Change(_, Some(body)), Some(operation)) = (route.does, operation.as_object_mut()) {
        let content = json!({ "application/json": { "schema": reference(body) } });
        operation.insert("requestBody".to_owned(), json!({ "required": true, "content": content }));
    }
    operation
}

/// The names in a path.
fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| rest.split('}').next())
}

fn in_path(name: &str) -> Value {
    let about = match name {
        "location" => "Id of the location.",
        "evse" => "uid of the EVSE.",
        "connector" => "Id of the connector.",
        "file" => "Name of the file.",
        _ => "Identity of the charger, number of the session, hash of a driver token, or name of a token.",
    };
    json!({ "name": name, "in": "path", "required": true, "description": about, "schema": { "type": "string" } })
}

fn query(param: &Param) -> Value {
    let mut schema = json!({ "type": "string" });
    if !param.words.is_empty() {
        schema = json!({ "type": "string", "enum": param.words });
    }
    json!({ "name": param.name, "in": "query", "required": false, "description": param.about, "schema": schema })
}

fn reference(resource: &Resource) -> Value {
    json!({ "$ref": format!("#/components/schemas/{}", resource.name) })
}

fn add_schema(resource: &'static Resource, schemas: &mut Map<String, Value>) {
    if schemas.contains_key(resource.name) {
        return;
    }
    let mut properties = Map::new();
    for field in resource.fields {
        let mut schema = match field.kind {
            Kind::Text => json!({ "type": ["string", "null"] }),
            Kind::Whole => json!({ "type": ["integer", "null"] }),
            Kind::Decimal => json!({ "type": ["number", "null"] }),
            Kind::Bool => json!({ "type": ["boolean", "null"] }),
            Kind::Time => json!({ "type": ["string", "null"], "format": "date-time" }),
            Kind::Word(words) => {
                let words: Vec<Value> = words.iter().map(|word| json!(word)).chain([Value::Null]).collect();
                json!({ "type": ["string", "null"], "enum": words })
            }
            Kind::Object(inner) => {
                add_schema(inner, schemas);
                json!({ "anyOf": [reference(inner), { "type": "null" }] })
            }
            Kind::List(inner) => {
                add_schema(inner, schemas);
                json!({ "type": "array", "items": reference(inner) })
            }
        };
        if let Some(object) = schema.as_object_mut() {
            object.insert("description".to_owned(), json!(field.about));
        }
        properties.insert(field.name.to_owned(), schema);
    }
    let names: Vec<&str> = resource.fields.iter().map(|field| field.name).collect();
    let schema = json!({
        "type": "object", "description": resource.about, "required": names, "properties": properties
    });
    schemas.insert(resource.name.to_owned(), schema);
}

fn problem() -> Value {
    json!({
        "type": "object",
        "description": "What went wrong (RFC 9457).",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" }
        }
    })
}
