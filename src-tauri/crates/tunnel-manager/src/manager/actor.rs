//! The owner of everything that can change.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::sleep;
use tunnel::{Details, Edits};
use tunnel_proto::{Problem, ProblemKind, Snapshot, State};

use super::needs::{Needs, Waits};
use super::order::{self, Removals};
use super::run::{self, Orders, Progress};
use super::{Answer, RemovalId, Request};
use crate::closing::{Clock, Closing};
use crate::engine::{DemoService, Engine, Launch};
use crate::error::ManagerError;
use crate::exchange;
use crate::overview::{Closes, Overview, TunnelStatus};
use crate::profile::{Consent, Draft, Field, Invalid, Profile, ProfileId, Refiling, rules};
use crate::store::{Store, StoreError};

/// Snapshots that may wait for the actor; a tunnel that finds no room waits and then sends its
/// latest.
const PROGRESS_MOST: usize = 64;

pub(super) struct Actor<E: Engine> {
    store: Store,
    engine: Arc<E>,
    /// Of the profile file, by whomever.
    edits: Edits,
    clock: Clock,
    overview: watch::Sender<Overview>,
    /// What is saved, in the file's order.
    saved: Vec<Arc<Profile>>,
    /// Why the file could not be read the last time.
    store_problem: Option<Problem>,
    demo: Option<Demo<E::Demo>>,
    /// Demo services that were removed and whose tunnel is yet to end its session with them.
    retired: Vec<Demo<E::Demo>>,
    runs: HashMap<ProfileId, Run>,
    /// How each tunnel was last, by its own account.
    last: HashMap<ProfileId, Last>,
    /// The sign-ins that tunnels wait for.
    needs: Needs,
    /// What can be put back.
    removals: Removals,
    /// Who waits until nothing runs.
    waiting_for_quiet: Vec<Answer<()>>,
    tasks: JoinSet<()>,
    progress: mpsc::Sender<(ProfileId, Progress)>,
    progressed: Option<mpsc::Receiver<(ProfileId, Progress)>>,
}

struct Demo<D> {
    profile: Arc<Profile>,
    service: D,
}

/// A tunnel that is being started, runs, or is being stopped.
struct Run {
    /// The settings that it was started with.
    profile: Arc<Profile>,
    /// Taken when it is asked to stop.
    stop: Option<oneshot::Sender<()>>,
    /// Tells it not to wait for its next attempt.
    try_now: Arc<Notify>,
    /// Asks it how its sessions and connections are.
    looks: mpsc::Sender<oneshot::Sender<Details>>,
    /// It has credentials of its own, which no sign-in changes.
    own_access: bool,
    /// It was told to try because of somebody else's sign-in, and has not said since how that
    /// went: those that come up meanwhile need not tell it again.
    woken: bool,
    /// Nobody can see it any more: it only has to end.
    removed: bool,
    /// It was asked to start again while it was being stopped.
    again: Option<Again>,
    /// When it closes by itself.
    closing: Option<Closing>,
}

/// A wish to start again, with a person's word if there was one.
struct Again(Option<Consent>);

struct Last {
    snapshot: Snapshot,
    free_port: Option<u16>,
}

impl<E: Engine> Actor<E> {
    pub(super) fn new(
        store: Store,
        engine: E,
        edits: Edits,
        overview: watch::Sender<Overview>,
        clock: Clock,
    ) -> Self {
        let (progress, progressed) = mpsc::channel(PROGRESS_MOST);
        Self {
            store,
            engine: Arc::new(engine),
            edits,
            clock,
            overview,
            saved: Vec::new(),
            store_problem: None,
            demo: None,
            retired: Vec::new(),
            runs: HashMap::new(),
            last: HashMap::new(),
            needs: Needs::default(),
            removals: Removals::default(),
            waiting_for_quiet: Vec::new(),
            tasks: JoinSet::new(),
            progress,
            progressed: Some(progressed),
        }
    }

