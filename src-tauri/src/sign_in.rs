//! Signing in from the window: which sign-ins there are and how they stand, and the one that is under
//! way. One is begun by a command alone, which is something that a person did.

#![expect(
    clippy::needless_pass_by_value,
    reason = "commands get their state and arguments by value"
)]

pub(crate) mod view;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tauri::State;
use tauri::async_runtime::{JoinHandle, spawn};
use tauri::ipc::Channel;
use tokio::sync::watch;
use tokio::time::sleep;
use tunnel_manager::tunnel::{AccessSettings, Environment, Problem, ProblemKind};
use tunnel_manager::{
    CodeAsked, CredentialSource, Engine as _, Manager, MfaDevice, Overview, ProfileId, ProfileList,
    Secret, SessionManager, SettingsKeeper, SignIn, SignInEvent, SignInRequest, SigningIn,
    personal_sign_ins, profile_of,
};

use crate::view::RefusalView;
use view::{CurrentView, SignInForView, SignInView, SignInsView, StepView};

/// As for the overview.
const PAUSE: Duration = Duration::from_millis(250);

/// Sends all sign-ins through the channel, now and whenever something of them changes, until another
/// page asks, or none.
#[tauri::command]
#[specta::specta]
pub(crate) fn subscribe_sign_ins(desk: State<'_, SignInDesk>, on_sign_ins: Channel<SignInsView>) {
    let task = spawn(desk.inner().clone().follow(on_sign_ins));
    desk.show_on(Some(task));
}

/// Nobody looks any more. A sign-in that is under way goes on.
#[tauri::command]
#[specta::specta]
pub(crate) fn unsubscribe_sign_ins(desk: State<'_, SignInDesk>) {
    desk.show_on(None);
}

/// Begins a sign-in. One that is under way is broken off.
#[tauri::command]
#[specta::specta]
pub(crate) async fn begin_sign_in(
    desk: State<'_, SignInDesk>,
    whom: SignInForView,
) -> Result<(), RefusalView> {
    let patient = desk.patient(whom).await?;
    desk.begin(patient);
    Ok(())
}

/// Breaks off the sign-in of this number, if it is under way.
#[tauri::command]
#[specta::specta]
pub(crate) fn cancel_sign_in(desk: State<'_, SignInDesk>, number: u32) {
    desk.cancel(number);
}

/// Gives the code that the sign-in of this number wants. It is used once, and kept nowhere.
#[tauri::command]
#[specta::specta]
pub(crate) fn give_mfa_code(
    desk: State<'_, SignInDesk>,
    number: u32,
    code: String,
) -> Result<(), RefusalView> {
    desk.give_code(number, Secret::new(code))
}

/// Opens the page again that the sign-in of this number waits for. The window can't name another.
#[tauri::command]
#[specta::specta]
pub(crate) fn open_sign_in_page(
    desk: State<'_, SignInDesk>,
    number: u32,
) -> Result<(), RefusalView> {
    let Some(url) = desk.page(number) else {
        return Ok(());
    };
    tauri_plugin_opener::open_url(&url, None::<&str>)
        .map_err(|error| RefusalView::no_browser(&url, &error))
}

/// Where people sign in.
#[derive(Clone)]
pub(crate) struct SignInDesk {
    engine: SessionManager,
    manager: Manager,
    settings: SettingsKeeper,
    environment: Environment,
    current: Arc<watch::Sender<Option<CurrentView>>>,
    under_way: Arc<Mutex<UnderWay>>,
    /// The task that tells the page; another page replaces it.
    page: Arc<Mutex<Option<JoinHandle<()>>>>,
}

#[derive(Default)]
struct UnderWay {
    last: u32,
    task: Option<JoinHandle<()>>,
    code: Option<CodeAsked>,
}

/// Whose sign-in is made.
struct Patient {
    access: AccessSettings,
    credentials: CredentialSource,
    profile: String,
    tunnel: Option<ProfileId>,
}

impl SignInDesk {
    pub(crate) fn new(
        engine: SessionManager,
        manager: Manager,
        settings: SettingsKeeper,
        environment: Environment,
    ) -> Self {
        Self {
            engine,
            manager,
            settings,
            environment,
            current: Arc::default(),
            under_way: Arc::default(),
            page: Arc::default(),
        }
    }

