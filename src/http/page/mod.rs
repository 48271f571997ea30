//! The pages for people: a few files that the binary carries with it. They need no build step, no other host and no token
//! to be loaded; what they show they ask of the API, as whoever looks at them.

use std::io::Write;
use std::sync::LazyLock;

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use super::error::Problem;
use super::events::takes_gzip;

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Name, kind and text of each file.
const FILES: &[(&str, &str, &str)] = &[
    ("index.html", HTML, include_str!("index.html")),
    ("programme.html", HTML, include_str!("programme.html")),
    ("style.css", "text/css; charset=utf-8", include_str!("style.css")),
    ("icon.svg", "image/svg+xml", include_str!("icon.svg")),
    ("access.js", SCRIPT, include_str!("access.js")),
    ("charger.js", SCRIPT, include_str!("charger.js")),
    ("curve.js", SCRIPT, include_str!("curve.js")),
    ("day.js", SCRIPT, include_str!("day.js")),
    ("dom.js", SCRIPT, include_str!("dom.js")),
    ("feed.js", SCRIPT, include_str!("feed.js")),
    ("frames.js", SCRIPT, include_str!("frames.js")),
    ("glance.js", SCRIPT, include_str!("glance.js")),
    ("list.js", SCRIPT, include_str!("list.js")),
    ("main.js", SCRIPT, include_str!("main.js")),
    ("map.js", SCRIPT, include_str!("map.js")),
    ("network.js", SCRIPT, include_str!("network.js")),
    ("prose.js", SCRIPT, include_str!("prose.js")),
    ("programme.js", SCRIPT, include_str!("programme.js")),
    ("report.js", SCRIPT, include_str!("report.js")),
    ("sessions.js", SCRIPT, include_str!("sessions.js")),
    ("words.js", SCRIPT, include_str!("words.js")),
];

/// What a page may do: load its own files, ask this host, and nothing else. No text can become markup.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'none'; base-uri 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

/// A file, ready to be sent.
struct Asset {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
    packed: Bytes,
    tag: String,
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| FILES.iter().map(Asset::new).collect());

impl Asset {
    fn new((name, kind, text): &(&'static str, &'static str, &'static str)) -> Self {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        // Writing to memory cannot fail.
        let packed = gzip.write_all(text.as_bytes()).and_then(|()| gzip.finish()).unwrap_or_default();
        let digest: Vec<String> = Sha256::digest(text).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { name, kind, text, packed: packed.into(), tag: format!("W/\"{}\"", digest.concat()) }
    }

    fn answer(&self, asked: &HeaderMap) -> Response {
        // Another version of the program has other files: a browser asks each time, and hears that nothing changed.
        let headers = [
            (header::CONTENT_TYPE, self.kind),
            (header::CACHE_CONTROL, "no-cache"),
            (header::ETAG, self.tag.as_str()),
            (header::VARY, "accept-encoding"),
            (header::CONTENT_SECURITY_POLICY, POLICY),
        ];
        let known = asked.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
        if known.is_some_and(|tags| tags.contains(&self.tag)) {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        if takes_gzip(asked) {
            return (headers, [(header::CONTENT_ENCODING, "gzip")], self.packed.clone()).into_response();
        }
        (headers, self.text).into_response()
    }
}

fn named(name: &str, asked: &HeaderMap) -> Response {
    let asset = ASSETS.iter().find(|asset| asset.name == name);
    let missing = || Problem::not_found(format!("the pages have no file {name}")).into_response();
    asset.map_or_else(missing, |asset| asset.answer(asked))
}

/// The network.
pub(super) async fn index(asked: HeaderMap) -> Response {
    std::future::ready(named("index.html", &asked)).await
}

/// The figures of the programme.
pub(super) async fn programme(asked: HeaderMap) -> Response {
    std::future::ready(named("programme.html", &asked)).await
}

/// What the pages are made of.
pub(super) async fn file(Path(name): Path<String>, asked: HeaderMap) -> Response {
    std::future::ready(named(&name, &asked)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_a_browser_has_is_not_sent_again_and_one_that_is_not_there_is_a_problem() {
        let first = named("main.js", &HeaderMap::new());
        assert_eq!((first.status(), first.headers()[header::CONTENT_TYPE].to_str().unwrap()), (StatusCode::OK, SCRIPT));
        let known = HeaderMap::from_iter([(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone())]);
        assert_eq!(named("main.js", &known).status(), StatusCode::NOT_MODIFIED);
        assert_eq!(named("style.css", &known).status(), StatusCode::OK);
        assert_eq!(named("../mod.rs", &known).status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn every_file_of_the_folder_is_served_and_every_import_is_there() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/http/page");
        let mut found: Vec<String> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        found.retain(|name| name != "mod.rs");
        found.sort();
        let mut served: Vec<&str> = FILES.iter().map(|(name, ..)| *name).collect();
        served.sort_unstable();
        assert_eq!(found, served);
        for (name, _, text) in FILES.iter().filter(|(_, kind, _)| *kind == SCRIPT) {
            for import in text.split("from \"./").skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(served.contains(&import), "{name} imports {import}");
            }
            assert!(text.starts_with("// ") && text.lines().count() <= 250, "{name}: a head, and 250 lines at most");
        }
    }
}
