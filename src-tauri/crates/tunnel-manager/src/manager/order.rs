//! The saved tunnels' order: moving one, taking some out, and putting them back.

use std::collections::VecDeque;

use super::RemovalId;
use crate::profile::{Profile, ProfileId};

/// Removals that can be undone: a person undoes the last one, or one of the few before.
const REMOVALS_MOST: usize = 16;

/// Tunnels that were removed together.
#[derive(Debug, Clone)]
pub(super) struct Removal {
    id: RemovalId,
    /// In the file's order.
    profiles: Vec<Profile>,
    /// All that there were, in that order.
    order: Vec<ProfileId>,
}

/// What can be put back.
#[derive(Debug, Default)]
pub(super) struct Removals {
    kept: VecDeque<Removal>,
    made: u32,
}

impl Removals {
    /// Keeps what was removed, and forgets the oldest where there is too much.
    pub(super) fn keep(&mut self, before: &[Profile], ids: &[ProfileId]) -> RemovalId {
        self.made = self.made.wrapping_add(1);
        let id = RemovalId(self.made);
        let is_removed = |profile: &&Profile| ids.contains(&profile.id);
        let profiles = before.iter().filter(is_removed).cloned().collect();
        let order = before.iter().map(|profile| profile.id).collect();
        if self.kept.len() == REMOVALS_MOST {
            self.kept.pop_front();
        }
        self.kept.push_back(Removal {
            id,
            profiles,
            order,
        });
        id
    }

    pub(super) fn find(&self, id: RemovalId) -> Option<&Removal> {
        self.kept.iter().find(|removal| removal.id == id)
    }

    pub(super) fn forget(&mut self, id: RemovalId) {
        self.kept.retain(|removal| removal.id != id);
    }
}

impl Removal {
    /// Puts its tunnels back, each before the first that came after it and is still there; but
    /// not those that somebody else has put there meanwhile.
    pub(super) fn put_back(self, profiles: &mut Vec<Profile>) {
        // The last first: it may be what the one before it is put before.
        for profile in self.profiles.into_iter().rev() {
            if position(profiles, profile.id).is_some() {
                continue;
            }
            let mut followers = self
                .order
                .iter()
                .skip_while(|id| **id != profile.id)
                .skip(1);
            let at = followers.find_map(|next| position(profiles, *next));
            profiles.insert(at.unwrap_or(profiles.len()), profile);
        }
    }
}

/// Moves a tunnel to before another one or, without one, to the end.
///
/// # Errors
///
/// The one that is not there; nothing is moved then.
pub(super) fn move_to(
    profiles: &mut Vec<Profile>,
    id: ProfileId,
    before: Option<ProfileId>,
) -> Result<(), ProfileId> {
    let from = position(profiles, id).ok_or(id)?;
    if before == Some(id) {
        return Ok(());
    }
    if let Some(before) = before {
        position(profiles, before).ok_or(before)?;
    }
    let moved = profiles.remove(from);
    let to = before.and_then(|before| position(profiles, before));
    profiles.insert(to.unwrap_or(profiles.len()), moved);
    Ok(())
}

fn position(profiles: &[Profile], id: ProfileId) -> Option<usize> {
    profiles.iter().position(|profile| profile.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Draft;

    fn profiles(names: &str) -> Vec<Profile> {
        let draft = |name: char| Draft {
            name: name.to_string(),
            target: "i-0123456789abcdef0".to_owned(),
            remote_port: 80,
            ..Draft::default()
        };
        let checked = |name| draft(name).check(ProfileId::random()).expect("complete");
        names.chars().map(checked).collect()
    }

    fn names(profiles: &[Profile]) -> String {
        profiles
            .iter()
            .map(|profile| profile.name.as_str())
            .collect()
    }

    #[test]
    fn a_tunnel_moves_to_before_another_or_to_the_end() {
        let all = profiles("abcd");
        let moved = |from: usize, before: Option<usize>| {
            let mut all = all.clone();
            let (id, before) = (all[from].id, before.map(|at| all[at].id));
            move_to(&mut all, id, before).expect("both are there");
            names(&all)
        };
        assert_eq!(moved(0, Some(2)), "bacd");
        assert_eq!(moved(3, Some(0)), "dabc");
        assert_eq!(moved(1, None), "acdb");
        assert_eq!(moved(1, Some(1)), "abcd");
    }

    #[test]
    fn what_is_not_there_moves_nothing() {
        let mut all = profiles("ab");
        let (stranger, first) = (ProfileId::random(), all[0].id);
        assert_eq!(move_to(&mut all, stranger, None), Err(stranger));
        assert_eq!(move_to(&mut all, first, Some(stranger)), Err(stranger));
        assert_eq!(names(&all), "ab");
    }

    #[test]
    fn what_was_removed_comes_back_to_its_place_whatever_was_removed_beside_it() {
        let all = profiles("abcdef");
        let ids = |at: &[usize]| at.iter().map(|at| all[*at].id).collect::<Vec<_>>();
        let mut removals = Removals::default();
        let first = removals.keep(&all, &ids(&[4, 1, 2]));
        let mut left = all.clone();
        left.retain(|profile| !ids(&[1, 2, 4]).contains(&profile.id));
        let second = removals.keep(&left, &ids(&[3]));
        left.retain(|profile| profile.id != all[3].id);
        assert_eq!(names(&left), "af");
        let mut put_back = |id: RemovalId| {
            removals.find(id).expect("kept").clone().put_back(&mut left);
            names(&left)
        };
        assert_eq!(put_back(second), "adf");
        assert_eq!(put_back(first), "abcdef");
        put_back(first);
        assert_eq!(left, all, "nothing is there twice");
    }

    #[test]
    fn only_the_last_removals_are_kept() {
        let all = profiles("a");
        let mut removals = Removals::default();
        let first = removals.keep(&all, &[all[0].id]);
        let last = (0..REMOVALS_MOST).map(|_| removals.keep(&all, &[])).last();
        assert!(removals.find(first).is_none());
        assert!(last.is_some_and(|last| removals.find(last).is_some()));
    }
}
