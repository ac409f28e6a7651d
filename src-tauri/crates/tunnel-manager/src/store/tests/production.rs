//! The production mark in the file.

use super::*;
use crate::profile::{Asks, Production};

const HEAD: &str = "version = 2\n\n[[tunnel]]\nname = 'x'\ntarget = 'i-1'\nremote_port = 22\n";

fn marked(lines: &str) -> Option<Production> {
    let (_folder, store) = store_with(format!("{HEAD}{lines}").as_bytes());
    store.read().expect("read")[0].production
}

fn hours(hours: u64) -> Option<Duration> {
    Some(Duration::from_secs(hours * 3600))
}

#[test]
fn production_is_a_word_or_a_table_and_absent_without_either() {
    assert_eq!(marked(""), None);
    assert_eq!(marked("production = false"), None);
    assert_eq!(marked("production = true"), Some(Production::default()));
    assert_eq!(marked("production = {}"), Some(Production::default()));
    let wanted = Production {
        asks: Asks::Consent,
        closes_after: hours(2),
    };
    for lines in [
        "production = { reason = 'none', closes_after = '2h' }",
        "[tunnel.production]\nreason = 'none'\ncloses_after = '2h'",
    ] {
        assert_eq!(marked(lines), Some(wanted), "{lines}");
    }
    let open = marked("production = { closes_after = 'off' }").expect("marked");
    assert_eq!(open.closes_after, None);
}

#[test]
fn a_mark_that_says_something_else_is_refused_with_its_place() {
    for (lines, wanted) in [
        ("production = 'yes'", "line 7"),
        ("production = { closes = '2h' }", "line 7"),
        (
            "production = { closes_after = '2' }",
            "production.closes_after",
        ),
        ("production = { reason = 'maybe' }", "production.reason"),
    ] {
        let error = refused(format!("{HEAD}{lines}\n").as_bytes()).to_string();
        assert!(error.contains(wanted), "{lines}: {error}");
    }
}

/// The file of one tunnel after its mark was changed.
fn changed(lines: &str, production: Option<Production>) -> String {
    let (_folder, store) = store_with(format!("{HEAD}{lines}").as_bytes());
    let wanted = store.update(|profiles| profiles[0].production = production);
    assert_eq!(store.read().expect("read"), wanted.expect("written"));
    fs::read_to_string(store.path()).expect("there")
}

#[test]
fn the_mark_is_written_on_one_line_beside_the_other_keys() {
    let with = Production {
        asks: Asks::Reason,
        closes_after: hours(1),
    };
    let table = "production = { closes_after = \"1h\" }\n";
    assert!(changed("", Some(Production::default())).contains("production = true\n"));
    assert!(changed("", Some(with)).contains(table));
    assert!(!changed("production = true\n", None).contains("production"));
    let text = changed("[tunnel.production]\nreason = 'none'\n", Some(with));
    assert!(
        text.contains(table) && !text.contains("[tunnel.production]"),
        "{text}"
    );
    let mut new = profile("new");
    new.production = Some(with);
    let folder = TempDir::new().expect("a folder");
    let store = Store::in_folder(folder.path());
    store
        .update(|profiles| profiles.push(new))
        .expect("written");
    let text = fs::read_to_string(store.path()).expect("there");
    assert!(text.contains(table), "{text}");
}

#[test]
fn a_mark_that_is_not_changed_stays_as_it_was_written() {
    let lines = "[tunnel.production] # ask Ann\nreason = 'none'\n";
    let (_folder, store) = store_with(format!("{HEAD}{lines}").as_bytes());
    let renamed = store.update(|profiles| profiles[0].name = "y".to_owned());
    assert_eq!(store.read().expect("read"), renamed.expect("written"));
    let text = fs::read_to_string(store.path()).expect("there");
    assert!(text.contains(lines), "{text}");
}
