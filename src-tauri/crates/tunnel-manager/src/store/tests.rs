use std::fs;
use std::time::Duration;

use tempfile::TempDir;
use tunnel_proto::PoolSize;

use super::*;
use crate::profile::{CredentialSource, Draft, Field, ProfileId, Rule, Upkeep};

mod by_hand;
mod production;

const ONE: &str = r#"
version = 1

[[tunnel]]
id = "0b0f3a0e-58cf-4b4f-9a3a-0d8f5a2b7c11"
name = "Orders"
target = "i-0123456789abcdef0"
remote_host = "db.internal"
remote_port = 5432
bind = "127.0.0.1"
local_port = 5433
"#;

fn profile(name: &str) -> Profile {
    Draft {
        name: name.to_owned(),
        target: "i-0123456789abcdef0".to_owned(),
        remote_port: 80,
        bind: "localhost".to_owned(),
        profile: Some("prod \"quoted\"".to_owned()),
        reason: Some("line one\nline two".to_owned()),
        sessions: Some("4".to_owned()),
        renew_after: Some("off".to_owned()),
        retry_for: Some("2h".to_owned()),
        ..Draft::default()
    }
    .check(ProfileId::random())
    .expect("a valid draft")
}

fn store_with(text: &[u8]) -> (TempDir, Store) {
    let folder = TempDir::new().expect("a folder");
    let store = Store::in_folder(folder.path());
    fs::write(store.path(), text).expect("writable");
    (folder, store)
}

/// Asserts that the file is refused both ways and stays as it was.
fn refused(text: &[u8]) -> StoreError {
    let (_folder, store) = store_with(text);
    let error = store.read().expect_err("refused");
    store
        .update(|profiles| profiles.push(profile("new")))
        .expect_err("refused");
    assert_eq!(fs::read(store.path()).expect("there"), text);
    error
}

#[test]
fn without_a_file_there_are_no_tunnels_and_nothing_is_made() {
    let folder = TempDir::new().expect("a folder");
    let store = Store::in_folder(&folder.path().join("deeper"));
    assert_eq!(store.read().expect("fine"), []);
    assert!(!folder.path().join("deeper").exists());
}

#[test]
fn what_is_written_is_read_again() {
    let folder = TempDir::new().expect("a folder");
    let store = Store::in_folder(&folder.path().join("a/b"));
    let (one, two) = (profile("one"), profile("two"));
    store
        .update(|profiles| profiles.extend([one.clone(), two.clone()]))
        .expect("written");
    assert_eq!(store.read().expect("read"), [one, two]);
}

#[test]
fn a_file_written_by_hand_needs_no_ids_and_few_keys() {
    let (_folder, store) =
        store_with(b"version = 1\n[[tunnel]]\nname = 'x'\ntarget = 'i-1'\nremote_port = 22\n");
    let profiles = store.read().expect("read");
    assert_eq!(profiles.len(), 1);
    assert_eq!(profiles[0].upkeep, Upkeep::default());
    assert_eq!(profiles[0].listen.port, 0);
}

/// What a file of one tunnel with these lines says about how it is kept up.
fn upkeep(version: u8, lines: &str) -> Upkeep {
    let entry = format!("[[tunnel]]\nname = 'x'\ntarget = 'i-1'\nremote_port = 22\n{lines}");
    let (_folder, store) = store_with(format!("version = {version}\n{entry}").as_bytes());
    store.read().expect("read")[0].upkeep
}

#[test]
fn settings_are_numbers_or_texts_as_they_come() {
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let lines = "sessions = '2-6'\nkeepalive = 15\nrenew_after = 'off'\nlazy = true\nwait = 0\n\
                 retry_for = '4h'\nkeep_session_alive = '8h'\n";
    let wanted = Upkeep {
        sessions: PoolSize::new(2, 6),
        keepalive: Duration::from_secs(15),
        renew_after: None,
        lazy: Some(minutes(10)),
        wait: Duration::ZERO,
        retry_for: minutes(240),
        keep_session_alive: Some(minutes(480)),
    };
    assert_eq!(upkeep(2, lines), wanted);
    assert_eq!(upkeep(2, "lazy = false\n").lazy, None);
    assert_eq!(upkeep(2, "lazy = 25\n").lazy, Some(minutes(25)));
}

#[test]
fn endpoints_are_one_line_that_comes_back_as_it_was() {
    let line = "endpoints = \"ssmmessages=https://vpce-1.example fips\"\n";
    let entry = format!("[[tunnel]]\nname = 'x'\ntarget = 'i-1'\nremote_port = 22\n{line}");
    let (_folder, store) = store_with(format!("version = 2\n{entry}").as_bytes());
    let tunnels = store.read().expect("read");
    assert_eq!(tunnels[0].endpoints.fips, Some(true));
    assert_eq!(tunnels[0].endpoints.urls.len(), 1);
    let text = render(&tunnels);
    assert!(text.contains(line), "{text}");
}

