//! The manager over an engine that does as it is told.

mod production;

use std::sync::{Arc, Mutex};

use aws_access::SignIn;
use tempfile::TempDir;
use tokio::sync::Notify;
use tunnel::EditsControl;
use tunnel_proto::{Outlook, Problem, ProblemKind, RenewedBy, Snapshot, State};

use super::run::idle;
use super::*;
use crate::demo::DemoCut;
use crate::engine::{DemoService, Launch, RunningTunnel, StartFailure, StaticAccess};
use crate::exchange::{Choice, Difference};
use crate::overview::TunnelStatus;
use crate::profile::{CredentialSource, Field};

/// What the test holds of the engine.
#[derive(Clone, Default)]
struct Script(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    launches: Vec<Launch>,
    tunnels: Vec<watch::Sender<Snapshot>>,
    stopped: usize,
    /// Which tunnels were told to try at once, in that order.
    tries: Vec<usize>,
    /// Trying does not help.
    still_signed_out: bool,
    cuts: usize,
    demos_ended: usize,
    refuse: Option<StartFailure>,
    /// A start waits for this.
    hold_start: Option<Arc<Notify>>,
    /// A stop waits for this.
    hold_stop: Option<Arc<Notify>>,
}

impl Script {
    fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        act(&mut self.0.lock().expect("no panic elsewhere"))
    }

    fn say(&self, tunnel: usize, state: State) {
        self.with(|inner| inner.tunnels[tunnel].send_modify(|snapshot| snapshot.state = state));
    }
}

struct FakeTunnel {
    index: usize,
    snapshots: watch::Receiver<Snapshot>,
    script: Script,
}

impl Engine for Script {
    type Tunnel = FakeTunnel;
    type Demo = FakeDemo;

    async fn start(&self, launch: Launch) -> Result<FakeTunnel, StartFailure> {
        let hold = self.with(|inner| {
            inner.launches.push(launch);
            inner.hold_start.clone()
        });
        if let Some(hold) = hold {
            hold.notified().await;
        }
        self.with(|inner| {
            if let Some(failure) = inner.refuse.take() {
                return Err(failure);
            }
            let (sender, snapshots) = watch::channel(idle(State::Connecting { since: 1 }));
            inner.tunnels.push(sender);
            Ok(FakeTunnel {
                index: inner.tunnels.len() - 1,
                snapshots,
                script: self.clone(),
            })
        })
    }

    /// `company-a` and `company-b` share a session.
    async fn sign_in(&self, credentials: &CredentialSource) -> SignIn {
        match credentials.profile() {
            Some(name) if name.starts_with("company-") => SignIn::SsoSession("company".to_owned()),
            other => SignIn::Profile(other.unwrap_or("default").to_owned()),
        }
    }

    async fn start_demo(&self) -> Result<FakeDemo, Problem> {
        Ok(FakeDemo(self.clone()))
    }
}

impl RunningTunnel for FakeTunnel {
    fn snapshot(&self) -> watch::Receiver<Snapshot> {
        self.snapshots.clone()
    }

    fn try_now(&self) {
        let index = self.index;
        let helps = self.script.with(|inner| {
            inner.tries.push(index);
            !inner.still_signed_out
        });
        if helps {
            self.script.say(index, State::Up { since: 7 });
        } else {
            self.script.say(index, signed_out(8));
        }
    }

    fn look(&self, answer: oneshot::Sender<Details>) {
        answer.send(Details::default()).ok();
    }

    async fn stop(self) {
        let hold = self.script.with(|inner| inner.hold_stop.clone());
        if let Some(hold) = hold {
            hold.notified().await;
        }
        self.script.with(|inner| inner.stopped += 1);
    }
}

struct FakeDemo(Script);

impl DemoService for FakeDemo {
    fn tunnel(&self) -> Draft {
        draft("Demo tunnel")
    }

    fn access(&self) -> StaticAccess {
        StaticAccess {
            access_key: "demo".to_owned(),
            secret_key: "planted-hidden".to_owned(),
            session_token: None,
        }
    }

    fn cut(&self, _cut: DemoCut) {
        self.0.with(|inner| inner.cuts += 1);
    }

    async fn stop(self) {
        self.0.with(|inner| inner.demos_ended += 1);
    }
}

