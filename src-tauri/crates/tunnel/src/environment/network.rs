//! Whether there is a network, and whether it is still the same.
//!
//! # The rule
//!
//! What counts is a *way out* of this machine, as far as the machine itself knows; nothing is
//! ever sent to find out. In this order:
//!
//! 1. Default routes (`0.0.0.0/0`, `::/0`, and their halves, which VPNs use) over an interface
//!    that works. Ways out are these routes, with the addresses of their interfaces.
//! 2. Without any: interfaces that work, have an address of more than link-local reach, and have
//!    a route by a gateway or are a link to something: hardware, or the end of a pair whose
//!    other end is elsewhere (a container's `eth0`). That leaves out `docker0`, `virbr0`, tun
//!    devices and the like, which keep their addresses while the cable is out; and it leaves in
//!    a container on an internal network, whose proxy is its neighbour.
//! 3. Where the system does not tell its routes (all but Linux): any interface with an address
//!    of more than link-local reach.
//!
//! No way out: the network is down. Another set of ways out: it has changed. A machine that is
//! wrongly taken for connected makes a few attempts in vain; one that is wrongly taken for
//! disconnected would make none, so what is in doubt counts as up.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::conditions::Board;

#[cfg(any(not(target_os = "linux"), test))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;

#[cfg(not(target_os = "linux"))]
use self::elsewhere as system;
#[cfg(target_os = "linux")]
use self::linux as system;

/// A change of network comes as a burst: link, addresses, routes, and IPv6 after IPv4. Within
/// half a second most of it is there; and it is short beside the 3 s within which a tunnel must
/// be back after the network's return.
const SETTLES: Duration = Duration::from_millis(500);

/// An interface as the system shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Link {
    name: String,
    addresses: BTreeSet<IpAddr>,
    /// It is up, and has a carrier if it needs one.
    works: bool,
    /// It is hardware, or one end of a pair; not a bridge or a tunnel of this machine's own.
    leads_elsewhere: bool,
}

/// A route to more than the network at the interface.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Route {
    interface: String,
    gateway: Option<IpAddr>,
    is_default: bool,
}

/// What leads out of this machine. Its order says nothing, so that a list that the system gives
/// in another order is no change.
type WaysOut = BTreeSet<WayOut>;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct WayOut {
    interface: String,
    gateway: Option<IpAddr>,
    addresses: BTreeSet<IpAddr>,
}

/// What the system tells of its network.
#[derive(Debug, Clone)]
struct Picture {
    links: Vec<Link>,
    /// `None`: the system does not tell.
    routes: Option<Vec<Route>>,
}

/// Follows the network on the board, for as long as it is polled or the system tells.
pub(super) struct NetworkWatch {
    board: Arc<Board>,
    ways_out: WaysOut,
}

impl NetworkWatch {
    /// Looks once, so that the board is right from the start. `None` where the system shows
    /// nothing: the network counts as up then.
    pub(super) fn start(board: Arc<Board>) -> Option<Self> {
        let ways_out = ways_out(&system::picture()?);
        if ways_out.is_empty() {
            board.network_down();
        }
        Some(Self { board, ways_out })
    }

    pub(super) async fn run(mut self) {
        match system::Changes::new() {
            Ok(mut changes) => {
                // What changed between the first look and the start of the watch.
                self.look();
                while changes.next().await.is_some() {
                    // From the first change on, not from the last: a burst that does not end
                    // must not hide the network's return.
                    sleep(SETTLES).await;
                    self.look();
                }
                tracing::info!("changes of the network are no longer told by the system");
            }
            Err(error) => {
                tracing::info!(%error, "changes of the network can't be watched");
            }
        }
        // Nobody would tell of its return.
        self.board.network_up();
    }

