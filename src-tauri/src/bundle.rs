//! The bundle for the window: collected with its progress told, shown file by file, and written among
//! the downloads when the user has seen it. What is not written leaves nothing.

#![expect(
    clippy::needless_pass_by_value,
    reason = "commands get their state and arguments by value"
)]

pub(crate) mod view;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tauri::async_runtime::{spawn, spawn_blocking};
use tauri::ipc::Channel;
use tauri::{AppHandle, State};
use tunnel_manager::bundle::{
    Bundle, BundleError, Cancel, ChosenTunnel, Collection, Deadline, Request, Stage, Written,
};
use tunnel_manager::doctor::{Examination, Tunnels};
use tunnel_manager::tunnel::{AccessSettings, Problem, ProblemKind, unix_ms_now};
use tunnel_manager::{Manager, SessionManager, TunnelStatus};

use crate::commands::parse_all;
use crate::doctor::has_port;
use crate::downloads;
use crate::preferences::Preferences;
use crate::speech::Speech;
use crate::view::RefusalView;
use view::{BundleAskView, BundleView, WrittenView};

/// Bytes of a file that are shown: more than anybody reads in a window.
const SHOWN_MOST: usize = 256 * 1024;

/// Collects a bundle, tells through the channel what is being done and what there is, and answers the
/// number by which it can be read, saved and ended. An earlier one is ended.
#[tauri::command]
#[specta::specta]
pub(crate) fn begin_bundle(
    bundles: State<'_, Bundles>,
    preferences: State<'_, Preferences>,
    ask: BundleAskView,
    on_told: Channel<BundleView>,
) -> Result<u32, RefusalView> {
    let request = bundles.request(&ask)?;
    let speech = Speech::of(&preferences.keeper().settings());
    Ok(bundles.begin(request, speech, on_told))
}

/// What tunnels are called that were never saved and that a bundle can be about: they run, in a terminal, or
/// have left a record.
#[tauri::command]
#[specta::specta]
pub(crate) async fn unsaved_tunnels() -> Vec<String> {
    let deadline = Deadline::begin(&Cancel::default());
    // Nobody cancels this one.
    let unsaved = async { Collection::begin(|_| {}, &deadline).await?.unsaved().await };
    unsaved.await.unwrap_or_default()
}

/// Ends a collection, or forgets what was collected. One that is over is no mistake.
#[tauri::command]
#[specta::specta]
pub(crate) fn end_bundle(bundles: State<'_, Bundles>, number: u32) {
    bundles.end(number);
}

/// The text of one of its files, as it would be handed out; of a long one the begin.
#[tauri::command]
#[specta::specta]
pub(crate) fn read_bundle_file(
    bundles: State<'_, Bundles>,
    number: u32,
    path: String,
) -> Result<String, RefusalView> {
    let bundle = bundles.collected(number)?;
    let file = bundle.files.iter().find(|file| file.path == path);
    let file = file.ok_or_else(|| RefusalView::told(&gone()))?;
    Ok(shown(&file.text).to_owned())
}

/// Writes it among the user's downloads, for its owner alone, and says where.
#[tauri::command]
#[specta::specta]
pub(crate) async fn save_bundle(
    app: AppHandle,
    bundles: State<'_, Bundles>,
    number: u32,
) -> Result<WrittenView, RefusalView> {
    let bundle = bundles.collected(number)?;
    let folder = downloads::folder(&app)?;
    let written = spawn_blocking(move || write(&bundle, &folder)).await;
    match written {
        Ok(Ok(written)) => {
            bundles.wrote(number, &written.path);
            Ok(written.into())
        }
        Ok(Err(error)) => Err(RefusalView::not_saved(&error)),
        Err(error) => Err(RefusalView::not_saved(&error)),
    }
}

/// Shows the file that was written in its folder. The window can't name another.
#[tauri::command]
#[specta::specta]
pub(crate) async fn show_bundle(
    bundles: State<'_, Bundles>,
    number: u32,
) -> Result<(), RefusalView> {
    let Some(path) = bundles.written(number) else {
        return Err(RefusalView::told(&gone()));
    };
    match spawn_blocking(move || show(&path)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(RefusalView::told(&not_shown(error.to_string()))),
        Err(error) => Err(RefusalView::told(&not_shown(error.to_string()))),
    }
}

/// The bundle that is being collected, or was last.
pub(crate) struct Bundles {
    engine: SessionManager,
    manager: Manager,
    current: Arc<Mutex<Current>>,
}

#[derive(Default)]
struct Current {
    number: u32,
    cancel: Cancel,
    collected: Option<Arc<Bundle>>,
    written: Option<PathBuf>,
}

impl Bundles {
    pub(crate) fn new(engine: SessionManager, manager: Manager) -> Self {
        Self {
            engine,
            manager,
            current: Arc::default(),
        }
    }

