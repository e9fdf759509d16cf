use super::*;

const STRUCTURED: [RecordKind; 13] = [
    RecordKind::Caa,
    RecordKind::Cert,
    RecordKind::Dnskey,
    RecordKind::Ds,
    RecordKind::Https,
    RecordKind::Loc,
    RecordKind::Naptr,
    RecordKind::Smimea,
    RecordKind::Srv,
    RecordKind::Sshfp,
    RecordKind::Svcb,
    RecordKind::Tlsa,
    RecordKind::Uri,
];

/// Words of which each fits some part of some type, or nearly does.
const WORDS: [&str; 32] = [
    "0",
    "1",
    "53",
    "255",
    "256",
    "65535",
    "65536",
    "-1",
    "1.5",
    "0.001",
    "59.999",
    "10m",
    "-2.00m",
    "N",
    "s",
    "E",
    "w",
    ".",
    "a.example.net",
    "B.example.net.",
    "b_\u{fc}",
    "@",
    "issue",
    "\"x y\"",
    "\"\\\"\\\\\\065\"",
    "\"\"",
    "0aFF",
    "AQID",
    "AQ==",
    "alpn=h2,h3",
    "port=\"1\"",
    "key7=\"a;b\"",
];

/// Pseudo-random numbers below a bound, the same in every run.
struct Chance(u32);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as usize % bound
    }
}

fn read(kind: RecordKind, text: &str, origin: Option<&str>) -> Option<Data> {
    Data::read(kind, &words(text).expect("words"), origin).expect("a type with parts").ok()
}

#[test]
fn what_is_read_from_any_words_is_printed_so_that_it_is_read_again() {
    let (mut chance, mut read_of) = (Chance(1), [0; STRUCTURED.len()]);
    for _ in 0..400_000 {
        let index = chance.below(STRUCTURED.len());
        let kind = STRUCTURED[index];
        let count = parts_of(kind) + chance.below(3);
        // Mostly small numbers, as most types begin with some; of long types nothing would be read otherwise.
        let picked: Vec<&str> = (0..count)
            .map(|place| match (kind, place) {
                (RecordKind::Loc, 3) => "N",
                (RecordKind::Loc, 7) => "E",
                _ if place + 1 < parts_of(kind) && chance.below(3) > 0 => WORDS[chance.below(3)],
                _ => WORDS[chance.below(WORDS.len())],
            })
            .collect();
        let text = picked.join(" ");
        let Some(data) = read(kind, &text, None) else { continue };
        read_of[index] += 1;
        let again = |printed: String, origin| read(kind, &printed, origin).map(|data| data.compared());
        assert_eq!(read(kind, &data.content(), None).as_ref(), Some(&data), "{kind:?} {text}");
        assert_eq!(again(data.line(), Some("example.com.")), Some(data.compared()), "{kind:?} {text}");
        let Json::Object(fields) = data.json(Some(1)) else { panic!("an object") };
        assert_eq!(Data::from_json(kind, &fields), Some(Ok(data)), "{kind:?} {text}");
    }
    assert!(read_of.iter().all(|count| *count > 0), "{read_of:?}");
}

#[test]
fn names_of_a_zone_file_are_relative_to_its_origin() {
    let target =
        |text: &str, origin: &str| read(RecordKind::Srv, text, Some(origin)).map(|data| data.content());
    for (text, origin, content) in [
        ("1 2 a", "example.com.", "1 2 a.example.com"),
        ("1 2 a.", "example.com.", "1 2 a"),
        ("1 2 @", "example.com.", "1 2 example.com"),
        ("1 2 a.example.net", ".", "1 2 a.example.net"),
        ("1 2 .", "example.com.", "1 2 ."),
    ] {
        assert_eq!(target(text, origin).as_deref(), Some(content), "{text} {origin}");
    }
}
