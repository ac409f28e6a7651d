use tunnel_proto::{Snapshot, Vitals};

use super::conventions::complaints;
use super::*;
use crate::history::TunnelName;

fn figures() -> TunnelFigures {
    let mut snapshot = Snapshot::new(State::Up { since: 1 }, Vec::new());
    snapshot.bytes_up = 12;
    snapshot.waiting = 2;
    snapshot.round_trip_ms = Some(85);
    TunnelFigures {
        tunnel: TunnelName::new(None, "Orders \"eu\""),
        snapshot,
        drops: [(DropCause::HourlyClose, 3), (DropCause::Jam, 1)].into(),
        reconnects: [(DropCause::HourlyClose, 3)].into(),
        sessions: vec![SessionFigures {
            session: "1".to_owned(),
            session_id: Some("nina-0abc".to_owned()),
            node: None,
            connections: 4,
            bytes_up: 12,
            bytes_down: 0,
            vitals: Some(Vitals {
                retransmissions: 5,
                messages_sent: 9,
                unacknowledged: 6,
                ..Vitals::default()
            }),
        }],
    }
}

#[test]
fn figures_have_names_units_and_an_end_as_open_metrics_wants_them() {
    let text = text(&[figures()]).unwrap();
    let tunnel = r#"tunnel="Orders \"eu\"""#;
    for line in [
        format!(r#"culvert_tunnel_state{{{tunnel},state="up"}} 1"#),
        format!(r#"culvert_tunnel_state{{{tunnel},state="failed"}} 0"#),
        format!(r#"culvert_tunnel_drops_total{{{tunnel},cause="hourly_close"}} 3"#),
        format!(r#"culvert_tunnel_drops_total{{{tunnel},cause="jam"}} 1"#),
        format!(r#"culvert_tunnel_reconnects_total{{{tunnel},cause="hourly_close"}} 3"#),
        format!(r#"culvert_tunnel_reconnects_total{{{tunnel},cause="jam"}} 0"#),
        format!(r#"culvert_tunnel_payload_bytes_total{{{tunnel},direction="up"}} 12"#),
        format!("culvert_tunnel_round_trip_seconds{{{tunnel}}} 0.085"),
        format!("culvert_tunnel_parked_connections{{{tunnel}}} 2"),
        format!(r#"culvert_session_retransmissions_total{{{tunnel},session="1"}} 5"#),
        format!(r#"culvert_session_messages_total{{{tunnel},session="1",direction="up"}} 9"#),
        format!(r#"culvert_session_unacknowledged_messages{{{tunnel},session="1"}} 6"#),
        "# UNIT culvert_tunnel_round_trip_seconds seconds".to_owned(),
        "# TYPE culvert_tunnel_drops counter".to_owned(),
    ] {
        assert!(text.lines().any(|one| one == line), "no {line}\nin {text}");
    }
    assert!(text.ends_with("# EOF\n"), "{text}");
}

#[test]
fn the_figures_keep_to_the_conventions_of_open_metrics() {
    let mut other = figures();
    other.tunnel = TunnelName::new(None, "back\\slash\nnew line");
    let text = text(&[figures(), other]).unwrap();
    assert_eq!(complaints(&text), Vec::<String>::new(), "{text}");
    assert_eq!(complaints(&super::text(&[]).unwrap()), Vec::<String>::new());
}

#[test]
fn no_figure_names_a_session_of_the_service_or_its_node() {
    assert!(!text(&[figures()]).unwrap().contains("nina"));
}
