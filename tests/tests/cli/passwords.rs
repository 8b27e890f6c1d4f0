//! Passwords that are asked for, by the tools that take PostgreSQL's options `-w` and `-W`.

use std::io::{Read, Write};
use std::process::{Child, Command, Output, Stdio};

use walscope_tests::{PASSWORD, Server, ServerOptions, program};

const PROMPT: &str = "Password: ";
const MISSING: &str = "the server asks for a password, and none is given";

/// What is asked of the server: quick, and with nothing left behind.
const TOOLS: [&[&str]; 2] = [
    &["receive", "--create-slot", "--if-not-exists", "-S", "s"],
    &["basebackup", "-t", "blackhole", "-X", "none", "-c", "fast"],
];

fn place(server: &Server, user: &str) -> [String; 6] {
    let port = server.port().to_string();
    ["-h", "127.0.0.1", "-p", &port, "-U", user].map(str::to_owned)
}

fn without_password(command: &mut Command) -> &mut Command {
    command.env_remove("PGPASSWORD").stdout(Stdio::piped()).stderr(Stdio::piped())
}

/// Runs it where there is no terminal, with that on its standard input.
fn run(server: &Server, user: &str, tool: &[&str], more: &[&str], input: &str) -> Output {
    let mut command = Command::new("setsid");
    command.arg("--wait").arg(program::path()).args(tool).args(place(server, user)).args(more);
    let mut child = without_password(&mut command).stdin(Stdio::piped()).spawn().expect("setsid");
    // Who needs no password may have ended without reading.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    child.wait_with_output().expect("it ends")
}

/// The user, more options, the input, whether it is asked for, and what is wrong.
type Case<'c> = (&'c str, &'c [&'c str], &'c str, bool, Option<&'c str>);

#[test]
fn passwords_are_asked_for_where_they_are_needed_or_wanted() {
    let server = Server::start(ServerOptions::default());
    let right = format!("{PASSWORD}\n");
    let cases: [Case<'_>; 9] = [
        ("scram_user", &[], &right, true, None),
        ("md5_user", &[], PASSWORD, true, None),
        ("password_user", &[], "secret\r\n", true, None),
        ("scram_user", &[], "", true, Some(MISSING)),
        ("scram_user", &[], "wrong\n", true, Some("password authentication failed")),
        ("scram_user", &["-w"], &right, false, Some(MISSING)),
        ("scram_user", &["-W"], &right, true, None),
        ("trust_user", &[], "", false, None),
        ("trust_user", &["-W"], "whatever\n", true, None),
    ];
    for tool in TOOLS {
        for (user, more, input, asked, problem) in cases {
            let output = run(&server, user, tool, more, input);
            let said = String::from_utf8_lossy(&output.stderr);
            let what = format!("{tool:?} {user} {more:?}: {said}");
            assert_eq!(said.matches(PROMPT).count(), usize::from(asked), "{what}");
            assert_eq!(output.status.success(), problem.is_none(), "{what}");
            assert!(said.contains(problem.unwrap_or_default()), "{what}");
        }
    }
}

/// A program with a terminal of its own, killed when dropped.
struct Terminal(Child);

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// On a terminal nobody sees what is typed.
///
/// Red without `silent.local_modes.remove` in `on_terminal`.
#[test]
fn what_is_typed_is_not_shown() {
    let server = Server::start(ServerOptions::default());
    for tool in TOOLS {
        let words: Vec<_> = place(&server, "scram_user").into();
        let line = format!("{} {} {}", program::path().display(), tool.join(" "), words.join(" "));
        let mut command = Command::new("script");
        command.args(["--quiet", "--return", "--flush", "--command", &line, "/dev/null"]);
        let child = without_password(&mut command).stdin(Stdio::piped()).spawn().expect("script");
        let mut terminal = Terminal(child);
        let mut output = terminal.0.stdout.take().expect("a pipe");
        let mut shown = Vec::new();
        while !shown.ends_with(PROMPT.as_bytes()) {
            let mut byte = [0];
            let read = output.read(&mut byte).expect("output");
            assert!(read > 0, "no prompt: {}", String::from_utf8_lossy(&shown));
            shown.push(byte[0]);
        }
        let input = terminal.0.stdin.as_mut().expect("a pipe");
        input.write_all(format!("{PASSWORD}\n").as_bytes()).expect("it reads");
        output.read_to_end(&mut shown).expect("output");
        let shown = String::from_utf8_lossy(&shown);
        assert!(terminal.0.wait().expect("it ends").success(), "{shown}");
        assert!(!shown.contains(PASSWORD), "{shown}");
    }
}
