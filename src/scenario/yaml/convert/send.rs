//! What is sent.

use super::Cx;
use crate::{
    core::At,
    scenario::{
        model::{Attachment, AttachmentContent, SendSpec},
        size::byte_size,
        vars::Template,
        yaml::{
            spot::{Form, Scalar, Spot},
            twin::scenario::{AttachTwin, SendTwin},
        },
    },
};
use std::path::{Path, PathBuf};

/// Header fields that the harness writes itself.
const OWN_FIELDS: [&str; 2] = ["message-id", "x-sealcheck-run"];

impl Cx<'_> {
    /// What is sent.
    pub(crate) fn send(&mut self, twin: Spot<SendTwin>) -> SendSpec {
        let SendTwin { from, to, envelope_from, subject, text, html, headers, encoding, attach, eml } = twin.value;
        self.filled("`from`", &from);
        let mut recipients: Vec<At<String>> = Vec::new();
        for one in to.0 {
            self.filled("`to`", &one);
            if recipients.iter().any(|r| r.value == one.value) {
                self.wrong(one.at, format!("`{}` is written twice", one.value), "keep one of them");
            }
            recipients.push(self.at(one));
        }
        if let Some(eml) = &eml {
            let composed = [
                ("subject", subject.as_ref().map(|s| s.at)),
                ("text", text.as_ref().map(|s| s.at)),
                ("html", html.as_ref().map(|s| s.at)),
                ("headers", headers.0.first().map(|(k, _)| k.at)),
                ("encoding", encoding.as_ref().map(|s| s.at)),
                ("attach", attach.as_ref().and_then(|a| a.0.first()).map(|a| a.at)),
            ];
            for (key, at) in composed {
                if let Some(at) = at {
                    self.wrong(at, format!("`{key}` has no effect beside `eml`"), "the message file is sent as it is");
                }
            }
            self.filled("`eml`", eml);
        }
        let headers = headers.0.into_iter().filter_map(|(name, value)| self.header(name, value)).collect();
        SendSpec {
            from: self.at(from),
            to: recipients,
            envelope_from: envelope_from.map(|e| self.one_line("`envelope_from`", e)),
            subject: subject.map(|s| self.one_line("`subject`", s)),
            text: text.map(|t| self.template(t)),
            html: html.map(|h| self.template(h)),
            headers,
            encoding: encoding.map(|e| e.value).unwrap_or_default(),
            attach: attach.map(|a| a.0).unwrap_or_default().into_iter().filter_map(|a| self.attachment(a)).collect(),
            eml: eml.map(|e| At::new(PathBuf::from(&e.value), self.position(e.at))),
        }
    }

    /// A text without line breaks and other control characters (a folded block scalar's last line break is dropped).
    fn one_line(&mut self, what: &str, mut spot: Spot<String>) -> Template {
        spot.value.truncate(spot.value.trim_end_matches(['\r', '\n']).len());
        if spot.value.chars().any(|c| c.is_control() && c != '\t') {
            self.wrong(spot.at, format!("{what} holds a line break or a control character"), "write it on one line");
        }
        self.template(spot)
    }

    /// Whether a header field can have this name.
    pub(crate) fn field_name(&mut self, name: &At<String>) -> bool {
        let is_one = !name.value.is_empty() && name.value.bytes().all(|b| (33..=126).contains(&b) && b != b':');
        if !is_one {
            let message = format!("`{}` is no header field name", name.value);
            self.wrong_at(&name.at, message, "RFC 5322 §2.2: printable ASCII without a colon");
        }
        is_one
    }

    fn header(&mut self, name: Spot<String>, value: Spot<Scalar>) -> Option<(String, Template)> {
        if !self.field_name(&self.at(name.clone())) {
            return None;
        }
        if OWN_FIELDS.contains(&name.value.to_ascii_lowercase().as_str()) {
            self.wrong(
                name.at,
                format!("sealcheck writes `{}` itself", name.value),
                "leave it out, or send a file with `eml`",
            );
            return None;
        }
        let value = self.one_line("the header field", Spot { value: value.value.0, at: value.at });
        Some((name.value, value))
    }

    fn attachment(&mut self, attach: Spot<Form<String, AttachTwin>>) -> Option<Attachment> {
        let AttachTwin { name, r#type, file, size } = match attach.value {
            Form::Short(file) => {
                AttachTwin { name: None, r#type: None, file: Some(Spot { value: file, at: attach.at }), size: None }
            }
            Form::Long(twin) => twin,
        };
        let (default_name, content) = match (file, size) {
            (Some(file), None) => {
                self.filled("`file`", &file);
                let path = PathBuf::from(&file.value);
                let base = path.file_name().map(|n| n.to_string_lossy().into_owned());
                (base, AttachmentContent::File(At::new(path, self.position(file.at))))
            }
            (None, Some(size)) => {
                if !size.value.contains('$')
                    && let Err(message) = byte_size(&size.value)
                {
                    self.wrong(size.at, message, "write a number and a unit, for example 200KB or 5MB");
                }
                (None, AttachmentContent::Size(self.template(size)))
            }
            _ => {
                self.wrong(attach.at, "an attachment needs `file` or `size`", "write exactly one of them");
                return None;
            }
        };
        let name = match name {
            Some(name) => {
                if name.value.trim().is_empty() || name.value.chars().any(char::is_control) {
                    self.wrong(name.at, "`name` is no file name", "write it on one line");
                }
                name.value
            }
            None => default_name.unwrap_or_else(|| "attachment.bin".to_owned()),
        };
        let content_type = match r#type {
            Some(t) => {
                let parts: Vec<_> = t.value.split('/').collect();
                if parts.len() != 2 || parts.iter().any(|p| p.is_empty() || !p.bytes().all(|b| b.is_ascii_graphic())) {
                    self.wrong(t.at, format!("`{}` is no media type", t.value), "for example `application/pdf`");
                }
                t.value
            }
            None => media_type(&name).to_owned(),
        };
        Some(Attachment { name, content_type, content })
    }
}

fn media_type(name: &str) -> &'static str {
    let extension = Path::new(name).extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    match extension.as_str() {
        "txt" | "log" => "text/plain",
        "csv" => "text/csv",
        "html" | "htm" => "text/html",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "zip" => "application/zip",
        "eml" => "message/rfc822",
        _ => "application/octet-stream",
    }
}
