//! Linux: interfaces by `getifaddrs`, routes from `/proc/net`, changes by a netlink socket.
//!
//! The socket is only an alarm: what it says is not read, since a look at the whole is needed
//! anyhow and can't be led astray by a message that was lost. It hears of routes, which the
//! watchers that crates offer do not: a default route may come a while after the address.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};
use tokio::io::unix::AsyncFd;

use super::{Link, Picture, Route};
use crate::environment::readable::readable;

/// The groups of rtnetlink(7), as `linux/rtnetlink.h` numbers them: links, addresses and routes
/// of IPv4 and IPv6.
const GROUPS: u32 = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;

/// `RTF_GATEWAY` and `RTF_REJECT` of `linux/route.h` and `linux/ipv6_route.h`.
const GATEWAY: u32 = 0x2;
const REJECT: u32 = 0x200;

/// Hears that something in links, addresses or routes has changed.
#[derive(Debug)]
pub(super) struct Changes {
    socket: AsyncFd<OwnedFd>,
}

impl Changes {
    pub(super) fn new() -> io::Result<Self> {
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
            None,
        )?;
        bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
        let socket = readable(socket)?;
        Ok(Self { socket })
    }

    /// Waits for a change. `None`: there will be no more.
    pub(super) async fn next(&mut self) -> Option<()> {
        let mut ready = self.socket.readable_mut().await.ok()?;
        let mut heard = [0; 64];
        loop {
            // A message is cut to the buffer, and a full queue is news as well.
            match recv(ready.get_inner(), &mut heard, RecvFlags::empty()) {
                Ok(_) | Err(Errno::INTR | Errno::NOBUFS) => {}
                Err(Errno::AGAIN) => break,
                Err(_) => return None,
            }
        }
        ready.clear_ready();
        Some(())
    }
}

/// What the kernel tells of the network. `None`: nothing of the interfaces.
pub(super) fn picture() -> Option<Picture> {
    let interfaces = netwatcher::list_interfaces().ok()?;
    let links = interfaces
        .into_values()
        .filter(|interface| interface.name != "lo")
        .map(|interface| {
            let seen = PathBuf::from("/sys/class/net").join(&interface.name);
            Link {
                works: works(&seen),
                leads_elsewhere: leads_elsewhere(&seen),
                name: interface.name,
                addresses: interface.ips.into_iter().map(|record| record.ip).collect(),
            }
        })
        .collect();
    Some(Picture {
        links,
        routes: routes(),
    })
}

/// `operstate` of RFC 2863, as the kernel's sysfs documentation lists it. Tunnels say "unknown"
/// while they work; what can't be read is in doubt, and so counts.
fn works(seen: &Path) -> bool {
    let state = std::fs::read_to_string(seen.join("operstate")).unwrap_or_default();
    !matches!(state.trim(), "down" | "lowerlayerdown" | "notpresent")
}

/// Hardware has a device. The end of a pair, or a part of another interface, names that other
/// one as its link; bridges and tun devices name themselves.
fn leads_elsewhere(seen: &Path) -> bool {
    let number = |name| std::fs::read_to_string(seen.join(name)).ok();
    seen.join("device").exists() || number("iflink") != number("ifindex")
}

/// Routes by a gateway, and default routes. `None`: `/proc` tells none.
fn routes() -> Option<Vec<Route>> {
    let v4 = procfs::net::route();
    let v6 = std::fs::read_to_string("/proc/net/ipv6_route");
    if v4.is_err() && v6.is_err() {
        return None;
    }
    let mut routes = Vec::new();
    for entry in v4.unwrap_or_default() {
        let flags = u32::from(entry.flags);
        let gateway = (flags & GATEWAY != 0).then_some(IpAddr::V4(entry.gateway));
        let is_default = is_default_v4(entry.destination, entry.mask);
        if flags & REJECT == 0 && (is_default || gateway.is_some()) {
            routes.push(Route {
                interface: entry.iface,
                gateway,
                is_default,
            });
        }
    }
    routes.extend(v6.unwrap_or_default().lines().filter_map(route_v6));
    Some(routes)
}

/// All addresses, or one half of them: VPNs put two halves over the default route that they find.
fn is_default_v4(destination: Ipv4Addr, mask: Ipv4Addr) -> bool {
    match mask.to_bits().count_ones() {
        0 => true,
        1 => destination.to_bits() & 0x7fff_ffff == 0,
        _ => false,
    }
}

