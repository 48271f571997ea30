//! Whatever a stranger, an operator or a log may hold: the corpus of `tests/frames`, mutated, into everything that reads.
//!
//! It needs no tool: each target is a function that must neither panic nor break its promise. An ordinary run takes a second
//! or two a target; `CHARGEWATCH_FUZZ_S=300 cargo test --test it -- fuzz` gives each of them five minutes. A failure prints
//! the seed and the input; it becomes a named test beside its reader.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chargewatch::config::ca::CaFiles;
use chargewatch::config::load::DEFAULTS;
use chargewatch::domain::ids::ChargerId;
use chargewatch::ocpp::Version;
use chargewatch::tls::Authority;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::frames::{path, quirks};
use crate::promises;
use crate::samples::samples;
use crate::support::{PATIENCE, Service, noon};

/// What is put in here and there: what breaks readers.
const TOKENS: [&str; 28] = [
    "null",
    "true",
    "-1",
    "0",
    "1e999",
    "-1e-999",
    "18446744073709551616",
    "0.1e",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "\\",
    "\\u",
    "\\ud83d",
    "\u{0}",
    "\u{feff}",
    "\r\n",
    "\r\n\r\n",
    ",",
    ":",
    "=",
    "2026-02-30T24:00:61Z",
    "+99:99",
    "[2,\"\",",
    "%00",
    "\u{202e}",
];

/// How long a campaign of a target may take: as asked, else so short that nobody waits.
fn time() -> Duration {
    let asked = std::env::var("CHARGEWATCH_FUZZ_S").ok().and_then(|seconds| seconds.parse().ok());
    asked.map_or(Duration::from_millis(1500), Duration::from_secs)
}

/// Changes an input at a few places.
fn mutate(rng: &mut StdRng, corpus: &[Vec<u8>]) -> Vec<u8> {
    let pick = |rng: &mut StdRng| &corpus[rng.random_range(0..corpus.len())];
    let mut bytes = pick(rng).clone();
    for _ in 0..rng.random_range(1..8) {
        let at = rng.random_range(0..=bytes.len());
        let to = (at + rng.random_range(0..20)).min(bytes.len());
        match rng.random_range(0..8) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..to)),
            2 => bytes.insert(at, rng.random()),
            3 if at < bytes.len() => bytes[at] ^= 1 << rng.random_range(0..8_u8),
            4 => {
                let part = bytes[at..to].repeat(rng.random_range(1..40));
                drop(bytes.splice(at..at, part));
            }
            5 => {
                let other = pick(rng);
                let from = rng.random_range(0..=other.len());
                let until = (from + rng.random_range(0..200)).min(other.len());
                drop(bytes.splice(at..to, other[from..until].iter().copied()));
            }
            _ => {
                let token = TOKENS[rng.random_range(0..TOKENS.len())];
                drop(bytes.splice(at..to, token.bytes()));
            }
        }
    }
    bytes.truncate(100_000);
    bytes
}

/// Replays the corpus, then a campaign of mutations. What fails is told with its seed and its input.
fn campaign(corpus: &[Vec<u8>], target: impl Fn(&[u8])) {
    assert!(!corpus.is_empty(), "there is nothing to begin with");
    let check = |seed: u64, input: &[u8]| {
        if catch_unwind(AssertUnwindSafe(|| target(input))).is_err() {
            panic!("seed {seed}: {:?}", String::from_utf8_lossy(input));
        }
    };
    for input in corpus {
        check(0, input);
    }
    let (seed, began, mut runs) = (rand::random(), Instant::now(), 0_u64);
    let mut rng = StdRng::seed_from_u64(seed);
    while began.elapsed() < time() {
        check(seed, &mutate(&mut rng, corpus));
        runs += 1;
    }
    println!("{runs} inputs of seed {seed}");
}

/// Frames of samples and field cases, also of those that are not part of this tree where they are at hand.
fn frames() -> Vec<Vec<u8>> {
    let mut frames: Vec<Vec<u8>> = samples().into_iter().map(|sample| sample.text.into_bytes()).collect();
    frames.extend(quirks().into_iter().flat_map(|quirk| quirk.frames).map(String::into_bytes));
    let elsewhere = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/quirks/frames.jsonl");
    for line in fs::read_to_string(elsewhere).unwrap_or_default().lines() {
        let case: Value = serde_json::from_str(line).unwrap_or_default();
        let texts = case["frames"].as_array().into_iter().flatten().filter_map(Value::as_str);
        frames.extend(texts.map(|text| text.as_bytes().to_vec()));
    }
    frames
}

#[test]
fn frames_of_1_6_are_borne_whatever_they_hold() {
    campaign(&frames(), |input| promises::frame(Version::V16, input));
}

#[test]
fn frames_of_2_0_1_are_borne_whatever_they_hold() {
    campaign(&frames(), |input| promises::frame(Version::V201, input));
}

#[test]
fn frames_of_2_1_are_borne_whatever_they_hold() {
    campaign(&frames(), |input| promises::frame(Version::V21, input));
}

