//! Which names and words in a frame betray a person.

/// Ends of names whose values are tokens: `idTag`, `parent_id_tag`, `groupIdToken`, `prioritizedEMAIDs`, `cardNo` …
pub(super) const TOKEN_NAMES: &[&str] = &[
    "idtag",
    "idtoken",
    "tagid",
    "tokenid",
    "taguid",
    "emaid",
    "emaids",
    "rfid",
    "rfiduid",
    "cardid",
    "cardno",
    "cardnumber",
    "carduid",
    "contractid",
    "evccid",
];

/// Ends of names whose values tell more of a person than this service has any use for: requests for contract certificates,
/// and who paid.
pub(super) const HIDDEN_NAMES: &[&str] =
    &["exirequest", "vatnumber", "vatcompany", "receiptid", "receipturl", "pspref"];

/// The whole name of a contract certificate; others that end so are of chargers.
pub(super) const CONTRACT: &str = "certificate";

/// Words in a text after which a card's number may follow: "card 04AABBCC refused".
pub(super) const MENTIONS: &[&str] = &["tag", "token", "card", "rfid", "emaid"];

/// What is looked for, in small letters.
const WORDS: &[&[u8]] = &[
    b"tag",
    b"token",
    b"emaid",
    b"card",
    b"rfid",
    b"evccid",
    b"contractid",
    b"vatnumber",
    b"vatcompany",
    b"pspref",
    b"receipt",
    b"exirequest",
    b"certificate",
    b"customerinformation",
    b"signed",
    b"ocmf|",
    b"t0nnrnx",
    b"4f434d467c",
];

/// Whether a name ends in one of these, written in any style.
pub(super) fn ends_in(name: &str, ends: &[&str]) -> bool {
    let ends_with = |end: &&str| {
        let mut letters = name.bytes().rev().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase());
        end.bytes().rev().all(|byte| letters.next() == Some(byte))
    };
    ends.iter().any(ends_with)
}

/// The first of [`WORDS`], in any case.
pub(super) fn find_hit(bytes: &[u8]) -> Option<usize> {
    const BLOCK: usize = 64;
    // Three letters of each word; most frames have none of them.
    const SIGNS: [[u8; 3]; 17] = [
        *b"tag", *b"tok", *b"ema", *b"car", *b"rfi", *b"vcc", *b"tid", *b"vat", *b"psp", *b"eip", *b"exi", *b"ert",
        *b"tom", *b"gne", *b"ocm", *b"t0n", *b"4f4",
    ];
    // A whole word may begin this far before the three letters of it that give it away.
    const BEFORE: usize = 7;
    let is_hit = |at: usize| {
        let starts = |word: &&[u8]| bytes[at..].get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
        WORDS.iter().any(starts)
    };
    // Whole blocks are dismissed by a test without branches, which compiles to a few wide steps.
    (0..bytes.len()).step_by(BLOCK).find_map(|start| {
        let block = &bytes[start..bytes.len().min(start + BLOCK + 2)];
        let last = block.len().saturating_sub(2);
        let triples = block[..last].iter().zip(&block[1.min(last)..]).zip(&block[2.min(block.len())..]);
        let any = triples.fold(0_u8, |any, ((first, second), third)| {
            let (first, second, third) = (first | 0x20, second | 0x20, third | 0x20);
            SIGNS.iter().fold(any, |any, sign| {
                any | (u8::from(first == sign[0]) & u8::from(second == sign[1]) & u8::from(third == sign[2]))
            })
        });
        let from = start.saturating_sub(BEFORE);
        if any != 0 { (from..bytes.len().min(start + BLOCK)).find(|at| is_hit(*at)) } else { None }
    })
}
