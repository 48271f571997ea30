//! The metrics page: this process's own metrics, then the network's, written from the live picture and the registry.
//!
//! Per-connector series are written as text and not kept as metric objects: a hundred thousand of them would cost
//! megabytes each and tenths of a second a scrape. What is not known has no sample; it is never 0.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Display, Write};

use prometheus::{Encoder, TextEncoder};

use super::Observer;
use super::board::{ChargerLive, ConnectorLive};
use super::builds::Build;
use crate::config::metrics::Detail;
use crate::config::sites::{Registry, Site};
use crate::domain::energy::{Milli, MilliWh};
use crate::domain::fault;
use crate::domain::reading::measurand;
use crate::domain::security::Profile;
use crate::domain::status::{ConnectorStatus, State};
use crate::domain::time::At;

/// Live values that are older than this are not shown: 15 minutes.
const LIVE_MS: i64 = 15 * 60 * 1000;

/// The site of chargers that the registry does not know.
const NO_SITE: &str = "unregistered";

/// The states that a charger can be in by its own doing.
const STATES: [State; 6] =
    [State::Available, State::Charging, State::Reserved, State::Inoperative, State::OutOfOrder, State::Unknown];

/// A metric of the network.
pub struct Family {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub help: &'static str,
    /// `gauge` or `counter`.
    pub kind: &'static str,
    /// From which detail on it is written.
    pub detail: Detail,
}

macro_rules! families {
    ($($id:ident $name:literal $kind:literal $detail:ident $help:literal;)*) => {
        $(const $id: Family = Family { name: $name, help: $help, kind: $kind, detail: Detail::$detail };)*
        /// Every metric of the network, in the order of the page.
        pub const FAMILIES: &[&Family] = &[$(&$id),*];
    };
}

families! {
    SITE_INFO "chargewatch_site_info" "gauge" Site "What the registry says of the site.";
    SITE_CHARGERS "chargewatch_site_chargers" "gauge" Site "Chargers of the site that were ever met.";
    SITE_CONNECTED "chargewatch_site_chargers_connected" "gauge" Site "Chargers of the site that are connected.";
    SITE_CONNECTORS "chargewatch_site_connectors" "gauge" Site "Connectors of the site by availability state.";
    SITE_POWER "chargewatch_site_power_watts" "gauge" Site "Power delivered at the site now, where it is known.";
    SITE_ACTIVE "chargewatch_site_sessions_active" "gauge" Site "Sessions that run at the site.";
    SITE_SESSIONS "chargewatch_site_sessions_total" "counter" Site "Sessions begun at the site.";
    SITE_ENERGY "chargewatch_site_energy_wh_total" "counter" Site "Energy delivered in sessions at the site, in watt-hours.";
    BUILD_FRAMES "chargewatch_conformance_frames_total" "counter" Site "Frames received, by what the charger is.";
    BUILD_DEVIATING "chargewatch_conformance_deviating_frames_total" "counter" Site "Frames received that deviate from OCPP, by what the charger is.";
    CONNECTED "chargewatch_charger_connected" "gauge" Charger "1 while the charger is connected.";
    HEARD "chargewatch_charger_last_heard_timestamp_seconds" "gauge" Charger "When the charger was last heard.";
    BOOTS "chargewatch_charger_boots_total" "counter" Charger "Boots of the charger.";
    DISCONNECTS "chargewatch_charger_disconnects_total" "counter" Charger "Connections of the charger that ended.";
    SKEW "chargewatch_charger_clock_ahead_seconds" "gauge" Charger "How far the charger's clock is ahead of ours.";
    LATENCY "chargewatch_charger_latency_seconds" "gauge" Charger "How long the charger took to answer the last ping.";
    PROFILE "chargewatch_charger_security_profile" "gauge" Charger "OCPP security profile of the charger's last connection.";
    CERTIFICATE "chargewatch_charger_certificate_expiry_timestamp_seconds" "gauge" Charger "When the certificate runs out that the charger last showed.";
    INFO "chargewatch_charger_info" "gauge" Charger "What the charger says it is.";
    STATE "chargewatch_connector_state" "gauge" Connector "1 for the availability state that the connector is in.";
    STATUS "chargewatch_connector_status" "gauge" Connector "1 for the status that the connector reported last.";
    SINCE "chargewatch_connector_status_since_timestamp_seconds" "gauge" Connector "Since when the connector is in its status.";
    CHANGES "chargewatch_connector_status_changes_total" "counter" Connector "How often the status became another one.";
    FAULT "chargewatch_connector_fault" "gauge" Connector "1 while the connector is faulted, with its error code and the class of the fault.";
    EXEMPT "chargewatch_connector_exempt" "gauge" Connector "1 while an entry of an operator covers the connector's EVSE, with its kind and cause.";
    RATED "chargewatch_connector_rated_watts" "gauge" Connector "Rated power of the connector's EVSE.";
    POWER "chargewatch_connector_power_watts" "gauge" Connector "Power delivered now.";
    OFFERED "chargewatch_connector_power_offered_watts" "gauge" Connector "Power offered now.";
    CURRENT_OFFERED "chargewatch_connector_current_offered_amperes" "gauge" Connector "Current offered now.";
    REGISTER "chargewatch_connector_register_wh" "gauge" Connector "Energy register of the connector's meter, in watt-hours.";
    RESETS "chargewatch_connector_register_resets_total" "counter" Connector "How often the energy register fell back, since the service began.";
    IMPLAUSIBLE "chargewatch_connector_implausible_readings_total" "counter" Connector "Readings of the energy register that cannot be, since the service began.";
    SOC "chargewatch_connector_soc_ratio" "gauge" Connector "State of charge of the vehicle, 0 to 1.";
    CURRENT "chargewatch_connector_current_amperes" "gauge" Connector "Current by phase.";
    VOLTAGE "chargewatch_connector_voltage_volts" "gauge" Connector "Voltage by phase.";
    ACTIVE "chargewatch_connector_session_active" "gauge" Connector "1 while a session runs.";
    SESSION_START "chargewatch_connector_session_start_timestamp_seconds" "gauge" Connector "When the running session began.";
    SESSION_ENERGY "chargewatch_connector_session_energy_wh" "gauge" Connector "Energy of the running session, in watt-hours.";
    SESSIONS "chargewatch_connector_sessions_total" "counter" Connector "Sessions begun.";
    VAIN "chargewatch_connector_sessions_in_vain_total" "counter" Connector "Sessions that ended with less than 0.1 kWh.";
    ENERGY "chargewatch_connector_energy_wh_total" "counter" Connector "Energy delivered in sessions, in watt-hours.";
}