#[test]
fn the_one_session_that_version_1_wrote_everywhere_was_nobodys_choice() {
    let one = "sessions = 1\n";
    assert_eq!(upkeep(1, one).sessions, Upkeep::default().sessions);
    assert_eq!(upkeep(2, one).sessions, PoolSize::fixed(1));
    for version in [1, 2] {
        assert_eq!(
            upkeep(version, "sessions = 4\n").sessions,
            PoolSize::fixed(4)
        );
    }
}

#[test]
fn what_is_as_usual_is_not_in_the_file_and_numbers_are_written_as_numbers() {
    let (_folder, store) = store_with(ONE.as_bytes());
    store
        .update(|profiles| {
            profiles.push(Profile {
                upkeep: Upkeep {
                    keepalive: Duration::from_secs(15),
                    ..Upkeep::default()
                },
                ..profile("new")
            });
        })
        .expect("written");
    let text = fs::read_to_string(store.path()).expect("there");
    assert!(text.contains("\nversion = 2\n"), "{text}");
    assert!(text.contains("\nkeepalive = 15\n"), "{text}");
    for key in [
        "group",
        "tags",
        "favourite",
        "sessions",
        "renew_after",
        "lazy",
        "wait",
        "retry_for",
        "keep_session_alive",
    ] {
        assert!(!text.contains(key), "{key}: {text}");
    }
}

#[test]
fn a_setting_out_of_bounds_is_named_with_its_line() {
    let error = refused(format!("{ONE}keepalive = -1\n").as_bytes());
    assert!(
        error
            .to_string()
            .contains("line 4, column 1: keepalive: Keepalive is 5 to 300 seconds."),
        "{error}"
    );
    let error = refused(format!("{ONE}lazy = 1.5\n").as_bytes());
    assert!(
        error.to_string().contains("a whole number or a text"),
        "{error}"
    );
}

#[test]
fn a_tunnel_without_an_id_has_the_same_one_each_time() {
    let entry = "[[tunnel]]\nname = 'x'\ntarget = 'i-1'\nremote_port = 22\n";
    let (_folder, store) = store_with(format!("version = 1\n{entry}{entry}").as_bytes());
    let profiles = store.read().expect("read");
    assert_ne!(profiles[0].id, profiles[1].id);
    assert_eq!(store.read().expect("read"), profiles);
}

#[test]
fn a_change_keeps_what_another_program_wrote_in_between() {
    let (_folder, store) = store_with(ONE.as_bytes());
    store
        .update(|profiles| profiles.push(profile("new")))
        .expect("written");
    let names: Vec<_> = store
        .read()
        .expect("read")
        .into_iter()
        .map(|p| p.name)
        .collect();
    assert_eq!(names, ["Orders", "new"]);
}

#[test]
fn changes_of_many_at_once_are_all_kept() {
    let folder = TempDir::new().expect("a folder");
    let store = Store::in_folder(folder.path());
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let store = store.clone();
            scope.spawn(move || {
                for change in 0..10 {
                    let new = profile(&format!("{writer}-{change}"));
                    store
                        .update(|profiles| profiles.push(new))
                        .expect("written");
                }
            });
        }
    });
    assert_eq!(store.read().expect("read").len(), 40);
}

#[test]
fn a_change_of_nothing_leaves_the_file_alone() {
    let (_folder, store) = store_with(ONE.as_bytes());
    store.update(|_| {}).expect("fine");
    assert_eq!(fs::read_to_string(store.path()).expect("there"), ONE);
}

#[test]
fn a_file_of_a_newer_version_is_never_touched() {
    let error = refused(b"version = 3\n[whatever]\nnew = true\n");
    assert!(
        matches!(error, StoreError::Newer { version: 3, .. }),
        "{error}"
    );
}

#[test]
fn a_broken_file_is_never_touched_and_the_place_is_named() {
    let error = refused(b"version = 1\n\n[[tunnel]]\nname = \"unclosed\n");
    let StoreError::Broken {
        line,
        column,
        message,
        ..
    } = &error
    else {
        panic!("{error}")
    };
    assert_eq!(*line, 4, "{message}");
    assert!(*column > 1, "{column}");
    assert!(error.to_string().contains("line 4"), "{error}");
}

#[test]
fn a_key_that_does_not_exist_is_no_silent_typo() {
    let error = refused(ONE.replace("local_port", "localport").as_bytes());
    assert!(error.to_string().contains("localport"), "{error}");
}

