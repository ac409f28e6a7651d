//! What the form offers to pick: profiles, and the targets and hosts of an account, found as somebody
//! types. Each letter is one request; what is found is told again while the lists still come.

#![expect(
    clippy::needless_pass_by_value,
    reason = "commands get their state and arguments by value"
)]

mod rule;
pub(crate) mod view;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_access::{Access, Directory, Host, Listing, ProfileList, Query, Search, Target};
use serde::Serialize;
use tauri::State;
use tauri::async_runtime::JoinHandle;
use tauri::ipc::Channel;
use tokio::time::{Instant, sleep};
use tunnel_manager::tunnel::access_problem;
use tunnel_manager::{Draft, ManagerError, ProfileId, SessionManager};

use crate::view::RefusalView;
use view::{AccountView, HostsView, ProfilesView, TargetsView};

/// What is found changes with each page that comes; nobody reads faster.
const PAUSE: Duration = Duration::from_millis(200);

/// Lines of a list: who has not found it among so many types another letter.
const FOUND_MOST: usize = 30;

/// Characters that are looked at of what is typed: more than a name and a rule have.
const TYPED_MOST: usize = 512;

/// How long an account that was looked into is not read anew from the files, while somebody types.
const KNOWN_FOR: Duration = Duration::from_secs(30);

/// The profiles of the AWS config files. Asks nobody.
#[tauri::command]
#[specta::specta]
pub(crate) async fn list_profiles() -> ProfilesView {
    ProfileList::read().await.into()
}

/// Sends the targets of an account that fit what is typed, now and as more of them come in, until
/// others are asked for. `anew` forgets what was known of the account. Answers the number by which
/// it can be ended.
#[tauri::command]
#[specta::specta]
pub(crate) async fn find_targets(
    picker: State<'_, Picker>,
    account: AccountView,
    typed: String,
    anew: bool,
    on_found: Channel<TargetsView>,
) -> Result<u32, RefusalView> {
    let typed: String = typed.chars().take(TYPED_MOST).collect();
    let view = move |listing: &Listing<Target>| TargetsView::of(listing, &typed, FOUND_MOST);
    let ask = picker.ask(account, anew);
    let find = picker.find(&picker.targets, Directory::targets, ask, on_found, view);
    find.await
}

/// The same for the hosts behind them: databases, caches, search domains.
#[tauri::command]
#[specta::specta]
pub(crate) async fn find_hosts(
    picker: State<'_, Picker>,
    account: AccountView,
    typed: String,
    anew: bool,
    on_found: Channel<HostsView>,
) -> Result<u32, RefusalView> {
    let query = Query::new(&typed);
    let view = move |listing: &Listing<Host>| HostsView::of(listing, &query, FOUND_MOST);
    let ask = picker.ask(account, anew);
    let find = picker.find(&picker.hosts, Directory::hosts, ask, on_found, view);
    find.await
}

/// Ends what was found last, if it has this number: nobody looks any more, so calls that are under
/// way for it end, too.
#[tauri::command]
#[specta::specta]
pub(crate) fn end_find(picker: State<'_, Picker>, number: u32) {
    picker.end(number);
}

/// What there is to pick from, and who looks at it.
pub(crate) struct Picker {
    engine: SessionManager,
    directory: Directory,
    last: Mutex<u32>,
    known: Mutex<Option<Known>>,
    targets: Slot<Target>,
    hosts: Slot<Host>,
}

/// An account that was looked into.
struct Known {
    account: AccountView,
    access: Access,
    at: Instant,
}

/// One request.
struct Ask {
    number: u32,
    account: AccountView,
    /// What was found before counts no more.
    anew: bool,
}

/// Who looks at lists of one kind now, if anybody does.
struct Slot<T>(Mutex<Looking<T>>);

struct Looking<T> {
    /// Of the last request.
    number: u32,
    /// Kept from letter to letter, so that what could not be had is not asked for with each.
    search: Option<(AccountView, Search<T>)>,
    task: Option<Task>,
}

