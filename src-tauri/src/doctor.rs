//! The doctor's checks for the window: told one by one as they are made, ended when nobody waits for
//! them any more. No tunnel is started for them.

#![expect(
    clippy::needless_pass_by_value,
    reason = "commands get their state and arguments by value"
)]

pub(crate) mod view;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tauri::State;
use tauri::async_runtime::{JoinHandle, spawn};
use tauri::ipc::Channel;
use tunnel_manager::doctor::{Examination, Tunnels, examine};
use tunnel_manager::tunnel::{AccessSettings, Problem, ProblemKind};
use tunnel_manager::{
    Draft, Manager, ManagerError, Overview, Profile, ProfileId, SessionManager, TunnelStatus,
};

use crate::tray::is_on;
use crate::view::{DraftView, RefusalView};
use view::{ExaminationView, ExaminedView};

/// Examinations that are under way at once: more than the window has places for one.
const AT_ONCE: usize = 4;

/// Makes all checks of what is named, sends each finding through the channel as soon as those
/// before it are there, and answers the number by which it can be ended.
#[tauri::command]
#[specta::specta]
pub(crate) fn begin_examination(
    doctor: State<'_, Doctor>,
    what: ExaminedView,
    on_told: Channel<ExaminationView>,
) -> Result<u32, RefusalView> {
    let examination = doctor.examination(what)?;
    Ok(doctor.begin(examination, on_told))
}

/// Ends an examination; nothing more is told of it. One that is over is no mistake.
#[tauri::command]
#[specta::specta]
pub(crate) fn end_examination(doctor: State<'_, Doctor>, number: u32) {
    doctor.end(number);
}

/// Makes examinations, and knows those that are under way.
pub(crate) struct Doctor {
    engine: SessionManager,
    manager: Manager,
    under_way: Mutex<UnderWay>,
}

#[derive(Default)]
struct UnderWay {
    last: u32,
    tasks: BTreeMap<u32, JoinHandle<()>>,
}

impl Doctor {
    /// Looks at the manager's tunnels in the way in which the engine would start them.
    pub(crate) fn new(engine: SessionManager, manager: Manager) -> Self {
        Self {
            engine,
            manager,
            under_way: Mutex::default(),
        }
    }

    /// What is to be looked at.
    ///
    /// # Errors
    ///
    /// Settings that no tunnel can have, and tunnels that are not there or must not be looked at so.
    fn examination(&self, what: ExaminedView) -> Result<Examination, RefusalView> {
        let overview = self.manager.overview().borrow().clone();
        let mut running = Vec::new();
        let (tunnels, sweep, session) = match what {
            ExaminedView::Draft { id, draft } => {
                let profile = checked(*draft)?;
                let saved = id.map(|id| saved(&overview, &id)).transpose()?;
                if saved.is_some_and(|saved| has_port(saved, &profile)) {
                    running.push(profile.name.clone());
                }
                (self.one(&profile), false, false)
            }
            ExaminedView::Tunnel { id, session } => {
                let status = saved(&overview, &id)?;
                let profile = &status.profile;
                if has_port(status, profile) {
                    running.push(profile.name.clone());
                }
                if session && profile.production.is_some() {
                    return Err(RefusalView::told(&no_session_to_production()));
                }
                (self.one(profile), false, session)
            }
            ExaminedView::All { sweep } => {
                let saved = || overview.tunnels.iter().filter(|status| !status.demo);
                let run = saved().filter(|status| has_port(status, &status.profile));
                running.extend(run.map(|status| status.profile.name.clone()));
                let configs = saved().map(|status| self.engine.config_of(&status.profile));
                (Tunnels::All(configs.collect()), sweep, false)
            }
        };
        let is_nobodys = matches!(&tunnels, Tunnels::All(all) if all.is_empty());
        let default = || self.engine.reaching(AccessSettings::default());
        Ok(Examination {
            access: is_nobodys.then(default),
            tunnels,
            running,
            sweep,
            session,
            ledger: self.engine.ledger(),
            calls: self.engine.call_budget(),
        })
    }

