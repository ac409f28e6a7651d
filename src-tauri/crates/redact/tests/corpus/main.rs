//! Secrets and identities in every form, of which none may survive.

#![allow(clippy::unwrap_used, reason = "a test that can't even be set up fails")]

mod cloud;
mod commands;
mod connections;
mod credentials;
mod logs;
mod machines;
mod mixtures;
mod planted;
mod services;
mod tables;

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use redact::{Kind, Redactor};

/// All that is planted, by kind.
const PLANTED: [&[(&str, &str)]; 9] = [
    planted::PLANTED,
    commands::PLANTED,
    connections::PLANTED,
    credentials::PLANTED,
    machines::PLANTED,
    cloud::PLANTED,
    services::PLANTED,
    logs::PLANTED,
    tables::PLANTED,
];

/// Parts of a planted value that give it away by themselves.
fn needles(planted: &str) -> Vec<String> {
    let mut needles = vec![planted.to_owned()];
    for part in [
        "210987654321",
        "KundenDatenLeser",
        "Kostenstelle",
        "Geheimprojekt",
        "nina.huber",
        "firma",
        "kunden",
        "Anna",
        "dateiserver7",
        "freigabe9",
        "geheim",
    ] {
        if planted.contains(part) {
            needles.push(part.to_owned());
        }
    }
    needles
}

fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").unwrap();
        }
        encoded
    })
}

/// As mail has it (RFC 2045): `kept` says what stays as it is.
fn quoted_printable(text: &str, kept: fn(u8) -> bool) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || kept(byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "={byte:02X}").unwrap();
        }
        encoded
    })
}

fn json_unicode(text: &str) -> String {
    text.chars().fold(String::new(), |mut encoded, c| {
        match c.is_ascii_alphanumeric() {
            true => encoded.push(c),
            false => write!(encoded, "\\u{:04x}", u32::from(c)).unwrap(),
        }
        encoded
    })
}

/// As Windows has text.
fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A body of some lines, as mail and PEM have it.
fn wrapped(plain: &str) -> String {
    let around = "This is what stands around it, in one line after the other, and says nothing.";
    let encoded = STANDARD.encode(format!("{around}\n{plain}\n{around}\n"));
    let lines: Vec<_> = encoded
        .as_bytes()
        .chunks(76)
        .map(String::from_utf8_lossy)
        .collect();
    format!("body:\n{}\nend", lines.join("\n"))
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        write!(encoded, "{byte:02x}").unwrap();
        encoded
    })
}

/// Two records as the program writes them, in each of its formats: its own tests compare.
const LOGS: [(&str, &str); 3] = [
    ("split in a log", include_str!("../log/text.log")),
    ("split in a log in JSON", include_str!("../log/json.log")),
    ("split on the console", include_str!("../log/console.log")),
];

/// A text in which a value stands.
struct Form {
    name: &'static str,
    text: String,
    /// What stands in the middle of the value.
    between: String,
}

