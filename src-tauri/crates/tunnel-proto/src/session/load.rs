//! What a session carries.

/// What a session carries, as far as it matters to its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Load {
    /// Little: what else comes is served at once.
    #[default]
    Light,
    /// A bulk transfer: what else comes waits behind it.
    Bulk,
}