/// One line of `/proc/net/ipv6_route`: destination, prefix, source, its prefix, next hop, metric,
/// references, use, flags (all hexadecimal), interface.
fn route_v6(line: &str) -> Option<Route> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let &[destination, prefix, _, _, hop, _, _, _, flags, interface] = fields.as_slice() else {
        return None;
    };
    let destination = u128::from_str_radix(destination, 16).ok()?;
    let prefix = u32::from_str_radix(prefix, 16).ok()?;
    let hop = u128::from_str_radix(hop, 16).ok()?;
    let flags = u32::from_str_radix(flags, 16).ok()?;
    let gateway = (flags & GATEWAY != 0).then(|| IpAddr::V6(Ipv6Addr::from_bits(hop)));
    // 2000::/3 is all of the addresses that are in use; some VPNs route just these.
    let is_default = match prefix {
        0 => destination == 0,
        1 => destination << 1 == 0,
        3 => destination == 0x2 << 124,
        _ => false,
    };
    (flags & REJECT == 0 && (is_default || gateway.is_some())).then(|| Route {
        interface: interface.to_owned(),
        gateway,
        is_default,
    })
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::sync::watch;
    use tokio::task::JoinSet;
    use tokio::time::timeout;

    use super::super::NetworkWatch;
    use super::*;
    use crate::environment::conditions::Board;
    use crate::environment::{Conditions, Network};

    const ZERO: &str = "00000000000000000000000000000000";

    fn line(destination: &str, prefix: &str, hop: &str, flags: &str) -> String {
        format!(
            "{destination} {prefix} {ZERO} 00 {hop} 00000400 00000002 00000000 {flags}     wlan0"
        )
    }

    #[test]
    fn reads_a_default_route_of_ipv6() {
        let hop = "fe800000000000000000000000000001";
        let expected = Route {
            interface: "wlan0".to_owned(),
            gateway: Some("fe80::1".parse().unwrap()),
            is_default: true,
        };
        let read = route_v6(&line(ZERO, "00", hop, "00450003"));
        assert_eq!(read, Some(expected));
    }

    #[test]
    fn leaves_out_the_unreachable_route_and_those_to_neighbours() {
        assert_eq!(route_v6(&line(ZERO, "00", ZERO, "00200200")), None);
        let near = "fd000000000000000000000000000000";
        assert_eq!(route_v6(&line(near, "40", ZERO, "00000001")), None);
    }

    #[test]
    fn a_line_of_another_form_is_left_out() {
        for line in ["", "a b c", "x 00 x 00 x 0 0 0 0 wlan0"] {
            assert_eq!(route_v6(line), None, "{line}");
        }
    }

    #[test]
    fn half_of_all_addresses_is_a_default_route_and_a_tenth_is_none() {
        let of = |destination: &str, mask: &str| {
            is_default_v4(destination.parse().unwrap(), mask.parse().unwrap())
        };
        assert!(of("0.0.0.0", "0.0.0.0"));
        assert!(of("0.0.0.0", "128.0.0.0"));
        assert!(of("128.0.0.0", "128.0.0.0"));
        assert!(!of("10.0.0.0", "255.0.0.0"));
    }

    #[test]
    fn this_machine_shows_its_interfaces_and_routes() {
        let picture = picture().unwrap();
        assert!(picture.routes.is_some());
        assert!(picture.links.iter().all(|link| link.name != "lo"));
    }

    /// Says that this process was started in a network namespace of its own.
    const INSIDE: &str = "CULVERT_TEST_IN_NAMESPACE";

    /// The kernel's own network, in a namespace that ends with the test: `/proc/net` shows that
    /// of the process, so the test runs itself again inside one.
    #[test]
    fn a_link_that_goes_down_and_comes_up_is_a_network_that_does() {
        if std::env::var_os(INSIDE).is_some() {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            return runtime
                .enable_all()
                .build()
                .unwrap()
                .block_on(down_and_up());
        }
        let permitted = Command::new("unshare")
            .args(["--user", "--map-root-user", "--net"])
            .args(["ip", "link", "add", "culvert0", "type", "veth"])
            .output();
        if !permitted.is_ok_and(|done| done.status.success()) {
            println!("skipped: no network namespace with a link can be made here");
            return;
        }
        let name = "a_link_that_goes_down_and_comes_up_is_a_network_that_does";
        let again = Command::new("unshare")
            .args(["--user", "--map-root-user", "--net"])
            .arg(std::env::current_exe().unwrap())
            .args(["--nocapture", name])
            .env(INSIDE, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&again.stdout);
        let why = String::from_utf8_lossy(&again.stderr);
        assert!(again.status.success(), "{said}{why}");
        assert!(said.contains("1 passed"), "{said}");
    }

    /// `/sys` still shows the machine's network here, so this interface counts by its routes
    /// alone.
    async fn down_and_up() {
        ip("link add name culvert0 type veth peer name culvert1");
        ip("link set culvert1 up");
        ip("address add 192.0.2.10/24 dev culvert0");
        ip("link set culvert0 up");
        ip("route add default via 192.0.2.1");
        let board = Arc::new(Board::new());
        let mut seen = board.watch();
        let watch = NetworkWatch::start(Arc::clone(&board)).unwrap();
        assert_eq!(seen.borrow().network, Network::Up { generation: 0 });
        let mut tasks = JoinSet::new();
        tasks.spawn(watch.run());

        ip("link set culvert0 down");
        assert_eq!(next(&mut seen).await, Network::Down);
        // The link alone is no way out; a route, which comes without a new address, is.
        ip("link set culvert0 up");
        ip("route add default via 192.0.2.1");
        assert_eq!(next(&mut seen).await, Network::Up { generation: 1 });
        ip("route replace default via 192.0.2.254");
        assert_eq!(next(&mut seen).await, Network::Up { generation: 2 });
        ip("address add 192.0.2.11/24 dev culvert0");
        assert_eq!(next(&mut seen).await, Network::Up { generation: 3 });
        ip("route del default");
        assert_eq!(next(&mut seen).await, Network::Down);
    }

    async fn next(seen: &mut watch::Receiver<Conditions>) -> Network {
        let changed = timeout(Duration::from_secs(10), seen.changed()).await;
        changed.expect("the change is seen").unwrap();
        seen.borrow_and_update().network
    }

    fn ip(arguments: &str) {
        let done = Command::new("ip").args(arguments.split(' ')).output();
        let done = done.unwrap();
        let why = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "ip {arguments}: {why}");
    }
}
