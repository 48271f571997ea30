//! What is veiled, and what stays as it is.

use super::*;
use proptest::prelude::*;

static KEY: TokenKey = TokenKey::new([7; 32]);

fn veiled(text: &str) -> Cow<'_, str> {
    veil(text, &Hashes::new(&KEY))
}

fn hash(token: &str) -> String {
    KEY.hash(token).unwrap().as_str().to_owned()
}

#[test]
fn a_token_of_any_spelling_and_type_is_replaced_and_nothing_else() {
    let h = hash("04AABBCC");
    for (text, expected) in [
        (r#"{"idTag":"04AABBCC","x":1}"#, format!(r#"{{"idTag":"{h}","x":1}}"#)),
        (r#"{"IDTAG" : "04aabbcc"}"#, format!(r#"{{"IDTAG" : "{h}"}}"#)),
        (r#"{"parent_id_tag":"04AABBCC"}"#, format!(r#"{{"parent_id_tag":"{h}"}}"#)),
        (r#"{"idTag":["04AABBCC"],"a":"b"}"#, format!(r#"{{"idTag":["{h}"],"a":"b"}}"#)),
        (
            r#"{"idToken":{"idToken":"04AABBCC","type":"ISO14443"},"a":"b"}"#,
            format!(r#"{{"idToken":{{"idToken":"{h}","type":"ISO14443"}},"a":"b"}}"#),
        ),
        (r#"{"data":"{\"idTag\":\"04AABBCC\",\"b\":1}"}"#, format!(r#"{{"data":"{{\"idTag\":\"{h}\",\"b\":1}}"}}"#)),
        ("[2,\"1\",{idTag: '04AABBCC'", format!("[2,\"1\",{{idTag: '{h}'")),
        ("[2,\"1\",{\"idTag\":\"04AABBCC", format!("[2,\"1\",{{\"idTag\":\"{h}")),
        (r#"{"info":"Unknown idTag: 04AABBCC."}"#, format!(r#"{{"info":"Unknown idTag: {}"}}"#, hash("04AABBCC."))),
        (r#"{"data":"{\"idTag\":04AABBCC,\"b\":[1]}"}"#, format!(r#"{{"data":"{{\"idTag\":{h},\"b\":[1]}}"}}"#)),
        ("{\"idTag\":04AABBCC}", format!("{{\"idTag\":\"{h}\"}}")),
        (r#"{"idTag":"\u00304AABBCC"}"#, format!(r#"{{"idTag":"{h}"}}"#)),
    ] {
        assert_eq!(veiled(text), expected, "{text}");
    }
    assert_eq!(veiled(r#"{"idTag":123456}"#), format!(r#"{{"idTag":"{}"}}"#, hash("123456")));
    assert_eq!(veiled(r#"{"idTag":"33\\"}"#), format!(r#"{{"idTag":"{}"}}"#, hash("33\\")));
}

#[test]
fn what_is_no_token_stays_as_it_is() {
    for text in [
        r#"{"idTag":"","stage":"04AA"}"#,
        r#"{"idTag":null}"#,
        r#"{"info":"idTag"}"#,
        r#"{"voltage":"230","tag":"x"}"#,
        "tagtagtag idTag",
    ] {
        assert_eq!(veiled(text), text);
    }
}

/// A record as a charger of OCMF signs it, with the card's number in `ID`.
const RECORD: &str = r#"OCMF|{"FV":"1.0","GI":"X","PG":"T1","IS":true,"IT":"ISO14443","ID":"04AABBCC","CI":"x","RD":[{"RV":1}]}|{"SD":"3046"}"#;

#[test]
fn a_signed_record_of_ocmf_loses_the_card_and_nothing_else() {
    let plain = RECORD.replace("04AABBCC", &hash("04AABBCC"));
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let hex: String = RECORD.bytes().map(|byte| format!("{byte:02x}")).collect();
    let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, RECORD);
    for sent in [RECORD.to_owned(), hex.to_uppercase(), hex, base64.replace('/', "\\/"), base64] {
        let signed = format!(r#"{{"signedMeterData":{},"encodingMethod":"OCMF"}}"#, quoted(&sent.replace('\\', "")));
        let inside = format!(r#"{{"signedMeterData":{},"encodingMethod":"OCMF"}}"#, quoted(&plain));
        assert_eq!(veiled(&signed), inside, "{sent}");
        let value = format!(r#"{{"value":{},"format":"SignedData","id":7}}"#, quoted(&signed));
        assert_eq!(veiled(&value), format!(r#"{{"value":{},"format":"SignedData","id":7}}"#, quoted(&inside)));
        let bare =
            format!(r#"[2,"1","MeterValues",{{"evse":{{"id":1}},"value":{}}}]"#, quoted(&sent.replace('\\', "")));
        assert!(veiled(&bare).contains(&hash("04AABBCC")) && !veiled(&bare).contains(&sent), "{bare}");
        assert!(veiled(&bare).contains(r#""evse":{"id":1}"#));
        let cut = &bare[..bare.len() - 40];
        assert!(!veiled(cut).contains("04AABBCC") && !veiled(cut).contains(&sent[..40]), "{cut}");
    }
}

#[test]
fn a_signed_record_that_cannot_be_looked_into_is_withheld_unless_it_is_to_be_kept() {
    let frame = r#"{"signedMeterData":"CAFEBABE0102","publicKey":"9"}"#;
    assert_eq!(veiled(frame), format!(r#"{{"signedMeterData":"{}","publicKey":"9"}}"#, cover::WITHHELD));
    assert_eq!(veiled(&veiled(frame)), veiled(frame));
    let frame = r#"[{"value":"1B1B1B1B01","format":"SignedData"},{"value":"12.5","unit":"Wh"}]"#;
    let expected =
        format!(r#"[{{"value":"{}","format":"SignedData"}},{{"value":"12.5","unit":"Wh"}}]"#, cover::WITHHELD);
    assert_eq!(veiled(frame), expected);
    let key = TokenKey::new([7; 32]).keeping_records(true);
    assert_eq!(veil(frame, &Hashes::new(&key)), frame);
    assert_eq!(veil(RECORD, &Hashes::new(&key)), RECORD);
}

#[test]
fn what_tells_more_of_a_person_than_is_needed_is_hidden() {
    for (text, expected) in [
        (
            r#"[2,"1","NotifyCustomerInformation",{"data":"Ada, card 1","seqNo":0}]"#,
            r#"[2,"1","NotifyCustomerInformation",{"data":"hidden","seqNo":0}]"#,
        ),
        (
            r#"[2,"1","notifycustomerinformation",{"data":{"a":"Ada""#,
            r#"[2,"1","notifycustomerinformation",{"data":{"a":"hidden""#,
        ),
        (r#"{"certificate":"-----BEGIN"}"#, r#"{"certificate":"hidden"}"#),
        (r#"{"exiRequest":"AAAA","vatNumber":12}"#, r#"{"exiRequest":"hidden","vatNumber":"hidden"}"#),
        (
            r#"{"vatCompany":{"name":"Ada","city":"MK"},"data":"x"}"#,
            r#"{"vatCompany":{"name":"hidden","city":"hidden"},"data":"x"}"#,
        ),
    ] {
        assert_eq!(veiled(text), expected);
    }
}

#[test]
fn a_card_that_is_mentioned_in_a_text_is_replaced_and_ordinary_words_are_not() {
    let h = hash("04AABBCC");
    assert_eq!(veiled("Card 04AABBCC refused"), format!("Card {h} refused"));
    assert_eq!(veiled("unknown tag (04AABBCC)"), format!("unknown tag ({h})"));
    assert_eq!(veiled(r#"{"cardNo":"04AABBCC","RFID":4}"#), format!(r#"{{"cardNo":"{h}","RFID":"{}"}}"#, hash("4")));
    for text in ["card reader defective", "token accepted 12345678", "The card 2 of 3"] {
        assert_eq!(veiled(text), text);
    }
}

#[test]
fn a_token_that_only_its_reader_knows_is_swept_out() {
    let hashes = Hashes::new(&KEY);
    let h = hashes.of_token("04AABBCC").unwrap();
    let text = r#"{"id\u0054ag":"04AABBCC","info":"of 04AABBCC","at":104AABBCC,"x":"04AABBCCDD"}"#;
    let expected = text.replacen(r#""04AABBCC""#, &format!("\"{}\"", h.as_str()), 1);
    let expected = expected.replace("of 04AABBCC", &format!("of {}", h.as_str()));
    assert_eq!(&*hashes.sweep(text.into()), expected);
    assert!(hashes.into_clear().is_empty(), "the clear text is only remembered where that was decided");
}

proptest! {
    #[test]
    fn any_text_can_be_veiled(text in ".{0,200}", tail in ".{0,40}") {
        veiled(&text);
        veiled(&format!("{{\"idTag\":{tail}"));
    }

    #[test]
    fn a_json_token_never_survives_whatever_stands_around_it(token in "[A-F0-9]{8,20}", before in "[a-z{}:,\" ]{0,20}") {
        let text = format!("{before},\"idTag\":\"{token}\"}}]");
        let text = veiled(&text);
        prop_assert!(!text.contains(&token), "{}", text);
    }
}
