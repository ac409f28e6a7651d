use tunnel_manager::bundle::DropCause;
use tunnel_manager::{Closes, CredentialSource, SignIn, SignInNeeded, TooOften};

use super::*;
use crate::fixtures::{
    degraded, failed, needs_sign_in, overview, problem, reconnecting, tunnel, up,
};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The notifications of a life of tunnels, told as titles with their times.
#[derive(Default)]
struct Life {
    notices: Notices,
    wishes: Settings,
    now: Duration,
    overview: Overview,
    unrest: BTreeMap<ProfileId, Restless>,
    told: Vec<(u64, String)>,
    last: Vec<Order>,
}

impl Life {
    /// Goes on to this second, asked when it wants to be, and then has this overview.
    fn at(&mut self, second: u64, overview: &Overview) -> &mut Self {
        let before = std::mem::replace(&mut self.overview, overview.clone());
        while let Some(next) = self.notices.next().filter(|next| *next < s(second)) {
            assert!(next > self.now, "it never rests");
            self.now = next;
            self.look(&before);
        }
        self.now = s(second);
        self.look(overview);
        self
    }

    fn look(&mut self, overview: &Overview) {
        self.last = self
            .notices
            .update(self.now, overview, &self.unrest, &self.wishes);
        for order in &self.last {
            let said = match order {
                Order::Show(notice) => notice.title.clone(),
                Order::Withdraw(kind) => format!("no more {kind:?}"),
            };
            self.told.push((self.now.as_secs(), said));
        }
    }

    fn told(&self) -> Vec<(u64, &str)> {
        let told = self.told.iter();
        told.map(|(second, title)| (*second, title.as_str()))
            .collect()
    }
}

/// Two tunnels in these states, the same ones each time.
fn both() -> impl Fn(State, State) -> Overview {
    let (a, b) = (tunnel("A", State::Off), tunnel("B", State::Off));
    move |of_a, of_b| {
        let (mut a, mut b) = (a.clone(), b.clone());
        a.snapshot.state = of_a;
        b.snapshot.state = of_b;
        overview(vec![a, b])
    }
}

fn one() -> impl Fn(State) -> Overview {
    let both = both();
    move |state| {
        let mut overview = both(state, State::Off);
        overview.tunnels.truncate(1);
        overview
    }
}

fn signing_in(mut overview: Overview, number: u64, tunnels: &[usize]) -> Overview {
    overview.sign_ins.push(SignInNeeded {
        number,
        sign_in: SignIn::SsoSession("work".to_owned()),
        credentials: CredentialSource::Chain,
        tunnels: tunnels
            .iter()
            .map(|at| overview.tunnels[*at].profile.id)
            .collect(),
        problem: problem(),
    });
    overview
}

#[test]
fn what_is_mended_within_half_a_minute_is_no_news() {
    let (one, mut life) = (one(), Life::default());
    life.at(0, &one(State::Connecting { since: 1 }));
    life.at(5, &one(up()));
    for hour in 1..24 {
        life.at(hour * 3600, &one(reconnecting()));
        life.at(hour * 3600 + 29, &one(up()));
    }
    life.at(24 * 3600, &one(degraded()));
    life.at(25 * 3600, &one(up()));
    life.at(26 * 3600, &one(State::Stopping));
    life.at(26 * 3600 + 1, &one(State::Off));
    assert_eq!(life.told(), []);
    assert_eq!(life.notices.next(), None, "and nothing is waited for");
}

#[test]
fn an_outage_that_lasts_is_told_once_and_so_is_its_end() {
    let (one, mut life) = (one(), Life::default());
    life.at(0, &one(up())).at(10, &one(reconnecting()));
    life.at(10 + 240, &one(up()));
    life.at(1000, &one(up()));
    assert_eq!(life.told(), [(43, "A is down"), (253, "A is up again")]);
}

#[test]
fn its_notice_says_why_and_how_long_and_leads_to_the_tunnel() {
    let (one, mut life) = (one(), Life::default());
    let down = one(reconnecting());
    life.at(0, &down).at(33, &down);
    let id = down.tunnels[0].profile.id;
    let [Order::Show(notice)] = life.last.as_slice() else {
        panic!("{:?}", life.last);
    };
    let told = "The connection to the gateway broke. Culvert goes on trying.";
    assert_eq!((notice.body.as_str(), notice.tunnel), (told, Some(id)));
    life.at(90, &one(up())).at(93, &one(up()));
    let [Order::Show(notice)] = life.last.as_slice() else {
        panic!("{:?}", life.last);
    };
    assert_eq!(notice.body, "It was down for 1 min.");
}