/// What the page depends on besides what it shows.
pub struct Setting {
    /// How far down to go.
    pub detail: Detail,
    /// Our time.
    pub now: At,
    /// How long a charger may be unheard, in milliseconds.
    pub grace_ms: i64,
    /// Version and commit of this build.
    pub build: (&'static str, &'static str),
    /// Whether only the chargers that the registry knows are shown, and nothing of the service itself.
    pub limited: bool,
}

/// Each family that has samples, as lines.
#[derive(Default)]
struct Lines(BTreeMap<&'static str, String>);

impl Lines {
    fn add(&mut self, family: &Family, labels: &str, value: impl Display) {
        let lines = self.0.entry(family.name).or_insert_with(|| {
            let Family { name, help, kind, .. } = family;
            format!("# HELP {name} {help}\n# TYPE {name} {kind}\n")
        });
        // Hundreds of thousands of samples: what is text is copied, only the value is formatted.
        for part in [family.name, "{", labels, "} "] {
            lines.push_str(part);
        }
        // Writing to a String cannot fail.
        writeln!(lines, "{value}").ok();
    }

    fn maybe(&mut self, family: &Family, labels: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.add(family, labels, value);
        }
    }
}

/// What a site comes to.
#[derive(Default)]
struct SiteSum {
    chargers: u64,
    connected: u64,
    states: [u64; STATES.len()],
    power: Option<i64>,
    active: u64,
    sessions: u64,
    energy: MilliWh,
}