    fn request(&self, ask: &BundleAskView) -> Result<Request, RefusalView> {
        let overview = self.manager.overview().borrow().clone();
        let saved: Vec<_> = overview
            .tunnels
            .iter()
            .filter(|status| !status.demo)
            .collect();
        let chosen = match &ask.tunnels {
            None => None,
            Some(ids) => {
                let found = parse_all(ids)?.into_iter().map(|wanted| {
                    let found = saved.iter().find(|status| status.profile.id == wanted);
                    let unknown = || RefusalView::bad_id(&wanted.to_string());
                    found.copied().ok_or_else(unknown)
                });
                Some(found.collect::<Result<Vec<_>, _>>()?)
            }
        };
        let now = unix_ms_now();
        let span = u64::from(ask.hours) * 60 * 60 * 1000;
        Ok(Request {
            examination: ask
                .checks
                .then(|| self.examination(chosen.as_deref().unwrap_or(&saved))),
            tunnels: chosen.map(|chosen| {
                let profiles = chosen.iter().map(|status| status.profile.as_ref().clone());
                let saved = profiles.map(|profile| ChosenTunnel::Saved(Box::new(profile)));
                let unsaved = ask.unsaved.iter().cloned().map(ChosenTunnel::Unsaved);
                saved.chain(unsaved).collect()
            }),
            since: now.saturating_sub(span),
            now,
            hides_names: ask.hides_names,
            program: concat!("culvert-desktop ", env!("CARGO_PKG_VERSION")).to_owned(),
        })
    }

    /// One tunnel thoroughly, more or all of them briefly.
    fn examination(&self, chosen: &[&TunnelStatus]) -> Examination {
        let configs = chosen
            .iter()
            .map(|status| self.engine.config_of(&status.profile));
        let mut configs: Vec<_> = configs.collect();
        let is_nobodys = configs.is_empty();
        let tunnels = match (configs.pop(), configs.is_empty()) {
            (Some(one), true) => Tunnels::One(Box::new(one)),
            (last, _) => {
                configs.extend(last);
                Tunnels::All(configs)
            }
        };
        let running = chosen
            .iter()
            .filter(|status| has_port(status, &status.profile));
        let default = || self.engine.reaching(AccessSettings::default());
        Examination {
            access: is_nobodys.then(default),
            running: running.map(|status| status.profile.name.clone()).collect(),
            tunnels,
            sweep: false,
            session: false,
            ledger: self.engine.ledger(),
            calls: self.engine.call_budget(),
        }
    }

    fn begin(&self, request: Request, speech: Speech, channel: Channel<BundleView>) -> u32 {
        let cancel = Cancel::default();
        let number = {
            let mut current = self.lock();
            current.cancel.cancel();
            current.number = current.number.wrapping_add(1);
            current.cancel = cancel.clone();
            current.collected = None;
            current.written = None;
            current.number
        };
        let current = Arc::clone(&self.current);
        spawn(async move {
            // A window that is gone hears nothing; what is collected is forgotten with the next one.
            let told = |stage: Stage| drop(channel.send(BundleView::stage(stage)));
            let deadline = Deadline::begin(&cancel);
            let collected = async {
                let collection = Collection::begin(told, &deadline).await?;
                collection.collect(request).await
            };
            let told = match Box::pin(collected).await {
                Ok(bundle) => {
                    let told = BundleView::collected(&bundle, speech);
                    let mut current = current.lock().unwrap_or_else(PoisonError::into_inner);
                    if current.number == number && !cancel.is_cancelled() {
                        current.collected = Some(Arc::new(bundle));
                    }
                    told
                }
                // Whoever ended it waits for nothing.
                Err(BundleError::Cancelled) => return,
                Err(error) => BundleView::failed(&failed(&error)),
            };
            drop(channel.send(told));
        });
        number
    }

    fn end(&self, number: u32) {
        let mut current = self.lock();
        if current.number == number {
            current.cancel.cancel();
            current.collected = None;
            current.written = None;
        }
    }

    fn wrote(&self, number: u32, path: &Path) {
        let mut current = self.lock();
        if current.number == number {
            current.written = Some(path.to_owned());
        }
    }

    fn written(&self, number: u32) -> Option<PathBuf> {
        let current = self.lock();
        current.written.clone().filter(|_| current.number == number)
    }