/// Ends with its owner.
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Picker {
    /// Looks into accounts as the engine's tunnels reach theirs.
    pub(crate) fn new(engine: SessionManager) -> Self {
        Self {
            engine,
            directory: Directory::new(),
            last: Mutex::default(),
            known: Mutex::default(),
            targets: Slot::new(),
            hosts: Slot::new(),
        }
    }

    /// A request by the next number.
    fn ask(&self, account: AccountView, anew: bool) -> Ask {
        let mut last = lock(&self.last);
        *last = last.wrapping_add(1);
        Ask {
            number: *last,
            account,
            anew,
        }
    }

    /// Tells what is found of one kind, and answers the number by which that is ended.
    async fn find<T: Clone + Send + Sync + 'static, V: Serialize + Send + 'static>(
        &self,
        slot: &Slot<T>,
        begin: impl FnOnce(&Directory, &Access) -> Search<T>,
        ask: Ask,
        on_found: Channel<V>,
        view: impl Fn(&Listing<T>) -> V + Send + 'static,
    ) -> Result<u32, RefusalView> {
        let number = ask.number;
        let access = self.access(&ask.account, ask.anew).await?;
        slot.replace(ask, || begin(&self.directory, &access), on_found, view);
        Ok(number)
    }

    async fn access(&self, account: &AccountView, anew: bool) -> Result<Access, RefusalView> {
        let known = lock(&self.known)
            .as_ref()
            .filter(|known| !anew && known.account == *account && known.at.elapsed() < KNOWN_FOR)
            .map(|known| known.access.clone());
        if let Some(access) = known {
            return Ok(access);
        }
        // The same rules as for what is saved.
        let profile = Draft::from(account.clone()).check(ProfileId::random());
        let profile = profile.map_err(|wrong| RefusalView::new(&ManagerError::Invalid(wrong)))?;
        let settings = self.engine.config_of(&profile).access;
        let access = Box::pin(Access::load(settings))
            .await
            .map_err(|error| RefusalView::told(&access_problem(&error)))?;
        if anew {
            self.directory.refresh(&access);
        }
        *lock(&self.known) = Some(Known {
            account: account.clone(),
            access: access.clone(),
            at: Instant::now(),
        });
        Ok(access)
    }

    fn end(&self, number: u32) {
        self.targets.end(number);
        self.hosts.end(number);
    }
}

impl<T: Clone + Send + Sync + 'static> Slot<T> {
    fn new() -> Self {
        Self(Mutex::new(Looking {
            number: 0,
            search: None,
            task: None,
        }))
    }

    /// Tells of what is found from now on, unless somebody has asked for something else meanwhile.
    /// Whoever was told before is told no more.
    fn replace<V: Serialize + Send + 'static>(
        &self,
        ask: Ask,
        begin: impl FnOnce() -> Search<T>,
        channel: Channel<V>,
        view: impl Fn(&Listing<T>) -> V + Send + 'static,
    ) {
        let mut looking = lock(&self.0);
        if looking.number > ask.number {
            return;
        }
        let same = looking
            .search
            .take()
            .filter(|(account, _)| !ask.anew && *account == ask.account);
        // A new search is begun before the old one goes: a list that both want goes on loading.
        let search = same.map_or_else(begin, |(_, search)| search);
        let task = tauri::async_runtime::spawn(tell(search.clone(), channel, view));
        *looking = Looking {
            number: ask.number,
            search: Some((ask.account, search)),
            task: Some(Task(task)),
        };
    }

    fn end(&self, number: u32) {
        let mut looking = lock(&self.0);
        if looking.number == number {
            looking.search = None;
            looking.task = None;
        }
    }
}

/// Sends what is found so far, and again when there is more.
async fn tell<T, V: Serialize>(
    mut search: Search<T>,
    channel: Channel<V>,
    view: impl Fn(&Listing<T>) -> V,
) {
    loop {
        let listing = search.listing();
        if channel.send(view(&listing)).is_err() || listing.is_complete() {
            return;
        }
        sleep(PAUSE).await;
        if !search.changed().await {
            // Whoever loaded it is gone: this is all that there is.
            return;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