#[test]
fn tunnels_of_one_network_are_one_notice_each_way() {
    let (both, mut life) = (both(), Life::default());
    life.at(0, &both(up(), up()));
    life.at(10, &both(reconnecting(), up()));
    life.at(12, &both(reconnecting(), reconnecting()));
    life.at(100, &both(up(), reconnecting()));
    life.at(102, &both(up(), up()));
    life.at(200, &both(up(), up()));
    assert_eq!(
        life.told(),
        [(43, "2 tunnels are down"), (103, "2 tunnels are up again")]
    );
}

#[test]
fn one_that_goes_down_later_joins_the_notice_that_is_there() {
    let (both, mut life) = (both(), Life::default());
    life.at(0, &both(reconnecting(), up()));
    life.at(20, &both(reconnecting(), reconnecting()));
    life.at(60, &both(reconnecting(), reconnecting()));
    assert_eq!(life.told(), [(33, "A is down"), (53, "2 tunnels are down")]);
}

#[test]
fn one_that_is_up_for_a_moment_is_still_down() {
    let (one, mut life) = (one(), Life::default());
    life.at(0, &one(reconnecting()));
    life.at(60, &one(up())).at(62, &one(reconnecting()));
    life.at(120, &one(up())).at(200, &one(up()));
    assert_eq!(life.told(), [(33, "A is down"), (123, "A is up again")]);
}

#[test]
fn an_outage_that_the_user_ends_is_taken_back() {
    let (one, mut life) = (one(), Life::default());
    life.at(0, &one(reconnecting()))
        .at(60, &one(State::Stopping));
    life.at(61, &one(State::Off));
    assert_eq!(life.told(), [(33, "A is down"), (60, "no more Outage")]);
    let (one, mut life) = (self::one(), Life::default());
    life.at(0, &one(reconnecting()))
        .at(60, &Overview::default());
    assert_eq!(life.told(), [(33, "A is down"), (60, "no more Outage")]);
}

#[test]
fn a_failure_is_told_once_and_again_if_another_start_fails() {
    let (one, mut life) = (one(), Life::default());
    life.at(0, &one(State::Connecting { since: 1 }));
    life.at(1, &one(failed())).at(100, &one(failed()));
    life.at(200, &one(State::Connecting { since: 1 }));
    life.at(201, &one(failed())).at(300, &one(failed()));
    assert_eq!(
        life.told(),
        [
            (4, "A has failed"),
            (200, "no more NeedsUser"),
            (204, "A has failed"),
        ]
    );
}

#[test]
fn a_sign_in_is_told_once_however_many_wait_for_it_and_however_often_they_try() {
    let (both, mut life) = (both(), Life::default());
    let waits = |of_a| signing_in(both(of_a, needs_sign_in()), 1, &[0, 1]);
    life.at(0, &both(up(), up()))
        .at(10, &waits(needs_sign_in()));
    for second in 11..60 {
        life.at(second, &waits(State::Connecting { since: 1 }));
    }
    life.at(100, &both(up(), up()));
    life.at(200, &signing_in(both(needs_sign_in(), up()), 2, &[0]));
    life.at(300, &both(up(), up()));
    assert_eq!(
        life.told(),
        [
            (13, "2 tunnels need you to sign in"),
            (100, "no more NeedsUser"),
            (203, "A needs you to sign in"),
            (300, "no more NeedsUser"),
        ]
    );
}

#[test]
fn an_outage_that_turns_out_to_need_a_sign_in_is_that_news() {
    let (one, mut life) = (one(), Life::default());
    life.at(0, &one(reconnecting()));
    life.at(60, &signing_in(one(needs_sign_in()), 1, &[0]));
    life.at(70, &signing_in(one(needs_sign_in()), 1, &[0]));
    assert_eq!(
        life.told(),
        [
            (33, "A is down"),
            (60, "no more Outage"),
            (63, "A needs you to sign in"),
        ]
    );
}

