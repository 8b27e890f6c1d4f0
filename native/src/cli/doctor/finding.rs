//! What was found, for people and as JSON.

use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Severity {
    /// As it should be.
    Ok,
    /// It will go wrong, or is dangerous.
    Warning,
    /// It does not work, or loses or keeps what it should not.
    Error,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Finding {
    pub(super) severity: Severity,
    /// What is so.
    pub(super) message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hint: Option<String>,
}

impl Finding {
    pub(super) fn ok(message: impl Into<String>) -> Self {
        Self { severity: Severity::Ok, message: message.into(), hint: None }
    }

    pub(super) fn warning(message: impl Into<String>, hint: impl Into<String>) -> Self {
        let (severity, message) = (Severity::Warning, message.into());
        Self { severity, message, hint: Some(hint.into()) }
    }

    pub(super) fn error(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { severity: Severity::Error, ..Self::warning(message, hint) }
    }

    /// A line, and one for what to do.
    pub(super) fn text(&self) -> String {
        let name = match self.severity {
            Severity::Ok => "ok",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        let hint = self.hint.as_ref().map(|hint| format!("{:9}{hint}\n", "")).unwrap_or_default();
        format!("{name:9}{}\n{hint}", self.message)
    }
}
