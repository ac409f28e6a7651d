//! The documented errors of each action that is called, and those that all actions have ("Common
//! Errors" of the API references of Systems Manager, KMS, STS, IAM Identity Center): what each
//! means, and what follows from it.

use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};

use super::calls::request;
use super::server::{Answer, Server, access};
use crate::proxies::Proxies;
use crate::{Access, AccessError, AccessSettings, Next};

/// Status, code of the service, our code, what follows.
type Case = (u16, &'static str, &'static str, Next);

/// What all actions may answer.
const COMMON: [Case; 20] = [
    (400, "AccessDeniedException", "access-denied", Next::Stop),
    (401, "NotAuthorized", "access-denied", Next::Stop),
    (
        400,
        "ExpiredTokenException",
        "expired-token",
        Next::NewCredentials,
    ),
    (403, "ExpiredToken", "expired-token", Next::NewCredentials),
    (
        403,
        "UnrecognizedClientException",
        "invalid-credentials",
        Next::NewCredentials,
    ),
    (
        403,
        "InvalidClientTokenId",
        "invalid-credentials",
        Next::NewCredentials,
    ),
    (
        400,
        "IncompleteSignature",
        "invalid-credentials",
        Next::NewCredentials,
    ),
    (
        403,
        "MissingAuthenticationToken",
        "invalid-credentials",
        Next::NewCredentials,
    ),
    (
        400,
        "InvalidSignatureException",
        "invalid-credentials",
        Next::NewCredentials,
    ),
    (403, "OptInRequired", "not-enabled", Next::Stop),
    (400, "RequestExpired", "clock-skew", Next::Retry),
    (408, "RequestTimeoutException", "service-error", Next::Retry),
    (400, "RequestAbortedException", "service-error", Next::Retry),
    (400, "ThrottlingException", "throttled", Next::Retry),
    (400, "ValidationError", "invalid-request", Next::Stop),
    (400, "ValidationException", "invalid-request", Next::Stop),
    (500, "InternalFailure", "service-error", Next::Retry),
    (503, "ServiceUnavailable", "service-error", Next::Retry),
    (
        404,
        "UnknownOperationException",
        "service-error",
        Next::Stop,
    ),
    (400, "SomethingNobodyKnows", "service-error", Next::Stop),
];

const IN_ITS_WORDS: &str = "in the service's words";

/// Whatever the error, somebody can read what it is and what to do about it.
fn judge(action: &str, error: &AccessError, case: Case) {
    let (_, theirs, code, next) = case;
    let told = format!("{action} {theirs}: {error:?}");
    assert_eq!(error.code(), code, "{told}");
    assert_eq!(error.next(), next, "{told}");
    assert!(error.what().ends_with('.'), "{told}");
    assert!(error.remedy().ends_with('.'), "{told}");
    assert!(error.details().contains(IN_ITS_WORDS), "{told}");
    assert!(error.details().contains(theirs), "{told}");
}

/// Makes one call of a service that answers so.
async fn judged(
    action: &str,
    own: &[Case],
    call: impl AsyncFn(&Access) -> Result<(), AccessError>,
) {
    for case in COMMON.iter().chain(own) {
        let (status, theirs, ..) = *case;
        let server = Server::http(Answer::error(status, theirs, IN_ITS_WORDS)).await;
        let error = call(&access(&server).await).await.unwrap_err();
        judge(action, &error, *case);
        assert_eq!(
            server.asked.lock().unwrap().len(),
            1,
            "{action}: called once"
        );
    }
}

#[tokio::test]
async fn nobody_is_told_to_ask_for_a_permission_that_a_policy_denies_outright() {
    let said = "User: arn:aws:iam::1:user/a is not authorized to perform: ssm:StartSession on \
                resource: arn:aws:ssm:eu-central-1::document/X with an explicit deny in a service \
                control policy";
    let server = Server::http(Answer::error(400, "AccessDeniedException", said)).await;
    let error = access(&server).await.start_session(&request()).await;
    let error = error.unwrap_err();
    assert_eq!(error.code(), "access-denied");
    let remedy = error.remedy();
    assert!(remedy.contains("denies it outright"), "{remedy}");
    assert!(!remedy.contains("Ask for the permission"), "{remedy}");
}

#[tokio::test]
async fn a_denial_of_what_a_tunnel_needs_names_the_command_that_prints_it() {
    let server = Server::http(Answer::error(400, "AccessDeniedException", IN_ITS_WORDS)).await;
    let error = access(&server).await.start_session(&request()).await;
    let remedy = error.unwrap_err().remedy();
    assert!(remedy.contains("permission ssm:StartSession"), "{remedy}");
    assert!(remedy.contains("\"culvert iam-policy\""), "{remedy}");
}