    fn collected(&self, number: u32) -> Result<Arc<Bundle>, RefusalView> {
        let current = self.lock();
        let collected = current.collected.clone();
        let collected = collected.filter(|_| current.number == number);
        collected.ok_or_else(|| RefusalView::told(&gone()))
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes it into a folder, beside whatever is there.
fn write(bundle: &Bundle, folder: &Path) -> Result<Written, BundleError> {
    let mut refused = BundleError::Exists(folder.to_owned());
    for name in downloads::names("culvert-diagnose", "zip") {
        match bundle.write(&folder.join(name), &Cancel::default()) {
            Err(error @ BundleError::Exists(_)) => refused = error,
            result => return result,
        }
    }
    Err(refused)
}

/// Where the desktop's files program can't be asked to point at a file, its folder is opened.
fn show(path: &Path) -> Result<(), tauri_plugin_opener::Error> {
    tauri_plugin_opener::reveal_item_in_dir(path).or_else(|_| {
        let folder = path.parent().unwrap_or(path);
        tauri_plugin_opener::open_path(folder, None::<&str>)
    })
}

/// The begin of a text, up to the end of a character.
fn shown(text: &str) -> &str {
    text.get(..text.floor_char_boundary(SHOWN_MOST))
        .unwrap_or(text)
}

fn gone() -> Problem {
    Problem::new(
        ProblemKind::Settings,
        "bundle-gone",
        "This bundle is not there any more.",
        "Collect it again.",
    )
}

fn not_shown(details: String) -> Problem {
    Problem::new(
        ProblemKind::Settings,
        "bundle-not-shown",
        "The folder of the bundle can't be shown.",
        "The file is where the page says. Open its folder yourself.",
    )
    .with_details(details)
}

fn failed(error: &BundleError) -> Problem {
    Problem::new(
        ProblemKind::Settings,
        "bundle-failed",
        format!("There is no bundle: {error}."),
        "Nothing was written. Please report this.",
    )
}

#[cfg(test)]
mod tests {
    use tunnel_manager::Store;
    use tunnel_manager::bundle::BundleFile;
    use tunnel_manager::tunnel::Edits;

    use super::*;

    fn bundles(folder: &Path) -> Bundles {
        let engine = SessionManager::default();
        let store = Store::in_folder(folder);
        let manager = Manager::start(store, engine.clone(), Edits::default());
        Bundles::new(engine, manager)
    }

    fn collected(bundles: &Bundles) -> u32 {
        let mut current = bundles.lock();
        current.number += 1;
        current.collected = Some(Arc::new(Bundle {
            files: vec![BundleFile {
                path: "summary.md".to_owned(),
                text: "# What happened\n".to_owned(),
                replaced: Vec::new(),
            }],
            lacks: Vec::new(),
        }));
        current.number
    }

    #[tokio::test]
    async fn what_was_collected_can_be_read_until_it_is_ended_or_another_is_begun() {
        let folder = tempfile::tempdir().expect("a folder");
        let bundles = bundles(folder.path());
        let number = collected(&bundles);
        assert!(bundles.collected(number).is_ok());
        assert!(bundles.collected(number + 1).is_err());
        bundles.end(number + 1);
        assert!(bundles.collected(number).is_ok());
        bundles.end(number);
        assert!(bundles.collected(number).is_err());
    }

    #[tokio::test]
    async fn a_tunnel_that_is_not_there_is_refused_and_all_need_no_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let bundles = bundles(folder.path());
        let ask = |tunnel: Option<&str>| BundleAskView {
            tunnels: tunnel.map(|id| vec![id.to_owned()]),
            unsaved: Vec::new(),
            hours: 24,
            hides_names: true,
            checks: false,
        };
        assert!(bundles.request(&ask(Some("nobody"))).is_err());
        let request = bundles.request(&ask(None)).expect("all");
        assert!(request.tunnels.is_none() && request.examination.is_none());
        assert_eq!(request.now - request.since, 24 * 60 * 60 * 1000);
        // One that was never saved is known by its name alone.
        let by_name = BundleAskView {
            tunnels: Some(Vec::new()),
            unsaved: vec!["i-0abc → 5432".to_owned()],
            ..ask(None)
        };
        let request = bundles.request(&by_name).expect("one");
        let chosen = request.tunnels.expect("chosen");
        assert!(
            matches!(&chosen[..], [ChosenTunnel::Unsaved(name)] if name == "i-0abc → 5432"),
            "{chosen:?}"
        );
    }

    #[tokio::test]
    async fn it_is_written_beside_an_earlier_one_and_where_is_known_until_another_is_begun() {
        let folder = tempfile::tempdir().expect("a folder");
        let bundles = bundles(folder.path());
        let number = collected(&bundles);
        let bundle = bundles.collected(number).expect("there");
        assert_eq!(bundles.written(number), None);
        let first = write(&bundle, folder.path()).expect("written");
        let second = write(&bundle, folder.path()).expect("written");
        assert!(first.path.ends_with("culvert-diagnose.zip"));
        assert!(second.path.ends_with("culvert-diagnose (2).zip"));
        bundles.wrote(number, &second.path);
        assert_eq!(bundles.written(number), Some(second.path));
        assert_eq!(bundles.written(number + 1), None);
        bundles.end(number);
        assert_eq!(bundles.written(number), None);
    }

    #[test]
    fn of_a_long_file_the_begin_is_shown_and_no_half_letter() {
        assert_eq!(shown("short"), "short");
        let long = "ä".repeat(SHOWN_MOST);
        assert!(shown(&long).len() <= SHOWN_MOST);
        assert!(shown(&format!("x{long}")).len() < SHOWN_MOST);
    }
}
