//! Writes down what the program is made of, for bundles: names and versions from `Cargo.lock`.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let missing = |what: &str| io::Error::new(io::ErrorKind::NotFound, what.to_owned());
    let manifest = env::var_os("CARGO_MANIFEST_DIR").ok_or_else(|| missing("manifest"))?;
    let out = env::var_os("OUT_DIR").ok_or_else(|| missing("output folder"))?;
    let lock = Path::new(&manifest).join("../../../Cargo.lock");
    println!("cargo::rerun-if-changed={}", lock.display());
    let text = fs::read_to_string(lock)?;
    let mut list = String::new();
    for block in text.split("[[package]]").skip(1) {
        let of = |key: &str| {
            let line = block.lines().find_map(|line| line.strip_prefix(key))?;
            line.strip_prefix(" = \"")?.strip_suffix('"')
        };
        if let (Some(name), Some(version)) = (of("name"), of("version")) {
            list.push_str(&format!("{name} {version}\n"));
        }
    }
    fs::write(Path::new(&out).join("dependencies.txt"), list)
}
