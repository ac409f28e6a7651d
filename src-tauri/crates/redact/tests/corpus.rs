//! Secrets and identities in every form, of which none may survive.

#![allow(clippy::unwrap_used, reason = "a test that can't even be set up fails")]

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use redact::{Kind, Redactor};

/// What is planted, with the text that it stands in: `{}` is its place.
const PLANTED: [(&str, &str); 46] = [
    ("123456789012", "the account {} has no such document"),
    ("4321-8765-2109", "signed in to {} as administrator"),
    ("AKIAIOSFODNN7PLANTED", "with the key {} of the profile"),
    ("ASIAY34FZKBOKMUTVV7A", "{\"AccessKeyId\":\"{}\"}"),
    (
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYPLANTEDKEY",
        "aws_secret_access_key = {}",
    ),
    (
        "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbPLANTEDKEY",
        "found {} in the environment",
    ),
    (
        "IQoJb3JpZ2luX2VjEJr3x2T9kPqLmZ0aB1c2D3e4F5g6H7i8J9k0L",
        "X-Amz-Security-Token={}&X-Amz-Date=20261130T070000Z",
    ),
    (
        "AAEAAcXf3T9kPqLmZ0aB1c2D3e4F5g6H7i8J9k0LmNoPqRsTuVwXyZ",
        "{\"TokenValue\":\"{}\"}",
    ),
    (
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
        "id token {} was refused",
    ),
    ("planted-password-1", "password={}"),
    ("planted-hunter2", "postgres://nina:{}@localhost:5432/app"),
    (
        "planted-basic-Zm9vOmJhcg==",
        "Proxy-Authorization: Basic {}",
    ),
    ("planted.bearer.9d8f7", "authorization: Bearer {}"),
    ("planted-cookie-77", "Cookie: session={}"),
    (
        "planted-code-verifier-0a9",
        "code_verifier={}&grant_type=authorization_code",
    ),
    (
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "cloned with {} once",
    ),
    ("i-0abcdef1234567890", "session at {} is over"),
    ("i-1a2b3c4d", "the instance {} of old"),
    ("mi-0123456789abcdef1", "node {} is not connected"),
    ("vpc-0a1b2c3d4e5f60718", "in {} only"),
    ("vpce-0fedcba9876543210", "through {} to SSM"),
    ("nina.huber-0a1b2c3d4e5f60718", "the session {} was resumed"),
    (
        "nina.huber@firma.example-abcdefghij1234567890klmnop",
        "ended {} at the service",
    ),
    (
        "botocore-session-1700000000-0f1e2d3c4b5a69788",
        "{\"sessionId\":\"{}\"}",
    ),
    (
        "ecs:kunden_0123456789abcdef0123456789abcdef_0123456789abcdef0123456789abcdef-2531612879",
        "target {} is chosen",
    ),
    ("fedcba98765432100123456789abcdef", "task {} was stopped"),
    ("db.internal.firma.example", "can't reach {} at port 5432"),
    (
        "kunden-prod.cluster-c9abcdefgh12.eu-central-1.rds.amazonaws.com",
        "{}:5432 does not answer",
    ),
    (
        "cache.x7yz12.0001.euc1.cache.amazonaws.com",
        "{} is a cache",
    ),
    (
        "vpce-0abc1234-x7y8z9.ssm.eu-central-1.vpce.amazonaws.com",
        "endpoint https://{}/ is set",
    ),
    (
        "ip-10-17-3-42.eu-central-1.compute.internal",
        "agent on {} answers",
    ),
    ("proxy.firma.example", "through the proxy http://{}:3128"),
    (
        "firma-geheim.awsapps.com",
        "sso_start_url = https://{}/start",
    ),
    ("d-9967abcdef", "https://{}.awsapps.com/start"),
    ("10.17.3.42", "from {} to port 22"),
    ("203.0.113.77", "the address {} was refused"),
    ("2001:db8:85a3::8a2e:370:7334", "listens at [{}]:5433"),
    ("fd00:17::42", "no route to {}"),
    ("aa:bb:cc:17:42:ff", "card {} is up"),
    ("nina.huber@firma.example", "signed in as {}"),
    ("ninahuber", "can't read /home/{}/.aws/config"),
    ("NinaHuber", r"can't read C:\Users\{}\.aws\config"),
    (
        "arn:aws:iam::210987654321:role/KundenDatenLeser",
        "not allowed to assume {}",
    ),
    (
        "Kostenstelle=Geheimprojekt",
        "target tag:{}@newest is chosen",
    ),
    ("geheimer-bastion", "target name:{} is not online"),
    (
        "MIIEowIBAAKCAQEAplanted0123456789",
        "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----",
    ),
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

fn json_unicode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match byte.is_ascii_alphanumeric() {
            true => encoded.push(char::from(byte)),
            false => write!(encoded, "\\u{byte:04x}").unwrap(),
        }
        encoded
    })
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        write!(encoded, "{byte:02x}").unwrap();
        encoded
    })
}

/// The text in which a value stands, in every form in which it can lie about.
fn forms(value: &str, context: &str) -> Vec<(&'static str, String)> {
    let plain = context.replacen("{}", value, 1);
    let escaped = serde_json::to_string(&plain).unwrap();
    let (first, second) = value.split_at(value.len() / 2);
    let split = |between: &str| context.replacen("{}", &format!("{first}{between}{second}"), 1);
    let log = "\n2026-11-30T07:37:19.123456Z DEBUG tunnel{name=x}: tunnel::driver: ";
    vec![
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
        ("in a path", format!("{plain}\n/var/tmp/{value}/x.log")),
        ("wrapped", split("\n    ")),
        ("split over two lines of a log", split(log)),
    ]
}

#[test]
fn no_planted_secret_survives_in_any_form() {
    let mut count = 0;
    let mut survivors = Vec::new();
    let fresh = Redactor::new().unwrap();
    for (value, context) in PLANTED {
        let plain = context.replacen("{}", value, 1);
        for (form, text) in forms(value, context) {
            count += 1;
            let mut redactor = fresh.clone();
            // The text in which it stands as it is, is in the bundle as well: only where it is cut
            // by the end of a line is that needed.
            if matches!(form, "wrapped" | "split over two lines of a log") {
                redactor.learn_from(&plain);
            }
            let redacted = redactor.text(&text).unwrap();
            let joined: String = redacted.split_whitespace().collect();
            for needle in needles(value) {
                let hidden = [
                    needle.clone(),
                    percent(&needle),
                    percent(&percent(&needle)),
                    json_unicode(&needle),
                    hex(&needle),
                ];
                let survives = hidden
                    .iter()
                    .any(|needle| redacted.contains(needle) || joined.contains(needle))
                    || STANDARD_ALIGNMENTS
                        .iter()
                        .any(|skip| redacted.contains(&aligned(&needle, *skip)));
                if survives {
                    survivors.push(format!("{form}: {needle} in {redacted}"));
                }
            }
        }
    }
    assert!(count >= 500, "{count}");
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
        (
            "mysql://u52x:p%40ss52w0rd@db.kunde.example:3306/x",
            "3306/x",
        ),
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
    ] {
        let told = Redactor::new().unwrap().text(text).unwrap();
        for part in ["corr3ct", "horse", "battery77"] {
            assert!(!told.contains(part), "{text}: {told}");
        }
    }
}