    fn look(&mut self) {
        let Some(picture) = system::picture() else {
            return;
        };
        let now = ways_out(&picture);
        match step(&self.ways_out, &now) {
            Step::Same => return,
            Step::Down => {
                tracing::info!("the network is down");
                self.board.network_down();
            }
            Step::Up => {
                tracing::info!("the network is up");
                self.board.network_up();
            }
            Step::Changed => {
                tracing::info!("the network has changed");
                self.board.network_changed();
            }
        }
        self.ways_out = now;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Same,
    Down,
    Up,
    Changed,
}

fn step(before: &WaysOut, now: &WaysOut) -> Step {
    if before == now {
        Step::Same
    } else if now.is_empty() {
        Step::Down
    } else if before.is_empty() {
        Step::Up
    } else {
        Step::Changed
    }
}

/// The rule above.
fn ways_out(picture: &Picture) -> WaysOut {
    let links = || picture.links.iter().filter(|link| link.works);
    let by_address = |link: &Link| WayOut {
        interface: link.name.clone(),
        gateway: None,
        addresses: far_reaching(&link.addresses),
    };
    let Some(routes) = &picture.routes else {
        return links()
            .map(by_address)
            .filter(|way| !way.addresses.is_empty())
            .collect();
    };
    let by_default: WaysOut = routes
        .iter()
        .filter(|route| route.is_default)
        .filter_map(|route| {
            let link = links().find(|link| link.name == route.interface)?;
            Some(WayOut {
                gateway: route.gateway,
                ..by_address(link)
            })
        })
        .collect();
    if !by_default.is_empty() {
        return by_default;
    }
    let has_gateway = |link: &Link| {
        let mut of_link = routes.iter().filter(|route| route.interface == link.name);
        of_link.any(|route| route.gateway.is_some())
    };
    links()
        .filter(|link| link.leads_elsewhere || has_gateway(link))
        .map(by_address)
        .filter(|way| !way.addresses.is_empty())
        .collect()
}

/// Without the addresses that reach no further than the machine or its link.
fn far_reaching(addresses: &BTreeSet<IpAddr>) -> BTreeSet<IpAddr> {
    let near = |address: &IpAddr| match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_link_local() || v4.is_unspecified(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unicast_link_local() || v6.is_unspecified(),
    };
    addresses
        .iter()
        .filter(|address| !near(address))
        .copied()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(addresses: &[&str]) -> BTreeSet<IpAddr> {
        addresses.iter().map(|a| a.parse().unwrap()).collect()
    }

    fn hardware(name: &str, at: &[&str]) -> Link {
        Link {
            name: name.to_owned(),
            addresses: addresses(at),
            works: true,
            leads_elsewhere: true,
        }
    }

    fn own(name: &str, at: &[&str]) -> Link {
        Link {
            leads_elsewhere: false,
            ..hardware(name, at)
        }
    }

    fn default_by(interface: &str, gateway: Option<&str>) -> Route {
        Route {
            interface: interface.to_owned(),
            gateway: gateway.map(|gateway| gateway.parse().unwrap()),
            is_default: true,
        }
    }

    fn seen(links: Vec<Link>, routes: Vec<Route>) -> WaysOut {
        let routes = Some(routes);
        ways_out(&Picture { links, routes })
    }

    fn laptop() -> (Vec<Link>, Vec<Route>) {
        let links = vec![
            own("lo", &["127.0.0.1", "::1"]),
            hardware("wlan0", &["192.168.1.20", "fe80::1"]),
            own("docker0", &["172.17.0.1"]),
        ];
        (links, vec![default_by("wlan0", Some("192.168.1.1"))])
    }

    #[test]
    fn a_default_route_over_a_working_interface_is_a_way_out() {
        let (links, routes) = laptop();
        let ways = seen(links, routes);
        assert_eq!(ways.len(), 1);
        let way = ways.first().unwrap();
        assert_eq!(way.interface, "wlan0");
        assert_eq!(way.addresses, addresses(&["192.168.1.20"]));
    }

    #[test]
    fn a_laptop_with_docker_is_down_without_its_wifi() {
        let (mut links, _) = laptop();
        links[1].addresses = addresses(&["fe80::1"]);
        assert!(seen(links, Vec::new()).is_empty());
    }

    #[test]
    fn a_default_route_over_an_interface_without_a_carrier_is_none() {
        let (mut links, routes) = laptop();
        links[1].works = false;
        assert!(seen(links, routes).is_empty());
    }

    #[test]
    fn a_default_route_over_a_device_without_a_gateway_is_a_way_out() {
        let links = vec![own("ppp0", &["10.64.0.2"])];
        assert_eq!(seen(links, vec![default_by("ppp0", None)]).len(), 1);
    }

    #[test]
    fn a_container_on_an_internal_network_is_up() {
        let links = vec![own("lo", &["127.0.0.1"]), hardware("eth0", &["172.20.0.2"])];
        assert_eq!(seen(links, Vec::new()).len(), 1);
    }

    #[test]
    fn a_route_by_a_gateway_to_somewhere_is_a_way_out() {
        let links = vec![own("bond0", &["10.0.0.5"])];
        let route = Route {
            is_default: false,
            ..default_by("bond0", Some("10.0.0.1"))
        };
        assert_eq!(seen(links, vec![route]).len(), 1);
    }

    #[test]
    fn a_self_given_address_is_no_way_out() {
        let links = vec![hardware("eth0", &["169.254.7.7", "fe80::1"])];
        assert!(seen(links, Vec::new()).is_empty());
    }

    #[test]
    fn where_routes_are_not_told_an_address_of_any_interface_is_enough() {
        let near = vec![
            own("lo0", &["127.0.0.1", "::1"]),
            own("utun0", &["fe80::2"]),
        ];
        let picture = |links| Picture {
            links,
            routes: None,
        };
        assert!(ways_out(&picture(near.clone())).is_empty());
        let far = [near, vec![own("en0", &["192.168.1.20"])]].concat();
        assert_eq!(ways_out(&picture(far)).len(), 1);
    }

    #[test]
    fn another_order_or_a_list_given_twice_is_no_change() {
        let (links, mut routes) = laptop();
        routes.push(default_by("wlan0", Some("fe80::ff")));
        let before = seen(links.clone(), routes.clone());
        let reversed = links.iter().rev().cloned().collect();
        let doubled = routes.iter().rev().chain(&routes).cloned().collect();
        assert_eq!(step(&before, &seen(reversed, doubled)), Step::Same);
    }

    #[test]
    fn a_bridge_that_comes_or_goes_beside_a_default_route_is_no_change() {
        let (mut links, routes) = laptop();
        let before = seen(links.clone(), routes.clone());
        links.push(own("br-1234", &["172.18.0.1"]));
        links.push(hardware("veth9", &["fe80::9"]));
        assert_eq!(step(&before, &seen(links, routes)), Step::Same);
    }

    #[test]
    fn another_address_or_gateway_is_a_change() {
        let (mut links, routes) = laptop();
        let before = seen(links.clone(), routes);
        let moved = seen(
            links.clone(),
            vec![default_by("wlan0", Some("192.168.1.254"))],
        );
        assert_eq!(step(&before, &moved), Step::Changed);
        links[1].addresses = addresses(&["192.168.1.21"]);
        assert_eq!(step(&before, &seen(links, laptop().1)), Step::Changed);
    }

    #[test]
    fn losing_every_way_out_is_down_and_getting_one_is_up() {
        let (links, routes) = laptop();
        let up = seen(links, routes);
        assert_eq!(step(&up, &WaysOut::new()), Step::Down);
        assert_eq!(step(&WaysOut::new(), &up), Step::Up);
    }
}
