//! Bakes the window's settings, its pages and its permissions into the binary.

include!("src/command_names.rs");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Each command needs a permission of its own (capabilities/main.json names them).
    let manifest = tauri_build::AppManifest::new().commands(COMMAND_NAMES);
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest))?;
    Ok(())
}
