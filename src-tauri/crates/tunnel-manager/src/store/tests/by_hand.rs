//! A file that somebody keeps by hand: what the program does not change stays as it is.

use super::*;

const KEPT: &str = r#"# Mine.
version = 2 # of the format

# All of production, by number.

# The orders.
[[tunnel]]
name = "Orders"   # as on the door
target = 'i-1'
remote_port    = 5432
local_port = 15_432

# Ask Ann before use.
[[tunnel]]
remote_port = 0x50
target = [
    "name:bastion", # the old one
    "i-2",
]
name = "Web"

# the end
"#;

fn named(profiles: &mut [Profile], name: &str) -> usize {
    profiles.iter().position(|p| p.name == name).unwrap()
}

/// The file after a change, which must have come out as asked for.
fn changed(text: &str, change: impl FnOnce(&mut Vec<Profile>)) -> String {
    let (_folder, store) = store_with(text.as_bytes());
    let wanted = store.update(change).unwrap();
    assert_eq!(store.read().unwrap(), wanted);
    fs::read_to_string(store.path()).unwrap()
}

/// The lines that are in one of the texts alone: `-` those of the first, `+` those of the second.
fn differing(old: &str, new: &str) -> Vec<String> {
    let lacks = |text: &str, line: &&str| !text.lines().any(|other| other == *line);
    let gone = old.lines().filter(|line| lacks(new, line));
    let came = new.lines().filter(|line| lacks(old, line));
    let gone = gone.map(|line| format!("-{line}"));
    gone.chain(came.map(|line| format!("+{line}"))).collect()
}

fn is_id(line: &str) -> bool {
    line.starts_with("+id = ")
}

#[test]
fn a_changed_value_is_all_that_changes_and_its_comment_stays_beside_it() {
    let text = changed(KEPT, |profiles| {
        let at = named(profiles, "Orders");
        profiles[at].name = "Invoices".to_owned();
    });
    let differing: Vec<_> = differing(KEPT, &text);
    let (ids, others): (Vec<_>, Vec<_>) = differing.iter().partition(|line| is_id(line));
    assert_eq!(ids.len(), 2, "each keeps its id from now on: {text}");
    assert_eq!(
        others,
        [
            "-name = \"Orders\"   # as on the door",
            "+name = \"Invoices\"   # as on the door",
        ]
    );
}

#[test]
fn a_group_and_tags_stand_in_the_file_as_somebody_would_write_them() {
    let text = changed(KEPT, |profiles| {
        let at = named(profiles, "Orders");
        let filing = &mut profiles[at].filing;
        filing.group = Some("Payments".to_owned());
        filing.tags = vec!["eu".to_owned(), "sql".to_owned()];
        filing.favourite = true;
    });
    let added = differing(KEPT, &text);
    let added: Vec<_> = added.iter().filter(|line| !is_id(line)).collect();
    assert_eq!(
        added,
        [
            "+group = \"Payments\"",
            "+tags = [\"eu\", \"sql\"]",
            "+favourite = true",
        ]
    );
    let without = changed(&text, |profiles| {
        let at = named(profiles, "Orders");
        profiles[at].filing = crate::profile::Filing::default();
    });
    assert!(differing(KEPT, &without).iter().all(|line| is_id(line)));
}

#[test]
fn a_setting_comes_and_goes_without_a_trace_elsewhere() {
    let keepalive = |seconds| {
        move |profiles: &mut Vec<Profile>| {
            let at = named(profiles, "Orders");
            profiles[at].upkeep.keepalive = Duration::from_secs(seconds);
        }
    };
    let set = changed(KEPT, keepalive(15));
    let came: Vec<_> = differing(KEPT, &set);
    let came: Vec<_> = came.iter().filter(|line| !is_id(line)).collect();
    assert_eq!(came, ["+keepalive = 15"]);
    let usual = Upkeep::default().keepalive.as_secs();
    let unset = changed(&set, keepalive(usual));
    assert!(
        differing(KEPT, &unset).iter().all(|line| is_id(line)),
        "{unset}"
    );
}

