//! What the packages promise about the Rust that they need.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// A version without what its numbers leave out: 1.88 is 1.88.0.
fn version(text: &str) -> Vec<u32> {
    let mut numbers: Vec<u32> = text.split('.').map(|part| part.parse().unwrap()).collect();
    numbers.resize(3, 0);
    numbers
}

/// Cargo's own list of our packages and all that they are built from, on all platforms.
fn packages() -> Vec<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--locked", "--all-features", "--format-version", "1"])
        .arg("--manifest-path")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// Cargo refuses to build a package with a Rust that is older than it asks for; clippy's
/// `incompatible_msrv` finds what our own code uses too early.
#[test]
fn nothing_needs_a_newer_rust_than_we_promise() {
    let packages = packages();
    let text = |package: &Value, member: &str| package[member].as_str().map(str::to_owned);
    let ours = packages.iter().find(|package| package["name"] == "walscope").unwrap();
    let promised = text(ours, "rust_version").unwrap();
    let mut asked = 0;
    for package in &packages {
        let Some(needed) = text(package, "rust_version") else { continue };
        let name = text(package, "name").unwrap();
        assert!(version(&needed) <= version(&promised), "{name} needs Rust {needed}");
        asked += usize::from(package["source"].is_string());
    }
    assert!(asked > 50);
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let words = format!("Minimum supported Rust version: {promised} ");
    assert!(fs::read_to_string(readme).unwrap().contains(&words));
}
