//! From an HTTP response to a body, or to what is wrong.

use std::time::SystemTime;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde::Deserialize;

use super::xml;
use crate::answer::{Call, answer_error, broken_off, request_id, skew, wordless};
use crate::{AccessError, ServiceAnswer};

/// The longest answer that is read. A page of 500 instances with 50 tags each has less than half.
const ANSWER_MOST: usize = 16 * 1024 * 1024;

/// The longest error that is read; the services' own have a few hundred bytes.
const ERROR_MOST: usize = 64 * 1024;

/// Reads an answer to its end, as long as it is not longer than any answer should be.
pub(super) async fn read(
    call: Call<'_>,
    mut response: HttpResponse,
) -> Result<String, AccessError> {
    let is_good = response.status().is_success();
    let most = if is_good { ANSWER_MOST } else { ERROR_MOST };
    let mut stream = ByteStream::new(std::mem::replace(response.body_mut(), SdkBody::empty()));
    let mut body = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| broken_off(call, error.into()))?;
        if body.len() + chunk.len() > most {
            return Err(AccessError::Unparsable {
                status: Some(response.status().as_u16()),
                excerpt: format!("an answer of more than {most} bytes"),
            });
        }
        body.extend_from_slice(&chunk);
    }
    let response = response.map(|_: SdkBody| SdkBody::from(body.clone()));
    if !is_good {
        return Err(error(call, &response, &body));
    }
    match String::from_utf8(body) {
        // A captive portal answers with a page, and 200.
        Ok(text) if text.trim_start().starts_with(['<', '{']) && !is_page(&text) => Ok(text),
        Ok(_) | Err(_) => Err(wordless(call.callee(), &response)),
    }
}

fn is_page(text: &str) -> bool {
    let head = text.trim_start();
    let starts = |with: &str| {
        head.get(..with.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(with))
    };
    starts("<!doctype html") || starts("<html")
}

/// What an answer that is an error says.
fn error(call: Call<'_>, response: &HttpResponse, body: &[u8]) -> AccessError {
    let text = String::from_utf8_lossy(body);
    let words = match text.trim_start().chars().next() {
        Some('{') => of_json(response, &text),
        Some('<') => of_xml(&text),
        Some(_) | None => None,
    };
    let Some(words) = words else {
        return wordless(call.callee(), response);
    };
    let answer = ServiceAnswer {
        code: words.code,
        status: response.status().as_u16(),
        message: words.message.unwrap_or_default(),
        request_id: request_id(response).or(words.request_id),
    };
    answer_error(call, answer, skew(response, SystemTime::now()))
}

#[derive(Debug, Default)]
struct Words {
    code: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
}

/// An error of the JSON protocols (smithy.io, "AWS JSON 1.1 protocol", "AWS restJson1 protocol").
fn of_json(response: &HttpResponse, text: &str) -> Option<Words> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(rename = "__type")]
        kind: Option<String>,
        code: Option<String>,
        message: Option<String>,
        /// Some services write it so, some write both.
        #[serde(rename = "Message")]
        in_capitals: Option<String>,
    }
    let body: Body = serde_json::from_str(text).ok()?;
    let header = response.headers().get("x-amzn-errortype");
    let code = header.map(str::to_owned).or(body.kind).or(body.code)?;
    // A namespace may stand before it, and a URL behind it.
    let code = code.split(':').next().unwrap_or_default();
    let code = code.rsplit('#').next().unwrap_or_default();
    Some(Words {
        code: Some(code.to_owned()),
        message: body.message.or(body.in_capitals),
        request_id: None,
    })
}

/// An error of the Query protocols (smithy.io, "AWS query protocol", "AWS EC2 query protocol").
fn of_xml(text: &str) -> Option<Words> {
    let mut words = Words::default();
    let of_service = xml::document(text, "ErrorResponse", |name, child| {
        match name {
            "Error" => read_error(&mut words, child)?,
            "RequestId" => words.request_id = xml::text(child)?,
            _ => {}
        }
        Ok(())
    });
    if of_service.is_err() {
        words = Words::default();
        xml::document(text, "Response", |name, child| {
            match name {
                "Errors" => xml::children(child, |_, child| read_error(&mut words, child))?,
                "RequestID" => words.request_id = xml::text(child)?,
                _ => {}
            }
            Ok(())
        })
        .ok()?;
    }
    words.code.is_some().then_some(words)
}

fn read_error(words: &mut Words, error: &mut xml::Element<'_, '_>) -> Result<(), AccessError> {
    xml::children(error, |name, child| {
        match name {
            "Code" => words.code = xml::text(child)?,
            "Message" => words.message = xml::text(child)?,
            _ => {}
        }
        Ok(())
    })
}
