//! Tunnels that go from one user to another: as a file of the same format as the saved ones, and
//! compared with those before any of it counts.
//!
//! No secret is in such a file, since none is in a tunnel: keys and passwords are in the keyring,
//! sign-ins where the AWS CLI keeps them.

use std::path::Path;

use aws_access::WrittenAddress;

use crate::profile::{Draft, Field, Filing, Profile, ProfileId};
use crate::store::{SIZE_MOST, StoreError, parse, render};

/// A tunnel of the file, and how it differs from the saved ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// As the file has it.
    pub profile: Profile,
    /// What is new in it.
    pub difference: Difference,
}

/// How a tunnel of a file differs from the saved ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// None has its id or its name.
    New,
    /// It is saved as it is.
    Same,
    /// One of its id is saved, with other settings.
    Changed(Vec<Change>),
    /// Another one of its name is saved.
    Clash {
        /// The id of that one.
        with: ProfileId,
        /// What would change of that one.
        changes: Vec<Change>,
    },
}

/// A setting that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub field: Field,
    /// As it is saved; empty where it is as usual.
    pub from: String,
    /// As it would be.
    pub to: String,
}

/// What becomes of a tunnel that is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Nothing.
    Leave,
    /// It is saved; the one that it differs from takes its settings, and keeps its id and its
    /// mark for favourites.
    Take,
    /// It is saved beside that one, with an id of its own and a number behind its name.
    Beside,
}

/// Writes these tunnels as a file to be given away.
pub fn export(profiles: &[Profile]) -> String {
    render(profiles)
}

/// Reads a file that somebody has given; `path` is only for sentences.
///
/// # Errors
/// Those of a profile file, with line and column.
pub fn read(path: &Path, text: &str) -> Result<Vec<Profile>, StoreError> {
    if text.len() as u64 > SIZE_MOST {
        return Err(StoreError::TooLarge {
            path: path.to_owned(),
        });
    }
    parse(path, text)
}

/// Compares the tunnels of a file with the saved ones, in the file's order.
pub fn compare(saved: &[Profile], offered: Vec<Profile>) -> Vec<Offer> {
    let offers = offered.into_iter().map(|profile| Offer {
        difference: difference(saved, &profile),
        profile,
    });
    offers.collect()
}

/// What is done without a choice: new ones are taken, and nothing that is saved is changed.
pub const fn usual_choice(difference: &Difference) -> Choice {
    match difference {
        Difference::New => Choice::Take,
        Difference::Same | Difference::Changed(_) | Difference::Clash { .. } => Choice::Leave,
    }
}

/// Saves what was chosen. What has been saved in the meantime stays: an id or a name that was free
/// and is not any more gets its tunnel saved beside.
pub fn merge(saved: &mut Vec<Profile>, chosen: &[(Offer, Choice)]) {
    for (offer, choice) in chosen {
        let replaced = match (choice, &offer.difference) {
            (Choice::Leave, _) | (_, Difference::Same) => continue,
            (Choice::Take, Difference::Changed(_)) => Some(offer.profile.id),
            (Choice::Take, Difference::Clash { with, .. }) => Some(*with),
            (Choice::Take, Difference::New) | (Choice::Beside, _) => None,
        };
        let there = saved.iter_mut().find(|one| Some(one.id) == replaced);
        match there {
            Some(one) => *one = taken(one, &offer.profile),
            None => saved.push(beside(saved, &offer.profile)),
        }
    }
}

/// The offered tunnel in the place of a saved one.
fn taken(saved: &Profile, offered: &Profile) -> Profile {
    Profile {
        id: saved.id,
        filing: Filing {
            favourite: saved.filing.favourite,
            ..offered.filing.clone()
        },
        ..offered.clone()
    }
}