/// The text in which a value stands, in every form in which it can lie about.
fn forms(value: &str, context: &str) -> Vec<Form> {
    let plain = context.replacen("{}", value, 1);
    let escaped = serde_json::to_string(&plain).unwrap();
    let whole = [
        ("plain", plain.clone()),
        ("JSON", format!("{{\"message\":{escaped}}}")),
        ("JSON in JSON", serde_json::to_string(&escaped).unwrap()),
        (
            "JSON with codes",
            context.replacen("{}", &json_unicode(value), 1),
        ),
        (
            "URL-encoded",
            format!("https://localhost/?q={}", percent(&plain)),
        ),
        (
            "URL-encoded twice",
            format!("q={}", percent(&percent(&plain))),
        ),
        ("Base64", format!("body {} end", STANDARD.encode(&plain))),
        (
            "Base64 for URLs",
            format!("body {} end", URL_SAFE_NO_PAD.encode(&plain)),
        ),
        ("hexadecimal", format!("body {} end", hex(&plain))),
        (
            "Base64 of two bytes a sign",
            format!("-enc {} -x", STANDARD.encode(wide(&plain))),
        ),
        ("Base64 wrapped at 76", wrapped(&plain)),
        (
            "quoted-printable",
            quoted_printable(&plain, |byte| {
                byte == b'\n' || (byte.is_ascii() && byte != b'=')
            }),
        ),
        (
            "quoted-printable with all signs",
            quoted_printable(&plain, |_| false),
        ),
        ("in a path", format!("{plain}\n/var/tmp/{value}/x.log")),
    ];
    let mut forms: Vec<_> = whole
        .into_iter()
        .map(|(name, text)| Form {
            name,
            text,
            between: String::new(),
        })
        .collect();
    let middle = (value.len() / 2..)
        .find(|at| value.is_char_boundary(*at))
        .unwrap();
    let (first, second) = value.split_at(middle);
    let (before, behind) = context.split_once("{}").unwrap();
    let (first, second) = (format!("{before}{first}"), format!("{second}{behind}"));
    let mail = |text: &str| quoted_printable(text, |byte| byte.is_ascii() && byte != b'=');
    forms.push(Form {
        name: "wrapped in quoted-printable",
        text: format!("{}=\n{}", mail(&first), mail(&second)),
        between: "=\n".to_owned(),
    });
    forms.push(Form {
        name: "wrapped",
        text: format!("{first}\n    {second}"),
        between: "\n    ".to_owned(),
    });
    for (name, log) in LOGS {
        let written = |text: &str| {
            // Every record is one line.
            let line = text.replace('\n', " ");
            match name.ends_with("JSON") {
                true => serde_json::to_string(&line)
                    .unwrap()
                    .trim_matches('"')
                    .to_owned(),
                false => line,
            }
        };
        let between = log
            .split_once("FIRST")
            .unwrap()
            .1
            .split_once("SECOND")
            .unwrap()
            .0;
        forms.push(Form {
            name,
            text: log
                .replace("FIRST", &written(&first))
                .replace("SECOND", &written(&second)),
            between: between.to_owned(),
        });
    }
    forms
}

#[test]
fn no_planted_secret_survives_in_any_form() {
    let mut count = 0;
    let mut survivors = Vec::new();
    let fresh = Redactor::new().unwrap();
    for (value, context) in PLANTED.into_iter().flatten() {
        let is_cut = ![tables::PLANTED, logs::PLANTED]
            .iter()
            .any(|whole| whole.contains(&(*value, *context)));
        for form in forms(value, context) {
            if !is_cut && !form.between.is_empty() {
                continue;
            }
            count += 1;
            // Nobody has told it anything.
            let redacted = fresh.clone().text(&form.text).unwrap();
            let mut readings = vec![redacted.clone()];
            if !form.between.is_empty() {
                readings.push(redacted.replace(&form.between, ""));
            }
            readings.push(redacted.split_whitespace().collect());
            for needle in needles(value) {
                let hidden = [
                    needle.clone(),
                    percent(&needle),
                    percent(&percent(&needle)),
                    json_unicode(&needle),
                    quoted_printable(&needle, |_| false),
                    hex(&needle),
                ];
                let survives = readings
                    .iter()
                    .any(|reading| hidden.iter().any(|needle| reading.contains(needle)))
                    || STANDARD_ALIGNMENTS
                        .iter()
                        .any(|skip| redacted.contains(&aligned(&needle, *skip)));
                if survives {
                    survivors.push(format!("{}: {needle} in {redacted}", form.name));
                }
            }
        }
    }
    assert!(count >= 1000, "{count}");
    assert!(
        survivors.is_empty(),
        "{} survive:\n{}",
        survivors.len(),
        survivors.join("\n")
    );
}

/// Fewer letters of a value tell nothing.
const HALF_SHORTEST: usize = 5;

