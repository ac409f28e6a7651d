//! The commands, and the TypeScript that calls them.

use tauri::Wry;
use tauri_specta::{Builder, ErrorHandlingMode, collect_commands};

use crate::{bundle, commands, demo, doctor, exchange, form, keys, logs, pick, sign_in, speech};

/// Collects the commands of the shell.
pub(crate) fn builder() -> Builder<Wry> {
    Builder::new()
        .error_handling(ErrorHandlingMode::Result)
        // No type has another shape in one direction than in the other.
        .disable_serde_phases()
        // No count or time that the window is told comes near 2^53.
        .dangerously_cast_bigints_to_number()
        .commands(collect_commands![
            commands::subscribe,
            commands::subscribe_shell,
            commands::subscribe_tunnel,
            commands::unsubscribe_tunnel,
            commands::open_tunnel,
            commands::save_rdp_file,
            commands::subscribe_settings,
            commands::change_setting,
            commands::set_autostart,
            commands::answer_question,
            commands::quit,
            speech::engine_sentences,
            form::read_paste,
            form::check_draft,
            pick::list_profiles,
            pick::find_targets,
            pick::find_hosts,
            pick::end_find,
            keys::list_keys,
            keys::keep_keys,
            keys::remove_keys,
            keys::proxy_password,
            keys::keep_proxy_password,
            keys::remove_proxy_password,
            doctor::begin_examination,
            doctor::end_examination,
            bundle::begin_bundle,
            bundle::unsaved_tunnels,
            bundle::end_bundle,
            bundle::read_bundle_file,
            bundle::save_bundle,
            bundle::show_bundle,
            sign_in::subscribe_sign_ins,
            sign_in::unsubscribe_sign_ins,
            sign_in::begin_sign_in,
            sign_in::cancel_sign_in,
            sign_in::give_mfa_code,
            sign_in::open_sign_in_page,
            logs::subscribe_logs,
            logs::unsubscribe_logs,
            logs::set_tunnel_log_level,
            logs::open_log_folder,
            commands::add_tunnel,
            commands::update_tunnel,
            commands::remove_tunnels,
            commands::restore_tunnels,
            commands::move_tunnel,
            commands::refile_tunnels,
            commands::connect_tunnel,
            commands::connect_production,
            commands::keep_tunnel_open,
            commands::disconnect_tunnel,
            commands::try_tunnel_now,
            commands::reload_tunnels,
            commands::start_demo,
            demo::cut_demo,
            demo::visit_demo,
            demo::leave_demo,
            exchange::read_import,
            exchange::merge_import,
            exchange::export_tunnels,
            commands::open_demo_page,
        ])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use specta_typescript::Typescript;

    use super::*;

    include!("command_names.rs");

    /// Set to write the bindings instead of comparing them.
    const WRITE_VARIABLE: &str = "CULVERT_WRITE_BINDINGS";

    fn file(path: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
    }

    fn fresh() -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("bindings.ts");
        builder()
            .export(Typescript::default(), &path)
            .expect("exports");
        fs::read_to_string(path).expect("written")
    }

    #[test]
    fn the_bindings_are_those_of_this_source() {
        let path = file("../ui/src/bridge/bindings.ts");
        let fresh = fresh();
        if std::env::var_os(WRITE_VARIABLE).is_some() {
            fs::write(&path, &fresh).expect("writable");
        }
        let current = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            fresh == current,
            "ui/src/bridge/bindings.ts is out of date: run \
             `{WRITE_VARIABLE}=1 cargo test -p culvert-desktop bindings`"
        );
    }

    #[test]
    fn every_command_has_a_permission_and_no_other_is_granted() {
        let listed: BTreeSet<_> = COMMAND_NAMES
            .iter()
            .map(|name| format!("allow-{}", name.replace('_', "-")))
            .collect();
        let capability = fs::read_to_string(file("capabilities/main.json")).expect("there");
        let capability: serde_json::Value = serde_json::from_str(&capability).expect("JSON");
        let granted: BTreeSet<_> = capability["permissions"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|name| name.as_str().expect("a name").to_owned())
            .collect();
        assert_eq!(granted, listed);
        let bindings = fresh();
        for name in COMMAND_NAMES {
            assert!(bindings.contains(&format!("\"{name}\"")), "{name}");
        }
    }
}