/// Writes the page, in parts: that of a country is tens of megabytes, which nobody needs in one piece.
pub fn write(observer: &Observer, sites: &Registry, setting: &Setting) -> Vec<String> {
    let mut lines = Lines::default();
    let mut sums: BTreeMap<String, SiteSum> = BTreeMap::new();
    observer.board.look_at_all(|charger| {
        let registered = sites.chargers.get(&charger.charger);
        if setting.limited && registered.is_none() {
            return;
        }
        let site = registered.map_or(NO_SITE, |charger| charger.site.id.as_str());
        let sum = sums.entry(site.to_owned()).or_default();
        let silent = charger.is_silent(setting.now, setting.grace_ms);
        sum.chargers += 1;
        sum.connected += u64::from(charger.connected);
        let labels = format!("site=\"{}\",charger=\"{}\"", Label(site), Label(charger.charger.as_str()));
        if setting.detail >= Detail::Charger {
            one_charger(charger, &labels, &mut lines);
        }
        for connector in &charger.connectors {
            let state = if silent { State::Unknown } else { connector.state() };
            sum.add(connector, state, silent, setting.now);
            if setting.detail >= Detail::Connector {
                let evse = registered.map_or(connector.outlet.evse, |charger| charger.evse_of(connector.outlet));
                let labels = format!("{labels},evse=\"{evse}\",connector=\"{}\"", connector.outlet.connector);
                let rated_w = registered.and_then(|charger| charger.rated_w(evse));
                lines.maybe(&RATED, &labels, rated_w);
                let entered = observer.board.exemptions.at(&charger.charger, evse, setting.now);
                let whys: BTreeSet<_> = entered.iter().map(|entry| (entry.kind.word(), entry.cause.as_str())).collect();
                for (kind, cause) in whys {
                    lines.add(&EXEMPT, &format!("{labels},kind=\"{kind}\",cause=\"{}\"", Label(cause)), 1);
                }
                one_connector(connector, state, silent, &labels, setting.now, &mut lines);
            }
        }
    });
    site_infos(sites, &mut lines);
    for (site, sum) in &sums {
        sum.write(&format!("site=\"{}\"", Label(site)), &mut lines);
    }
    let builds = if setting.limited { Vec::new() } else { observer.board.builds.all() };
    for (build, frames, deviating) in builds {
        let labels = build_labels(&build);
        lines.add(&BUILD_FRAMES, &labels, frames);
        lines.add(&BUILD_DEVIATING, &labels, deviating);
    }
    let own = (!setting.limited).then(|| own_metrics(observer, setting));
    own.into_iter().chain(FAMILIES.iter().filter_map(|family| lines.0.remove(family.name))).collect()
}

/// What the registry says of each site.
fn site_infos(sites: &Registry, lines: &mut Lines) {
    let by_id: BTreeMap<&str, &Site> =
        sites.chargers.values().map(|charger| (charger.site.id.as_str(), &*charger.site)).collect();
    for (id, site) in by_id {
        let place = |degrees: Option<f64>| degrees.map(|degrees| format!("{degrees:.5}")).unwrap_or_default();
        let decile = site.imd_decile.map(|decile| decile.to_string()).unwrap_or_default();
        let labels = format!(
            "site=\"{}\",name=\"{}\",type=\"{}\",imd_decile=\"{decile}\",latitude=\"{}\",longitude=\"{}\"",
            Label(id),
            Label(&site.name),
            Label(site.kind.as_deref().unwrap_or_default()),
            place(site.latitude),
            place(site.longitude),
        );
        lines.add(&SITE_INFO, &labels, 1);
    }
}

/// This process's own metrics.
fn own_metrics(observer: &Observer, setting: &Setting) -> String {
    let mut bytes = Vec::new();
    // Writing to a Vec fails only for a metric without a name.
    TextEncoder::new().encode(&observer.metrics.registry.gather(), &mut bytes).ok();
    let mut page = String::from_utf8_lossy(&bytes).into_owned();
    let (version, commit) = setting.build;
    write!(
        page,
        "# HELP chargewatch_build_info The build that runs.\n# TYPE chargewatch_build_info gauge\n\
         chargewatch_build_info{{version=\"{version}\",commit=\"{commit}\"}} 1\n"
    )
    .ok();
    page
}

impl SiteSum {
    fn add(&mut self, connector: &ConnectorLive, state: State, silent: bool, now: At) {
        self.sessions += connector.totals.sessions;
        self.energy = self.energy.plus(connector.totals.energy);
        self.active += u64::from(connector.session.is_some());
        // Connector 0 is the charger itself, and its meter is the sum of the others.
        if connector.outlet.is_station() {
            return;
        }
        if let Some(index) = STATES.iter().position(|known| *known == state) {
            self.states[index] += 1;
        }
        let power = connector.value(measurand::POWER, "", now.plus_millis(-LIVE_MS)).filter(|_| !silent);
        self.power = power.map(|power| power.0.saturating_add(self.power.unwrap_or(0))).or(self.power);
    }

    fn write(&self, labels: &str, lines: &mut Lines) {
        lines.add(&SITE_CHARGERS, labels, self.chargers);
        lines.add(&SITE_CONNECTED, labels, self.connected);
        for (state, count) in STATES.iter().zip(self.states) {
            lines.add(&SITE_CONNECTORS, &format!("{labels},state=\"{}\"", state.as_str()), count);
        }
        lines.maybe(&SITE_POWER, labels, self.power.map(Milli));
        lines.add(&SITE_ACTIVE, labels, self.active);
        lines.add(&SITE_SESSIONS, labels, self.sessions);
        lines.add(&SITE_ENERGY, labels, self.energy);
    }
}