fn files(folder: &str, endings: &[&str]) -> Vec<Vec<u8>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let wanted = |path: &PathBuf| {
        path.extension().and_then(|ending| ending.to_str()).is_some_and(|ending| endings.contains(&ending))
    };
    paths.into_iter().filter(wanted).map(|path| fs::read(path).unwrap()).collect()
}

#[test]
fn settings_are_taken_or_refused_whatever_the_file_holds() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("site.toml");
    let mut corpus = files(concat!(env!("CARGO_MANIFEST_DIR"), "/config"), &["toml"]);
    corpus.extend(DEFAULTS.split("\n\n").map(|section| section.as_bytes().to_vec()));
    campaign(&corpus, |input| promises::settings(&file, input));
}

#[test]
fn logs_are_replayed_or_refused_whatever_they_hold() {
    let corpus = files(path("logs").to_str().unwrap(), &["log", "csv", "ndjson"]);
    let folder = tempfile::tempdir().unwrap();
    let seed = rand::random();
    let mut rng = StdRng::seed_from_u64(seed);
    let (began, mut runs) = (Instant::now(), 0);
    // A process each, of many logs at once: that is what reads them.
    while runs == 0 || began.elapsed() < time() {
        let inputs: Vec<_> = (0..100).map(|_| mutate(&mut rng, &corpus)).collect();
        let mut command = Command::new(env!("CARGO_BIN_EXE_chargewatch"));
        command.args(["replay", "--out", "json", "--charger", "CP-1"]).env_remove("CHARGEWATCH_CONFIG");
        for (n, input) in inputs.iter().enumerate() {
            let file = folder.path().join(format!("{n}.{}", ["log", "csv", "ndjson", "json"][n % 4]));
            fs::write(&file, input).unwrap();
            command.arg(file);
        }
        let output = command.output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!error.contains("panicked") && output.status.code().is_some(), "seed {seed}, after {runs}: {error}");
        runs += inputs.len();
    }
    println!("{runs} logs of seed {seed}");
}

/// An authority in a folder, as an operator would make it.
fn authority(folder: &Path) -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let [certificate, secret] = ["ca.pem", "ca.key"].map(|name| folder.join(name));
    fs::write(&certificate, params.self_signed(&key).unwrap().pem()).unwrap();
    fs::write(&secret, key.serialize_pem()).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    Authority::load(&CaFiles { certificate, key: secret, days: 1, organisation: None, crl_file: None, crl_days: 7 })
        .unwrap()
}

#[test]
fn certificate_requests_are_signed_or_refused_whatever_they_hold() {
    let folder = tempfile::tempdir().unwrap();
    let authority = authority(folder.path());
    let texts = files(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/csr"), &["csr"]);
    let body = |text: &Vec<u8>| {
        let text = String::from_utf8(text.clone()).unwrap();
        STANDARD.decode(text.lines().filter(|line| !line.starts_with("---")).collect::<String>()).unwrap()
    };
    let mut corpus: Vec<Vec<u8>> = texts.iter().map(body).collect();
    corpus.extend(texts);
    campaign(&corpus, |input| {
        // As the text of a frame, and as what stands behind one.
        for text in [String::from_utf8_lossy(input).into_owned(), STANDARD.encode(input)] {
            match authority.sign(&text, &ChargerId::new("CP-1"), noon()) {
                Ok(issued) => assert!(issued.chain.starts_with("-----BEGIN CERTIFICATE-----")),
                Err(objection) => assert!(objection.to_string().len() < 1000),
            }
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn handshakes_end_whatever_is_sent() {
    let more =
        [("ocpp.handshake_timeout_s", "1"), ("limits.charger_connects_min", "0"), ("limits.address_connects_s", "0")];
    let service = Service::at(noon(), &more).await;
    let text = fs::read_to_string(path("handshake.jsonl")).unwrap();
    let request = |line: &str| {
        let row: Value = serde_json::from_str(line).unwrap();
        let lines: Vec<_> = row["request"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        format!("{}\r\n\r\n", lines.join("\r\n")).into_bytes()
    };
    let corpus: Vec<Vec<u8>> = text.lines().map(request).collect();
    let (seed, began, mut runs) = (rand::random::<u64>(), Instant::now(), 0);
    let mut rng = StdRng::seed_from_u64(seed);
    while began.elapsed() < time() {
        let input = mutate(&mut rng, &corpus);
        let mut stream = TcpStream::connect(service.ocpp()).await.unwrap();
        stream.write_all(&input).await.ok();
        stream.shutdown().await.ok();
        let mut answer = vec![0; 16];
        let read = tokio::time::timeout(PATIENCE, stream.read(&mut answer)).await;
        let length = read.unwrap_or_else(|_| panic!("seed {seed}: no end to {input:?}")).unwrap_or(0);
        let answer = String::from_utf8_lossy(&answer[..length]);
        assert!(length == 0 || answer.starts_with("HTTP/1.1 "), "seed {seed}: {answer} to {input:?}");
        runs += 1;
    }
    println!("{runs} handshakes of seed {seed}");
    service.settle().await;
    assert_eq!(service.get("/healthz").await.0, 200);
    service.stop().await;
}
