//! Which tunnels a bundle is about.

use crate::history::TunnelName;
use crate::profile::Profile;

/// A tunnel that a bundle is about.
#[derive(Debug, Clone)]
pub enum ChosenTunnel {
    /// A saved one.
    Saved(Box<Profile>),
    /// One that was started by arguments and never saved, by what the history calls it.
    Unsaved(String),
}

/// Those that a bundle is about: `None` is all, and those that were never saved.
#[derive(Debug, Clone)]
pub(super) struct Chosen(pub(super) Option<Vec<ChosenTunnel>>);

impl Chosen {
    /// Whether it is about a run of this name.
    pub(super) fn wants(&self, tunnel: &TunnelName) -> bool {
        self.0.as_ref().is_none_or(|chosen| {
            chosen.iter().any(|chosen| match chosen {
                ChosenTunnel::Saved(profile) => tunnel.id == Some(profile.id),
                ChosenTunnel::Unsaved(name) => tunnel.id.is_none() && tunnel.name == *name,
            })
        })
    }

    /// What they are called now; `None` for all.
    pub(super) fn names(&self) -> Option<impl Iterator<Item = String>> {
        let name = |chosen: &ChosenTunnel| match chosen {
            ChosenTunnel::Saved(profile) => profile.name.clone(),
            ChosenTunnel::Unsaved(name) => name.clone(),
        };
        Some(self.0.as_ref()?.iter().map(name))
    }

    /// The saved ones among them; `None` for all.
    pub(super) fn saved(&self) -> Option<Vec<Profile>> {
        let saved = |chosen: &ChosenTunnel| match chosen {
            ChosenTunnel::Saved(profile) => Some(Profile::clone(profile)),
            ChosenTunnel::Unsaved(_) => None,
        };
        Some(self.0.as_ref()?.iter().filter_map(saved).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::ProfileId;

    #[test]
    fn one_that_was_never_saved_is_known_by_its_name_and_is_no_saved_one_of_that_name() {
        let chosen = Chosen(Some(vec![ChosenTunnel::Unsaved("Orders".to_owned())]));
        assert!(chosen.wants(&TunnelName::new(None, "Orders")));
        assert!(!chosen.wants(&TunnelName::new(None, "Billing")));
        let saved = TunnelName::new(Some(ProfileId::random()), "Orders");
        assert!(!chosen.wants(&saved));
        assert!(Chosen(None).wants(&saved));
    }
}