    /// For whom to sign in.
    ///
    /// # Errors
    ///
    /// Profiles and tunnels that are not there, and tunnels without a profile.
    async fn patient(&self, whom: SignInForView) -> Result<Patient, RefusalView> {
        match whom {
            SignInForView::Profile { profile } => {
                if ProfileList::read().await.get(&profile).is_none() {
                    return Err(RefusalView::told(&unknown_profile()));
                }
                let access = AccessSettings {
                    profile: Some(profile.clone()),
                    ..AccessSettings::default()
                };
                Ok(Patient {
                    access: self.engine.reaching(access),
                    credentials: CredentialSource::Profile(profile.clone()),
                    profile,
                    tunnel: None,
                })
            }
            SignInForView::Tunnel { id } => {
                let unknown = || RefusalView::bad_id(&id);
                let tunnel: ProfileId = id.parse().map_err(|_| unknown())?;
                let overview = self.manager.overview().borrow().clone();
                let mut tunnels = overview.tunnels.iter();
                let status = tunnels.find(|status| status.profile.id == tunnel && !status.demo);
                let saved = &status.ok_or_else(unknown)?.profile;
                let profile = profile_of(&saved.credentials);
                let profile = profile.ok_or_else(|| RefusalView::told(&no_profile()))?;
                Ok(Patient {
                    access: self.engine.config_of(saved).access,
                    credentials: saved.credentials.clone(),
                    profile,
                    tunnel: Some(tunnel),
                })
            }
        }
    }

    fn begin(&self, patient: Patient) {
        let mut under_way = self.lock();
        under_way.end();
        under_way.last = under_way.last.wrapping_add(1);
        let number = under_way.last;
        self.current.send_replace(Some(CurrentView {
            number,
            profile: patient.profile,
            tunnel: patient.tunnel.map(|id| id.to_string()),
            step: StepView::Asking,
        }));
        let request = SignInRequest {
            settings: patient.access,
            by: self.settings.settings().sign_in_by,
            only_if_needed: false,
        };
        let desk = self.clone();
        let credentials = patient.credentials;
        under_way.task = Some(spawn(async move {
            desk.go_through(number, request, &credentials).await;
        }));
    }

    async fn go_through(
        &self,
        number: u32,
        request: SignInRequest,
        credentials: &CredentialSource,
    ) {
        let mut signing_in = SigningIn::start(request);
        while let Some(event) = signing_in.next().await {
            match event {
                SignInEvent::Visit(visit) => self.tell(number, StepView::visit(&visit)),
                SignInEvent::Code(asked) => {
                    let step = StepView::code(&asked.device);
                    self.lock().code = Some(asked);
                    self.tell(number, step);
                }
                SignInEvent::Done(outcome) => {
                    self.tell(number, StepView::done(&outcome));
                    self.wake(self.engine.sign_in(credentials).await).await;
                }
                SignInEvent::Failed(problem) => {
                    let problem = Box::new((&problem).into());
                    self.tell(number, StepView::Failed { problem });
                }
            }
        }
    }

    /// Lets all tunnels go on that wait for this sign-in. Most have heard of it by themselves, but
    /// not of one that could not be written down.
    async fn wake(&self, sign_in: SignIn) {
        let needed = self.manager.overview().borrow().sign_ins.clone();
        let waiting = needed.iter().filter(|need| need.sign_in == sign_in);
        for id in waiting.flat_map(|need| &need.tunnels) {
            // One that is gone meanwhile waits no more.
            self.manager.try_now(*id).await.ok();
        }
    }

    /// A sign-in that is not the present one any more has nothing to tell.
    fn tell(&self, number: u32, step: StepView) {
        self.current.send_if_modified(|current| {
            let current = current
                .as_mut()
                .filter(|current| current.number == number && !current.step.is_over());
            current.map(|current| current.step = step).is_some()
        });
    }

    fn cancel(&self, number: u32) {
        let mut under_way = self.lock();
        if under_way.last == number {
            under_way.end();
            self.tell(number, StepView::Cancelled);
        }
    }

