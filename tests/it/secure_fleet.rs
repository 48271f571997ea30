//! The simulated fleet against our own listeners: with what each security profile asks for, and without.

use std::path::Path;
use std::time::Duration;

use chargewatch::sim::{Charger, Credentials, Fleet, SimulateOptions, simulate};

use crate::operations::chargewatch;
use crate::papers::{Authority, text};
use crate::support::{PATIENCE, STRONG, Service, noon};

const CHARGERS: usize = 3;

/// How a fleet comes: scheme, host, with what, and what it is told; nothing where it is let in.
type Case<'a> = (&'a str, &'a str, Credentials, &'a str);

fn options(url: String, credentials: Credentials) -> SimulateOptions {
    SimulateOptions { credentials, speed: 100.0, trouble: 0.0, ..SimulateOptions::new(url, CHARGERS, 1) }
}

fn ids() -> Vec<String> {
    let plan = options(String::new(), Credentials::default()).plan(chrono::Utc::now());
    Fleet::new(&plan).chargers().iter().map(|charger: &Charger| charger.id().to_owned()).collect()
}

/// The profiles of the chargers that a service knows to have connected.
async fn profiles(service: &Service) -> Vec<String> {
    let chargers = service.json("/api/v1/chargers").await;
    let rows = chargers["items"].as_array().unwrap().iter().map(|row| row["security_profile"].to_string());
    rows.filter(|profile| profile != "null").collect()
}

/// Runs the fleet until all of it is connected and known, or somebody is refused; then says why.
async fn come(service: &Service, url: String, credentials: Credentials) -> Result<(), String> {
    let options = options(url, credentials);
    let progress = options.progress.clone();
    let (tell, mut told) = tokio::sync::watch::channel(None);
    let stop = async move {
        let all = CHARGERS as u64;
        loop {
            if let Some((why, _)) = progress.refusals().into_iter().next() {
                tell.send_replace(Some(why));
                return;
            }
            if progress.connected() == all
                && progress.frames_answered() > all
                && profiles(service).await.len() == CHARGERS
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let run =
        tokio::time::timeout(PATIENCE, simulate(options, stop)).await.expect("nobody came, and nobody was refused");
    run.map_err(|error| error.to_string())?;
    told.borrow_and_update().clone().map_or(Ok(()), Err)
}

/// A service of a profile in a folder, with passwords of the fleet.
async fn service(folder: &Path, profile: &str, ours: &Authority, clients: &Authority) -> Service {
    let data = folder.join(profile);
    std::fs::create_dir(&data).unwrap();
    let rows: Vec<String> = ids().iter().map(|id| format!("{id},{STRONG}\n")).collect();
    std::fs::write(folder.join("passwords.csv"), format!("charger,password\n{}", rows.concat())).unwrap();
    let file = folder.join("passwords.csv");
    let (code, _, told) = chargewatch(&["charger", "import", text(&file), "--data-dir", text(&data)]);
    assert_eq!(code, 0, "{told}");
    let (certificate, key) = ours.sign("server", "charging.example", &["127.0.0.1"]);
    let more = [
        ("ocpp.security_profile", profile),
        ("ocpp.certificate_file", text(&certificate)),
        ("ocpp.key_file", text(&key)),
        ("ocpp.client_ca_file", text(&clients.file)),
    ];
    Service::on(&data, noon(), &more[..if profile == "1" { 1 } else { more.len() }]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_comes_in_by_each_profile_with_what_it_asks_for_and_is_told_what_is_wrong_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let [ours, clients, foreign] = ["ours", "clients", "foreign"].map(|name| Authority::new(folder.path(), name));
    let own = folder.path().join("certificates");
    std::fs::create_dir(&own).unwrap();
    let swapped = folder.path().join("swapped");
    std::fs::create_dir(&swapped).unwrap();
    let ids = ids();
    for (place, id) in ids.iter().enumerate() {
        let (certificate, key) = clients.sign(id, id, &[]);
        for (to, name) in [(&own, id), (&swapped, &ids[(place + 1) % CHARGERS])] {
            std::fs::copy(&certificate, to.join(format!("{name}.pem"))).unwrap();
            std::fs::copy(&key, to.join(format!("{name}.key"))).unwrap();
        }
    }
    let none = Credentials::default();
    let listed = Credentials { passwords_file: Some(folder.path().join("passwords.csv")), ..none.clone() };
    let common = Credentials { password: Some(STRONG.to_owned()), ..none.clone() };
    let trusting = |authority: &Authority, credentials: &Credentials| Credentials {
        ca_file: Some(authority.file.clone()),
        ..credentials.clone()
    };
    let signed = |authority: &Authority| Credentials {
        client_ca: Some((authority.file.clone(), authority.file.with_extension("key"))),
        ..trusting(&ours, &none)
    };
    let from = |folder: &Path| Credentials { certificates: Some(folder.to_owned()), ..trusting(&ours, &none) };
    let wrong = Credentials { password: Some("wrong-{id}-password".to_owned()), ..none.clone() };
    let (own, swapped) = (from(&own), from(&swapped));
    let refused = "the server answers 401 Unauthorized: its password is missing or wrong";
    let untrusted = "the server's certificate is not signed by an authority of --ca-file";
    let here = "127.0.0.1";
    let secret = trusting(&ours, &common);
    let table: [(&str, Vec<Case>); 3] = [
        (
            "1",
            vec![
                ("ws", here, listed.clone(), ""),
                ("ws", here, none.clone(), refused),
                ("ws", here, wrong, refused),
                ("wss", here, secret.clone(), "the server does not speak TLS"),
            ],
        ),
        (
            "2",
            vec![
                ("wss", here, secret.clone(), ""),
                ("wss", here, trusting(&ours, &listed), ""),
                ("wss", here, trusting(&ours, &none), refused),
                ("wss", here, trusting(&foreign, &common), untrusted),
                ("wss", "localhost", secret.clone(), "the server's certificate cannot be trusted"),
            ],
        ),
        (
            "3",
            vec![
                ("wss", here, signed(&clients), ""),
                ("wss", here, own, ""),
                ("wss", here, secret, "the server asks for a certificate of the charger"),
                ("wss", here, signed(&foreign), "the server refuses the charger by TLS: UnknownCA"),
                ("wss", here, swapped, "the server answers 403 Forbidden: its certificate is another's"),
            ],
        ),
    ];
    for (profile, rows) in table {
        let running = service(folder.path(), profile, &ours, &clients).await;
        for (scheme, host, credentials, wanted) in rows {
            let url = format!("{scheme}://{host}:{}/ocpp/", running.ocpp().port());
            let found = come(&running, url, credentials).await.err().unwrap_or_default();
            assert!(found.starts_with(wanted), "profile {profile}: {found} instead of {wanted}");
            if wanted.is_empty() {
                assert_eq!(found, "", "profile {profile}");
                assert_eq!(profiles(&running).await, [profile; CHARGERS]);
            }
        }
        running.stop().await;
    }
}

#[test]
fn what_chargers_cannot_show_is_told_before_anybody_connects() {
    for (arguments, told) in [
        (&["--url", "wss://127.0.0.1:1"][..], "wss://: needs --ca-file"),
        (&["--passwords", "none.csv"], "none.csv"),
        (&["--password", "x", "--passwords", "none.csv"], "cannot be used with"),
        (&["--client-ca-file", "ca.pem"], "--client-ca-key"),
    ] {
        let (code, _, complaint) = chargewatch(&[&["simulate"], arguments].concat());
        assert!(code == 2 && complaint.contains(told), "{arguments:?}: {complaint}");
    }
}