struct Bench {
    script: Script,
    manager: Manager,
    overview: watch::Receiver<Overview>,
    folder: TempDir,
    hand: EditsControl,
}

impl Bench {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let script = Script::default();
        let (edits, hand) = Edits::by_hand();
        let manager = Manager::start(Store::in_folder(folder.path()), script.clone(), edits);
        let overview = manager.overview();
        Self {
            script,
            manager,
            overview,
            folder,
            hand,
        }
    }

    /// Waits until the overview is as wanted; the test's time limit is the only other end.
    async fn until(&mut self, wanted: impl FnMut(&Overview) -> bool) -> Overview {
        self.overview
            .wait_for(wanted)
            .await
            .expect("the manager lives")
            .clone()
    }

    async fn until_state(&mut self, wanted: impl Fn(&State) -> bool) -> TunnelStatus {
        let overview = self
            .until(|overview| {
                overview
                    .tunnels
                    .iter()
                    .any(|tunnel| wanted(&tunnel.snapshot.state))
            })
            .await;
        overview
            .tunnels
            .into_iter()
            .find(|tunnel| wanted(&tunnel.snapshot.state))
            .expect("just seen")
    }

    async fn connected(&mut self) -> ProfileId {
        let id = self.manager.add(draft("a")).await.expect("added");
        self.manager.connect(id).await.expect("connects");
        self.until_state(|state| matches!(state, State::Connecting { since: 1 }))
            .await;
        id
    }
}

fn draft(name: &str) -> Draft {
    Draft {
        name: name.to_owned(),
        target: "i-0123456789abcdef0".to_owned(),
        remote_port: 80,
        bind: "localhost".to_owned(),
        local_port: 8080,
        ..Draft::default()
    }
}

fn signed_out(since: u64) -> State {
    let problem = Problem::new(
        ProblemKind::Credentials,
        "sso-login-expired",
        "Out.",
        "Sign in.",
    );
    State::NeedsSignIn {
        since,
        next_attempt: None,
        renewed_by: RenewedBy::default(),
        problem,
        outlook: Outlook::default(),
    }
}

fn is_off(state: &State) -> bool {
    matches!(state, State::Off)
}

fn is_up(state: &State) -> bool {
    matches!(state, State::Up { .. })
}

fn is_stopping(state: &State) -> bool {
    matches!(state, State::Stopping)
}

fn is_failed(state: &State) -> bool {
    matches!(state, State::Failed { .. })
}

#[tokio::test]
async fn a_saved_tunnel_is_there_after_a_restart_and_off() {
    let mut bench = Bench::new();
    bench.connected().await;
    let store = Store::in_folder(bench.folder.path());
    let second = Manager::start(store, Script::default(), Edits::default());
    let overview = second
        .overview()
        .wait_for(|overview| !overview.tunnels.is_empty())
        .await
        .expect("lives")
        .clone();
    assert_eq!(overview.tunnels[0].profile.name, "a");
    assert!(is_off(&overview.tunnels[0].snapshot.state));
}

#[tokio::test]
async fn what_a_tunnel_says_of_itself_is_shown() {
    let mut bench = Bench::new();
    bench.connected().await;
    bench.script.say(0, State::Up { since: 5 });
    bench
        .until_state(|state| *state == State::Up { since: 5 })
        .await;
}

#[tokio::test]
async fn a_disconnected_tunnel_is_stopping_and_then_off() {
    let mut bench = Bench::new();
    let hold = Arc::new(Notify::new());
    bench
        .script
        .with(|inner| inner.hold_stop = Some(Arc::clone(&hold)));
    let id = bench.connected().await;
    bench.manager.disconnect(id).await.expect("known");
    bench.until_state(is_stopping).await;
    hold.notify_one();
    bench.until_state(is_off).await;
    assert_eq!(bench.script.with(|inner| inner.stopped), 1);
}

#[tokio::test]
async fn connecting_twice_starts_one_tunnel() {
    let mut bench = Bench::new();
    let id = bench.connected().await;
    bench.manager.connect(id).await.expect("known");
    bench.manager.disconnect(id).await.expect("known");
    bench.until_state(is_off).await;
    assert_eq!(bench.script.with(|inner| inner.launches.len()), 1);
}

