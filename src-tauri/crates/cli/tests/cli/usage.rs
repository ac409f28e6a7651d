//! The command line itself: help, version, and what is refused before anything is tried.

use crate::support::{World, run};

#[tokio::test(flavor = "multi_thread")]
async fn help_and_version_are_asked_for_and_go_to_standard_output() {
    let world = World::start().await;
    for (argument, word) in [
        ("--help", "ProxyCommand"),
        ("--version", env!("CARGO_PKG_VERSION")),
    ] {
        let mut command = world.program();
        command.arg(argument);
        let ended = run(command).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.out.concat().contains(word), "{ended:?}");
        assert!(ended.err.is_empty(), "{ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_line_that_cannot_be_is_refused_in_words() {
    let world = World::start().await;
    let target = ["--target", "i-0123456789abcdef0"];
    let port = ["--remote-port", "80"];
    let cases: [(&[&str], &str); 10] = [
        (&[], "Usage"),
        (&["backward"], "backward"),
        (&["forward"], "--target"),
        (
            &["forward", target[0], target[1], "--remote-port", "eighty"],
            "eighty",
        ),
        (
            &["forward", target[0], "two words", port[0], port[1]],
            "without spaces",
        ),
        (
            &[
                "forward", target[0], target[1], port[0], port[1], "--bind", "unix:",
            ],
            "path",
        ),
        (
            &[
                "forward", target[0], target[1], port[0], port[1], "--reason", "",
            ],
            "256",
        ),
        (
            &[
                "forward",
                target[0],
                target[1],
                port[0],
                port[1],
                "--sessions",
                "0",
            ],
            "1 to 8",
        ),
        (
            &[
                "forward",
                target[0],
                target[1],
                port[0],
                port[1],
                "--local-port",
                "5432",
                "--bind",
                "unix:/run/db",
            ],
            "a Unix socket has no port",
        ),
        (&["stream", target[0], target[1], "--port", "0"], "1..="),
    ];
    for (arguments, word) in cases {
        let mut command = world.program();
        command.args(arguments);
        let ended = run(command).await;
        assert_eq!(ended.code, Some(2), "{arguments:?}: {ended:?}");
        assert!(ended.err.contains(word), "{arguments:?}: {ended:?}");
        assert!(ended.out.is_empty(), "{arguments:?}: {ended:?}");
    }
    assert_eq!(world.sim.stats().connections, 0);
}