#[tokio::test]
async fn each_error_of_starting_a_session_has_its_meaning() {
    let own = [
        (
            400,
            "TargetNotConnected",
            "target-not-connected",
            Next::AwaitTarget,
        ),
        (400, "InvalidDocument", "invalid-document", Next::Stop),
        (
            400,
            "ServiceQuotaExceededException",
            "session-limit",
            Next::Retry,
        ),
        (400, "LimitExceededException", "session-limit", Next::Retry),
        (500, "InternalServerError", "service-error", Next::Retry),
    ];
    judged("StartSession", &own, async |access| {
        access.start_session(&request()).await.map(drop)
    })
    .await;
}

#[tokio::test]
async fn each_error_of_resuming_and_ending_a_session_has_its_meaning() {
    let own = [
        (
            400,
            "DoesNotExistException",
            "session-over",
            Next::NewSession,
        ),
        (500, "InternalServerError", "service-error", Next::Retry),
    ];
    judged("ResumeSession", &own, async |access| {
        access.resume_session("alice-0123").await.map(drop)
    })
    .await;
    // One that does not exist has ended, which is what was wanted.
    judged("TerminateSession", &own[1..], async |access| {
        access.terminate_session("alice-0123").await
    })
    .await;
}

#[tokio::test]
async fn each_error_of_what_is_only_asked_has_its_meaning() {
    let nodes = [
        (400, "InvalidFilterKey", "invalid-request", Next::Stop),
        (
            400,
            "InvalidInstanceInformationFilterValue",
            "invalid-request",
            Next::Stop,
        ),
        (400, "InvalidNextToken", "invalid-request", Next::Stop),
        (500, "InternalServerError", "service-error", Next::Retry),
    ];
    judged("DescribeInstanceInformation", &nodes, async |access| {
        access.managed_node("i-0123456789abcdef0").await.map(drop)
    })
    .await;
    let document = [(400, "InvalidDocumentVersion", "invalid-request", Next::Stop)];
    judged("GetDocument", &document, async |access| {
        access.session_preferences().await.map(drop)
    })
    .await;
    judged("DescribeSessions", &nodes, async |access| {
        access
            .open_sessions("arn:aws:iam::1:user/a")
            .await
            .map(drop)
    })
    .await;
    judged("GetConnectionStatus", &[], async |access| {
        access.is_connected("ecs:a_b_c").await.map(drop)
    })
    .await;
}

#[tokio::test]
async fn what_says_that_there_is_no_such_thing_is_no_error_of_what_is_only_asked() {
    let server = Server::http(Answer::error(400, "InvalidInstanceId", "m")).await;
    let node = access(&server).await.managed_node("i-0").await.unwrap();
    assert_eq!(node, None);
    let server = Server::http(Answer::error(400, "InvalidDocument", "m")).await;
    let preferences = access(&server).await.session_preferences().await.unwrap();
    assert_eq!(preferences, None);
    let server = Server::http(Answer::error(400, "DoesNotExistException", "m")).await;
    access(&server)
        .await
        .terminate_session("a-0")
        .await
        .unwrap();
}

#[tokio::test]
async fn each_error_of_making_a_sessions_keys_has_its_meaning() {
    let own = [
        (400, "NotFoundException", "kms-key-unusable", Next::Stop),
        (400, "DisabledException", "kms-key-unusable", Next::Stop),
        (
            400,
            "KMSInvalidStateException",
            "kms-key-unusable",
            Next::Stop,
        ),
        (
            400,
            "InvalidKeyUsageException",
            "kms-key-unusable",
            Next::Stop,
        ),
        (
            400,
            "InvalidGrantTokenException",
            "kms-key-unusable",
            Next::Stop,
        ),
        (400, "InvalidArnException", "kms-key-unusable", Next::Stop),
        (400, "LimitExceededException", "service-error", Next::Stop),
        (500, "KeyUnavailableException", "service-error", Next::Retry),
        (
            500,
            "DependencyTimeoutException",
            "service-error",
            Next::Retry,
        ),
        (500, "KMSInternalException", "service-error", Next::Retry),
    ];
    judged("GenerateDataKey", &own, async |access| {
        access.generate_data_key("k", "s", "t").await.map(drop)
    })
    .await;
}

fn config(text: &str) -> EnvConfigFiles {
    EnvConfigFiles::builder()
        .with_contents(EnvConfigFileKind::Config, text)
        .build()
}

