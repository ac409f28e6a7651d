//! What somebody has said is looked for in whole, in part, and in each way of writing it.

#![allow(clippy::unwrap_used, reason = "a test that can't even be set up fails")]

use redact::{Kind, Redactor};

fn knowing(values: &[(Kind, &str)]) -> Redactor {
    let mut redactor = Redactor::new().unwrap();
    for (kind, value) in values {
        redactor.learn(*kind, value);
    }
    redactor
}

#[test]
fn a_known_host_of_two_letters_goes_where_a_host_stands_and_stays_in_words() {
    let mut redactor = knowing(&[(Kind::Host, "db")]);
    assert_eq!(redactor.mark(Kind::Host, "db"), "host-#1");
    for (text, after) in [
        ("no answer from db:5432", "no answer from host-#1:5432"),
        ("postgres://db/", "postgres://host-#1/"),
        ("can't reach host db", "can't reach host host-#1"),
        ("db port 5432 is closed", "host-#1 port 5432 is closed"),
        ("\"remote\":\"db\"", "\"remote\":\"host-#1\""),
        ("the db of debug", "the db of debug"),
        ("a.db, db_x", "a.db, db_x"),
    ] {
        assert_eq!(redactor.text(text).unwrap(), after);
    }
    let mut fields = serde_json::json!({ "remoteHost": "db", "host": "db", "user": "nh" });
    redactor.json(&mut fields).unwrap();
    assert_eq!(
        fields,
        serde_json::json!({ "remoteHost": "host-#1", "host": "host-#1", "user": "user-#1" })
    );
}

#[test]
fn a_known_secret_goes_where_a_line_was_wrapped_at_one_of_its_spaces() {
    let mut redactor = knowing(&[(Kind::Secret, "correct horse battery")]);
    for text in [
        "it is correct\nhorse battery",
        "it is correct horse\n    battery",
        "it is correct\n  horse\n  battery",
        "q=correct+horse+battery",
        "2026-11-30T08:10:24.123Z  INFO tunnel: it is correct horse\n\
         2026-11-30T08:10:24.124Z  INFO tunnel: battery",
    ] {
        let after = redactor.text(text).unwrap();
        for part in ["correct", "horse", "battery"] {
            assert!(!after.contains(part), "{after}");
        }
    }
}

#[test]
fn half_of_a_known_secret_goes_where_a_line_ends_and_where_one_begins() {
    let mut redactor = knowing(&[(Kind::Secret, "planted-corr3ct-horse")]);
    let (first, second) = ("it is planted-corr", "3ct-horse, says he");
    for text in [
        format!("{first}\nand no more"),
        format!("{first}…"),
        format!("{{\"message\":\"{first}\"}}"),
        format!("2026-11-30T08:10:24.123Z  INFO tunnel: {second}"),
        format!("nothing\n    {second}"),
    ] {
        let after = redactor.text(&text).unwrap();
        assert!(after.contains("secret-#1"), "{after}");
        assert!(
            !after.contains("planted-corr") && !after.contains("3ct-horse"),
            "{after}"
        );
    }
    for text in ["planted-corr is a word here", "the planted", "horse"] {
        assert_eq!(redactor.text(text).unwrap(), text);
    }
}

#[test]
fn a_host_has_one_pseudonym_with_its_own_letters_and_in_ascii() {
    let text = "bücher.firma.example xn--bcher-kva.firma.example BÜCHER.firma.example \
                https://b%C3%BCcher.firma.example/ b\\u00fccher.firma.example";
    let after = Redactor::new().unwrap().text(text).unwrap();
    assert_eq!(after, "host-#1 host-#1 host-#1 https://host-#1/ host-#1");
    let mut redactor = knowing(&[(Kind::Host, "xn--mnchen-3ya")]);
    let after = redactor
        .text("münchen and MÜNCHEN and xn--mnchen-3ya")
        .unwrap();
    assert_eq!(after, "host-#1 and host-#1 and host-#1");
}

#[test]
fn a_user_of_a_domain_is_the_same_behind_one_backslash_or_more() {
    let text = r#"KUNDE\zora {"user":"KUNDE\\zora"} "KUNDE\\\\zora" KUNDE%5Czora KUNDE\nina"#;
    let after = Redactor::new().unwrap().text(text).unwrap();
    assert!(
        !after.contains("zora") && !after.contains("nina"),
        "{after}"
    );
    assert!(!after.contains("KUNDE"), "{after}");
}

#[test]
fn two_values_that_hold_the_same_known_one_stay_two() {
    let mut redactor = knowing(&[(Kind::Host, "firma.example"), (Kind::Name, "kunde")]);
    let after = redactor
        .text("nina@firma.example otto@firma.example a.kunde.example b.kunde.example firma.example")
        .unwrap();
    assert_eq!(after, "email-#1 email-#2 host-#1 host-#2 host-#3");
}

#[test]
fn a_private_key_has_one_pseudonym_wherever_it_stands() {
    let key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAplanted0123456789\n\
               -----END RSA PRIVATE KEY-----";
    let after = Redactor::new()
        .unwrap()
        .text(&format!("{key}\nand {key}"))
        .unwrap();
    assert_eq!(after, "secret-#1\nand secret-#1");
}
