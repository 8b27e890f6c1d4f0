//! The command-line tool `walscope`.

fn main() -> std::process::ExitCode {
    walscope::cli::main()
}
