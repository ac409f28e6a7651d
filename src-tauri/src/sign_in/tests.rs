use tunnel_manager::tunnel::Edits;
use tunnel_manager::{Draft, MfaDevice, Outcome, Store};

use super::*;

async fn desk(folder: &std::path::Path) -> SignInDesk {
    let engine = SessionManager::default();
    let manager = Manager::start(Store::in_folder(folder), engine.clone(), Edits::default());
    let settings = SettingsKeeper::in_folder(folder);
    SignInDesk::new(engine, manager, settings, Environment::still())
}

fn current(step: StepView) -> CurrentView {
    CurrentView {
        number: 1,
        profile: "orders".to_owned(),
        tunnel: None,
        step,
    }
}

/// As if the first sign-in were under way.
fn under_way(desk: &SignInDesk, step: StepView) {
    desk.lock().last = 1;
    desk.current.send_replace(Some(current(step)));
}

fn code_of(refusal: Result<(), RefusalView>) -> String {
    let refusal = serde_json::to_value(refusal.expect_err("refused")).expect("JSON");
    refusal["problem"]["code"]
        .as_str()
        .expect("a code")
        .to_owned()
}

#[tokio::test]
async fn nobody_signs_in_for_what_is_not_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = desk(folder.path()).await;
    for (whom, code) in [
        (
            SignInForView::Profile {
                profile: "no such profile".to_owned(),
            },
            "unknown-profile",
        ),
        (
            SignInForView::Tunnel {
                id: "../..".to_owned(),
            },
            "unknown-tunnel",
        ),
        (
            SignInForView::Tunnel {
                id: ProfileId::random().to_string(),
            },
            "unknown-tunnel",
        ),
    ] {
        assert_eq!(code_of(desk.patient(whom).await.map(|_| ())), code);
    }
}

#[tokio::test]
async fn a_tunnel_with_keys_of_the_keyring_has_nothing_to_sign_in_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = desk(folder.path()).await;
    let draft = Draft {
        name: "db".to_owned(),
        target: "i-0123456789abcdef0".to_owned(),
        remote_port: 5432,
        keys: Some("work".to_owned()),
        ..Draft::default()
    };
    let id = desk.manager.add(draft).await.expect("added");
    let mut overview = desk.manager.overview();
    let is_there = |overview: &Overview| !overview.tunnels.is_empty();
    overview.wait_for(is_there).await.expect("a manager");
    let whom = SignInForView::Tunnel { id: id.to_string() };
    assert_eq!(code_of(desk.patient(whom).await.map(|_| ())), "no-profile");
}

#[tokio::test]
async fn a_code_is_six_digits_and_goes_to_the_sign_in_that_wants_it_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = desk(folder.path()).await;
    let step = StepView::code(&MfaDevice {
        serial: "mfa/alice".to_owned(),
        role: "role/admin".to_owned(),
        profile: "admin".to_owned(),
    });
    under_way(&desk, step.clone());
    for wrong in ["", "12345", "1234567", "12345a", "१२३४५६"] {
        let given = desk.give_code(1, Secret::new(wrong.to_owned()));
        assert_eq!(code_of(given), "invalid-mfa-code", "{wrong}");
    }
    // Nobody has asked: it is forgotten.
    desk.give_code(1, Secret::new("123456".to_owned()))
        .expect("taken");
    desk.give_code(2, Secret::new("123456".to_owned()))
        .expect("taken");
    assert_eq!(*desk.current.borrow(), Some(current(step)));
}

#[tokio::test]
async fn what_is_broken_off_tells_nothing_any_more_and_an_older_number_breaks_nothing_off() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = desk(folder.path()).await;
    under_way(&desk, StepView::Asking);
    desk.cancel(0);
    assert_eq!(*desk.current.borrow(), Some(current(StepView::Asking)));
    desk.cancel(1);
    desk.tell(
        1,
        StepView::done(&Outcome {
            until: None,
            renews: false,
            not_kept: None,
        }),
    );
    assert_eq!(*desk.current.borrow(), Some(current(StepView::Cancelled)));
}

#[tokio::test]
async fn only_the_page_that_is_waited_for_can_be_opened_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = desk(folder.path()).await;
    under_way(&desk, StepView::Asking);
    assert_eq!(desk.page(1), None);
    let url = "https://company.invalid/device".to_owned();
    let visit = StepView::Visit {
        url: url.clone(),
        code: Some("ABCD-EFGH".to_owned()),
        opened: true,
    };
    desk.tell(1, visit);
    assert_eq!(desk.page(1), Some(url));
    assert_eq!(desk.page(2), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_is_told_at_once_and_as_the_sign_in_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = desk(folder.path()).await;
    let (channel, told) = crate::fixtures::channel();
    let task = tokio::spawn(desk.clone().follow(channel));
    let next = || {
        let wait = Duration::from_secs(20);
        tokio::task::block_in_place(|| told.recv_timeout(wait)).expect("told")
    };
    assert_eq!(next()["current"], serde_json::Value::Null);
    under_way(&desk, StepView::Asking);
    assert_eq!(next()["current"]["step"]["kind"], "asking");
    desk.cancel(1);
    assert_eq!(next()["current"]["step"]["kind"], "cancelled");
    task.abort();
}