#[tokio::test]
async fn connecting_while_it_stops_starts_it_again_afterwards() {
    let mut bench = Bench::new();
    let hold = Arc::new(Notify::new());
    bench
        .script
        .with(|inner| inner.hold_stop = Some(Arc::clone(&hold)));
    let id = bench.connected().await;
    bench.manager.disconnect(id).await.expect("known");
    bench.until_state(is_stopping).await;
    bench.manager.connect(id).await.expect("known");
    hold.notify_one();
    bench
        .until_state(|state| matches!(state, State::Connecting { since: 1 }))
        .await;
    assert_eq!(
        bench
            .script
            .with(|inner| (inner.launches.len(), inner.stopped)),
        (2, 1)
    );
}

#[tokio::test]
async fn a_disconnect_during_the_start_still_ends_what_was_started() {
    let mut bench = Bench::new();
    let hold = Arc::new(Notify::new());
    bench
        .script
        .with(|inner| inner.hold_start = Some(Arc::clone(&hold)));
    let id = bench.manager.add(draft("a")).await.expect("added");
    bench.manager.connect(id).await.expect("known");
    bench
        .until_state(|state| matches!(state, State::Connecting { .. }))
        .await;
    bench.manager.disconnect(id).await.expect("known");
    bench.until_state(is_stopping).await;
    hold.notify_one();
    bench.until_state(is_off).await;
    assert_eq!(bench.script.with(|inner| inner.stopped), 1);
}

#[tokio::test]
async fn a_waiting_tunnel_tries_when_asked_to() {
    let mut bench = Bench::new();
    let id = bench.connected().await;
    bench.manager.try_now(id).await.expect("known");
    bench.until_state(is_up).await;
    assert_eq!(bench.script.with(|inner| inner.tries.clone()), [0]);
}

#[tokio::test]
async fn a_tunnel_that_runs_is_seen_closely_and_one_that_is_off_is_not() {
    let mut bench = Bench::new();
    let id = bench.connected().await;
    assert_eq!(bench.manager.look(id).await, Some(Details::default()));
    bench.manager.disconnect(id).await.expect("known");
    bench.until_state(is_off).await;
    assert_eq!(bench.manager.look(id).await, None);
}

impl Bench {
    /// Tunnels with these AWS profiles, in this order, each of which needs a sign-in.
    async fn signed_out(&mut self, aws_profiles: &[&str]) -> Vec<ProfileId> {
        let mut ids = Vec::new();
        for (at, profile) in aws_profiles.iter().enumerate() {
            let draft = Draft {
                profile: Some((*profile).to_owned()),
                ..draft(profile)
            };
            let id = self.manager.add(draft).await.expect("added");
            self.manager.connect(id).await.expect("connects");
            self.until_states(at, &[State::Connecting { since: 1 }])
                .await;
            self.script.say(at, signed_out(2));
            self.until_states(at, &[signed_out(2)]).await;
            ids.push(id);
        }
        ids
    }

    /// Waits until the tunnels from `first` on are in these states.
    async fn until_states(&mut self, first: usize, wanted: &[State]) {
        self.until(|overview| {
            let states = overview.tunnels.iter().map(|tunnel| &tunnel.snapshot.state);
            states.skip(first).take(wanted.len()).eq(wanted)
        })
        .await;
    }
}

#[tokio::test]
async fn one_sign_in_wakes_every_tunnel_that_waits_for_it() {
    let mut bench = Bench::new();
    let profiles = ["company-a", "company-b", "company-a", "other"];
    bench.signed_out(&profiles).await;
    // The probe of one worked.
    bench.script.say(0, State::Up { since: 5 });
    let woken = State::Up { since: 7 };
    bench
        .until_states(0, &[State::Up { since: 5 }, woken.clone(), woken])
        .await;
    // Had the last been woken as well, it would have tried before it took notice of this.
    bench.script.say(3, signed_out(3));
    bench.until_states(3, &[signed_out(3)]).await;
    let mut tries = bench.script.with(|inner| inner.tries.clone());
    tries.sort_unstable();
    assert_eq!(tries, [1, 2]);
}

