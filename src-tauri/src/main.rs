//! The desktop shell: one window over the tunnel manager.
//!
//! The window's pages know nothing of tunnels but what [`view`] shows them, and can do nothing
//! but what [`commands`] offers. Everything that decides is in the crate `tunnel-manager`.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod acts;
mod bindings;
mod commands;
mod display;
mod ending;
#[cfg(test)]
mod fixtures;
mod tray;
mod updates;
mod view;
mod window;

use std::io::{self, Write as _};
use std::process::ExitCode;

use tauri::Manager as _;
use tauri::async_runtime::spawn;
use tokio::sync::{mpsc, watch};
use tunnel_manager::tunnel::Environment;
use tunnel_manager::{Manager, SessionManager, Store, Traces};

use ending::Ending;
use tray::Host;
use updates::Updates;

fn main() -> ExitCode {
    tunnel_manager::log::init();
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With stderr closed there is nobody to tell.
            writeln!(io::stderr(), "culvert: {error}").ok();
            ExitCode::FAILURE
        }
    }
}

/// Runs the window until it is closed and every tunnel is off.
fn start() -> Result<(), Box<dyn std::error::Error>> {
    display::check()?;
    let store = Store::in_config_folder()?;
    let bindings = bindings::builder();
    let app = tauri::Builder::default()
        // First of all: a second start ends here, before it has touched anything.
        .plugin(tauri_plugin_single_instance::init(|app, _, _| window::show(app)))
        .invoke_handler(bindings.invoke_handler())
        .setup(|app| {
            let manager = tauri::async_runtime::block_on(async {
                Manager::start(
                    store,
                    SessionManager::new(Traces::of_user(), Environment::system()),
                )
            });
            app.manage(Updates::new(manager.overview()));
            app.manage(Ending::new(manager.clone()));
            let (wishes, acts) = mpsc::channel(tray::ACTS_MOST);
            let (host, _) = watch::channel(Host::Unknown);
            let handle = app.handle().clone();
            spawn(tray::run(handle.clone(), manager.overview(), wishes, host));
            spawn(acts::serve(handle, manager.clone(), acts));
            app.manage(manager);
            ending::on_signal(app.handle());
            Ok(())
        })
        .build(tauri::generate_context!())?;
    app.run(|app, event| ending::handle(app, &event));
    Ok(())
}