#[test]
fn a_file_without_a_version_is_refused() {
    let error = refused(b"[[tunnel]]\nname = 'x'\n");
    assert!(error.to_string().contains("version"), "{error}");
    let error = refused(b"version = 0\n");
    assert!(
        matches!(
            error,
            StoreError::Broken {
                line: 1,
                column: 11,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_tunnel_that_breaks_a_rule_is_named_by_its_line() {
    let error = refused(ONE.replace("5432", "99999").as_bytes());
    let StoreError::Invalid {
        line: 4, invalid, ..
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!(
        invalid,
        Invalid {
            field: Field::RemotePort,
            rule: Rule::Port
        }
    );
}

#[test]
fn keys_of_the_keyring_are_named_instead_of_a_profile_and_never_beside_one() {
    let text = ONE.replace("[[tunnel]]\n", "[[tunnel]]\nkeys = 'mine'\n");
    let (_folder, store) = store_with(text.as_bytes());
    let mut profiles = store.read().unwrap();
    let keys = CredentialSource::Keys("mine".to_owned());
    assert_eq!(profiles[0].credentials, keys);
    profiles[0].name = "Renamed".to_owned();
    store.update(|there| *there = profiles.clone()).unwrap();
    assert_eq!(store.read().unwrap(), profiles);

    let both = text.replace("keys = 'mine'", "keys = 'mine'\nprofile = 'dev'");
    let error = refused(both.as_bytes());
    let StoreError::Invalid {
        line: 4, invalid, ..
    } = &error
    else {
        panic!("{error}")
    };
    assert_eq!(
        *invalid,
        Invalid {
            field: Field::Keys,
            rule: Rule::KeysAndProfile
        }
    );
    assert!(error.to_string().contains("not both"), "{error}");
}

#[test]
fn two_tunnels_with_one_id_are_refused() {
    let twice = format!("{ONE}{}", ONE.replace("version = 1", ""));
    let error = refused(twice.as_bytes());
    assert!(
        error.to_string().contains("two tunnels have the id"),
        "{error}"
    );
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let error = refused(b"version = 1\n# caf\xe9\n");
    assert!(
        matches!(
            error,
            StoreError::Broken {
                line: 2,
                column: 6,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_huge_file_is_refused() {
    let error = refused(&vec![b'#'; 5 << 20]);
    assert!(matches!(error, StoreError::TooLarge { .. }), "{error}");
}

#[test]
fn what_could_not_be_read_again_is_not_written() {
    let (_folder, store) = store_with(ONE.as_bytes());
    let comment = "#".repeat(5 << 20);
    let refused = store.file.write(&comment);
    assert!(
        matches!(refused, Err(StoreError::TooMuch { .. })),
        "{refused:?}"
    );
    assert_eq!(fs::read(store.path()).expect("there"), ONE.as_bytes());
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn only_the_owner_can_read_the_file() {
        let folder = TempDir::new().expect("a folder");
        let store = Store::in_folder(&folder.path().join("culvert"));
        store
            .update(|profiles| profiles.push(profile("x")))
            .expect("written");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(store.path()), 0o600);
        assert_eq!(mode(&folder.path().join("culvert")), 0o700);
    }

    #[test]
    fn a_link_to_the_file_stays_a_link() {
        let folder = TempDir::new().expect("a folder");
        let real = folder.path().join("dotfiles.toml");
        fs::write(&real, ONE).expect("writable");
        let store = Store::in_folder(folder.path());
        symlink(&real, store.path()).expect("a link");
        store.update(Vec::clear).expect("written");
        assert!(
            fs::symlink_metadata(store.path())
                .expect("there")
                .is_symlink()
        );
        assert!(!fs::read_to_string(&real).expect("there").contains("Orders"));
    }
}

#[test]
fn several_targets_are_a_list_and_one_is_a_text() {
    let file = |target: &str| {
        format!(
            "version = 2\n\n[[tunnel]]\nname = \"a\"\ntarget = {target}\nremote_port = 1\n\
             local_port = 2\n"
        )
    };
    let read = |target: &str| {
        let profiles = parse(Path::new("f"), &file(target)).unwrap();
        (profiles[0].target.to_string(), render(&profiles))
    };
    for target in [
        "\"name:a, i-1\"",
        "[\"name:a\", \"i-1\"]",
        "[\"name:a, i-1\"]",
    ] {
        let (text, written) = read(target);
        assert_eq!(text, "name:a, i-1", "{target}");
        assert!(
            written.contains("target = [\"name:a\", \"i-1\"]"),
            "{written}"
        );
    }
    for target in ["\"tag:a=b@newest\"", "[\"tag:a=b@newest\"]"] {
        let (_, written) = read(target);
        assert!(written.contains("target = \"tag:a=b@newest\""), "{written}");
    }
    let wrong = parse(Path::new("f"), &file("[]"));
    assert!(wrong.is_err());
}