#[tokio::test]
async fn who_asks_one_tunnel_to_try_after_a_sign_in_asks_all_that_wait_for_it_once() {
    let mut bench = Bench::new();
    let ids = bench.signed_out(&["company-a", "company-b", "other"]).await;
    bench.script.with(|inner| inner.still_signed_out = true);
    bench.manager.try_now(ids[0]).await.expect("known");
    bench.until_states(0, &[signed_out(8), signed_out(8)]).await;
    // Those that try in vain wake nobody.
    for at in 0..3 {
        bench.script.say(at, signed_out(9));
    }
    bench
        .until_states(0, &[signed_out(9), signed_out(9), signed_out(9)])
        .await;
    let mut tries = bench.script.with(|inner| inner.tries.clone());
    tries.sort_unstable();
    assert_eq!(tries, [0, 1]);
}

#[tokio::test]
async fn a_sign_in_is_needed_once_however_many_wait_for_it_and_however_often_they_try() {
    let mut bench = Bench::new();
    let profiles = ["company-a", "company-b", "other"];
    let ids = bench.signed_out(&profiles).await;
    let needed = bench.overview.borrow().sign_ins.clone();
    let who: Vec<_> = needed.iter().map(|need| need.tunnels.clone()).collect();
    assert_eq!(who, [vec![ids[0], ids[1]], vec![ids[2]]]);
    assert_eq!(needed[0].credentials.profile(), Some("company-a"));
    let numbers: Vec<_> = needed.iter().map(|need| need.number).collect();
    assert_eq!(numbers, [1, 2]);

    // Trying in vain makes no new need.
    bench.script.say(0, State::Connecting { since: 3 });
    bench
        .until_states(0, &[State::Connecting { since: 3 }])
        .await;
    bench.script.say(0, signed_out(4));
    bench.until_states(0, &[signed_out(4)]).await;
    assert_eq!(bench.overview.borrow().sign_ins, needed);

    // One sign-in: the others of it come up as well.
    bench.script.say(1, State::Up { since: 5 });
    let overview = bench.until(|overview| overview.sign_ins.len() == 1).await;
    assert_eq!(overview.sign_ins[0].number, 2);

    // It runs out another day: that is another need.
    bench.script.say(1, signed_out(6));
    let overview = bench.until(|overview| overview.sign_ins.len() == 2).await;
    assert_eq!(overview.sign_ins[1].number, 3);
    assert_eq!(overview.sign_ins[1].tunnels, [ids[1]]);

    // Nobody needs to sign in for a tunnel that was switched off.
    bench.manager.disconnect(ids[1]).await.expect("known");
    bench.until(|overview| overview.sign_ins.len() == 1).await;
}

#[tokio::test]
async fn the_demo_neither_wakes_those_who_wait_for_a_sign_in_nor_is_woken_by_them() {
    let mut bench = Bench::new();
    let draft = Draft {
        profile: None,
        ..draft("default")
    };
    let id = bench.manager.add(draft).await.expect("added");
    bench.manager.connect(id).await.expect("connects");
    bench
        .until_states(0, &[State::Connecting { since: 1 }])
        .await;
    bench.script.say(0, signed_out(2));
    bench.until_states(0, &[signed_out(2)]).await;
    bench.manager.start_demo().await.expect("starts");
    bench
        .until_states(1, &[State::Connecting { since: 1 }])
        .await;
    bench.script.say(1, State::Up { since: 3 });
    bench.until_states(1, &[State::Up { since: 3 }]).await;
    bench.script.say(1, signed_out(4));
    bench.until_states(1, &[signed_out(4)]).await;
    bench.script.say(0, State::Up { since: 5 });
    bench.until_states(0, &[State::Up { since: 5 }]).await;
    bench.script.say(1, signed_out(6));
    bench.until_states(1, &[signed_out(6)]).await;
    assert!(bench.script.with(|inner| inner.tries.is_empty()));
}

#[tokio::test]
async fn a_port_in_use_is_told_with_the_next_free_one_until_the_settings_change() {
    let mut bench = Bench::new();
    let problem = Problem::new(
        ProblemKind::Listen,
        "port-in-use",
        "Port 8080 is in use.",
        "Use 8081.",
    );
    let failure = StartFailure {
        problem: problem.clone(),
        free_port: Some(8081),
    };
    bench.script.with(|inner| inner.refuse = Some(failure));
    let id = bench.manager.add(draft("a")).await.expect("added");
    bench.manager.connect(id).await.expect("known");
    let failed = bench.until_state(is_failed).await;
    assert_eq!(failed.free_port, Some(8081));
    assert!(
        matches!(failed.snapshot.state, State::Failed { problem: told, .. } if told == problem)
    );
    bench
        .manager
        .update(
            id,
            Draft {
                local_port: 8081,
                ..draft("a")
            },
        )
        .await
        .expect("saved");
    assert_eq!(bench.until_state(is_off).await.free_port, None);
}

