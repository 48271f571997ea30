//! Who asks, and whether they may.
//!
//! Who asks is found out by the token of the Authorization header, and by nothing else: a token in an address would end in
//! logs and histories. While no token was ever made, whoever sits at the machine itself may read as a viewer.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, Method, header};

use super::Api;
use super::error::Problem;
use super::failures::Failures;
use super::secure::Peer;
use crate::domain::bearer::Bearer;
use crate::domain::people::{Access, Role};
use crate::observe::events::http::CallerRefused;
use crate::store::desk::Author;
use crate::store::desk::people::TokenState;

/// How somebody gets in.
const HOW: &str = "send the header \"Authorization: Bearer TOKEN\"; who runs the service makes one with: chargewatch token add \
                   NAME --role viewer";

/// Headers by which a proxy says that it asks for somebody else.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/// Who asks. Every handler may take it as an extension.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// What they may do; nothing but what is for anyone, where nobody knows them.
    role: Option<Role>,
    /// The name that stands in the audit log.
    name: String,
    /// The sites that they are limited to; `None`: they see the whole network.
    sites: Option<Arc<[String]>>,
    /// The number of their token, if they have one.
    token: Option<i64>,
}

impl Caller {
    fn unknown(role: Option<Role>) -> Self {
        Self { role, name: "nobody".to_owned(), sites: None, token: None }
    }

    /// Whether they may use what is for `access`.
    pub(super) fn may(&self, access: Access) -> bool {
        self.role.map_or(access == Access::Anyone, |role| role.may(access))
    }

    /// The sites that they are limited to; `None`: they see the whole network.
    pub(super) fn sites(&self) -> Option<&[String]> {
        self.sites.as_deref()
    }

    /// Whether they would still be let in: answers that go on for long end with the token.
    pub(super) fn is_still_let_in(&self, api: &Api) -> bool {
        self.token.map_or_else(|| api.keyring.is_empty(), |token| api.keyring.is_in_force(token, (api.clock)()))
    }

    /// As the author of a change.
    pub(super) fn author(&self) -> Author {
        Author::with_token(&self.name)
    }
}

/// Why a token was not taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// There is none.
    Missing,
    /// It is none of ours by its form.
    Malformed,
    /// Nobody has it.
    Unknown,
    Expired,
    Revoked,
}

impl Refusal {
    /// The word of the metric.
    const fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::Unknown => "unknown",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }

    fn problem(self) -> Problem {
        let wrong = |told: &str| Problem::unauthorized(", error=\"invalid_token\"", told);
        match self {
            Self::Missing => Problem::unauthorized("", format!("this needs a token: {HOW}")),
            Self::Malformed => wrong("this is no token of chargewatch, or it was cut or mistyped"),
            Self::Unknown => wrong("nobody knows this token"),
            Self::Expired => wrong("this token has expired"),
            Self::Revoked => wrong("this token was revoked"),
        }
    }
}

/// Finds out who asks, and lets them in where their role may use what is for `access`.
pub(super) fn admit(api: &Api, failures: &Failures, request: &Request, access: Access) -> Result<Caller, Problem> {
    if access == Access::Anyone {
        return Ok(Caller::unknown(None));
    }
    let peer =
        request.extensions().get::<ConnectInfo<Peer>>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.0.ip());
    let caller = match identify(api, request, peer) {
        Ok(caller) => caller,
        Err(refusal) => {
            let throttled = failures.count(peer, Instant::now());
            api.observer.tell(CallerRefused { peer, reason: refusal.word(), throttled });
            let too_many =
                || Problem::too_many(60, "too many requests without a token that is known came from this address");
            return Err(if throttled { too_many() } else { refusal.problem() });
        }
    };
    if caller.may(access) {
        return Ok(caller);
    }
    let role = caller.role.map_or("nobody", Role::word);
    Err(Problem::forbidden(format!("this is for the role {}, and not for {role}", access.word())))
}

fn identify(api: &Api, request: &Request, peer: IpAddr) -> Result<Caller, Refusal> {
    let Some(header) = request.headers().get(header::AUTHORIZATION) else {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        let open = reads && api.keyring.is_empty() && is_at_the_machine(request.headers(), peer);
        return if open { Ok(Caller::unknown(Some(Role::Viewer))) } else { Err(Refusal::Missing) };
    };
    let text = header.to_str().ok().and_then(|text| text.split_once(' '));
    let token = text.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let token = token.and_then(|(_, token)| Bearer::read(token.trim())).ok_or(Refusal::Malformed)?;
    let view = api.keyring.find(&token).ok_or(Refusal::Unknown)?;
    let now = (api.clock)();
    match view.state(now) {
        TokenState::Active => {}
        TokenState::Expired => return Err(Refusal::Expired),
        TokenState::Revoked => return Err(Refusal::Revoked),
    }
    api.keyring.used(&view, now);
    let sites = (!view.sites.is_empty()).then(|| view.sites.as_slice().into());
    Ok(Caller { role: Some(view.role), name: view.name.clone(), sites, token: Some(view.id) })
}

/// Whether somebody at the machine itself asks, and no proxy for somebody else.
fn is_at_the_machine(headers: &HeaderMap, peer: IpAddr) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    peer.to_canonical().is_loopback()
        && host.is_some_and(is_loopback)
        && !FORWARDED.iter().any(|name| headers.contains_key(*name))
}

/// Whether a Host header names this machine to itself, or as one of `hosts`.
pub(super) fn is_known(host: &str, hosts: &[String]) -> bool {
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name);
    is_loopback(host) || hosts.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Whether a Host header names this machine to itself.
fn is_loopback(host: &str) -> bool {
    let name = if host.starts_with('[') { host.split_inclusive(']').next() } else { host.split(':').next() };
    matches!(name, Some("localhost" | "127.0.0.1" | "[::1]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_known_by_its_name_with_or_without_a_port() {
        let hosts = ["charging.example".to_owned()];
        for host in
            ["localhost", "localhost:8080", "127.0.0.1:1", "[::1]:8080", "Charging.Example", "charging.example:443"]
        {
            assert!(is_known(host, &hosts), "{host}");
        }
        for host in ["", "evil.example", "localhost.evil.example", "charging.example.evil", "[::2]", "127.0.0.2"] {
            assert!(!is_known(host, &hosts), "{host}");
        }
    }

    #[test]
    fn only_who_sits_at_the_machine_itself_needs_no_token() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            pairs
                .iter()
                .map(|(name, value)| ((*name).parse().unwrap(), (*value).parse().unwrap()))
                .collect::<HeaderMap>()
        };
        let local = [("host", "localhost:8080")];
        let here = "127.0.0.1".parse().unwrap();
        assert!(is_at_the_machine(&headers(&local), here));
        assert!(!is_at_the_machine(&headers(&local), "192.0.2.1".parse().unwrap()));
        assert!(!is_at_the_machine(&headers(&[("host", "charging.example")]), here));
        assert!(!is_at_the_machine(&headers(&[]), here));
        for proxy in FORWARDED {
            assert!(!is_at_the_machine(&headers(&[local[0], (proxy, "192.0.2.1")]), here), "{proxy}");
        }
    }
}
