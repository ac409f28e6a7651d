use std::sync::Arc;

use tunnel_manager::Production;
use tunnel_proto::Outlook;

use super::*;
use crate::fixtures::{
    degraded, failed, needs_sign_in, overview, problem, reconnecting, tunnel, up,
};

fn view(tunnels: Vec<TunnelStatus>) -> TrayView {
    TrayView::of(&overview(tunnels), Speech::English)
}

/// The menu as a person reads it: what opens further lines is followed by those, set in.
fn read(items: &[Item]) -> Vec<String> {
    items
        .iter()
        .flat_map(|item| match item {
            Item::Plain { label, enabled, .. } => {
                vec![format!("{label}{}", if *enabled { "" } else { " (dim)" })]
            }
            Item::Switch { label, on, .. } => {
                vec![format!("[{}] {label}", if *on { "x" } else { " " })]
            }
            Item::More { label, items } => {
                let inner = read(items).into_iter().map(|line| format!("  {line}"));
                std::iter::once(format!("{label} >")).chain(inner).collect()
            }
            Item::Line => vec!["-".to_owned()],
        })
        .collect()
}

fn act_of(items: &[Item], wanted: &str) -> Option<Act> {
    items.iter().find_map(|item| match item {
        Item::Plain { label, act, .. } | Item::Switch { label, act, .. } => {
            (label == wanted).then(|| act.clone())
        }
        Item::More { items, .. } => act_of(items, wanted),
        Item::Line => None,
    })
}

#[test]
fn without_tunnels_there_is_the_window_and_the_end() {
    let view = view(Vec::new());
    assert_eq!(view.sign, Sign::Off);
    assert_eq!(view.tooltip, "No tunnels yet");
    assert_eq!(read(&view.menu), ["Open Culvert", "Quit Culvert"]);
}

#[test]
fn each_tunnel_is_toggled_by_its_line_and_says_its_state() {
    let mut orders = tunnel("Orders", up());
    orders.snapshot.addresses = vec!["127.0.0.1:5433".to_owned(), "[::1]:5433".to_owned()];
    let billing = tunnel("Billing", State::Off);
    let (orders_id, billing_id) = (orders.profile.id, billing.profile.id);
    let view = view(vec![
        orders,
        billing,
        tunnel("Broken", failed()),
        tunnel("Late", needs_sign_in()),
        tunnel("Gone", State::Stopping),
    ]);
    assert_eq!(
        read(&view.menu),
        [
            "[x] Orders",
            "[ ] Billing",
            "[ ] Broken (failed)",
            "[x] Late (needs sign-in)",
            "[ ] Gone (stopping)",
            "-",
            "Copy address >",
            "  Orders: 127.0.0.1:5433",
            "Connect all",
            "Disconnect all",
            "-",
            "Open Culvert",
            "Quit Culvert",
        ]
    );
    let act = |label| act_of(&view.menu, label);
    assert_eq!(act("Orders"), Some(Act::Disconnect(orders_id)));
    assert_eq!(act("Billing"), Some(Act::Connect(billing_id)));
    let copied = Act::Copy("127.0.0.1:5433".to_owned());
    assert_eq!(act("Orders: 127.0.0.1:5433"), Some(copied));
    assert_eq!(act("Connect all"), Some(Act::ConnectAll));
    assert_eq!(act("Disconnect all"), Some(Act::DisconnectAll));
    assert_eq!(act("Open Culvert"), Some(Act::Open));
    assert_eq!(act("Quit Culvert"), Some(Act::Quit));
}

#[test]
fn what_would_do_nothing_is_dimmed() {
    let all_on = view(vec![
        tunnel("A", up()),
        tunnel("B", State::Listening),
        tunnel("C", State::Connecting { since: 1 }),
    ]);
    assert!(read(&all_on.menu).contains(&"Connect all (dim)".to_owned()));
    let all_off = view(vec![tunnel("A", State::Off), tunnel("B", failed())]);
    assert!(read(&all_off.menu).contains(&"Disconnect all (dim)".to_owned()));
    assert!(read(&all_off.menu).contains(&"Connect all".to_owned()));
}

#[test]
fn the_demo_is_not_among_all_that_are_connected() {
    let mut demo = tunnel("Demo tunnel", State::Off);
    demo.demo = true;
    let lines = read(&view(vec![demo.clone()]).menu);
    assert!(lines.contains(&"[ ] Demo tunnel".to_owned()));
    assert!(!lines.iter().any(|line| line.starts_with("Connect all")));
    let lines = read(&view(vec![demo, tunnel("A", up())]).menu);
    assert!(lines.contains(&"Connect all (dim)".to_owned()));
}

#[test]
fn the_demo_has_a_name_in_each_language() {
    let mut demo = tunnel("Demo tunnel", degraded());
    demo.demo = true;
    demo.snapshot.addresses = vec!["127.0.0.1:5433".to_owned()];
    let saved = tunnel("Demo tunnel", State::Off);
    let german = TrayView::of(&overview(vec![demo, saved]), Speech::German);
    let lines = read(&german.menu);
    assert!(lines.contains(&"  Demo-Tunnel: 127.0.0.1:5433".to_owned()));
    assert!(lines.iter().any(|line| line.starts_with("[x] Demo-Tunnel")));
    assert!(german.tooltip.ends_with(": Demo-Tunnel"));
    // One that somebody has saved under that name keeps it.
    assert!(lines.contains(&"[ ] Demo tunnel".to_owned()));
}

