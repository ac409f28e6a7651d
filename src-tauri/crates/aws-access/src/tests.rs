mod calls;
mod credentials;
mod failures;
mod network;
mod profiles;
mod server;
mod settings;
mod steps;
