//! Bakes the window's configuration, its pages and its permissions into the binary.

fn main() {
    println!("cargo::rerun-if-changed=../ui/dist");
    tauri_build::build();
}