    fn one(&self, profile: &Profile) -> Tunnels {
        Tunnels::One(Box::new(self.engine.config_of(profile)))
    }

    /// Where one too many is begun, the oldest ends: nobody waits for it.
    fn begin(&self, examination: Examination, channel: Channel<ExaminationView>) -> u32 {
        let task = spawn(async move {
            // A window that is gone ends its examinations no more than it hears of them: each check
            // has a deadline.
            let told = |finding: &_| drop(channel.send(ExaminationView::found(finding)));
            Box::pin(examine(examination, told)).await;
            drop(channel.send(ExaminationView::Over));
        });
        let mut under_way = self.lock();
        under_way
            .tasks
            .retain(|_, task| !task.inner().is_finished());
        while under_way.tasks.len() >= AT_ONCE
            && let Some((_, oldest)) = under_way.tasks.pop_first()
        {
            oldest.abort();
        }
        under_way.last = under_way.last.wrapping_add(1);
        let number = under_way.last;
        under_way.tasks.insert(number, task);
        number
    }

    fn end(&self, number: u32) {
        if let Some(task) = self.lock().tasks.remove(&number) {
            task.abort();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, UnderWay> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn saved<'a>(overview: &'a Overview, id: &str) -> Result<&'a TunnelStatus, RefusalView> {
    let unknown = || RefusalView::bad_id(id);
    let id: ProfileId = id.parse().map_err(|_| unknown())?;
    let mut tunnels = overview.tunnels.iter();
    let status = tunnels.find(|status| status.profile.id == id);
    let status = status.ok_or_else(unknown)?;
    if status.demo {
        return Err(RefusalView::told(&no_demo()));
    }
    Ok(status)
}

/// Whether a tunnel runs and so has the port itself that it is to have by these settings.
pub(crate) fn has_port(status: &TunnelStatus, settings: &Profile) -> bool {
    is_on(&status.snapshot.state) && !status.outdated && status.profile.listen == settings.listen
}

/// The tunnel that a draft describes. What it is called matters to nobody yet.
fn checked(draft: DraftView) -> Result<Profile, RefusalView> {
    let mut draft = Draft::from(draft);
    if draft.name.trim().is_empty() {
        "draft".clone_into(&mut draft.name);
    }
    let checked = draft.check(ProfileId::random());
    checked.map_err(|wrong| RefusalView::new(&ManagerError::Invalid(wrong)))
}

fn no_demo() -> Problem {
    Problem::new(
        ProblemKind::Settings,
        "demo-not-examined",
        "The demo tunnel leads to a service inside this program: there is nothing to check.",
        "Check a tunnel of your own.",
    )
}

fn no_session_to_production() -> Problem {
    Problem::new(
        ProblemKind::Settings,
        "production-not-tried",
        "This tunnel leads to production: no real session is opened to try it.",
        "Check it without a real session, or connect it.",
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tunnel_manager::tunnel::Edits;
    use tunnel_manager::{ProductionDraft, Store};

    use super::*;
    use crate::fixtures::channel;

    fn doctor(folder: &std::path::Path) -> Doctor {
        let engine = SessionManager::default();
        let store = Store::in_folder(folder);
        let manager = Manager::start(store, engine.clone(), Edits::default());
        Doctor::new(engine, manager)
    }

    fn draft() -> Draft {
        Draft {
            target: "i-0123456789abcdef0".to_owned(),
            remote_port: 5432,
            // Nobody is asked: what it says of itself is wrong.
            profile: Some("nowhere".to_owned()),
            ..Draft::default()
        }
    }

    fn of_draft(draft: Draft) -> ExaminedView {
        ExaminedView::Draft {
            id: None,
            draft: Box::new(draft.into()),
        }
    }

    fn code(refused: &RefusalView) -> serde_json::Value {
        serde_json::to_value(refused).expect("JSON")["problem"]["code"].clone()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_found_of_a_draft_is_told_finding_by_finding_and_then_that_it_is_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let doctor = doctor(folder.path());
        let (channel, told) = channel();
        let examination = doctor.examination(of_draft(draft())).expect("complete");
        doctor.begin(examination, channel);
        let all: Vec<_> = tokio::task::block_in_place(|| {
            std::iter::from_fn(|| told.recv_timeout(Duration::from_secs(60)).ok())
                .take_while(|told| told["kind"] != "over")
                .collect()
        });
        let first = &all[0]["finding"];
        assert_eq!(first["check"], "settings");
        assert_eq!(first["verdict"]["kind"], "failed");
        assert_eq!(first["code"], "unknown-profile");
        let identity = all
            .iter()
            .find(|told| told["finding"]["check"] == "identity");
        let verdict = &identity.expect("told")["finding"]["verdict"];
        assert_eq!(verdict["kind"], "skipped");
        assert_eq!(verdict["because"], "settings");
        let overview = doctor.manager.overview().borrow().clone();
        assert!(overview.tunnels.is_empty(), "nothing was saved or started");
    }

    #[tokio::test]
    async fn what_can_be_no_tunnel_is_refused_field_by_field() {
        let folder = tempfile::tempdir().expect("a folder");
        let doctor = doctor(folder.path());
        let broken = Draft {
            remote_port: 0,
            ..draft()
        };
        let refused = doctor.examination(of_draft(broken)).expect_err("no port");
        let refused = serde_json::to_value(refused).expect("JSON");
        assert_eq!(refused["fields"][0]["field"], "remotePort");
        assert_eq!(refused["fields"].as_array().map(Vec::len), Some(1));
    }

    #[test]
    fn a_tunnel_that_runs_has_the_port_of_its_settings_and_no_other() {
        let run = crate::fixtures::tunnel("db", crate::fixtures::up());
        assert!(has_port(&run, &run.profile));
        let off = crate::fixtures::tunnel("db", tunnel_proto::State::Off);
        assert!(!has_port(&off, &off.profile));
        let mut other = Profile::clone(&run.profile);
        other.listen.port = 15_432;
        assert!(!has_port(&run, &other), "it would have to begin anew");
        let outdated = TunnelStatus {
            outdated: true,
            ..run.clone()
        };
        assert!(!has_port(&outdated, &run.profile));
    }

    #[tokio::test]
    async fn to_production_no_real_session_is_opened_for_a_look() {
        let folder = tempfile::tempdir().expect("a folder");
        let doctor = doctor(folder.path());
        let marked = Draft {
            name: "db".to_owned(),
            production: Some(ProductionDraft::default()),
            ..draft()
        };
        let id = doctor.manager.add(marked).await.expect("added");
        let mut overview = doctor.manager.overview();
        let is_there = overview.wait_for(|overview| !overview.tunnels.is_empty());
        is_there.await.expect("a manager");
        let examined = |session| ExaminedView::Tunnel {
            id: id.to_string(),
            session,
        };
        let refused = doctor.examination(examined(true)).expect_err("production");
        assert_eq!(code(&refused), "production-not-tried");
        doctor.examination(examined(false)).expect("a look is free");
        let unknown = ExaminedView::Tunnel {
            id: "nobody".to_owned(),
            session: false,
        };
        let refused = doctor.examination(unknown).expect_err("unknown");
        assert_eq!(code(&refused), "unknown-tunnel");
    }

    #[tokio::test]
    async fn an_examination_that_is_ended_tells_nothing_more_and_neither_does_one_too_many() {
        let folder = tempfile::tempdir().expect("a folder");
        let doctor = doctor(folder.path());
        let hangs = || spawn(std::future::pending());
        for _ in 0..AT_ONCE {
            let mut under_way = doctor.lock();
            under_way.last += 1;
            let number = under_way.last;
            under_way.tasks.insert(number, hangs());
        }
        doctor.end(2);
        doctor.end(2);
        let numbers = |doctor: &Doctor| doctor.lock().tasks.keys().copied().collect::<Vec<_>>();
        assert_eq!(numbers(&doctor), [1, 3, 4]);
        for number in 5..=6 {
            let (channel, _told) = channel();
            let examination = doctor.examination(of_draft(draft())).expect("complete");
            assert_eq!(doctor.begin(examination, channel), number);
        }
        assert_eq!(numbers(&doctor)[0], 3, "the oldest has ended");
    }
}