fn one_charger(charger: &ChargerLive, labels: &str, lines: &mut Lines) {
    lines.add(&CONNECTED, labels, u8::from(charger.connected));
    lines.maybe(&HEARD, labels, charger.heard.map(seconds));
    lines.add(&BOOTS, labels, charger.boots);
    lines.add(&DISCONNECTS, labels, charger.disconnects);
    lines.maybe(&SKEW, labels, charger.skew_ms.map(Milli));
    lines.maybe(&LATENCY, labels, charger.latency.map(|latency| latency.as_secs_f64()));
    lines.maybe(&PROFILE, labels, charger.profile.map(Profile::number));
    lines.maybe(&CERTIFICATE, labels, charger.certificate_until.map(seconds));
    let build = build_labels(&Build::of(&charger.boot, &charger.protocol));
    lines.add(&INFO, &format!("{labels},{build}"), 1);
}

fn build_labels(build: &Build) -> String {
    let (vendor, model) = (Label(&build.vendor), Label(&build.model));
    let (firmware, protocol) = (Label(&build.firmware), Label(&build.protocol));
    format!("vendor=\"{vendor}\",model=\"{model}\",firmware=\"{firmware}\",protocol=\"{protocol}\"")
}

fn one_connector(connector: &ConnectorLive, state: State, silent: bool, labels: &str, now: At, lines: &mut Lines) {
    for known in STATES {
        lines.add(&STATE, &format!("{labels},state=\"{}\"", known.as_str()), u8::from(known == state));
    }
    if let Some(now) = &connector.now {
        lines.add(&STATUS, &format!("{labels},status=\"{}\"", status_word(&now.status)), 1);
        lines.add(&SINCE, labels, seconds(now.since));
        if state == State::OutOfOrder {
            let error = now.error.as_ref().map_or("", |error| error.as_str());
            let class = fault::classify(Some(error), now.vendor_error.as_deref()).name;
            lines.add(&FAULT, &format!("{labels},error=\"{}\",class=\"{class}\"", Label(error)), 1);
        }
    }
    lines.add(&CHANGES, labels, connector.totals.status_changes);
    lines.add(&RESETS, labels, connector.register_resets);
    lines.add(&IMPLAUSIBLE, labels, connector.implausible_readings);
    lines.add(&SESSIONS, labels, connector.totals.sessions);
    lines.add(&VAIN, labels, connector.totals.vain);
    lines.add(&ENERGY, labels, connector.totals.energy);
    lines.add(&ACTIVE, labels, u8::from(connector.session.is_some()));
    if let Some(session) = connector.session {
        lines.maybe(&SESSION_START, labels, session.started_at.map(seconds));
        lines.maybe(&SESSION_ENERGY, labels, session.energy);
    }
    if silent {
        return;
    }
    let oldest = now.plus_millis(-LIVE_MS);
    let value = |measurand: &str| connector.value(measurand, "", oldest);
    lines.maybe(&POWER, labels, value(measurand::POWER));
    lines.maybe(&OFFERED, labels, value(measurand::POWER_OFFERED));
    lines.maybe(&CURRENT_OFFERED, labels, value(measurand::CURRENT_OFFERED));
    lines.maybe(&REGISTER, labels, value(measurand::ENERGY_REGISTER));
    lines.maybe(&SOC, labels, value(measurand::SOC).map(Hundredth));
    for phase in ["", "L1", "L2", "L3"] {
        let phased = format!("{labels},phase=\"{phase}\"");
        lines.maybe(&CURRENT, &phased, connector.value(measurand::CURRENT, phase, oldest));
        lines.maybe(&VOLTAGE, &phased, connector.value(measurand::VOLTAGE, phase, oldest));
    }
}

/// The status in a word; what a charger made up is `other`, so that it cannot make up series.
fn status_word(status: &ConnectorStatus) -> &str {
    if matches!(status, ConnectorStatus::Other(_)) { "other" } else { status.as_str() }
}

/// Seconds since 1970 with thousandths.
fn seconds(at: At) -> Milli {
    Milli(at.millis())
}

/// A percentage as a ratio, exactly.
struct Hundredth(Milli);

impl Display for Hundredth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0.0 < 0 { "-" } else { "" };
        let (whole, part) = (self.0.0.unsigned_abs() / 100_000, self.0.0.unsigned_abs() % 100_000);
        write!(f, "{sign}{whole}.{part:05}")
    }
}

/// A label's value, escaped.
struct Label<'a>(&'a str);

impl Display for Label<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for character in self.0.chars() {
            match character {
                '\\' => f.write_str("\\\\")?,
                '"' => f.write_str("\\\"")?,
                '\n' => f.write_str("\\n")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}
