//! Reads what an address publishes as OCPI, as a partner would: finds the version and its endpoints, follows the pages of
//! locations and tariffs, and runs the client's own checks of conformance. Says what it found as JSON.

use std::collections::BTreeMap;
use std::error::Error;

use ocpi_kit::VersionNumber;
use ocpi_kit::client::{ClientConfig, Conformance, OcpiClient, Outcome, Peer, Registration};
use ocpi_kit::transport::{CredentialsToken, PageQuery};
use ocpi_kit::types::Url;
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = Url::new(std::env::args().nth(1).ok_or("say the address of the versions")?)?;
    // Open data asks for no token, and takes no offence at one.
    let token = CredentialsToken::new("nobody")?;
    let client = OcpiClient::with_config(ClientConfig::for_testing())?;
    let found = Registration::new(address.clone(), token.clone()).discover(client.transport()).await?;
    let selected = found.select(client.transport(), &VersionNumber::V2_2_1).await?;
    let peer = Peer::builder(VersionNumber::V2_2_1, token.clone()).endpoints_from(selected.details()).build();
    let session = client.peer(&peer, "GB/TST".parse()?);

    let (mut ids, mut statuses, mut connectors) = (Vec::new(), BTreeMap::<String, usize>::new(), 0);
    let mut locations = session.locations().list(PageQuery::default())?;
    while let Some(location) = locations.next().await? {
        for evse in &location.evses {
            *statuses.entry(serde_json::to_string(&evse.status)?.trim_matches('"').to_owned()).or_default() += 1;
            connectors += evse.connectors.len();
        }
        ids.push(location.id.to_string());
    }
    let mut tariffs = session.tariffs().list(PageQuery::default())?;
    while tariffs.next().await?.is_some() {}

    let report = Conformance::new(address, token).with_auth_checks(false).run(client.transport()).await;
    let told = |outcome| -> Vec<String> {
        let of = report.checks.iter().filter(|check| check.outcome == outcome);
        of.map(|check| format!("{}: {} ({})", check.id, check.title, check.detail)).collect()
    };
    let answer = json!({
        "locations": ids,
        "pages": locations.pages_fetched(),
        "corrections": locations.corrections(),
        "statuses": statuses,
        "connectors": connectors,
        "tariffs": tariffs.seen(),
        "passed": report.count(Outcome::Pass),
        "warnings": told(Outcome::Warn),
        "failures": told(Outcome::Fail),
    });
    println!("{answer}");
    Ok(())
}
