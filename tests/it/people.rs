//! People and programmes: tokens, roles, what a stranger gets.

use chargewatch::domain::people::Role;
use chargewatch::store::desk::people::TokenWish;

use crate::operations::chargewatch;
use crate::support::{Service, noon, request};

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_only_the_machine_itself_reads_and_only_until_there_is_one() {
    let service = Service::at(noon(), &[]).await;
    let status = async |text: String| {
        let address = service.http();
        tokio::task::spawn_blocking(move || request(address, &text)).await.unwrap().0
    };
    let get = |headers: &str| format!("GET /api/v1/sessions HTTP/1.0\r\n{headers}\r\n\r\n");
    assert_eq!(status(get("Host: localhost")).await, 200);
    assert_eq!(status(get("Host: localhost\r\nX-Forwarded-For: 192.0.2.1")).await, 401, "a proxy asks for a stranger");
    assert_eq!(status(get("Host: evil.example")).await, 421);
    assert_eq!(status("POST /api/v1/sessions HTTP/1.0\r\nHost: localhost\r\n\r\n".to_owned()).await, 401);
    service.token_for(Role::Metrics).await;
    assert_eq!(status(get("Host: localhost")).await, 401);
    for open in ["/healthz", "/readyz", "/api/v1/openapi.json"] {
        assert_eq!(service.get(open).await.0, 200, "{open}");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_refused_with_the_reason_and_never_told() {
    let service = Service::at(noon(), &[]).await;
    let viewer = service.token_for(Role::Viewer).await;
    let wish = |name: &str| TokenWish { name: name.into(), role: Role::Viewer, sites: Vec::new(), expires: None };
    let short = service.token(TokenWish { expires: Some(noon().plus_millis(4000)), ..wish("short") }).await;
    service.until_answered(&short, |status| status == 401).await;
    let unknown = format!("cw_{}", "0".repeat(72));
    for (token, status, told) in [
        (None, 401, "this needs a token"),
        (Some("secret"), 401, "no token of chargewatch"),
        (Some(&*unknown), 401, "no token of chargewatch"),
        (Some(&*short), 401, "expired"),
        (Some(&*viewer), 200, "items"),
    ] {
        let (found, head, body) = service.ask("GET", "/api/v1/sessions", token, "").await;
        assert_eq!(found, status, "{body}");
        assert!(body.contains(told), "{body}");
        assert_eq!(status == 401, head.to_lowercase().contains("www-authenticate: bearer realm"), "{head}");
    }
    let (status, _, page) = service.ask("GET", "/metrics", Some(&viewer), "").await;
    assert_eq!(status, 200);
    for reason in ["missing", "malformed", "expired"] {
        assert!(page.contains(&format!("chargewatch_http_refused_total{{reason=\"{reason}\"}}")), "{reason}");
    }
    assert!(!page.contains("cw_"));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_makes_lists_and_revokes_tokens_beside_a_running_service() {
    let service = Service::at(noon(), &[]).await;
    let folder = service.folder().to_str().unwrap().to_owned();
    let (code, token, told) =
        chargewatch(&["token", "add", "ops", "--role", "operator", "--expires", "90d", "--data-dir", &folder]);
    assert_eq!(code, 0, "{told}");
    let token = token.trim();
    assert!(token.starts_with("cw_") && told.contains("shown once"));
    service.until_answered(token, |status| status == 404).await;
    let (_, listed, _) = chargewatch(&["token", "list", "--data-dir", &folder]);
    assert!(listed.contains("ops   operator  active") && !listed.contains("cw_"), "{listed}");
    let (code, _, told) = chargewatch(&["token", "add", "ops", "--role", "viewer", "--data-dir", &folder]);
    assert!(code == 2 && told.contains("not given out again"), "{told}");
    let (code, _, told) = chargewatch(&["token", "add", "x", "--role", "root", "--data-dir", &folder]);
    assert!(code == 2 && told.contains("admin, operator, viewer, monitor, metrics"), "{told}");
    assert_eq!(chargewatch(&["token", "revoke", "ops", "--data-dir", &folder]).0, 0);
    service.until_answered(token, |status| status == 401).await;
    assert!(service.ask("GET", "/api/v1/sessions", Some(token), "").await.2.contains("revoked"));
    assert!(service.ledger("SELECT last_used FROM api_token WHERE name = 'ops'", &[])[0][0].is_string());
    let audit = service.ledger("SELECT author, deed, subject, outcome FROM audit ORDER BY id", &[]);
    assert!(audit[0][0].as_str().unwrap().starts_with("cli "), "{audit:?}");
    assert_eq!(audit.len(), 3);
    for row in service.ledger("SELECT * FROM api_token_row JOIN audit_row", &[]) {
        assert!(!format!("{row:?}").contains(token), "the ledger holds a token in clear");
    }
    service.stop().await;
}