    /// Serves until the last handle is gone, and then until every tunnel is off.
    pub(super) async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let Some(mut progressed) = self.progressed.take() else {
            return;
        };
        let store = self.store.clone();
        spawn_blocking(move || store.tidy()).await.ok();
        self.reload().await.ok();
        self.publish();
        let mut closing = false;
        while !closing || !self.runs.is_empty() {
            let rests = self.rests();
            tokio::select! {
                request = requests.recv(), if !closing => match request {
                    Some(request) => self.handle_request(request).await,
                    None => {
                        closing = true;
                        self.stop_all();
                    }
                },
                Some((id, what)) = progressed.recv() => self.handle_progress(id, what).await,
                // The overview tells what is wrong with it. What we wrote ourselves changes nothing.
                () = self.edits.next(), if !closing => drop(self.reload().await),
                () = rest(rests) => self.close_those_due(),
                // Only to forget those that are over.
                Some(_) = self.tasks.join_next() => continue,
            }
            self.publish();
        }
        self.retired.extend(self.demo.take());
        self.end_retired();
        while self.tasks.join_next().await.is_some() {}
    }

    async fn handle_request(&mut self, request: Request) {
        // Whoever asked may have gone in the meantime, so nobody minds an answer that is lost.
        match request {
            Request::Add(draft, answer) => drop(answer.send(self.add(draft).await)),
            Request::Update(id, draft, answer) => drop(answer.send(self.update(id, draft).await)),
            Request::Remove(ids, answer) => drop(answer.send(self.remove(ids).await)),
            Request::Restore(id, answer) => drop(answer.send(self.restore(id).await)),
            Request::Move(id, before, answer) => {
                drop(answer.send(self.move_to(id, before).await));
            }
            Request::Refile(ids, to, answer) => drop(answer.send(self.refile(ids, to).await)),
            Request::Compare(offered, answer) => {
                let saved: Vec<_> = self.saved.iter().map(|saved| (**saved).clone()).collect();
                drop(answer.send(Ok(exchange::compare(&saved, offered))));
            }
            Request::Merge(chosen, answer) => {
                let merge = move |saved: &mut Vec<Profile>| exchange::merge(saved, &chosen);
                drop(answer.send(self.save(merge).await));
            }
            Request::Connect(id, consent, answer) => {
                drop(answer.send(self.connect(id, consent)));
            }
            Request::KeepOpen(id, answer) => drop(answer.send(self.keep_open(id))),
            Request::Disconnect(id, answer) => drop(answer.send(self.disconnect(id))),
            Request::TryNow(id, answer) => drop(answer.send(self.try_now(id).await)),
            Request::Look(id, answer) => {
                // Without a tunnel that runs the answer is dropped, which says so.
                if let Some(run) = self.runs.get(&id) {
                    drop(run.looks.try_send(answer));
                }
            }
            Request::StartDemo(answer) => drop(answer.send(self.start_demo().await)),
            Request::CutDemo(cut, answer) => {
                if let Some(demo) = &self.demo {
                    demo.service.cut(cut);
                }
                drop(answer.send(Ok(())));
            }
            Request::Reload(answer) => drop(answer.send(self.reload().await)),
            Request::StopAll(answer) => {
                self.stop_all();
                self.waiting_for_quiet.push(answer);
            }
        }
        self.answer_when_quiet();
    }

    async fn handle_progress(&mut self, id: ProfileId, what: Progress) {
        match what {
            Progress::Changed(snapshot) => {
                if let Some(run) = self.runs.get_mut(&id) {
                    run.woken = false;
                }
                let was_up = self.state(id).is_some_and(is_up);
                let comes_up = !was_up && is_up(&snapshot.state);
                self.note_need(id, &snapshot.state).await;
                self.last.insert(
                    id,
                    Last {
                        snapshot,
                        free_port: None,
                    },
                );
                // AWS has just taken its credentials. Nothing less counts: a tunnel that tries
                // and fails must not wake the others, whose failures would wake it again.
                if comes_up {
                    self.wake_for_sign_in_of(id).await;
                }
            }
            Progress::Ended(mut snapshot, free_port) => {
                let run = self.runs.remove(&id);
                if let Some(closing) = run.as_ref().and_then(|run| run.closing)
                    && closing.is_due((self.clock)())
                    && matches!(snapshot.state, State::Off)
                {
                    snapshot.notice = Some(closed_by_itself(&closing));
                }
                self.last.insert(
                    id,
                    Last {
                        snapshot,
                        free_port,
                    },
                );
                self.needs.remove(id);
                if let Some(Again(consent)) = run.and_then(|run| run.again) {
                    // It may have been removed in the meantime, or become production.
                    self.connect(id, consent).ok();
                }
                self.forget_strangers();
                self.end_retired();
                self.answer_when_quiet();
            }
        }
    }

    /// Notes whether a tunnel waits for a sign-in, and for which.
    async fn note_need(&mut self, id: ProfileId, state: &State) {
        match (Waits::of(state), state) {
            (Waits::Yes, State::NeedsSignIn { problem, .. }) if !self.needs.waits(id) => {
                let Some(run) = self.runs.get(&id).filter(|run| !run.own_access) else {
                    return;
                };
                let credentials = run.profile.credentials.clone();
                let sign_in = self.engine.sign_in(&credentials).await;
                self.needs.add(id, sign_in, credentials, problem.clone());
            }
            (Waits::No, _) => self.needs.remove(id),
            (Waits::Yes | Waits::Perhaps, _) => {}
        }
    }

    async fn add(&mut self, draft: Draft) -> Result<ProfileId, ManagerError> {
        let profile = draft
            .check(ProfileId::random())
            .map_err(ManagerError::Invalid)?;
        let id = profile.id;
        self.save(move |profiles| profiles.push(profile)).await?;
        Ok(id)
    }

    async fn update(&mut self, id: ProfileId, draft: Draft) -> Result<(), ManagerError> {
        if self.is_demo(id) {
            return Err(ManagerError::DemoIsFixed);
        }
        let changed = draft.check(id).map_err(ManagerError::Invalid)?;
        self.save(move |profiles| {
            if let Some(profile) = profiles.iter_mut().find(|profile| profile.id == id) {
                *profile = changed;
            }
        })
        .await?;
        // Somebody else may have taken it out of the file.
        self.saved
            .iter()
            .any(|profile| profile.id == id)
            .then_some(())
            .ok_or(ManagerError::UnknownTunnel(id))?;
        Ok(())
    }

    async fn remove(&mut self, ids: Vec<ProfileId>) -> Result<RemovalId, ManagerError> {
        for id in &ids {
            self.profile(*id)?;
        }
        let before: Vec<_> = self.saved.iter().map(|saved| (**saved).clone()).collect();
        if before.iter().any(|profile| ids.contains(&profile.id)) {
            let ids = ids.clone();
            self.save(move |profiles| profiles.retain(|profile| !ids.contains(&profile.id)))
                .await?;
        }
        if let Some(demo) = self.demo.take_if(|demo| ids.contains(&demo.profile.id)) {
            self.retired.push(demo);
        }
        for id in &ids {
            self.stop(*id);
            if let Some(run) = self.runs.get_mut(id) {
                run.removed = true;
            }
        }
        self.forget_strangers();
        self.end_retired();
        Ok(self.removals.keep(&before, &ids))
    }

    async fn restore(&mut self, id: RemovalId) -> Result<(), ManagerError> {
        let removal = self.removals.find(id).cloned();
        let removal = removal.ok_or(ManagerError::UnknownRemoval)?;
        self.save(move |profiles| removal.put_back(profiles))
            .await?;
        self.removals.forget(id);
        // One that is still being stopped can be seen again.
        for (id, run) in &mut self.runs {
            run.removed &= !self.saved.iter().any(|profile| profile.id == *id);
        }
        Ok(())
    }

    async fn move_to(
        &mut self,
        id: ProfileId,
        before: Option<ProfileId>,
    ) -> Result<(), ManagerError> {
        for id in [Some(id), before].into_iter().flatten() {
            self.saved(id)?;
        }
        self.save(move |profiles| {
            // Whichever of them somebody else has taken out meanwhile: nothing is to be moved.
            order::move_to(profiles, id, before).ok();
        })
        .await
    }

    async fn refile(&mut self, ids: Vec<ProfileId>, to: Refiling) -> Result<(), ManagerError> {
        let to = to
            .checked()
            .map_err(|invalid| ManagerError::Invalid(vec![invalid]))?;
        for id in &ids {
            let mut filing = self.saved(*id)?.filing.clone();
            filing.change(&to).map_err(|rule| {
                let field = Field::Tags;
                ManagerError::Invalid(vec![Invalid { field, rule }])
            })?;
        }
        self.save(move |profiles| {
            for profile in profiles.iter_mut().filter(|each| ids.contains(&each.id)) {
                // One whose file was edited meanwhile and is full stays as it is.
                profile.filing.change(&to).ok();
            }
        })
        .await
    }

    fn connect(&mut self, id: ProfileId, consent: Option<Consent>) -> Result<(), ManagerError> {
        let profile = self.profile(id)?;
        if self.runs.get(&id).is_some_and(|run| run.stop.is_some()) {
            return Ok(());
        }
        let started_as = agreed(&profile, consent.as_ref())?;
        if let Some(run) = self.runs.get_mut(&id) {
            run.again = Some(Again(consent));
            return Ok(());
        }
        let closes_after = profile.production.and_then(|mark| mark.closes_after);
        let closing = closes_after.map(|after| Closing::new(after, (self.clock)()));
        let access = self
            .demo
            .as_ref()
            .filter(|demo| demo.profile.id == id)
            .map(|demo| demo.service.access());
        let own_access = access.is_some();
        let (stop, stopped) = oneshot::channel();
        let try_now = Arc::new(Notify::new());
        let (looks, looked) = mpsc::channel(1);
        let orders = Orders {
            stop: stopped,
            try_now: Arc::clone(&try_now),
            looks: looked,
        };
        let launch = Launch {
            profile: started_as,
            access,
        };
        let engine = Arc::clone(&self.engine);
        self.tasks
            .spawn(run::run(engine, launch, orders, self.progress.clone()));
        self.runs.insert(
            id,
            Run {
                profile,
                stop: Some(stop),
                try_now,
                looks,
                own_access,
                woken: false,
                removed: false,
                again: None,
                closing,
            },
        );
        Ok(())
    }

    fn disconnect(&mut self, id: ProfileId) -> Result<(), ManagerError> {
        self.profile(id)?;
        self.stop(id);
        Ok(())
    }

    fn keep_open(&mut self, id: ProfileId) -> Result<(), ManagerError> {
        self.profile(id)?;
        let now = (self.clock)();
        if let Some(closing) = self.runs.get_mut(&id).and_then(|run| run.closing.as_mut())
            && !closing.is_due(now)
        {
            closing.keep_open(now);
        }
        Ok(())
    }

    /// Stops the tunnels whose time is over.
    fn close_those_due(&mut self) {
        let now = (self.clock)();
        let is_due = |run: &Run| run.closing.is_some_and(|closing| closing.is_due(now));
        let due = self.runs.iter().filter(|(_, run)| is_due(run));
        let due: Vec<_> = due.map(|(id, _)| *id).collect();
        for id in due {
            tracing::info!(tunnel = %id, "its time is over");
            self.stop(id);
        }
    }

    /// For how long no tunnel closes by itself or warns of it; `None` if none ever does.
    fn rests(&self) -> Option<Duration> {
        let now = (self.clock)();
        let live = self.runs.values().filter(|run| run.stop.is_some());
        let closings = live.filter_map(|run| run.closing);
        closings.map(|closing| closing.rests(now)).min()
    }

    async fn try_now(&mut self, id: ProfileId) -> Result<(), ManagerError> {
        self.profile(id)?;
        if let Some(run) = self.runs.get(&id) {
            run.try_now.notify_one();
        }
        // Whoever asks has most likely signed in.
        if self.state(id).is_some_and(needs_sign_in) {
            self.wake_for_sign_in_of(id).await;
        }
        Ok(())
    }

    /// Lets the others try at once that wait for the sign-in that this tunnel needs, too.
    async fn wake_for_sign_in_of(&mut self, id: ProfileId) {
        let Some(run) = self.runs.get(&id).filter(|run| !run.own_access) else {
            return;
        };
        let own = run.profile.credentials.clone();
        let (runs, last) = (&mut self.runs, &self.last);
        let waits = |id| {
            last.get(id)
                .is_some_and(|last| needs_sign_in(&last.snapshot.state))
        };
        let mut waiting: Vec<_> = runs
            .iter_mut()
            .filter(|(other, run)| **other != id && !run.own_access && !run.woken && waits(other))
            .map(|(_, run)| run)
            .collect();
        if waiting.is_empty() {
            return;
        }
        // Each asks for files to be read: once a source, not once a tunnel.
        let mut sign_ins = HashMap::new();
        let sources = waiting.iter().map(|run| &run.profile.credentials);
        for source in sources.chain([&own]) {
            if !sign_ins.contains_key(source) {
                let sign_in = self.engine.sign_in(source).await;
                sign_ins.insert(source.clone(), sign_in);
            }
        }
        let wanted = sign_ins.get(&own);
        for run in &mut waiting {
            if sign_ins.get(&run.profile.credentials) == wanted {
                run.try_now.notify_one();
                run.woken = true;
            }
        }
    }

    /// What a tunnel said last that it does.
    fn state(&self, id: ProfileId) -> Option<&State> {
        self.last.get(&id).map(|last| &last.snapshot.state)
    }

    /// Asks a tunnel to stop, if it runs.
    fn stop(&mut self, id: ProfileId) {
        if let Some(run) = self.runs.get_mut(&id) {
            run.again = None;
            // The receiver is gone when the run is over, which is as good.
            run.stop.take().map(|stop| stop.send(()));
        }
    }

    fn stop_all(&mut self) {
        let ids: Vec<_> = self.runs.keys().copied().collect();
        for id in ids {
            self.stop(id);
        }
    }

    /// Ends the demo services that no tunnel needs any more.
    fn end_retired(&mut self) {
        let runs = &self.runs;
        for demo in self
            .retired
            .extract_if(.., |demo| !runs.contains_key(&demo.profile.id))
        {
            self.tasks.spawn(demo.service.stop());
        }
    }

    async fn start_demo(&mut self) -> Result<ProfileId, ManagerError> {
        let id = match &self.demo {
            Some(demo) => demo.profile.id,
            None => {
                let service = self.engine.start_demo().await.map_err(ManagerError::Demo)?;
                let id = ProfileId::random();
                let profile = service.tunnel().check(id).map_err(ManagerError::Invalid)?;
                self.demo = Some(Demo {
                    profile: Arc::new(profile),
                    service,
                });
                id
            }
        };
        self.connect(id, None)?;
        Ok(id)
    }

    async fn reload(&mut self) -> Result<(), ManagerError> {
        let store = self.store.clone();
        self.adopt(spawn_blocking(move || store.read()).await)
    }

    async fn save(
        &mut self,
        change: impl FnOnce(&mut Vec<Profile>) + Send + 'static,
    ) -> Result<(), ManagerError> {
        let store = self.store.clone();
        self.adopt(spawn_blocking(move || store.update(change)).await)
    }

    /// Takes over what the file says now.
    fn adopt(
        &mut self,
        read: Result<Result<Vec<Profile>, StoreError>, tokio::task::JoinError>,
    ) -> Result<(), ManagerError> {
        // The task can only be cancelled by the runtime's end.
        match read.map_err(|_| ManagerError::Closed)? {
            Ok(profiles) => {
                let before = std::mem::take(&mut self.saved);
                self.saved = profiles.into_iter().map(Arc::new).collect();
                self.store_problem = None;
                self.forget_strangers();
                self.forget_outdated(&before);
                Ok(())
            }
            Err(error) => {
                tracing::warn!(%error, "the profile file");
                if !matches!(error, StoreError::Write { .. }) {
                    self.store_problem = Some(error.problem());
                }
                Err(error.into())
            }
        }
    }

    fn profile(&self, id: ProfileId) -> Result<Arc<Profile>, ManagerError> {
        self.listed()
            .find(|profile| profile.id == id)
            .map(Arc::clone)
            .ok_or(ManagerError::UnknownTunnel(id))
    }

    /// A tunnel of the file.
    fn saved(&self, id: ProfileId) -> Result<&Profile, ManagerError> {
        if self.is_demo(id) {
            return Err(ManagerError::DemoIsFixed);
        }
        let found = self.saved.iter().find(|profile| profile.id == id);
        found
            .map(|profile| &**profile)
            .ok_or(ManagerError::UnknownTunnel(id))
    }

    fn is_demo(&self, id: ProfileId) -> bool {
        self.demo.as_ref().is_some_and(|demo| demo.profile.id == id)
    }

    /// Every tunnel that is shown: the saved ones, those that run although the file no longer
    /// names them, and the demo tunnel.
    fn listed(&self) -> impl Iterator<Item = &Arc<Profile>> {
        let is_saved = |id| self.saved.iter().any(|profile| profile.id == id);
        let unsaved = self
            .runs
            .values()
            .filter(|run| !run.removed)
            .map(|run| &run.profile)
            .filter(move |profile| !is_saved(profile.id) && !self.is_demo(profile.id));
        self.saved
            .iter()
            .chain(unsaved)
            .chain(self.demo.iter().map(|demo| &demo.profile))
    }

    fn status(&self, profile: &Arc<Profile>) -> TunnelStatus {
        let last = self.last.get(&profile.id);
        let runs_as = self.runs.get(&profile.id).map(|run| &run.profile);
        TunnelStatus {
            profile: Arc::clone(profile),
            snapshot: last.map_or_else(|| run::idle(State::Off), |last| last.snapshot.clone()),
            outdated: runs_as.is_some_and(|runs_as| !runs_as.same_tunnel(profile)),
            demo: self.is_demo(profile.id),
            free_port: last.and_then(|last| last.free_port),
            closes: self.closes(profile.id),
        }
    }

    /// When a tunnel that runs closes by itself.
    fn closes(&self, id: ProfileId) -> Option<Closes> {
        let run = self.runs.get(&id).filter(|run| run.stop.is_some())?;
        run.closing.map(|closing| closing.told((self.clock)()))
    }

    /// Forgets how tunnels were that nobody can see any more.
    fn forget_strangers(&mut self) {
        let listed: HashSet<_> = self.listed().map(|profile| profile.id).collect();
        self.last.retain(|id, _| listed.contains(id));
    }

    /// Forgets how tunnels that do not run were with other settings: a port that was in use is
    /// no longer their problem.
    fn forget_outdated(&mut self, before: &[Arc<Profile>]) {
        for profile in &self.saved {
            let changed = before
                .iter()
                .any(|old| old.id == profile.id && !old.same_tunnel(profile));
            if changed && !self.runs.contains_key(&profile.id) {
                self.last.remove(&profile.id);
            }
        }
    }

    fn answer_when_quiet(&mut self) {
        if self.runs.is_empty() {
            for answer in self.waiting_for_quiet.drain(..) {
                answer.send(Ok(())).ok();
            }
        }
    }

    fn publish(&self) {
        let tunnels = self.listed().map(|profile| self.status(profile)).collect();
        let overview = Overview {
            tunnels,
            sign_ins: self.needs.all().to_vec(),
            store: self.store_problem.clone(),
        };
        self.overview.send_if_modified(|shown| {
            let changed = *shown != overview;
            *shown = overview;
            changed
        });
    }
}

