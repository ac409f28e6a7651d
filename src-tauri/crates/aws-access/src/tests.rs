mod calls;
mod credentials;
mod failures;
mod network;
mod server;
mod settings;
