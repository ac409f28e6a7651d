//! What strangers have planted and found again.

#![allow(clippy::unwrap_used, reason = "a test that can't even be set up fails")]

use redact::{Kind, Redactor};

fn redacted(text: &str) -> String {
    Redactor::new().unwrap().text(text).unwrap()
}

#[test]
fn what_looks_like_a_pseudonym_and_was_never_given_goes_as_everything_else_does() {
    for (text, secret) in [
        ("password=Qzebra-#77geheim", "Qzebra"),
        ("postgres://dbu:Qzpw-#9x8y7z@db.example.com/x", "Qzpw"),
        ("http://prxuser:Geheim-%23Zwei@corpproxy:3128", "Geheim"),
    ] {
        let after = redacted(text);
        assert!(!after.contains(secret), "{text}: {after}");
    }
    let mut redactor = Redactor::new().unwrap();
    redactor.learn(Kind::Text, "Ticket QZELEFANT-#4711 Giselher");
    redactor.learn(Kind::Tag, "Blau-#3 Quokkasaal");
    let after = redactor
        .text("tag:Team=Blau-#3 Quokkasaal, because of Ticket QZELEFANT-#4711 Giselher")
        .unwrap();
    assert!(
        !after.contains("Quokkasaal") && !after.contains("QZELEFANT"),
        "{after}"
    );
}

#[test]
fn no_record_of_a_log_is_eaten_and_each_keeps_its_time_and_its_words() {
    let text: String = (0..10)
        .map(|n| {
            format!(
                "2026-11-30T08:10:{n:02}.123Z  INFO tunnel::driver \"Orders\" s1: fetched etag=9f86d081884c{n}d65\n\
                 2026-11-30T08:11:{n:02}.123Z DEBUG tunnel::driver \"Orders\" s1: connection closed code=1006\n"
            )
        })
        .collect();
    let after = redacted(&text);
    assert_eq!(after.lines().count(), text.lines().count(), "{after}");
    for n in 0..10 {
        assert!(
            after.contains(&format!("2026-11-30T08:11:{n:02}.123Z DEBUG")),
            "{after}"
        );
    }
    assert_eq!(
        after.matches("connection closed code=1006").count(),
        10,
        "{after}"
    );
}

#[test]
fn a_value_that_two_records_share_leaves_both_of_them() {
    let text = "2026-11-30T08:10:24.123Z  INFO tunnel::driver \"Orders\" s1: key AKIAIOSFOD\n\
                2026-11-30T08:10:25.123Z  INFO tunnel::driver \"Orders\" s1: NN7EXAMPLE is used\n";
    let after = redacted(text);
    assert!(
        !after.contains("IOSFOD") && !after.contains("NN7"),
        "{after}"
    );
    assert!(
        after.contains("\n2026-11-30T08:10:25.123Z  INFO tunnel::driver"),
        "{after}"
    );
}

#[test]
fn an_account_goes_wherever_no_digit_adjoins_and_an_id_stays_whole() {
    for text in [
        "482716234288_AdministratorAccess",
        "logs_482716234288_eu",
        "acct482716234288",
    ] {
        let after = redacted(text);
        assert!(!after.contains("482716234288"), "{after}");
    }
    for id in [
        "request 00000000-0000-4000-8000-000000000000 failed",
        "request 0ebbdf50-189a-4493-8391-123456789012 failed",
        "9f8123456789012ab",
        "at 1764500000000 ms",
    ] {
        assert_eq!(redacted(id), id);
    }
}