#[tokio::test]
async fn a_tunnel_that_gave_up_is_stopped_and_says_why_until_it_is_started_again() {
    let mut bench = Bench::new();
    let id = bench.connected().await;
    let problem = Problem::new(ProblemKind::Target, "target-gone", "It is gone.", "");
    bench.script.say(0, State::Failed { since: 9, problem });
    let failed = bench.until_state(is_failed).await;
    assert!(failed.snapshot.addresses.is_empty());
    assert_eq!(bench.script.with(|inner| inner.stopped), 1);
    bench.manager.connect(id).await.expect("known");
    bench
        .until_state(|state| matches!(state, State::Connecting { since: 1 }))
        .await;
}

#[tokio::test]
async fn an_edited_tunnel_that_runs_is_marked_until_it_runs_with_its_new_settings() {
    let mut bench = Bench::new();
    let id = bench.connected().await;
    bench
        .manager
        .update(id, draft("renamed"))
        .await
        .expect("saved");
    let overview = bench
        .until(|overview| overview.tunnels[0].profile.name == "renamed")
        .await;
    assert!(!overview.tunnels[0].outdated, "a name changes nothing");
    let other = Draft {
        remote_port: 81,
        ..draft("renamed")
    };
    bench.manager.update(id, other).await.expect("saved");
    bench.until(|overview| overview.tunnels[0].outdated).await;
    bench.manager.disconnect(id).await.expect("known");
    bench.until(|overview| !overview.tunnels[0].outdated).await;
}

#[tokio::test]
async fn a_removed_tunnel_is_stopped_and_gone() {
    let mut bench = Bench::new();
    let id = bench.connected().await;
    bench.manager.remove(vec![id]).await.expect("removed");
    bench.until(|overview| overview.tunnels.is_empty()).await;
    bench.manager.stop_all().await.expect("stops");
    assert_eq!(bench.script.with(|inner| inner.stopped), 1);
    let again = bench.manager.connect(id).await;
    assert!(matches!(again, Err(ManagerError::UnknownTunnel(unknown)) if unknown == id));
}

/// Adds tunnels, one for each character, and returns their ids.
async fn added(bench: &Bench, names: &str) -> Vec<ProfileId> {
    let mut ids = Vec::new();
    for name in names.chars() {
        let id = bench.manager.add(draft(&name.to_string())).await;
        ids.push(id.expect("added"));
    }
    ids
}

fn names(overview: &Overview) -> String {
    let names = overview.tunnels.iter().map(|tunnel| &*tunnel.profile.name);
    names.collect()
}

#[tokio::test]
async fn what_was_removed_is_put_back_once_with_its_id_at_its_place() {
    let mut bench = Bench::new();
    let ids = added(&bench, "abcd").await;
    let removed = bench.manager.remove(vec![ids[2], ids[1]]).await;
    let removal = removed.expect("removed");
    bench.until(|overview| names(overview) == "ad").await;
    bench.manager.restore(removal).await.expect("put back");
    let overview = bench.until(|overview| names(overview) == "abcd").await;
    let restored: Vec<_> = overview
        .tunnels
        .iter()
        .map(|each| each.profile.id)
        .collect();
    assert_eq!(restored, ids);
    let again = bench.manager.restore(removal).await;
    assert!(matches!(again, Err(ManagerError::UnknownRemoval)));
}

#[tokio::test]
async fn a_removal_of_which_one_is_unknown_removes_none() {
    let mut bench = Bench::new();
    let ids = added(&bench, "ab").await;
    let stranger = ProfileId::random();
    let refused = bench.manager.remove(vec![ids[0], stranger]).await;
    assert!(matches!(refused, Err(ManagerError::UnknownTunnel(id)) if id == stranger));
    bench.until(|overview| names(overview) == "ab").await;
}

