//! The desktop shell: a window and a tray over the tunnel manager.
//!
//! The window's pages know nothing of tunnels but what [`view`] shows them, and can do nothing
//! but what [`commands`] offers. Everything that decides is in the crate `tunnel-manager`.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod acts;
mod arguments;
mod autostart;
mod bindings;
mod bundle;
mod commands;
mod consent;
mod demo;
mod details;
mod display;
mod doctor;
mod downloads;
mod ending;
mod exchange;
#[cfg(test)]
mod fixtures;
mod form;
mod keys;
mod link;
mod logs;
#[cfg(target_os = "linux")]
mod markup;
mod metrics;
mod notices;
mod pick;
mod preferences;
mod reading;
mod remembered;
mod shell;
mod sign_in;
mod speech;
mod successor;
mod telling;
mod tray;
mod updates;
mod view;
#[cfg(target_os = "linux")]
mod web_processes;
mod window;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use tauri::async_runtime::spawn;
use tauri::{Manager as _, RunEvent};
use tokio::sync::{mpsc, watch};
use tunnel_manager::log::{self, LogFiles};
use tunnel_manager::tunnel::{Edits, Environment};
use tunnel_manager::{Manager, SessionManager, SettingsKeeper, Store, Traces};

use arguments::Arguments;
use autostart::Autostart;
use bundle::Bundles;
use demo::DemoVisits;
use details::DetailsUpdates;
use doctor::Doctor;
use ending::Ending;
use exchange::Imports;
use keys::Keys;
#[cfg(target_os = "macos")]
use link::Link;
use logs::Logs;
use pick::Picker;
use preferences::Preferences;
use shell::Shell;
use sign_in::SignInDesk;
use successor::Successor;
use tray::Host;
use updates::Updates;

fn main() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With stderr closed there is nobody to tell.
            writeln!(io::stderr(), "culvert: {error}").ok();
            ExitCode::FAILURE
        }
    }
}

/// Runs until it is asked to quit and every tunnel is off.
fn start() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::of(std::env::args_os().skip(1))?;
    display::check()?;
    let store = Store::in_config_folder()?;
    let keeper = SettingsKeeper::in_config_folder()?;
    let settings = keeper.settings();
    let files = LogFiles::Days(settings.log_days, settings.log_format);
    let (log, guard) = log::init("culvert-desktop", files, settings.log_level);
    let bindings = bindings::builder();
    let app = tauri::Builder::default()
        // First of all: a second start ends here, before it has touched anything.
        .plugin(tauri_plugin_single_instance::init(|app, given, _| {
            let given: Vec<OsString> = given.into_iter().skip(1).map(Into::into).collect();
            if app.try_state::<Ending>().is_some_and(|ending| ending.has_begun()) {
                app.state::<Successor>().ask(given);
                return;
            }
            // What has no meaning is no reason to stay away.
            let arguments = Arguments::of(given).unwrap_or_default();
            // One that has only begun to start is about to open its window by itself.
            if arguments.opens_window(true) && app.try_state::<Shell>().is_some() {
                window::show(app);
            }
            if let Some(link) = arguments.link
                && app.try_state::<Manager>().is_some()
            {
                spawn(link::follow(app.clone(), link));
            }
        }))
        .invoke_handler(bindings.invoke_handler())
        .setup(move |app| {
            let (manager, history, engine, environment, listening) = tauri::async_runtime::block_on(async {
                let files = [store.path(), keeper.path()];
                let edits = Edits::of(files.map(Path::to_owned).into());
                spawn(keeper.clone().follow(edits.clone()));
                let mut traces = Traces::of_user();
                traces.log = log.switch.clone();
                let history = traces.history.clone();
                let environment = Environment::system();
                let listening = traces.listen("culvert-desktop");
                spawn(metrics::follow_settings(traces.roll.clone(), keeper.state()));
                let engine = SessionManager::new(traces, environment.clone(), Some(keeper.clone()));
                let manager = Manager::start(store, engine.clone(), edits);
                (manager, history, engine, environment, listening)
            });
            let unrest = engine.unrest();
            app.manage(DetailsUpdates::new(manager.clone(), history.clone(), unrest.clone()));
            app.manage(listening);
            app.manage(DemoVisits::default());
            app.manage(Imports::default());
            app.manage(Keys(engine.keyring()));
            app.manage(Picker::new(engine.clone()));
            app.manage(Doctor::new(engine.clone(), manager.clone()));
            app.manage(Bundles::new(engine.clone(), manager.clone()));
            app.manage(SignInDesk::new(engine, manager.clone(), keeper.clone(), environment));
            app.manage(Updates::new(manager.overview(), history));
            app.manage(Successor::default());
            app.manage(Ending::new(manager.clone()));
            let (wishes, acts) = mpsc::channel(tray::ACTS_MOST);
            let (host, shown) = watch::channel(Host::Unknown);
            let handle = app.handle().clone();
            spawn(notices::run(
                handle.clone(),
                manager.overview(),
                unrest.told(),
                keeper.state(),
                wishes.clone(),
            ));
            spawn(logs::follow_settings(log.levels.clone(), keeper.state()));
            app.manage(Logs::new(log));
            spawn(preferences::follow(handle.clone(), keeper.state()));
            let spoken = keeper.state();
            spawn(tray::run(handle.clone(), manager.overview(), spoken, wishes, host));
            spawn(acts::serve(handle, manager.clone(), acts));
            let folder = Traces::folder_of_user();
            let unkept = Traces::unkept();
            let shell = Shell::new(
                manager.clone(),
                keeper.clone(),
                shown,
                folder.as_deref(),
                unkept.as_ref(),
            );
            app.manage(shell);
            app.manage(manager);
            let opens = arguments.opens_window(keeper.settings().start_hidden);
            app.manage(Preferences::new(keeper, Autostart::of_user()));
            ending::on_signal(app.handle());
            if let Some(link) = arguments.link {
                spawn(link::follow(app.handle().clone(), link));
            }
            if opens && !window::show(app.handle()) {
                return Err("the window could not be opened".into());
            }
            Ok(())
        })
        .build(tauri::generate_context!())?;
    let mut guard = Some(guard);
    app.run(move |app, event| {
        // Nothing is dropped after it: the process ends there.
        if let RunEvent::Exit = &event {
            guard.take();
            successor::start(app);
        }
        ending::handle(&event);
        if let RunEvent::WindowEvent { event, .. } = &event {
            window::handle(app, event);
        }
        // Links come this way there, and as arguments elsewhere.
        #[cfg(target_os = "macos")]
        if let RunEvent::Opened { urls } = &event {
            for link in urls.iter().filter_map(|url| Link::parse(url.as_str())) {
                window::show(app);
                spawn(link::follow(app.clone(), link));
            }
        }
        // By a click on its icon in the Dock.
        #[cfg(target_os = "macos")]
        if let RunEvent::Reopen { .. } = &event {
            window::show(app);
        }
    });
    Ok(())
}
