//! Signing in where somebody does not answer, or refuses something else than the code.

use std::sync::Mutex;

use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use tempfile::TempDir;

use super::server::{Answer, Server, in_time, silent};
use crate::proxies::Proxies;
use crate::signing_in::{Browser, sign_in_from};
use crate::variables::Variables;
use crate::{
    Access, AccessError, AccessSettings, MfaDevice, Person, Secret, SignInBy, SignIns, SignedIn,
    Visit,
};

/// Has a code for every device, and visits nothing.
struct Somebody {
    code: &'static str,
    asked: Mutex<Vec<String>>,
}

impl Person for Somebody {
    fn visit(&self, _: Visit) {}

    async fn mfa_code(&self, device: MfaDevice) -> Option<Secret> {
        self.asked.lock().unwrap().push(device.serial);
        Some(Secret::new(self.code))
    }
}

const LOGIN: &str = "\
[sso-session company]
sso_region = eu-central-1
sso_start_url = https://company.invalid/start
[profile p]
sso_session = company
sso_account_id = 111111111111
sso_role_name = reader
services = here
";

const CODED: &str = "\
[profile base]
aws_access_key_id = AKIABASE
aws_secret_access_key = planted-secret
[profile p]
role_arn = arn:aws:iam::111111111111:role/coded
source_profile = base
mfa_serial = arn:aws:iam::111111111111:mfa/ann
services = here
";

const CODED_BEHIND_A_ROLE: &str = "\
[profile base]
aws_access_key_id = AKIABASE
aws_secret_access_key = planted-secret
[profile hop]
role_arn = arn:aws:iam::111111111111:role/hop
source_profile = base
[profile p]
role_arn = arn:aws:iam::111111111111:role/coded
source_profile = hop
mfa_serial = arn:aws:iam::111111111111:mfa/ann
services = here
";

/// Signs in with that profile; whoever hands credentials out is at this address.
async fn sign_in_at(
    issuer: &str,
    profile: &str,
    code: &'static str,
) -> Result<SignedIn, AccessError> {
    let folder = TempDir::new().unwrap();
    let services =
        ["sts", "sso", "sso_oidc"].map(|name| format!("{name} =\n  endpoint_url = {issuer}\n"));
    let files = EnvConfigFiles::builder()
        .with_contents(
            EnvConfigFileKind::Config,
            format!("{profile}[services here]\n{}", services.concat()),
        )
        .build();
    let settings = AccessSettings {
        profile: Some("p".to_owned()),
        region: Some("eu-central-1".to_owned()),
        sign_ins: SignIns::in_folder(folder.path()),
        ..AccessSettings::default()
    };
    let access = Access::load_in(settings, files, &Proxies::Environment, &Variables::none())
        .await
        .unwrap();
    let person = Somebody {
        code,
        asked: Mutex::default(),
    };
    sign_in_from(
        access.credential_source(),
        SignInBy::DeviceCodeElsewhere,
        false,
        &Browser::Absent,
        &person,
    )
    .await
}

#[tokio::test(start_paused = true)]
async fn whoever_does_not_answer_a_sign_in_is_not_waited_for_without_end() {
    let (issuer, _tasks) = silent().await;
    for (profile, code) in [
        (LOGIN, "network-timeout"),
        (CODED, "network-timeout"),
        (CODED_BEHIND_A_ROLE, "credentials-timeout"),
    ] {
        let error = in_time(Box::pin(sign_in_at(&issuer, profile, "123456")))
            .await
            .unwrap_err();
        assert_eq!(error.code(), code, "{profile}{}", error.details());
    }
}

/// What STS says of a code that is not the device's (as the AWS CLI shows it).
const WRONG_CODE: &str = "AccessDenied: MultiFactorAuthentication failed with invalid MFA one time \
                          pass code. ";

/// What it says of a role that does not trust whoever asks, or that he may not assume.
const NO_TRUST: &str = "AccessDenied: User: arn:aws:iam::111111111111:user/ann is not authorized to \
                        perform: sts:AssumeRole on resource: arn:aws:iam::111111111111:role/coded";

#[tokio::test]
async fn only_what_is_wrong_with_the_code_is_said_to_be_the_code() {
    for (status, theirs, code, ours) in [
        (403, WRONG_CODE, "123456", "mfa-code-refused"),
        (403, "AccessDenied", "123456", "mfa-code-refused"),
        (403, NO_TRUST, "123456", "access-denied"),
        (400, "ValidationError", "123456", "invalid-role"),
        (400, "PackedPolicyTooLarge", "123456", "invalid-role"),
        (403, "ExpiredToken", "123456", "expired-token"),
        (403, "InvalidClientTokenId", "123456", "invalid-credentials"),
        (
            403,
            "SignatureDoesNotMatch",
            "123456",
            "invalid-credentials",
        ),
        (403, "RequestTimeTooSkewed", "123456", "clock-skew"),
        (403, "RegionDisabledException", "123456", "not-enabled"),
        (400, "Throttling", "123456", "throttled"),
        (503, "ServiceUnavailable", "123456", "service-error"),
    ] {
        let sts = Server::http(Answer {
            status,
            headers: vec![("content-type", "text/xml".to_owned())],
            body: {
                let (theirs, message) = theirs.split_once(": ").unwrap_or((theirs, "m"));
                format!(
                    "<ErrorResponse><Error><Type>Sender</Type><Code>{theirs}</Code>\
                     <Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
                )
            },
        })
        .await;
        let issuer = format!("http://{}", sts.address);
        let error = sign_in_at(&issuer, CODED, code).await.unwrap_err();
        assert_eq!(error.code(), ours, "{theirs}: {}", error.details());
        let all = format!("{error:?} {error} {}", error.details());
        assert!(!all.contains("planted-"), "{all}");
    }
}
