//! Routes of the pages for people.

use axum::routing::get;

use crate::domain::people::Access;
use crate::http::page;
use crate::http::router::{Does, Gives, Route};
use crate::http::routes::live;

/// Those routes.
pub(super) const ROUTES: &[Route] = &[
    Route {
        does: Does::Read,
        path: "/",
        access: Access::Anyone,
        about: "The live page of the network.",
        gives: Gives::Text("text/html"),
        params: &[],
        handler: || get(page::index),
    },
    Route {
        does: Does::Read,
        path: "/programme",
        access: Access::Anyone,
        about: "The page of the programme's figures.",
        gives: Gives::Text("text/html"),
        params: &[],
        handler: || get(page::programme),
    },
    Route {
        does: Does::Read,
        path: "/page/{file}",
        access: Access::Anyone,
        about: "What the pages are made of.",
        gives: Gives::Text("text/plain"),
        params: &[],
        handler: || get(page::file),
    },
    Route {
        does: Does::Read,
        path: "/api/v1/live",
        access: Access::Viewer,
        about: "The network as it is now. To whoever accepts text/event-stream: the same, then what changes, twice a second at most, as long as the token is in force.",
        gives: Gives::Stream(&live::LIVE_NETWORK, &[("network", &live::LIVE_NETWORK), ("change", &live::LIVE_CHANGE)]),
        params: &[],
        handler: || get(live::network),
    },
];