/// The offered tunnel with an id and a name that no saved one has.
fn beside(saved: &[Profile], offered: &Profile) -> Profile {
    let mut profile = offered.clone();
    if saved.iter().any(|one| one.id == profile.id) {
        profile.id = ProfileId::random();
    }
    let is_taken = |name: &String| saved.iter().any(|one| one.name == *name);
    let numbered = (2_u32..).map(|number| format!("{} ({number})", offered.name));
    let mut names = std::iter::once(offered.name.clone()).chain(numbered);
    if let Some(free) = names.find(|name| !is_taken(name)) {
        profile.name = free;
    }
    profile
}

fn difference(saved: &[Profile], offered: &Profile) -> Difference {
    if let Some(one) = saved.iter().find(|one| one.id == offered.id) {
        let changes = changes(one, offered);
        return match changes.is_empty() {
            true => Difference::Same,
            false => Difference::Changed(changes),
        };
    }
    let Some(one) = saved.iter().find(|one| one.name == offered.name) else {
        return Difference::New;
    };
    let changes = changes(one, offered);
    match changes.is_empty() {
        true => Difference::Same,
        false => Difference::Clash {
            with: one.id,
            changes,
        },
    }
}

fn changes(saved: &Profile, offered: &Profile) -> Vec<Change> {
    let both = settings(saved).into_iter().zip(settings(offered));
    let changed = both.filter(|((_, from), (_, to))| from != to);
    let changes = changed.map(|((field, from), (_, to))| Change { field, from, to });
    changes.collect()
}

