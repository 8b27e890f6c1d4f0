//! The guides in `native/docs`: their SQL runs on the versions that they name and on no older one,
//! their table of settings is the server's, their links lead somewhere.

use std::fs;
use std::path::{Path, PathBuf};

use tokio_postgres::error::SqlState;
use walscope::{Config, Stream, StreamOptions};
use walscope_tests::{Major, Server, ServerOptions};

const OLDEST: u32 = 14;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn guide(name: &str) -> String {
    fs::read_to_string(root().join("native/docs").join(name)).unwrap()
}

fn number(major: Major) -> u32 {
    major.to_string().parse().unwrap()
}

/// Statements that belong together, and the first version that has them.
struct Block {
    since: u32,
    statements: Vec<String>,
}

/// The blocks that begin with "```sql" or, for a version and all later ones, "```sql 17+".
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    for part in text.split("\n```sql").skip(1) {
        let (head, rest) = part.split_once('\n').unwrap();
        let (sql, _) = rest.split_once("\n```").unwrap();
        let since = head.trim().trim_end_matches('+');
        let statements = format!("{sql}\n").split_inclusive(";\n").map(str::to_owned).collect();
        blocks.push(Block { since: since.parse().unwrap_or(OLDEST), statements });
    }
    assert!(!blocks.is_empty());
    blocks
}

/// Runs the blocks of a guide in the database `app`, and makes sure that an older server does not
/// take those of newer ones.
fn run(server: &Server, major: Major, name: &str) {
    for block in blocks(&guide(name)) {
        let mut results =
            block.statements.iter().map(|statement| server.try_sql_in("app", statement));
        if number(major) >= block.since {
            let result = results.try_for_each(|result| result.map(drop));
            assert!(result.is_ok(), "PostgreSQL {major}: {:?}: {result:?}", block.statements);
        } else {
            let failed = results.any(|result| result.is_err());
            assert!(failed, "PostgreSQL {major} takes {:?}", block.statements);
        }
    }
}

/// The first row that the role of the guide gets by the publication of the guide.
fn follow(server: &Server) -> i64 {
    #[derive(serde::Deserialize)]
    struct User {
        id: i64,
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let role = [("user", "walscope_reader"), ("dbname", "app")];
        let config = Config::parse(&server.conninfo_with(&role)).unwrap();
        let options = StreamOptions { create_slot: true, ..StreamOptions::new("s", ["app_pub"]) };
        let mut changes = Stream::open(&config, options).await.unwrap().changes().unwrap();
        server.sql_in("app", "INSERT INTO users VALUES (7, 'a@b')");
        loop {
            let change = changes.next().await.unwrap().unwrap();
            if let Some(row) = change.row() {
                break row.deserialize::<User>().unwrap().id;
            }
        }
    })
}

#[test]
fn sql_runs_on_the_versions_that_have_it() {
    for major in Major::ALL {
        let server = Server::start(ServerOptions { major, ..Default::default() });
        server.sql("CREATE DATABASE app");
        run(&server, major, "setup.md");
        assert_eq!(follow(&server), 7, "PostgreSQL {major}");
        run(&server, major, "production.md");
    }
}

/// What the guide says of tables without a replica identity.
#[test]
fn the_server_says_what_the_guide_says() {
    for major in Major::ALL {
        let server = Server::start(ServerOptions { major, ..Default::default() });
        server.sql("CREATE TABLE logins (id int); INSERT INTO logins VALUES (1)");
        server.sql("CREATE PUBLICATION p FOR TABLE logins");
        let error = server.try_sql("UPDATE logins SET id = 2").unwrap_err();
        let error = error.as_db_error().unwrap();
        assert_eq!(*error.code(), SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE);
        let words = guide("setup.md").replace('\n', " ");
        assert!(words.contains(&format!("_{}_", error.message())), "{}", error.message());
    }
}

/// The cells of the rows of a table that begin with a name.
fn settings() -> Vec<[String; 4]> {
    let text = guide("setup.md");
    let rows =
        text.lines().filter(|line| line.starts_with("| `") && line.matches('|').count() == 6);
    let cells = |line: &str| {
        let mut cells = line.split('|').skip(1).map(|cell| cell.trim().replace('`', ""));
        [(); 4].map(|()| cells.next().unwrap())
    };
    rows.map(cells).collect()
}

#[test]
fn settings_are_those_of_the_servers() {
    let settings = settings();
    assert_eq!(settings.len(), 10);
    for major in Major::ALL {
        let server = Server::start(ServerOptions { major, ..Default::default() });
        for [name, default, effect, since] in &settings {
            let sql = format!("SELECT boot_val, context FROM pg_settings WHERE name = '{name}'");
            let found = server.sql(&sql);
            if number(major) < since.parse().unwrap() {
                assert!(found.is_empty(), "PostgreSQL {major} has {name}");
                continue;
            }
            let context = match effect.as_str() {
                "at restart" => "postmaster",
                "at reload" => "sighup",
                "at connect" => "user",
                other => panic!("{other}"),
            };
            let expected = vec![vec![Some(default.clone()), Some(context.to_owned())]];
            assert_eq!(found, expected, "PostgreSQL {major}: {name}");
        }
    }
}

/// The name that a heading has in a link.
fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = words.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn links_lead_somewhere() {
    let root = root();
    let folders =
        ["native/docs", "node/docs"].map(|folder| fs::read_dir(root.join(folder)).unwrap());
    let mut pages: Vec<_> =
        folders.into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    pages.push(root.join("README.md"));
    let mut links = 0;
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            if link.contains("://") {
                continue;
            }
            let (file, place) = link.split_once('#').unwrap_or((link, ""));
            let target =
                if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            assert!(target.exists(), "{}: {link}", page.display());
            if !place.is_empty() {
                let text = fs::read_to_string(&target).unwrap();
                let found = text.lines().any(|line| line.starts_with('#') && anchor(line) == place);
                assert!(found, "{}: {link}", page.display());
            }
            links += 1;
        }
    }
    assert!(links > 10);
}