#[tokio::test]
async fn a_tunnel_that_is_put_back_while_it_is_being_stopped_is_seen_again() {
    let mut bench = Bench::new();
    let hold = Arc::new(Notify::new());
    bench
        .script
        .with(|inner| inner.hold_stop = Some(Arc::clone(&hold)));
    let id = bench.connected().await;
    let removal = bench.manager.remove(vec![id]).await.expect("removed");
    bench.until(|overview| overview.tunnels.is_empty()).await;
    bench.manager.restore(removal).await.expect("put back");
    bench.until(|overview| overview.tunnels.len() == 1).await;
    hold.notify_one();
    bench.until_state(is_off).await;
}

#[tokio::test]
async fn the_order_is_saved_and_the_demo_has_none() {
    let mut bench = Bench::new();
    let ids = added(&bench, "abc").await;
    bench
        .manager
        .move_to(ids[2], Some(ids[0]))
        .await
        .expect("moved");
    bench.until(|overview| names(overview) == "cab").await;
    let saved = Store::in_folder(bench.folder.path()).read().expect("there");
    assert_eq!(saved[0].id, ids[2]);
    let demo = bench.manager.start_demo().await.expect("starts");
    for (id, before) in [(demo, Some(ids[0])), (ids[0], Some(demo))] {
        let refused = bench.manager.move_to(id, before).await;
        assert!(matches!(refused, Err(ManagerError::DemoIsFixed)));
    }
}

#[tokio::test]
async fn filing_a_tunnel_anew_is_saved_and_leaves_one_that_runs_alone() {
    let mut bench = Bench::new();
    let id = bench.connected().await;
    let group = Refiling::Group(Some("Payments".to_owned()));
    for to in [
        group,
        Refiling::Tag("eu".to_owned()),
        Refiling::Favourite(true),
    ] {
        bench.manager.refile(vec![id], to).await.expect("saved");
    }
    let overview = bench
        .until(|overview| overview.tunnels[0].profile.filing.favourite)
        .await;
    let tunnel = &overview.tunnels[0];
    assert_eq!(tunnel.profile.filing.group.as_deref(), Some("Payments"));
    assert_eq!(tunnel.profile.filing.tags, ["eu"]);
    assert!(!tunnel.outdated);
    assert_eq!(
        bench
            .script
            .with(|inner| (inner.launches.len(), inner.stopped)),
        (1, 0)
    );
    let saved = Store::in_folder(bench.folder.path()).read().expect("there");
    assert_eq!(saved[0].filing, tunnel.profile.filing);
    let refused = bench
        .manager
        .refile(vec![id], Refiling::Tag("a,b".to_owned()))
        .await;
    assert!(matches!(refused, Err(ManagerError::Invalid(wrong)) if wrong[0].field == Field::Tags));
}

#[tokio::test]
async fn invalid_settings_are_refused_and_not_saved() {
    let bench = Bench::new();
    let refused = bench
        .manager
        .add(Draft {
            name: String::new(),
            ..draft("")
        })
        .await;
    assert!(matches!(refused, Err(ManagerError::Invalid(wrong)) if wrong.len() == 1));
    assert!(!bench.folder.path().join("tunnels.toml").exists());
}

#[tokio::test]
async fn a_broken_file_is_told_and_changes_are_refused_until_it_is_mended() {
    let mut bench = Bench::new();
    let id = bench.connected().await;
    let file = bench.folder.path().join("tunnels.toml");
    let good = std::fs::read(&file).expect("there");
    std::fs::write(&file, "version = 1\nnonsense").expect("writable");
    bench.manager.reload().await.expect_err("broken");
    let overview = bench.until(|overview| overview.store.is_some()).await;
    assert_eq!(overview.tunnels.len(), 1, "what was read before stays");
    assert_eq!(
        overview.store.map(|problem| problem.code).as_deref(),
        Some("settings-broken")
    );
    bench.manager.remove(vec![id]).await.expect_err("broken");
    bench.manager.add(draft("b")).await.expect_err("broken");
    std::fs::write(&file, good).expect("writable");
    bench.manager.reload().await.expect("mended");
    bench.until(|overview| overview.store.is_none()).await;
}

