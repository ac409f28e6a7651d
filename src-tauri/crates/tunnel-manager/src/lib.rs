//! tunnel-manager
