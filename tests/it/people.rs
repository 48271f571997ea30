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
async fn a_body_that_does_not_come_is_not_waited_for_longer_than_the_settings_say() {
    let service = Service::at(noon(), &[("http.timeout_s", "1")]).await;
    let admin = service.token_for(Role::Admin).await;
    let (address, began) = (service.http(), std::time::Instant::now());
    let text = format!(
        "POST /api/v1/forget HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer {admin}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    );
    let (status, _, told) = tokio::task::spawn_blocking(move || request(address, &text)).await.unwrap();
    assert_eq!(status, 400, "{told}");
    assert!(told.contains("did not come within 1 seconds") && began.elapsed().as_secs() < 15, "{told}");
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

/// Every list and object of the API that may be asked about two chargers, of which a caller sees one.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_a_site_sees_nothing_of_another_by_any_route() {
    let file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    let path = file.path().to_str().unwrap();
    std::fs::write(path, "charger_id,site_id\nOWN-1,own\nFOREIGN-1,foreign\nFOREIGN-2,foreign\n").unwrap();
    let service = Service::at(noon(), &[("registry.file", path)]).await;
    for charger in ["FOREIGN-1", "OWN-1", "STRAY-1"] {
        let mut socket = service.charger(charger).await;
        for frame in [
            r#"[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]"#,
            r#"[2,"2","StatusNotification",{"connectorId":"1","errorCode":"NoError","status":"Available"}]"#,
            r#"[2,"3","StartTransaction",{"connectorId":1,"idTag":"A","meterStart":0,"timestamp":"2026-11-24T11:00:00Z"}]"#,
            r#"[2,"4","MeterValues",{"connectorId":1,"meterValue":[{"timestamp":"2026-11-24T11:30:00Z","sampledValue":[{"value":"1200"}]}]}]"#,
            r#"[2,"5","SecurityEventNotification",{"type":"ResetOrReboot","timestamp":"2026-11-24T11:30:00Z"}]"#,
        ] {
            socket.ask(frame).await;
        }
    }
    service.settle().await;
    let sites = vec!["own".to_owned()];
    let token = service.token(TokenWish { name: "own".into(), role: Role::Operator, sites, expires: None }).await;
    let all = service.token_for(Role::Operator).await;
    let ask = async |path: &str, token: &str| service.ask("GET", path, Some(token), "").await;
    let (_, _, sessions) = ask("/api/v1/sessions", &all).await;
    let sessions: serde_json::Value = serde_json::from_str(&sessions).unwrap();
    let number = |charger: &str| {
        let rows = sessions["items"].as_array().unwrap();
        rows.iter().find(|row| row["charger_id"] == charger).unwrap()["id"].to_string()
    };
    let frames = "SELECT max(f.id) FROM frame_row f JOIN charger_row c ON c.id = f.charger_id WHERE c.charger = ?1";
    let frame = |charger: &str| service.ledger(frames, &[charger])[0][0].to_string();
    let document = service.json("/api/v1/openapi.json").await;
    let (mut lists, mut objects) = (0, 0);
    for (path, methods) in
        document["paths"].as_object().unwrap().iter().filter(|(_, methods)| methods["get"].is_object())
    {
        let id = |charger: &str| match path.as_str() {
            path if path.contains("sessions") => number(charger),
            "/api/v1/frames/{id}" => frame(charger),
            _ => charger.to_owned(),
        };
        if path.contains('{') {
            let (own, _, body) = ask(&path.replace("{id}", &id("OWN-1")), &token).await;
            assert!(matches!(own, 200 | 403 | 404), "{path}: {body}");
            for foreign in ["FOREIGN-1", "STRAY-1"] {
                let (status, _, body) = ask(&path.replace("{id}", &id(foreign)), &token).await;
                assert_eq!(status, if own == 403 { 403 } else { 404 }, "{path} of {foreign}: {body}");
            }
            objects += usize::from(own == 200);
            continue;
        }
        for query in ["", "?format=csv", "?format=ndjson"] {
            if !query.is_empty() && !methods["get"]["parameters"].to_string().contains("\"format\"") {
                continue;
            }
            let (status, _, body) = ask(&format!("{path}{query}"), &token).await;
            assert!(matches!(status, 200 | 400 | 403 | 404), "{path}: {status} {body}");
            assert!(!body.contains("FOREIGN") && !body.contains("STRAY"), "{path}{query} tells of others: {body}");
            lists += usize::from(status == 200 && body.contains("OWN-1"));
        }
    }
    assert!(objects >= 7, "only {objects} objects of the own charger are there");
    assert!(lists >= 13, "only {lists} answers told of the own charger");
    for path in [
        "/api/v1/sessions?charger=FOREIGN-1",
        "/api/v1/chargers?charger=STRAY-1",
        "/api/v1/security-events?charger=FOREIGN-1",
        "/api/v1/telemetry?charger=FOREIGN-1",
    ] {
        let (status, _, body) = ask(path, &token).await;
        assert!(status == 200 && body.contains("\"items\":[]"), "{path}: {body}");
    }
    assert_eq!(ask("/api/v1/sessions?site=foreign", &token).await.0, 400);
    let (_, _, page) = ask("/metrics", &token).await;
    assert!(page.contains("charger=\"OWN-1\"") && !page.contains("chargewatch_frames_total"), "{page}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_see_people_sees_no_hash_of_a_token() {
    let service = Service::at(noon(), &[]).await;
    let start = r#"[2,"1","StartTransaction",{"connectorId":"1","idTag":"A","meterStart":0,"timestamp":"2026-11-24T11:00:00Z"}]"#;
    service.charger("CP-1").await.ask(start).await;
    service.settle().await;
    let (viewer, operator) = (service.token_for(Role::Viewer).await, service.token_for(Role::Operator).await);
    let hash = service.token_hash("A");
    for (path, seen_by_viewer) in
        [("/api/v1/sessions", 200), ("/api/v1/deviations", 200), ("/api/v1/chargers/CP-1/frames", 403)]
    {
        let (status, _, body) = service.ask("GET", path, Some(&viewer), "").await;
        assert!(status == seen_by_viewer && !body.contains(&hash), "{path}: {body}");
        assert_eq!(service.ask("GET", path, Some(&operator), "").await.0, 200, "{path}");
    }
    assert!(service.ask("GET", "/api/v1/sessions", Some(&operator), "").await.2.contains(&hash));
    let (_, _, deviations) = service.ask("GET", "/api/v1/deviations", Some(&viewer), "").await;
    assert!(deviations.contains("\"found\":null"), "{deviations}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_makes_and_revokes_tokens_over_the_api_and_the_audit_log_tells_who() {
    let service = Service::at(noon(), &[]).await;
    let (admin, operator) = (service.token_for(Role::Admin).await, service.token_for(Role::Operator).await);
    let wish = r#"{"name":"wall","role":"viewer","expires_at":"2030-01-01T00:00:00Z"}"#;
    assert_eq!(service.ask("POST", "/api/v1/tokens", Some(&operator), wish).await.0, 403);
    let (status, _, made) = service.ask("POST", "/api/v1/tokens", Some(&admin), wish).await;
    assert_eq!(status, 200, "{made}");
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    let token = made["token"].as_str().unwrap();
    assert_eq!(service.ask("GET", "/api/v1/sessions", Some(token), "").await.0, 200, "it is in force at once");
    let (_, _, listed) = service.ask("GET", "/api/v1/tokens?format=csv", Some(&admin), "").await;
    assert!(listed.contains("wall,viewer,,active") && !listed.contains(token), "{listed}");
    for (wish, told) in [
        (r#"{"name":"wall","role":"viewer"}"#, "not given out again"),
        (r#"{"name":"x","role":"root"}"#, "must be one of"),
        (r#"{"name":"x","role":"viewer","sites":"nowhere"}"#, "no site"),
        (r#"{"name":"x"}"#, "role"),
    ] {
        let (status, _, body) = service.ask("POST", "/api/v1/tokens", Some(&admin), wish).await;
        assert!(matches!(status, 400 | 409) && body.contains(told), "{wish}: {status} {body}");
    }
    assert_eq!(service.ask("DELETE", "/api/v1/tokens/wall", Some(&admin), "").await.0, 200);
    assert_eq!(service.ask("GET", "/api/v1/sessions", Some(token), "").await.0, 401, "it is refused at once");
    assert_eq!(service.ask("DELETE", "/api/v1/tokens/none", Some(&admin), "").await.0, 404);
    let (_, _, audit) = service.ask("GET", "/api/v1/audit?format=csv", Some(&admin), "").await;
    for line in [
        "token admin,token.add,wall,done,viewer",
        "token admin,token.revoke,wall,done,",
        "cli test,token.add,admin,done,admin",
    ] {
        assert!(audit.contains(line), "{audit}");
    }
    assert!(!audit.contains("cw_"));
    let folder = service.folder().to_str().unwrap();
    let (code, told, _) = chargewatch(&["audit", "--data-dir", folder]);
    assert!(code == 0 && told.contains("token admin  token.revoke wall: done"), "{told}");
    assert_eq!(
        chargewatch(&["audit", "--since", "2100-01-01", "--data-dir", folder]),
        (0, String::new(), String::new())
    );
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxys_name_is_answered_where_the_settings_name_it_and_only_with_a_token() {
    let service = Service::at(noon(), &[("http.max_url_bytes", "300"), ("http.failures_a_minute", "3")]).await;
    let viewer = service.token_for(Role::Viewer).await;
    let long = format!("/api/v1/sessions?cursor={}", "a".repeat(300));
    assert_eq!(service.ask("GET", &long, Some(&viewer), "").await.0, 414);
    let (status, head, _) = service.ask("GET", "/api/v1/sessions", Some(&viewer), "").await;
    assert_eq!(status, 200);
    for header in [
        "content-security-policy: default-src 'self'",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
    ] {
        assert!(head.to_lowercase().contains(header), "{head}");
    }
    assert!(!head.to_lowercase().contains("access-control"), "{head}");
    let mut answers = Vec::new();
    for _ in 0..8 {
        answers.push(service.get("/api/v1/sessions").await.0);
    }
    assert_eq!(answers.last(), Some(&429), "{answers:?}");
    assert_eq!(
        service.ask("GET", "/api/v1/sessions", Some(&viewer), "").await.0,
        200,
        "a right token is let in all the same"
    );
    service.stop().await;
}

#[test]
fn beyond_loopback_nothing_starts_without_a_certificate_and_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let (code, _, told) =
        chargewatch(&["serve", "--ocpp-listen", "127.0.0.1:0", "--http-listen", "0.0.0.0:0", "--data-dir", data]);
    assert!(code == 2 && told.contains("http.certificate_file"), "{code} {told}");
}