#[test]
fn no_half_survives_where_the_end_of_a_line_has_cut_a_value() {
    let fresh = Redactor::new().unwrap();
    let mut survivors = Vec::new();
    for (value, context) in PLANTED.into_iter().flatten() {
        if [tables::PLANTED, logs::PLANTED]
            .iter()
            .any(|whole| whole.contains(&(*value, *context)))
        {
            continue;
        }
        let middle = (value.len() / 2..)
            .find(|at| value.is_char_boundary(*at))
            .unwrap();
        let (first, second) = value.split_at(middle);
        for form in forms(value, context) {
            if form.between.is_empty() {
                continue;
            }
            let redacted = fresh.clone().text(&form.text).unwrap();
            for half in [first, second] {
                let is_quoted = [value, context].iter().any(|text| text.contains('\\'))
                    || context.starts_with("{\"");
                // A word that everybody has, a value with an end of its own in it, and where quotes of a
                // value and of a record can't be told apart.
                let is_untold = half == "admin"
                    || half.contains('"')
                    || (is_quoted && form.name.ends_with("JSON"));
                let is_elsewhere = context.contains(half) || form.between.contains(half);
                let is_telling = half.len() >= HALF_SHORTEST && !is_untold && !is_elsewhere;
                if is_telling && redacted.contains(half) {
                    survivors.push(format!("{}: {half} in {redacted}", form.name));
                }
            }
        }
    }
    assert!(
        survivors.is_empty(),
        "{} survive:\n{}",
        survivors.len(),
        survivors.join("\n")
    );
}

const STANDARD_ALIGNMENTS: [usize; 3] = [0, 1, 2];

/// The digits of Base64 that depend on these bytes alone, behind so many others.
fn aligned(needle: &str, before: usize) -> String {
    let whole = [&b"xx"[..before], needle.as_bytes()].concat();
    let encoded = STANDARD.encode(&whole);
    let (first, last) = ((before * 8).div_ceil(6), whole.len() * 8 / 6);
    encoded[first..last].to_owned()
}

#[test]
fn what_somebody_has_said_is_found_wherever_it_stands() {
    let mut redactor = Redactor::new().unwrap();
    redactor.learn(Kind::Host, "orders-db");
    redactor.learn(Kind::Secret, "correct horse");
    let text = "orders-db ORDERS-DB /x/orders-db/y b3JkZXJzLWRi correct%20horse correct\\u0020horse orde\nrs-db";
    let redacted = redactor.text(text).unwrap();
    assert_eq!(
        redacted,
        "host-#1 host-#1 /x/host-#1/y token-#1 secret-#1 secret-#1 host-#1"
    );
}

#[test]
fn of_an_arn_partition_service_and_region_stay() {
    let mut redactor = Redactor::new().unwrap();
    let redacted = redactor
        .text("arn:aws:ssm:eu-central-1:210987654321:managed-instance/mi-0123456789abcdef1 arn:aws:iam::aws:policy/ReadOnlyAccess arn:aws:ssm:eu-west-1::document/AWS-StartSSHSession")
        .unwrap();
    assert_eq!(
        redacted,
        "arn:aws:ssm:eu-central-1:account-#1:managed-instance/mi-#1 arn:aws:iam::aws:policy/ReadOnlyAccess arn:aws:ssm:eu-west-1::document/AWS-StartSSHSession"
    );
}

#[test]
fn an_arn_at_the_end_of_a_line_leaves_the_next_line_alone() {
    for arn in [
        "arn:aws:iam::210987654321:role/KundenDatenLeser",
        "arn:aws:iam::210987654321:root",
        "arn:aws:s3:::*",
        "arn:aws:ssm:eu-west-1::document/AWS-StartSSHSession",
    ] {
        for next in ["/usr/bin/x is there", "The next line", ": so it goes on"] {
            let text = format!("not allowed on {arn}\n{next}\n");
            let told = Redactor::new().unwrap().text(&text).unwrap();
            assert!(told.ends_with(&format!("\n{next}\n")), "{told}");
        }
    }
}