#[test]
fn a_new_tunnel_comes_last_and_the_others_stay_to_the_letter() {
    let text = changed(KEPT, |profiles| profiles.push(profile("new")));
    let gone: Vec<_> = differing(KEPT, &text);
    assert!(gone.iter().all(|line| line.starts_with('+')), "{gone:?}");
    let at = |word: &str| text.find(word).unwrap();
    assert!(
        at("Orders") < at("Web") && at("Web") < at("\"new\""),
        "{text}"
    );
    assert!(text.contains("\n\n[[tunnel]]\nid = "), "{text}");
}

#[test]
fn a_tunnel_that_is_removed_takes_its_own_comment_along_and_no_other() {
    let text = changed(KEPT, |profiles| profiles.retain(|p| p.name != "Orders"));
    assert!(
        !text.contains("The orders.") && !text.contains("Orders"),
        "{text}"
    );
    for stays in [
        "# Mine.",
        "# All of production",
        "# Ask Ann",
        "# the old one",
        "# the end",
    ] {
        assert!(text.contains(stays), "{stays}: {text}");
    }
    let none = changed(KEPT, Vec::clear);
    assert!(
        none.contains("# All of production") && none.contains("# the end"),
        "{none}"
    );
}

#[test]
fn tunnels_in_another_order_bring_their_comments_along() {
    let text = changed(KEPT, |profiles| profiles.reverse());
    let at = |word: &str| text.find(word).unwrap();
    assert!(
        at("# Ask Ann") < at("Web") && at("Web") < at("# The orders."),
        "{text}"
    );
    let back = changed(&text, |profiles| profiles.reverse());
    let names: Vec<_> = back
        .lines()
        .filter(|line| line.starts_with("name"))
        .collect();
    assert_eq!(
        names,
        ["name = \"Orders\"   # as on the door", "name = \"Web\""]
    );
}

#[test]
fn tunnels_on_one_line_each_can_be_changed_too() {
    let text = "version = 2\ntunnel = [{ name = 'a', target = 'i-1', remote_port = 1 }]\n";
    let text = changed(text, |profiles| profiles.push(profile("b")));
    assert!(text.contains("[[tunnel]]\nname = 'a'\n"), "{text}");
}

#[test]
fn a_file_of_version_1_is_raised_and_keeps_its_comments() {
    let text = format!(
        "# Mine.\n{}",
        ONE.replace(
            "remote_port = 5432",
            "remote_port = 5432 # db\nsessions = 1"
        )
    );
    let text = changed(&text, |profiles| profiles.push(profile("b")));
    assert!(
        text.contains("version = 2") && text.contains("5432 # db"),
        "{text}"
    );
    assert!(!text.contains("sessions = 1"), "{text}");
}

#[test]
fn the_header_that_promised_less_is_replaced() {
    let former = "# The saved tunnels of Culvert. You may edit this file; the program keeps its \
                  values and its\n# order, not its comments.\n\nversion = 2\n";
    let text = changed(former, |profiles| profiles.push(profile("b")));
    assert!(!text.contains("not its comments"), "{text}");
    assert!(
        text.contains("leaves your comments and order alone.\n\nversion = 2\n"),
        "{text}"
    );
}

proptest::proptest! {
    /// Whatever is done to the tunnels, the file says it.
    #[test]
    fn whatever_is_changed_is_read_again(steps in proptest::collection::vec((0..5_u8, 0..4_usize), 1..12)) {
        let (_folder, store) = store_with(KEPT.as_bytes());
        for (step, at) in steps {
            let wanted = store.update(|profiles| {
                let at = at.min(profiles.len().saturating_sub(1));
                match step {
                    0 => profiles.insert(at, profile("new")),
                    1 if !profiles.is_empty() => { profiles.remove(at); }
                    2 if !profiles.is_empty() => profiles.rotate_left(at),
                    3 if !profiles.is_empty() => profiles[at].reason = Some("a \"b\"\n'c' #".to_owned()),
                    _ => if let Some(profile) = profiles.get_mut(at) { profile.name.push('x') },
                }
            }).unwrap();
            proptest::prop_assert_eq!(store.read().unwrap(), wanted);
            let text = fs::read_to_string(store.path()).unwrap();
            proptest::prop_assert!(text.contains("# Mine."), "{}", text);
        }
    }
}
