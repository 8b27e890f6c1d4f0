//! Proving who we are: trust, the password in the clear, MD5, SCRAM-SHA-256 and its -PLUS form.
//!
//! The manual's "Start-up" and "SASL Authentication" of the frontend/backend protocol.

use std::borrow::Cow;
use std::io;

use fallible_iterator::FallibleIterator;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{
    ChannelBinding, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramSha256,
};
use postgres_protocol::message::backend::{AuthenticationSaslBody, Message};
use postgres_protocol::message::frontend;

use crate::config::{Binding, Config};
use crate::error::{Error, Result};
use crate::tls;
use crate::wire::{Backend, Socket, Wire, server_error};

/// The problem of an [`Error::Auth`] that a password solves.
pub(crate) const NO_PASSWORD: &str = "the server asks for a password, and none is given";

/// Answers the server's requests until it is satisfied. `database` is what a password file calls what is
/// connected to.
pub(crate) async fn authenticate(wire: &mut Wire, config: &Config, database: &str) -> Result<()> {
    let (user, _) = config.login()?;
    let must_be_bound = config.channel_binding() == Binding::Require;
    let mut is_bound = false;
    loop {
        match read(wire).await? {
            // Before anything is told to whoever asks.
            message if must_be_bound && !is_bound && !is_sasl(&message) => return Err(unbound()),
            Message::AuthenticationOk => return Ok(()),
            Message::AuthenticationCleartextPassword => {
                let password = password(config, database)?;
                frontend::password_message(password.as_bytes(), wire.output())
                    .map_err(unsendable)?;
                wire.flush().await?;
            }
            Message::AuthenticationMd5Password(body) => {
                let password = password(config, database)?;
                let hash = md5_hash(user.as_bytes(), password.as_bytes(), body.salt());
                frontend::password_message(hash.as_bytes(), wire.output()).map_err(unsendable)?;
                wire.flush().await?;
            }
            Message::AuthenticationSasl(body) => {
                is_bound = scram(wire, config, database, &body).await?;
            }
            other => return Err(refused(&other)),
        }
    }
}

/// The next message that belongs to authentication.
async fn read(wire: &mut Wire) -> Result<Message> {
    loop {
        match wire.read_message().await? {
            Backend::Message(Message::ErrorResponse(body)) => {
                return Err(server_error(body.fields())?.into());
            }
            Backend::Message(Message::NoticeResponse(_)) => {}
            Backend::Message(message) => return Ok(message),
            Backend::NegotiateProtocolVersion => {
                return Err(Error::protocol("the server does not speak version 3.0"));
            }
            Backend::CopyBoth => return Err(Error::protocol("a copy begins before the login")),
        }
    }
}

/// The password that is given, or else that of the password file.
fn password<'c>(config: &'c Config, database: &str) -> Result<Cow<'c, str>> {
    if let Some(given) = config.password() {
        return Ok(given.into());
    }
    config.password_of_file(database).map(Cow::Owned).map_err(|missing| Error::Auth {
        problem: NO_PASSWORD.into(),
        hint: Some(format!(
            "Give it in the connection settings, in the environment variable PGPASSWORD or in a \
             password file; {missing}"
        )),
    })
}

fn refused(message: &Message) -> Error {
    let method = match message {
        Message::AuthenticationKerberosV5 => "Kerberos V5",
        Message::AuthenticationGss | Message::AuthenticationGssContinue(_) => "GSSAPI",
        Message::AuthenticationSspi => "SSPI",
        Message::AuthenticationScmCredential => "SCM credentials",
        _ => return Error::protocol("an unexpected message during authentication"),
    };
    unsupported_method(method)
}

fn unsupported_method(method: &str) -> Error {
    Error::Auth {
        problem: format!("the server asks for {method}, which is not supported"),
        hint: Some("Let this role use scram-sha-256 in the server's pg_hba.conf".into()),
    }
}

fn unsendable(error: io::Error) -> Error {
    Error::config(format!("a setting cannot be sent: {error}"))
}

const fn is_sasl(message: &Message) -> bool {
    matches!(message, Message::AuthenticationSasl(_))
}

fn unbound() -> Error {
    Error::Auth {
        problem: "the login is not bound to the TLS connection, but channel_binding demands it"
            .into(),
        hint: Some(
            "Use sslmode=require or more, and a role that signs in with scram-sha-256; should the \
             server do that, somebody sits in between"
                .into(),
        ),
    }
}

/// One SCRAM exchange; returns whether it was bound to the TLS connection. The server must prove that it
/// knows the password too: that it is content with us says nothing about who it is.
async fn scram(
    wire: &mut Wire,
    config: &Config,
    database: &str,
    offer: &AuthenticationSaslBody,
) -> Result<bool> {
    let offered: Vec<&str> = offer.mechanisms().collect().map_err(bad_exchange)?;
    let (mechanism, binding) = mechanism(&offered, config, wire.socket())?;
    let mut exchange = ScramSha256::new(password(config, database)?.as_bytes(), binding);
    frontend::sasl_initial_response(mechanism, exchange.message(), wire.output())
        .map_err(unsendable)?;
    wire.flush().await?;

    let Message::AuthenticationSaslContinue(body) = read(wire).await? else {
        return Err(unproven());
    };
    exchange.update(body.data()).map_err(bad_exchange)?;
    frontend::sasl_response(exchange.message(), wire.output()).map_err(unsendable)?;
    wire.flush().await?;

    let Message::AuthenticationSaslFinal(body) = read(wire).await? else {
        return Err(unproven());
    };
    exchange.finish(body.data()).map_err(bad_exchange)?;
    Ok(mechanism == SCRAM_SHA_256_PLUS)
}

/// The strongest mechanism of those offered that can be used on this connection.
fn mechanism(
    offered: &[&str],
    config: &Config,
    socket: &Socket,
) -> Result<(&'static str, ChannelBinding)> {
    let end_point = match socket {
        Socket::Tls(stream) if config.channel_binding() != Binding::Disable => {
            tls::channel_binding(stream)
        }
        _ => None,
    };
    let has = |name: &str| offered.contains(&name);
    match end_point {
        Some(hash) if has(SCRAM_SHA_256_PLUS) => {
            Ok((SCRAM_SHA_256_PLUS, ChannelBinding::tls_server_end_point(hash)))
        }
        _ if config.channel_binding() == Binding::Require => Err(unbound()),
        // It tells the server that we would have: if it did offer channel binding, somebody
        // between us took the offer out, and the server refuses.
        Some(_) if has(SCRAM_SHA_256) => Ok((SCRAM_SHA_256, ChannelBinding::unrequested())),
        _ if has(SCRAM_SHA_256) => Ok((SCRAM_SHA_256, ChannelBinding::unsupported())),
        _ => Err(unsupported_method(&offered.join(", "))),
    }
}

fn unproven() -> Error {
    Error::Auth {
        problem: "the server ended SCRAM without proving that it knows the password".into(),
        hint: Some("Check that this is the right server".into()),
    }
}

fn bad_exchange(error: io::Error) -> Error {
    Error::Auth { problem: format!("SCRAM: {error}"), hint: None }
}
