//! Passwords that are asked for when a connection needs them: tokens expire.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use crate::error::{Error, Result};

type Asking = Pin<Box<dyn Future<Output = io::Result<String>> + Send>>;

/// Gives the password of the moment.
#[derive(Clone)]
pub(crate) struct PasswordSource(Arc<dyn Fn() -> Asking + Send + Sync>);

impl PasswordSource {
    pub(crate) fn new<F, A>(ask: F) -> Self
    where
        F: Fn() -> A + Send + Sync + 'static,
        A: Future<Output = io::Result<String>> + Send + 'static,
    {
        Self(Arc::new(move || Box::pin(ask())))
    }

    pub(crate) async fn ask(&self) -> Result<String> {
        (self.0)().await.map_err(Error::Password)
    }
}

impl PartialEq for PasswordSource {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for PasswordSource {}

impl fmt::Debug for PasswordSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordSource")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_the_same_only_as_clones() {
        let source = PasswordSource::new(|| async { Ok(String::from("p")) });
        assert_eq!(source, source.clone());
        assert_ne!(source, PasswordSource::new(|| async { Ok(String::from("p")) }));
        assert_eq!(format!("{source:?}"), "PasswordSource");
    }
}