#[test]
fn what_needs_the_user_at_once_is_one_notice() {
    let (both, mut life) = (both(), Life::default());
    let overview = signing_in(both(failed(), needs_sign_in()), 1, &[1]);
    life.at(0, &overview).at(3, &overview);
    assert_eq!(life.told(), [(3, "2 tunnels need you")]);
    let [Order::Show(notice)] = life.last.as_slice() else {
        panic!("{:?}", life.last);
    };
    assert_eq!(notice.body, "To sign in: B\nFailed: A");
}

#[test]
fn a_sign_in_that_is_done_at_once_is_no_news() {
    let (one, mut life) = (one(), Life::default());
    life.at(0, &signing_in(one(needs_sign_in()), 1, &[0]));
    life.at(2, &one(up())).at(60, &one(up()));
    assert_eq!(life.told(), []);
}

#[test]
fn only_what_is_wanted_is_told_and_an_outage_after_as_long_as_is_wanted() {
    let one = one();
    let mut life = Life {
        wishes: Settings {
            outage_after: s(120),
            notify_needs_you: false,
            ..Settings::default()
        },
        ..Life::default()
    };
    life.at(0, &one(up()))
        .at(10, &one(reconnecting()))
        .at(100, &one(reconnecting()));
    assert_eq!(life.told(), []);
    life.at(200, &one(reconnecting()));
    assert_eq!(life.told.len(), 1, "{:?}", life.told);
    life.at(300, &one(failed())).at(400, &one(failed()));
    let titles: Vec<_> = life.told.iter().skip(1).map(|(_, title)| title).collect();
    assert!(
        titles.iter().all(|title| title.starts_with("no more")),
        "{titles:?}"
    );
}

#[test]
fn a_tunnel_to_production_that_is_about_to_close_is_told_once_and_can_be_kept_open() {
    let (both, mut life) = (both(), Life::default());
    let closing = |soon: [bool; 2]| {
        let mut overview = both(up(), up());
        for (tunnel, is_soon) in overview.tunnels.iter_mut().zip(soon) {
            tunnel.closes = Some(Closes { at: 1, is_soon });
        }
        overview
    };
    life.at(0, &closing([false, false]));
    life.at(10, &closing([true, false]));
    let [Order::Show(notice)] = life.last.as_slice() else {
        panic!("{:?}", life.last);
    };
    assert_eq!(notice.offer, Some(Offer::KeepOpen));
    life.at(20, &closing([true, false]));
    life.at(30, &closing([true, true]));
    // Kept open, or closed.
    life.at(40, &closing([false, false]));
    life.at(50, &closing([true, false]));
    assert_eq!(
        life.told(),
        [
            (10, "A is about to close"),
            (30, "2 tunnels are about to close"),
            (40, "no more Closing"),
            (50, "A is about to close"),
        ]
    );
    life.wishes.notify_needs_you = false;
    life.at(60, &closing([false, false]))
        .at(70, &closing([true, false]));
    assert_eq!(life.told().last(), Some(&(60, "no more Closing")));
}

#[test]
fn a_tunnel_that_is_lost_too_often_is_told_once_with_its_likely_cause_and_what_helps() {
    let (one, mut life) = (one(), Life::default());
    let overview = one(up());
    let id = overview.tunnels[0].profile.id;
    let restless = |at| Restless {
        at,
        last: at,
        often: TooOften {
            drops: 5,
            cause: DropCause::Silence,
            of_cause: 4,
            advice: DropCause::Silence.advice(),
        },
    };
    life.at(0, &overview);
    assert_eq!(life.told(), []);
    life.unrest.insert(id, restless(1));
    life.at(10, &overview);
    let [Order::Show(notice)] = life.last.as_slice() else {
        panic!("{:?}", life.last);
    };
    assert_eq!(notice.tunnel, Some(id));
    assert!(
        notice.body.contains(DropCause::Silence.words()),
        "{}",
        notice.body
    );
    assert!(
        notice.body.ends_with(DropCause::Silence.advice()),
        "{}",
        notice.body
    );
    // It goes on, which is no news.
    life.unrest.insert(
        id,
        Restless {
            last: 2,
            ..restless(1)
        },
    );
    life.at(20, &overview);
    life.unrest.insert(id, restless(3));
    life.at(30, &overview);
    life.unrest.clear();
    life.at(40, &overview);
    assert_eq!(
        life.told(),
        [
            (10, "A is lost too often"),
            (30, "A is lost too often"),
            (40, "no more TooOften"),
        ]
    );
}