#[tokio::test]
async fn a_running_tunnel_survives_its_removal_from_the_file() {
    let mut bench = Bench::new();
    let id = bench.connected().await;
    std::fs::write(bench.folder.path().join("tunnels.toml"), "version = 1\n").expect("writable");
    bench.manager.reload().await.expect("read");
    bench.script.say(0, State::Up { since: 3 });
    bench.until_state(is_up).await;
    bench.manager.disconnect(id).await.expect("still listed");
    bench.until(|overview| overview.tunnels.is_empty()).await;
}

#[tokio::test]
async fn what_is_chosen_of_a_file_is_saved_and_the_rest_is_not() {
    let mut bench = Bench::new();
    let own = bench.manager.add(draft("a")).await.expect("added");
    let theirs = |name: &str, port| {
        let draft = Draft {
            remote_port: port,
            ..draft(name)
        };
        draft.check(ProfileId::random()).expect("valid")
    };
    let offered = vec![theirs("a", 81), theirs("b", 82), theirs("c", 83)];
    let offers = bench.manager.compare(offered).await.expect("compared");
    assert!(matches!(offers[0].difference, Difference::Clash { with, .. } if with == own));
    let choices = [Choice::Take, Choice::Leave, Choice::Take];
    let chosen = offers.into_iter().zip(choices).collect();
    bench.manager.merge(chosen).await.expect("saved");
    let overview = bench.until(|overview| overview.tunnels.len() == 2).await;
    let saved = |at: usize| &overview.tunnels[at].profile;
    assert_eq!(
        (saved(0).id, Draft::from(&**saved(0)).remote_port),
        (own, 81)
    );
    assert_eq!(saved(1).name, "c");
}

#[tokio::test]
async fn the_demo_tunnel_runs_with_its_own_credentials_and_is_not_saved() {
    let mut bench = Bench::new();
    let id = bench.manager.start_demo().await.expect("starts");
    let demo = bench
        .until_state(|state| matches!(state, State::Connecting { .. }))
        .await;
    assert!(demo.demo);
    bench.manager.cut_demo(DemoCut::Close).await.expect("cut");
    assert_eq!(bench.manager.start_demo().await.expect("the same"), id);
    bench.script.with(|inner| {
        assert_eq!(inner.cuts, 1);
        assert!(inner.launches.iter().all(|launch| launch.access.is_some()));
        assert!(!format!("{:?}", inner.launches).contains("hidden"));
    });
    assert!(!bench.folder.path().join("tunnels.toml").exists());
    let edited = bench.manager.update(id, draft("mine")).await;
    assert!(matches!(edited, Err(ManagerError::DemoIsFixed)));
    bench.manager.remove(vec![id]).await.expect("removed");
    bench.until(|overview| overview.tunnels.is_empty()).await;
}

#[tokio::test]
async fn a_removed_demo_is_gone_at_once_but_its_service_outlives_its_tunnel() {
    let mut bench = Bench::new();
    let hold = Arc::new(Notify::new());
    bench
        .script
        .with(|inner| inner.hold_stop = Some(Arc::clone(&hold)));
    let id = bench.manager.start_demo().await.expect("starts");
    bench
        .until_state(|state| matches!(state, State::Connecting { since: 1 }))
        .await;
    bench.manager.remove(vec![id]).await.expect("removed");
    bench.until(|overview| overview.tunnels.is_empty()).await;
    assert_eq!(bench.script.with(|inner| inner.demos_ended), 0);
    hold.notify_one();
    let Bench {
        script,
        manager,
        mut overview,
        ..
    } = bench;
    drop(manager);
    while overview.changed().await.is_ok() {}
    assert_eq!(
        script.with(|inner| (inner.stopped, inner.demos_ended)),
        (1, 1)
    );
}

#[tokio::test]
async fn stop_all_returns_when_everything_is_off() {
    let mut bench = Bench::new();
    bench.connected().await;
    bench.manager.start_demo().await.expect("starts");
    bench.manager.stop_all().await.expect("stops");
    assert_eq!(
        bench.script.with(|inner| inner.stopped),
        bench.script.with(|i| i.tunnels.len())
    );
    bench
        .until(|overview| overview.tunnels.iter().all(|t| is_off(&t.snapshot.state)))
        .await;
}

#[tokio::test]
async fn without_anyone_who_holds_it_the_manager_stops_everything() {
    let mut bench = Bench::new();
    bench.connected().await;
    let Bench {
        script,
        manager,
        mut overview,
        ..
    } = bench;
    drop(manager);
    while overview.changed().await.is_ok() {}
    assert_eq!(script.with(|inner| inner.stopped), 1);
}

