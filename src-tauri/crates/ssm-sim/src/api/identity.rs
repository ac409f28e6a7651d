//! GetCallerIdentity of STS, which speaks the query protocol and XML.

use super::policy::{ACCOUNT, CALLER};
use super::{Answer, ApiError};

/// The body that asks for it begins so.
const ACTION: &str = "Action=GetCallerIdentity";

/// Whether a request is one.
pub(super) fn is_asked(body: &[u8]) -> bool {
    body.starts_with(ACTION.as_bytes())
}

pub(super) fn answer() -> Answer {
    Answer {
        status: 200,
        content_type: "text/xml",
        body: format!(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
             <GetCallerIdentityResult><Arn>{CALLER}</Arn><UserId>AROASIMULATED:person</UserId>\
             <Account>{ACCOUNT}</Account></GetCallerIdentityResult><ResponseMetadata>\
             <RequestId>00000000-0000-4000-8000-000000000000</RequestId></ResponseMetadata>\
             </GetCallerIdentityResponse>"
        ),
    }
}

/// An error as STS writes it. Its names lack the ending that those of other services have.
pub(super) fn failure(error: &ApiError) -> Answer {
    let code = error.code.trim_end_matches("Exception");
    let code = match code {
        "UnrecognizedClient" => "InvalidClientTokenId",
        "InvalidSignature" => "SignatureDoesNotMatch",
        other => other,
    };
    Answer {
        status: 403.max(error.status),
        content_type: "text/xml",
        body: format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>\
             <Type>Sender</Type><Code>{code}</Code><Message>{}</Message></Error>\
             <RequestId>00000000-0000-4000-8000-000000000000</RequestId></ErrorResponse>",
            error.message.replace('&', "&amp;").replace('<', "&lt;")
        ),
    }
}