    fn give_code(&self, number: u32, code: Secret) -> Result<(), RefusalView> {
        let code = MfaDevice::code_in(&code).ok_or_else(|| RefusalView::told(&no_code()))?;
        let mut under_way = self.lock();
        if under_way.last == number
            && let Some(asked) = under_way.code.take()
        {
            self.tell(number, StepView::Asking);
            asked.give(code);
        }
        Ok(())
    }

    fn page(&self, number: u32) -> Option<String> {
        let current = self.current.borrow();
        let current = current.as_ref().filter(|now| now.number == number)?;
        match &current.step {
            StepView::Visit { url, .. } => Some(url.clone()),
            StepView::Asking
            | StepView::Code { .. }
            | StepView::Done { .. }
            | StepView::Failed { .. }
            | StepView::Cancelled => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, UnderWay> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn show_on(&self, task: Option<JoinHandle<()>>) {
        let mut page = self.page.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = std::mem::replace(&mut *page, task) {
            old.abort();
        }
    }

    /// Tells one page of all sign-ins. The files are read again when they have changed, when other
    /// tunnels are saved, and when a sign-in is over.
    async fn follow(self, channel: Channel<SignInsView>) {
        let mut conditions = self.environment.conditions();
        let mut overview = self.manager.overview();
        let mut current = self.current.subscribe();
        loop {
            let files = conditions.borrow_and_update().credentials;
            let tunnels = served(&overview.borrow_and_update());
            let sign_ins = self.read(&tunnels).await;
            loop {
                let now = current.borrow_and_update().clone();
                let was_over = now.as_ref().is_none_or(|now| now.step.is_over());
                let view = SignInsView {
                    sign_ins: sign_ins.clone(),
                    current: now,
                };
                if channel.send(view).is_err() {
                    return;
                }
                sleep(PAUSE).await;
                let told = tokio::select! {
                    told = current.changed() => told.map(|()| {
                        let now = current.borrow();
                        !was_over && now.as_ref().is_some_and(|now| now.step.is_over())
                    }),
                    told = conditions.wait_for(|now| now.credentials != files) => told.map(|_| true),
                    told = overview.wait_for(|now| served(now) != tunnels) => told.map(|_| true),
                };
                match told {
                    Ok(true) => break,
                    Ok(false) => {}
                    // The program ends.
                    Err(_) => return,
                }
            }
        }
    }

    async fn read(&self, tunnels: &Served) -> Vec<SignInView> {
        let list = ProfileList::read().await;
        let kept = self.engine.sign_ins();
        let all = personal_sign_ins(&list, &kept, SystemTime::now()).await;
        let with_tunnels = |sign_in: tunnel_manager::PersonalSignIn| {
            let profiles = sign_in.profiles.iter();
            let ids = profiles.filter_map(|profile| tunnels.get(profile));
            let ids = ids.flatten().map(ToString::to_string).collect();
            SignInView::new(sign_in, ids)
        };
        all.into_iter().map(with_tunnels).collect()
    }
}

impl UnderWay {
    /// Whoever waits for a code waits no more.
    fn end(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
        self.code = None;
    }
}

/// The saved tunnels of each profile.
type Served = BTreeMap<String, Vec<ProfileId>>;

fn served(overview: &Overview) -> Served {
    let mut served = Served::new();
    for status in overview.tunnels.iter().filter(|status| !status.demo) {
        if let Some(profile) = profile_of(&status.profile.credentials) {
            served.entry(profile).or_default().push(status.profile.id);
        }
    }
    served
}

fn unknown_profile() -> Problem {
    Problem::new(
        ProblemKind::Settings,
        "unknown-profile",
        "The AWS config files have no such profile any more.",
        "Look at the list again.",
    )
}

fn no_profile() -> Problem {
    Problem::new(
        ProblemKind::Settings,
        "no-profile",
        "This tunnel has keys of the keyring, which nobody signs in to.",
        "Add the keys again by \"culvert keys add\".",
    )
}

fn no_code() -> Problem {
    Problem::new(
        ProblemKind::Credentials,
        "invalid-mfa-code",
        "A code has six digits.",
        "Type the one that the device shows now.",
    )
}

#[cfg(test)]
mod tests;