#[test]
fn production_is_named_asks_before_it_starts_and_is_not_among_all() {
    let production = |name: &str, state| {
        let mut tunnel = tunnel(name, state);
        let profile = Arc::make_mut(&mut tunnel.profile);
        profile.production = Some(Production::default());
        tunnel
    };
    let menu = view(vec![
        production("Orders", State::Off),
        production("Billing", up()),
        production("Late", needs_sign_in()),
        tunnel("Lab", up()),
    ])
    .menu;
    let lines = read(&menu);
    assert_eq!(
        lines[..4],
        [
            "[ ] Orders (production)…",
            "[x] Billing (production)",
            "[x] Late (production, needs sign-in)",
            "[x] Lab",
        ]
    );
    // Of those that it would start, none is off.
    assert!(lines.contains(&"Connect all but production (dim)".to_owned()));
}

#[test]
fn the_worst_state_wins_the_icon() {
    let worst_first = [
        (failed(), Sign::Failed),
        (needs_sign_in(), Sign::NeedsSignIn),
        (reconnecting(), Sign::Reconnecting),
        (degraded(), Sign::Degraded),
        (State::Connecting { since: 1 }, Sign::Connecting),
        (up(), Sign::Up),
        (State::Off, Sign::Off),
    ];
    for at in 0..worst_first.len() {
        let tunnels = worst_first[at..].iter().rev();
        let tunnels = tunnels.map(|(state, _)| tunnel("A", state.clone()));
        assert_eq!(view(tunnels.collect()).sign, worst_first[at].1);
    }
    assert_eq!(view(vec![tunnel("A", State::Listening)]).sign, Sign::Up);
    assert_eq!(
        view(vec![tunnel("A", State::Stopping)]).sign,
        Sign::Connecting
    );
}

#[test]
fn the_tooltip_counts_and_names_what_is_in_trouble() {
    assert_eq!(view(vec![tunnel("A", up())]).tooltip, "1 of 1 tunnel up");
    let mut tunnels = vec![
        tunnel("Orders", up()),
        tunnel("Billing", degraded()),
        tunnel("Off", State::Off),
        tunnel("Late", needs_sign_in()),
    ];
    tunnels.extend(["A", "B", "C", "D", "E"].map(|name| tunnel(name, failed())));
    assert_eq!(
        view(tunnels).tooltip,
        "2 of 9 tunnels up\n5 failed: A, B, C and 2 more\n1 needs sign-in: Late\n1 degraded: Billing"
    );
}

#[test]
fn what_does_not_change_the_words_changes_nothing() {
    // Else the menu that somebody is looking at would be drawn anew each second.
    let mut tunnel = tunnel("Orders", reconnecting());
    let before = view(vec![tunnel.clone()]);
    tunnel.snapshot.bytes_down += 1000;
    tunnel.snapshot.state = State::Reconnecting {
        since: 1,
        attempt: 9,
        next_attempt: None,
        problem: problem(),
        outlook: Outlook::default(),
    };
    assert_eq!(view(vec![tunnel]), before);
}

#[test]
fn of_very_many_tunnels_those_that_run_come_first_and_none_is_missing() {
    let mut tunnels: Vec<_> = (0..40)
        .map(|number| tunnel(&format!("T{number}"), State::Off))
        .collect();
    tunnels[35].snapshot.state = up();
    tunnels[20].snapshot.state = failed();
    let view = view(tunnels);
    let lines = read(&view.menu);
    assert_eq!(lines[..3], ["[ ] T20 (failed)", "[x] T35", "[ ] T0"]);
    assert_eq!(lines[TUNNELS_MOST], "More tunnels (24) >");
    let named = |number| {
        let line = format!("[ ] T{number}");
        lines.iter().filter(|found| found.trim() == line).count()
    };
    assert!((0..40).all(|n| n == 35 || n == 20 || named(n) == 1));
}

#[test]
fn a_long_name_is_shortened_and_stays_on_its_line() {
    let long = "ä".repeat(60);
    let short = shortened(&long);
    assert_eq!(short.chars().count(), NAME_MOST);
    assert!(short.ends_with('…'));
    assert_eq!(shortened("a\nb"), "a b");
    assert_eq!(shortened("Orders"), "Orders");
}

#[test]
fn the_tray_speaks_german_to_whoever_does() {
    let mut orders = tunnel("Bestellungen", up());
    orders.snapshot.addresses = vec!["127.0.0.1:5433".to_owned()];
    let mut late = tunnel("Spät", needs_sign_in());
    Arc::make_mut(&mut late.profile).production = Some(Production::default());
    let tunnels = vec![orders, late, tunnel("Kaputt", failed())];
    let view = TrayView::of(&overview(tunnels), Speech::German);
    assert_eq!(
        read(&view.menu),
        [
            "[x] Bestellungen",
            "[x] Spät (Produktion, Anmeldung nötig)",
            "[ ] Kaputt (fehlgeschlagen)",
            "-",
            "Adresse kopieren >",
            "  Bestellungen: 127.0.0.1:5433",
            "Alle außer Produktion verbinden",
            "Alle trennen",
            "-",
            "Culvert öffnen",
            "Culvert beenden",
        ]
    );
    assert_eq!(
        view.tooltip,
        "1 von 3 Tunneln verbunden\n1 fehlgeschlagen: Kaputt\n1 Anmeldung nötig: Spät"
    );
}