#[test]
fn what_was_replaced_is_counted() {
    let mut redactor = Redactor::new().unwrap();
    redactor
        .text("10.17.3.42, 10.17.3.42 and i-0abcdef1234567890")
        .unwrap();
    let counts = redactor.take_counts();
    assert_eq!(counts.get(&Kind::Ip), Some(&2));
    assert_eq!(counts.get(&Kind::Instance), Some(&1));
    assert!(redactor.take_counts().is_empty());
}

#[test]
fn numbers_and_keys_of_json_stay_and_fields_are_known_by_their_names() {
    let mut redactor = Redactor::new().unwrap();
    let mut value = serde_json::json!({
        "at": 123_456_789_012_u64, "sessionId": "x", "host": "db", "region": "eu-central-1",
        "closeCode": 1006, "what": "No answer from db.firma.example.", "list": ["10.17.3.42"],
    });
    redactor.json(&mut value).unwrap();
    assert_eq!(
        value,
        serde_json::json!({
            "at": 123_456_789_012_u64, "sessionId": "session-#1", "host": "host-#1",
            "region": "eu-central-1", "closeCode": 1006,
            "what": "No answer from host-#2.", "list": ["ip-#1"],
        })
    );
}

#[test]
fn a_password_in_an_address_goes_whole_whatever_is_escaped_in_it() {
    for (address, left) in [
        ("http://ann:p%40ss52w0rd@proxyhost:3128", "3128"),
        ("mysql://u52x:p%40ss52w0rd@db.kunde.example:3306/x", "3306/"),
        (
            "http://ann:Zug%2Fwort52w0rd@proxy.firma.example:3128",
            "3128",
        ),
        (
            "http://ann:Zug%3Awort%20ss52w0rd@proxy.firma.example:3128",
            "3128",
        ),
        ("http://ann:p@ss52w0rd@proxy.firma.example:3128", "3128"),
    ] {
        for text in [
            address.to_owned(),
            format!("HTTPS_PROXY is set: {address}"),
            format!("{{\"proxy\":\"{address}\"}}"),
            format!("first\n{address}\nlast"),
        ] {
            let told = Redactor::new().unwrap().text(&text).unwrap();
            for part in ["ss52w0rd", "52w0rd", "Zug", "ann:", "u52x"] {
                assert!(!told.contains(part), "{part}: {told}");
            }
            assert!(told.contains("secret-#1"), "{told}");
            assert!(told.contains(left), "{told}");
        }
    }
}

#[test]
fn a_known_value_hides_no_other_that_differs_in_case_or_is_a_part_of_it() {
    let mut redactor = Redactor::new().unwrap();
    redactor.learn(Kind::Name, "Nina77");
    redactor.learn(Kind::User, "nina77");
    redactor.learn(Kind::Name, "nina77 logs");
    redactor.learn(Kind::Name, "Deploy77-x");
    redactor.learn(Kind::Name, "Deploy77");
    let told = redactor
        .text("nina77 comes; Nina77 goes; nina77 logsin; role/x/nina77. Deploy77-xy Deploy77")
        .unwrap();
    for part in ["nina77", "Nina77", "Deploy77"] {
        assert!(!told.contains(part), "{told}");
    }
}

#[test]
fn what_is_called_a_password_goes_in_each_way_of_writing_one() {
    for text in [
        "password=\"corr3ct horse battery77\"",
        "{\"password\":\"corr3ct horse battery77\"}",
        "password='corr3ct horse battery77'",
        "UID=sa;PWD={corr3ct;battery77};x",
        "login: dba / pass: corr3ctbattery77",
        "pass=corr3ctbattery77",
        "DB_PASS=corr3ctbattery77",
        "Passwort=corr3ctbattery77",
        "Kennwort: corr3ctbattery77",
        "otp: 991823battery77",
        "password: |\n  corr3ct horse\n  battery77\nnext: 1",
        "services:\n  db:\n    POSTGRES_PASSWORD: corr3ctbattery77\n",
    ] {
        let told = Redactor::new().unwrap().text(text).unwrap();
        for part in ["corr3ct", "horse", "battery77"] {
            assert!(!told.contains(part), "{text}: {told}");
        }
    }
}
