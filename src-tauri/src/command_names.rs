// Included by the build script, which makes a permission for each, and by the tests, which
// compare it with the commands that the bindings call.

/// Every command of the shell.
const COMMAND_NAMES: &[&str] = &[
    "subscribe",
    "subscribe_shell",
    "subscribe_tunnel",
    "unsubscribe_tunnel",
    "open_tunnel",
    "save_rdp_file",
    "subscribe_settings",
    "change_setting",
    "set_autostart",
    "answer_question",
    "quit",
    "read_paste",
    "check_draft",
    "add_tunnel",
    "update_tunnel",
    "remove_tunnels",
    "restore_tunnels",
    "move_tunnel",
    "refile_tunnels",
    "connect_tunnel",
    "connect_production",
    "keep_tunnel_open",
    "disconnect_tunnel",
    "try_tunnel_now",
    "reload_tunnels",
    "start_demo",
    "cut_demo",
    "open_demo_page",
];