/// Waits until the manager has read the file again after what was written to it.
async fn edited(bench: &mut Bench, text: &str, wanted: impl FnMut(&Overview) -> bool) -> Overview {
    std::fs::write(bench.folder.path().join("tunnels.toml"), text).expect("writable");
    bench.hand.edit();
    bench.until(wanted).await
}

/// The file that the program wrote.
fn file(bench: &Bench) -> String {
    std::fs::read_to_string(bench.folder.path().join("tunnels.toml")).expect("there")
}

#[tokio::test]
async fn an_edit_from_outside_is_taken_over_while_tunnels_run_and_marks_those_that_it_changes() {
    let mut bench = Bench::new();
    let id = bench.connected().await;
    let text = file(&bench);
    let other = "\n[[tunnel]]\nname = \"b\"\ntarget = \"i-1\"\nremote_port = 22\n";
    let text = text.replace("local_port = 8080", "local_port = 8081") + other;
    let overview = edited(&mut bench, &text, |overview| overview.tunnels.len() == 2).await;
    assert_eq!(overview.tunnels[0].profile.listen.port, 8081);
    assert!(overview.tunnels[0].outdated && !overview.tunnels[1].outdated);
    let counts = bench
        .script
        .with(|inner| (inner.launches.len(), inner.stopped));
    assert_eq!(counts, (1, 0), "it goes on");

    bench.manager.disconnect(id).await.expect("known");
    bench.until_state(is_off).await;
    bench.manager.connect(id).await.expect("known");
    bench.until(|overview| !overview.tunnels[0].outdated).await;
}

#[tokio::test]
async fn a_broken_edit_is_shown_with_its_place_until_it_is_mended_and_changes_no_tunnel() {
    let mut bench = Bench::new();
    bench.connected().await;
    let good = file(&bench);
    let broken = good.replace("remote_port = 80", "remote_port = 80000");
    let overview = edited(&mut bench, &broken, |overview| overview.store.is_some()).await;
    let problem = overview.store.expect("just seen");
    assert_eq!(problem.code, "settings-broken");
    assert!(problem.what.contains("line 6, column 1"), "{problem:?}");
    assert_eq!(overview.tunnels.len(), 1);
    assert!(!overview.tunnels[0].outdated);
    bench.manager.add(draft("b")).await.expect_err("refused");
    assert_eq!(file(&bench), broken, "nothing is written over it");

    let overview = edited(&mut bench, &good, |overview| overview.store.is_none()).await;
    assert_eq!(overview.tunnels.len(), 1);
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_told_and_left_alone() {
    let mut bench = Bench::new();
    bench.connected().await;
    let newer = "version = 99\n";
    let overview = edited(&mut bench, newer, |overview| overview.store.is_some()).await;
    assert_eq!(overview.store.expect("just seen").code, "settings-newer");
    assert_eq!(overview.tunnels.len(), 1);
    bench.manager.add(draft("b")).await.expect_err("refused");
    assert_eq!(file(&bench), newer);
}

#[tokio::test]
async fn what_the_program_writes_itself_is_no_edit() {
    let mut bench = Bench::new();
    bench.connected().await;
    bench.overview.borrow_and_update();
    bench.manager.reload().await.expect("read");
    assert!(!bench.overview.has_changed().expect("lives"));
}

#[tokio::test]
async fn a_port_that_was_in_use_is_forgotten_when_an_edit_names_another() {
    let mut bench = Bench::new();
    let problem = Problem::new(ProblemKind::Listen, "port-in-use", "In use.", "");
    bench.script.with(|inner| {
        inner.refuse = Some(StartFailure {
            problem,
            free_port: Some(8081),
        });
    });
    let id = bench.manager.add(draft("a")).await.expect("added");
    bench.manager.connect(id).await.expect("known");
    bench.until_state(is_failed).await;
    let text = file(&bench).replace("local_port = 8080", "local_port = 8081");
    let overview = edited(&mut bench, &text, |overview| {
        overview.tunnels[0].profile.listen.port == 8081
    })
    .await;
    assert!(is_off(&overview.tunnels[0].snapshot.state));
    assert_eq!(overview.tunnels[0].free_port, None);
}
