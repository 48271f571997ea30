//! Who is calling: the charger's identity from the request target of its handshake.

use percent_encoding::percent_decode_str;

use crate::domain::ids::ChargerId;

/// Longest identity, in bytes.
const LONGEST: usize = 255;

/// The identities that a request target may mean, the likeliest first: the rest of the path behind the endpoint's
/// prefix where that holds a slash, then the last segment.
pub(super) fn candidates(target: &str, prefix: &str) -> Vec<ChargerId> {
    let path = path_of(target);
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let leading: Vec<&str> = prefix.split('/').filter(|segment| !segment.is_empty()).collect();
    let rest = segments.strip_prefix(leading.as_slice()).unwrap_or(&segments);
    let mut found = Vec::new();
    if rest.len() > 1 {
        found.extend(decode(&rest.join("/")));
    }
    found.extend(rest.last().and_then(|last| decode(last)));
    found
}

/// The path of a target in origin form or absolute form, without its query.
pub(super) fn path_of(target: &str) -> &str {
    let after_scheme = target.split_once("://").filter(|(scheme, _)| !scheme.contains('/')).map(|(_, rest)| rest);
    let path = after_scheme.map_or(target, |rest| rest.find('/').map_or("", |slash| &rest[slash..]));
    path.split(['?', '#']).next().unwrap_or_default()
}

/// Decodes percent escapes; what is no valid escape stays as it is.
fn decode(segment: &str) -> Option<ChargerId> {
    let decoded = percent_decode_str(segment).decode_utf8_lossy();
    let trimmed = decoded.trim();
    let usable = !trimmed.is_empty() && trimmed.len() <= LONGEST && !trimmed.chars().any(char::is_control);
    usable.then(|| ChargerId::new(trimmed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_are_found_in_every_kind_of_target() {
        for (target, wanted) in [
            ("/ocpp/CP-1", vec!["CP-1"]),
            ("/CP-1", vec!["CP-1"]),
            ("///charger", vec!["charger"]),
            ("/ocpp//CP-1/", vec!["CP-1"]),
            ("/ocpp/BBE%20I12", vec!["BBE I12"]),
            ("/ocpp/BBE%I12", vec!["BBE%I12"]),
            ("/ocpp/889/BBEI12", vec!["889/BBEI12", "BBEI12"]),
            ("/ocpp/j/v16/CP0", vec!["j/v16/CP0", "CP0"]),
            ("ws://csms.example.net:8500/ocpp/ChargerId", vec!["ChargerId"]),
            ("/ocpp/CS003?ocpp_ws_secret=c2VjcmV0", vec!["CS003"]),
            ("/ocpp/", vec![]),
            ("/ocpp/%00", vec![]),
        ] {
            let found: Vec<_> = candidates(target, "/ocpp").iter().map(|id| id.as_str().to_owned()).collect();
            assert_eq!(found, wanted, "{target}");
        }
    }
}