/// What it means for a tunnel that an STS answers so.
async fn sts_says(profile: &str, case: Case) -> AccessError {
    let (status, theirs, ..) = case;
    let sts = Server::http(Answer {
        status,
        headers: vec![("content-type", "text/xml".to_owned())],
        body: format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{theirs}</Code>\
             <Message>{IN_ITS_WORDS}</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"
        ),
    })
    .await;
    let text = format!(
        "[profile base]\naws_access_key_id = a\naws_secret_access_key = planted-s\n\
         [profile p]\nservices = here\nrole_arn = arn:aws:iam::123456789012:role/x\n{profile}\n\
         [services here]\nsts =\n  endpoint_url = http://{}\n",
        sts.address
    );
    let settings = AccessSettings {
        profile: Some("p".to_owned()),
        // Nothing listens at the discard port.
        endpoint_url: Some("http://127.0.0.1:9".into()),
        region: Some("eu-central-1".to_owned()),
        ..AccessSettings::default()
    };
    let access = Access::load_from(settings, config(&text), &Proxies::Environment)
        .await
        .unwrap();
    let error = access.resume_session("alice-0123").await.unwrap_err();
    assert_eq!(sts.asked.lock().unwrap().len(), 1, "{theirs}: asked once");
    error
}

#[tokio::test]
async fn each_error_of_assuming_a_role_has_its_meaning() {
    for case in [
        (403, "AccessDenied", "access-denied", Next::NewCredentials),
        (403, "ExpiredToken", "expired-token", Next::NewCredentials),
        (
            400,
            "ExpiredTokenException",
            "expired-token",
            Next::NewCredentials,
        ),
        (
            403,
            "InvalidClientTokenId",
            "invalid-credentials",
            Next::NewCredentials,
        ),
        (
            403,
            "SignatureDoesNotMatch",
            "invalid-credentials",
            Next::NewCredentials,
        ),
        (403, "RegionDisabledException", "not-enabled", Next::Stop),
        (400, "ValidationError", "invalid-role", Next::AwaitSettings),
        (
            400,
            "MalformedPolicyDocument",
            "invalid-role",
            Next::AwaitSettings,
        ),
        (
            400,
            "PackedPolicyTooLarge",
            "invalid-role",
            Next::AwaitSettings,
        ),
        (400, "Throttling", "throttled", Next::Retry),
        (500, "InternalFailure", "service-error", Next::Retry),
    ] {
        let error = sts_says("source_profile = base", case).await;
        judge("AssumeRole", &error, case);
    }
}

#[tokio::test]
async fn each_error_of_a_token_of_another_identity_provider_has_its_meaning() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "planted-token").unwrap();
    let profile = format!("web_identity_token_file = {}", file.display());
    for case in [
        (403, "AccessDenied", "access-denied", Next::NewCredentials),
        (
            400,
            "ExpiredTokenException",
            "identity-token-refused",
            Next::NewCredentials,
        ),
        (
            400,
            "InvalidIdentityToken",
            "identity-token-refused",
            Next::NewCredentials,
        ),
        (
            403,
            "IDPRejectedClaim",
            "identity-token-refused",
            Next::NewCredentials,
        ),
        (400, "IDPCommunicationError", "service-error", Next::Retry),
        (403, "RegionDisabledException", "not-enabled", Next::Stop),
        (400, "ValidationError", "invalid-role", Next::AwaitSettings),
        (400, "Throttling", "throttled", Next::Retry),
    ] {
        let error = sts_says(&profile, case).await;
        judge("AssumeRoleWithWebIdentity", &error, case);
        assert!(!format!("{error:?}").contains("planted-"), "{error:?}");
    }
}

#[tokio::test]
async fn a_role_that_is_denied_names_action_and_role() {
    let case = (403, "AccessDenied", "access-denied", Next::NewCredentials);
    let error = sts_says("source_profile = base", case).await;
    assert_eq!(
        error.what(),
        "The credentials do not allow sts:AssumeRole on arn:aws:iam::123456789012:role/x."
    );
    let denial = error.denial().unwrap();
    assert_eq!(denial.action, "sts:AssumeRole");
    assert_eq!(
        denial.resource.as_deref(),
        Some("arn:aws:iam::123456789012:role/x")
    );
}

#[tokio::test]
async fn whether_sessions_may_be_started_is_told_by_a_complaint_about_what_was_made_up_alone() {
    for (code, on_target, with_document) in [
        ("InvalidDocument", "", "invalid-document"),
        ("TargetNotConnected", "target-not-connected", ""),
        ("AccessDeniedException", "access-denied", "access-denied"),
    ] {
        let server = Server::http(Answer::error(400, code, "No.")).await;
        let access = access(&server).await;
        let told = |asked: Result<(), AccessError>| match asked {
            Ok(()) => "",
            Err(error) => error.code(),
        };
        assert_eq!(
            told(access.may_start_on("i-0123").await),
            on_target,
            "{code}"
        );
        let with = access.may_start_with("AWS-StartSSHSession").await;
        assert_eq!(told(with), with_document, "{code}");
    }
}