/// Every setting as it is typed, in the order of the fields. Who marks what as a favourite is each
/// user's own.
fn settings(profile: &Profile) -> Vec<(Field, String)> {
    let draft = Draft::from(profile);
    let number = |number: u32| match number {
        0 => String::new(),
        number => number.to_string(),
    };
    // Whether there is a mark at all is told with its reason.
    let (asks, closes_after) = match draft.production {
        Some(mark) => (
            Some(mark.reason.unwrap_or_else(|| "ask".to_owned())),
            mark.closes_after,
        ),
        None => (None, None),
    };
    let texts = [
        (Field::Name, Some(draft.name)),
        (Field::Group, draft.group),
        (Field::Tags, Some(draft.tags.join(", "))),
        (Field::Target, Some(draft.target)),
        (Field::RemoteHost, draft.remote_host),
        (Field::RemotePort, Some(number(draft.remote_port))),
        (Field::Bind, Some(draft.bind)),
        (Field::LocalPort, Some(number(draft.local_port))),
        (Field::Profile, draft.profile),
        (Field::Keys, draft.keys),
        (Field::Region, draft.region),
        (
            Field::EndpointUrl,
            draft.endpoint_url.map(WrittenAddress::into_text),
        ),
        (
            Field::Endpoints,
            draft.endpoints.map(WrittenAddress::into_text),
        ),
        (Field::Reason, draft.reason),
        (Field::Sessions, draft.sessions),
        (Field::Keepalive, draft.keepalive),
        (Field::RenewAfter, draft.renew_after),
        (Field::Lazy, draft.lazy),
        (Field::Wait, draft.wait),
        (Field::RetryFor, draft.retry_for),
        (Field::KeepSessionAlive, draft.keep_session_alive),
        (Field::ProductionReason, asks),
        (Field::ClosesAfter, closes_after),
    ];
    let all = texts.map(|(field, text)| (field, text.unwrap_or_default()));
    all.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tunnel(name: &str, port: u32) -> Profile {
        Draft {
            name: name.to_owned(),
            target: "i-0123456789abcdef0".to_owned(),
            remote_port: port,
            ..Draft::default()
        }
        .check(ProfileId::random())
        .expect("a valid draft")
    }

    fn with_port(profile: &Profile, port: u32) -> Profile {
        let draft = Draft {
            remote_port: port,
            ..Draft::from(profile)
        };
        draft.check(profile.id).expect("valid")
    }

    fn merged(saved: &[Profile], offered: Vec<Profile>, choice: Choice) -> Vec<Profile> {
        let offers = compare(saved, offered).into_iter();
        let chosen: Vec<_> = offers.map(|offer| (offer, choice)).collect();
        let mut after = saved.to_vec();
        merge(&mut after, &chosen);
        after
    }

    #[test]
    fn what_is_exported_is_the_same_when_it_is_read_and_changes_nothing() {
        let saved = [tunnel("a", 80), tunnel("b", 81)];
        let read = read(Path::new("x.toml"), &export(&saved)).expect("readable");
        assert_eq!(read, saved);
        let offers = compare(&saved, read);
        assert!(
            offers
                .iter()
                .all(|offer| offer.difference == Difference::Same)
        );
        for choice in [Choice::Leave, Choice::Take, Choice::Beside] {
            assert_eq!(merged(&saved, saved.to_vec(), choice), saved, "{choice:?}");
        }
    }

    #[test]
    fn a_new_tunnel_keeps_its_id_and_goes_to_the_end() {
        let (a, b) = (tunnel("a", 80), tunnel("b", 81));
        let offers = compare(std::slice::from_ref(&a), vec![b.clone()]);
        assert_eq!(offers[0].difference, Difference::New);
        assert_eq!(usual_choice(&offers[0].difference), Choice::Take);
        let after = merged(std::slice::from_ref(&a), vec![b.clone()], Choice::Take);
        assert_eq!(after, [a, b]);
    }

    #[test]
    fn other_settings_of_the_same_id_are_told_by_field_and_taken_only_if_chosen() {
        let mut a = tunnel("a", 80);
        a.filing.favourite = true;
        let other = with_port(&a, 90);
        let offers = compare(std::slice::from_ref(&a), vec![other.clone()]);
        let change = Change {
            field: Field::RemotePort,
            from: "80".to_owned(),
            to: "90".to_owned(),
        };
        assert_eq!(offers[0].difference, Difference::Changed(vec![change]));
        assert_eq!(usual_choice(&offers[0].difference), Choice::Leave);
        let saved = [a.clone()];
        assert_eq!(merged(&saved, vec![other.clone()], Choice::Leave), saved);
        let after = merged(&saved, vec![other.clone()], Choice::Take);
        assert_eq!(after, [with_port(&a, 90)]);
        assert!(after[0].filing.favourite, "that is each user's own");
        let after = merged(&saved, vec![other], Choice::Beside);
        assert_eq!(after[1].name, "a (2)");
        assert_ne!(after[1].id, a.id);
    }

    #[test]
    fn another_tunnel_of_the_same_name_is_a_clash_that_is_replaced_or_numbered() {
        let (saved, offered) = ([tunnel("a", 80)], tunnel("a", 90));
        let offers = compare(&saved, vec![offered.clone()]);
        assert!(matches!(
            &offers[0].difference,
            Difference::Clash { with, changes } if *with == saved[0].id && changes.len() == 1
        ));
        let after = merged(&saved, vec![offered.clone()], Choice::Take);
        assert_eq!(
            after,
            [with_port(&saved[0], 90)],
            "the id that is known stays"
        );
        let after = merged(&saved, vec![offered.clone()], Choice::Beside);
        assert_eq!(after.len(), 2);
        assert_eq!((after[1].name.as_str(), after[1].id), ("a (2)", offered.id));
    }

    #[test]
    fn the_same_tunnel_under_another_id_is_no_second_one() {
        let saved = [tunnel("a", 80)];
        let twin = Profile {
            id: ProfileId::random(),
            ..saved[0].clone()
        };
        assert_eq!(compare(&saved, vec![twin])[0].difference, Difference::Same);
    }

    #[test]
    fn what_was_saved_in_the_meantime_is_not_overwritten() {
        let offered = tunnel("a", 80);
        let offers = compare(&[], vec![offered.clone()]);
        let mut saved = vec![with_port(&offered, 99)];
        let chosen: Vec<_> = offers
            .into_iter()
            .map(|offer| (offer, Choice::Take))
            .collect();
        merge(&mut saved, &chosen);
        assert_eq!(saved.len(), 2);
        assert_eq!(saved[0], with_port(&offered, 99));
        assert_ne!(saved[1].id, saved[0].id);
    }
}
