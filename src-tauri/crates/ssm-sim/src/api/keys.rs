//! GenerateDataKey of KMS.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ApiError;
use crate::service::{DataKey, Service};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Input {
    pub(super) key_id: String,
    #[serde(default)]
    number_of_bytes: Option<usize>,
    #[serde(default)]
    encryption_context: HashMap<String, String>,
    #[serde(default)]
    dry_run: bool,
}

pub(super) fn generate_data_key(service: &Arc<Service>, input: &Input) -> Result<Value, ApiError> {
    if service.settings.kms_key_id.as_deref() != Some(input.key_id.as_str()) {
        return Err(ApiError::new(
            "NotFoundException",
            format!("Key '{}' does not exist", input.key_id),
        ));
    }
    let length = input.number_of_bytes.unwrap_or(32);
    if !(1..=1024).contains(&length) {
        return Err(ApiError::validation(
            "Value at 'numberOfBytes' failed to satisfy constraint: between 1 and 1024",
        ));
    }
    if input.dry_run {
        return Err(ApiError::new(
            "DryRunOperationException",
            "The request would have succeeded, but the DryRun option is set.",
        ));
    }
    let (mut plaintext, ciphertext) =
        service.with_random(|random| (random.bytes(length), random.bytes(length + 120)));
    // Marked, so that a check finds it where it must not be. A key of a session has 64 bytes.
    if let (64.., Some(begin)) = (length, plaintext.first_chunk_mut()) {
        *begin = *b"planted-";
    }
    let answer = json!({
        "KeyId": input.key_id,
        "Plaintext": STANDARD.encode(&plaintext),
        "CiphertextBlob": STANDARD.encode(&ciphertext),
    });
    service.add_data_key(
        ciphertext,
        DataKey {
            plaintext,
            context: input.encryption_context.clone(),
        },
    );
    Ok(answer)
}
