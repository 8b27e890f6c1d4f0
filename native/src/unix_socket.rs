//! Where a server's Unix-domain socket is (libpq's `is_unixsock_path` and `UNIXSOCK_PATH`).

/// Whether a host is the folder of a socket and not a name.
pub(crate) fn is_folder(host: &str) -> bool {
    host.starts_with(['/', '@'])
}

/// The path of the socket in a folder. A `@` at its beginning stands for the zero byte of Linux' abstract
/// namespace.
pub(crate) fn path(folder: &str, port: u16) -> String {
    format!("{folder}/.s.PGSQL.{port}")
}
