//! Who else has the port that a tunnel wants.

use tunnel_manager::tunnel::{Holder, ListenError};
use tunnel_manager::{BindAddress, Listen, Overview, Profile, ProfileId};

use crate::tray::is_on;

/// How many ports after a taken one are looked at for the offer.
const OFFER_RANGE: u16 = 200;

/// Somebody else has the port, or nobody can have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clash {
    pub(super) with: With,
    /// The next port that no saved tunnel wants, as far as is known.
    pub(super) free: Option<u16>,
}

/// Who has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum With {
    /// Another saved tunnel, by its name.
    Tunnel(String),
    /// A process, where the system tells.
    Process(Option<Holder>),
    /// Nobody can listen there, for this reason.
    Nobody(String),
}

impl Clash {
    /// Another saved tunnel that wants the same port at the same address.
    pub(super) fn with_saved(profile: &Profile, overview: &Overview) -> Option<Self> {
        let others = || saved(overview).filter(|other| other.id != profile.id);
        let other = others().find(|other| same_place(&profile.listen, &other.listen))?;
        Some(Self {
            with: With::Tunnel(other.name.clone()),
            free: free_of_saved(profile.listen.port, overview),
        })
    }

    /// What the system said when the port was tried.
    pub(super) fn with_machine(error: &ListenError, overview: &Overview) -> Self {
        if let ListenError::PortInUse {
            holder, next_free, ..
        } = error
        {
            return Self {
                with: With::Process(holder.clone()),
                free: next_free.filter(|port| !is_wanted(*port, overview)),
            };
        }
        Self {
            with: With::Nobody(error.problem().what),
            free: None,
        }
    }
}

/// Whether a tunnel runs, and with it holds its port itself.
pub(super) fn runs(id: ProfileId, overview: &Overview) -> bool {
    let mut tunnels = overview.tunnels.iter();
    tunnels.any(|tunnel| tunnel.profile.id == id && is_on(&tunnel.snapshot.state))
}

fn saved(overview: &Overview) -> impl Iterator<Item = &Profile> {
    let tunnels = overview.tunnels.iter().filter(|tunnel| !tunnel.demo);
    tunnels.map(|tunnel| &*tunnel.profile)
}

fn is_wanted(port: u16, overview: &Overview) -> bool {
    saved(overview).any(|profile| profile.listen.port == port)
}

fn free_of_saved(port: u16, overview: &Overview) -> Option<u16> {
    (1..=OFFER_RANGE)
        .filter_map(|step| port.checked_add(step))
        .find(|port| !is_wanted(*port, overview))
}

/// Whether both can't listen at once.
fn same_place(one: &Listen, other: &Listen) -> bool {
    if let (BindAddress::Unix(one), BindAddress::Unix(other)) = (&one.address, &other.address) {
        return one == other;
    }
    one.port == other.port && one.port != 0 && overlap(&one.address, &other.address)
}

fn overlap(one: &BindAddress, other: &BindAddress) -> bool {
    match (one, other) {
        (BindAddress::Unix(_), _) | (_, BindAddress::Unix(_)) => false,
        (BindAddress::Localhost, BindAddress::Localhost) => true,
        (BindAddress::Localhost, BindAddress::Ip(ip))
        | (BindAddress::Ip(ip), BindAddress::Localhost) => ip.is_unspecified() || ip.is_loopback(),
        (BindAddress::Ip(one), BindAddress::Ip(other)) => {
            one == other || one.is_unspecified() || other.is_unspecified()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tunnel_proto::State;

    use super::*;
    use crate::fixtures::{overview, tunnel, up};

    fn at(address: &str, port: u16) -> Listen {
        let address = match address.parse() {
            Ok(ip) => BindAddress::Ip(ip),
            Err(_) if address.starts_with('/') => BindAddress::Unix(address.into()),
            Err(_) => BindAddress::Localhost,
        };
        Listen { address, port }
    }

    fn listening(name: &str, listen: Listen) -> tunnel_manager::TunnelStatus {
        let mut tunnel = tunnel(name, State::Off);
        Arc::make_mut(&mut tunnel.profile).listen = listen;
        tunnel
    }

    #[test]
    fn a_tunnel_that_wants_the_same_port_is_named_and_a_port_that_nobody_wants_is_offered() {
        let one = listening("Orders", at("localhost", 5433));
        let two = listening("Billing", at("localhost", 5434));
        let new = listening("New", at("127.0.0.1", 5433)).profile;
        let all = overview(vec![one.clone(), two]);
        let wanted = Clash {
            with: With::Tunnel("Orders".to_owned()),
            free: Some(5435),
        };
        assert_eq!(Clash::with_saved(&new, &all), Some(wanted));
        // It does not clash with itself.
        assert_eq!(Clash::with_saved(&one.profile, &all), None);
    }

    #[test]
    fn ports_clash_where_their_addresses_overlap() {
        for (one, other, clashes) in [
            ("localhost", "localhost", true),
            ("localhost", "0.0.0.0", true),
            ("localhost", "::1", true),
            ("localhost", "10.0.0.1", false),
            ("10.0.0.1", "10.0.0.2", false),
            ("10.0.0.1", "::", true),
            ("/a", "localhost", false),
        ] {
            assert_eq!(
                same_place(&at(one, 80), &at(other, 80)),
                clashes,
                "{one} {other}"
            );
        }
        assert!(same_place(&at("/a", 0), &at("/a", 0)));
        assert!(!same_place(&at("/a", 0), &at("/b", 0)));
        assert!(!same_place(&at("localhost", 0), &at("localhost", 0)));
    }

    #[test]
    fn what_runs_holds_its_port_itself() {
        let (on, off) = (tunnel("A", up()), tunnel("B", State::Off));
        let (on_id, off_id) = (on.profile.id, off.profile.id);
        let all = overview(vec![on, off]);
        assert!(runs(on_id, &all));
        assert!(!runs(off_id, &all));
    }
}