/// The settings that a tunnel is started with: with the reason of a person who was asked, where it
/// leads to production.
fn agreed(profile: &Arc<Profile>, consent: Option<&Consent>) -> Result<Arc<Profile>, ManagerError> {
    let Some(production) = &profile.production else {
        return Ok(Arc::clone(profile));
    };
    let consent = consent.ok_or(ManagerError::NeedsConsent(profile.id))?;
    let reason = production
        .reason(consent, profile.reason.as_deref())
        .map_err(|invalid| ManagerError::Invalid(vec![invalid]))?;
    Ok(Arc::new(Profile {
        reason,
        ..Profile::clone(profile)
    }))
}

fn closed_by_itself(closing: &Closing) -> Problem {
    let after = rules::span_text(Some(closing.after()));
    Problem::new(
        ProblemKind::Settings,
        "closed-by-itself",
        format!("It closed by itself after {after}, as tunnels to production do."),
        "Connect it again if it is still needed.",
    )
    .with_fact("after", &after)
}

/// Waits so long, for ever if there is no end.
async fn rest(span: Option<Duration>) {
    match span {
        Some(span) => sleep(span).await,
        None => std::future::pending().await,
    }
}

/// Says whether a tunnel has a session that lives.
fn is_up(state: &State) -> bool {
    match state {
        State::Up { .. } | State::Degraded { .. } => true,
        State::Off
        | State::Listening
        | State::Connecting { .. }
        | State::Reconnecting { .. }
        | State::NeedsSignIn { .. }
        | State::Stopping
        | State::Failed { .. } => false,
    }
}

fn needs_sign_in(state: &State) -> bool {
    match state {
        State::NeedsSignIn { .. } => true,
        State::Off
        | State::Listening
        | State::Connecting { .. }
        | State::Up { .. }
        | State::Degraded { .. }
        | State::Reconnecting { .. }
        | State::Stopping
        | State::Failed { .. } => false,
    }
}
