//! The configuration as a whole; single values are tested beside their code.

use super::{Config, ConfigError, Engine, LogFormat, Sources, default_file};
use secrecy::ExposeSecret;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

const SECRET: &str = "a-secret-of-more-than-thirty-two-bytes";

fn environment(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let environment = variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
    Config::load(&Sources { environment, ..Sources::default() })
}

fn file(text: &str) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("permdex.toml"), text).unwrap();
    Config::load(&Sources { working_dir: Some(folder.path().to_owned()), ..Sources::default() })
}

fn refusal(result: Result<Config, ConfigError>) -> String {
    result.expect_err("must be refused").to_string()
}

/// `section.key` of every key in TOML text.
fn keys(text: &str) -> BTreeSet<String> {
    let mut section = String::new();
    let mut keys = BTreeSet::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[') {
            section = format!("{}.", name.trim_end_matches(']'));
        } else if let Some((key, _)) = line.split_once(" = ") {
            keys.insert(format!("{section}{key}"));
        }
    }
    keys
}

#[test]
fn the_default_file_and_the_struct_have_the_same_keys() {
    // One way: what the file has, the struct takes, and misses nothing. The other way: what the struct has, the file names.
    let config = Config::built_in().unwrap();
    assert_eq!(keys(default_file::TEXT), keys(&config.render_masked()));
}

#[test]
fn every_default_is_documented() {
    let mut before = "";
    for line in default_file::TEXT.lines() {
        assert!(!line.contains(" = ") || line.starts_with('#') || before.starts_with('#'), "no comment above `{line}`");
        before = line;
    }
}

#[test]
fn the_defaults_are_those_of_the_contract() {
    let config = Config::built_in().unwrap();
    assert_eq!(config.http.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.data_dir, PathBuf::from("permdex-data"));
    assert_eq!(config.index.engine, Engine::Embedded);
    assert_eq!(config.index.name, "permdex-users");
    assert_eq!(config.auth.service_keys, ["hs256"]);
    assert_eq!(config.refresh.wait_timeout, Duration::from_secs(30));
    assert_eq!(config.database.connect_timeout, Duration::from_secs(30));
    assert_eq!(config.rebuild.retire_after, Duration::from_mins(10));
    assert_eq!(config.roles.temporary_grant_max, Duration::from_hours(30 * 24));
    let limits = config.rate_limits;
    let limits = [limits.create_role, limits.get_roles, limits.modify_role, limits.assign_role];
    assert_eq!(limits, [20, 20, 10, 1000]);
}

#[test]
fn every_variable_of_the_contract_works() {
    let database = "postgres://permdex:pw@db/permdex";
    let config = environment(&[
        ("PERMDEX__HTTP__LISTEN", "127.0.0.1:0"),
        ("PERMDEX__DATA_DIR", "/data"),
        ("PERMDEX__DATABASE__URL", database),
        ("PERMDEX__INDEX__ENGINE", "elasticsearch"),
        ("PERMDEX__INDEX__URL", "http://a:9200, https://b:9200"),
        ("PERMDEX__INDEX__NAME", "prefix"),
        ("PERMDEX__INDEX__USERNAME", "elastic"),
        ("PERMDEX__INDEX__PASSWORD", "12345"),
        ("PERMDEX__INDEX__CA_FILE", "ca.pem"),
        ("PERMDEX__AUTH__HS256_SECRET", &format!("{SECRET}-1,{SECRET}-2")),
        ("PERMDEX__AUTH__JWKS_FILE", "jwks.json"),
        ("PERMDEX__AUTH__ISSUER", "issuer"),
        ("PERMDEX__AUTH__AUDIENCE", "audience"),
        ("PERMDEX__AUTH__SERVICE_KEYS", "hs256,key-1"),
        ("PERMDEX__AUTH__SUBJECT_CLAIM", "uid"),
        ("PERMDEX__AUTH__ORGANIZATION_CLAIM", "tenant"),
        ("PERMDEX__REFRESH__WAIT_TIMEOUT", "5s"),
        ("PERMDEX__CLUSTERS__EU__DATABASE__URL", "postgres://eu/permdex"),
        ("PERMDEX__CLUSTERS__EU__DATABASE__MAX_CONNECTIONS", "9"),
        ("PERMDEX__LOG__FORMAT", "json"),
        ("PERMDEX__LOG__FILTER", "debug"),
    ])
    .unwrap();
    assert_eq!(config.http.listen.port(), 0);
    assert_eq!(config.data_dir, PathBuf::from("/data"));
    assert_eq!(config.database.url.as_ref().unwrap().expose_secret(), database);
    assert_eq!(config.index.engine, Engine::Elasticsearch);
    assert_eq!(config.index.url, ["http://a:9200", "https://b:9200"]);
    assert_eq!(config.index.name, "prefix");
    assert_eq!(config.index.username.as_deref(), Some("elastic"));
    assert_eq!(config.index.password.as_ref().unwrap().expose_secret(), "12345");
    assert_eq!(config.index.ca_file, Some(PathBuf::from("ca.pem")));
    let secrets: Vec<_> = config.auth.hs256_secret.iter().map(|secret| secret.expose_secret().to_owned()).collect();
    assert_eq!(secrets, [format!("{SECRET}-1"), format!("{SECRET}-2")]);
    assert_eq!(config.auth.jwks_file, Some(PathBuf::from("jwks.json")));
    assert_eq!(config.auth.issuer.as_deref(), Some("issuer"));
    assert_eq!(config.auth.audience.as_deref(), Some("audience"));
    assert_eq!(config.auth.service_keys, ["hs256", "key-1"]);
    assert_eq!(config.auth.subject_claim, "uid");
    assert_eq!(config.auth.organization_claim, "tenant");
    assert_eq!(config.refresh.wait_timeout, Duration::from_secs(5));
    assert_eq!(config.clusters["eu"].database.max_connections, 9);
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.log.filter, "debug");
    let config = environment(&[("PERMDEX__INDEX__API_KEY", "key")]).unwrap();
    assert_eq!(config.index.api_key.unwrap().expose_secret(), "key");
}

#[test]
fn the_stronger_source_wins() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.toml");
    std::fs::write(&path, "[refresh]\npage_size = 2\nmax_attempts = 2\nsmall_lane_workers = 2\n").unwrap();
    let sources = Sources {
        environment: [
            ("PERMDEX_CONFIG".into(), path.into_os_string()),
            ("PERMDEX__REFRESH__PAGE_SIZE".into(), "3".into()),
            ("PERMDEX__REFRESH__MAX_ATTEMPTS".into(), "3".into()),
        ]
        .into(),
        arguments: vec![("refresh.page_size".to_owned(), "4".to_owned())],
        ..Sources::default()
    };
    let refresh = Config::load(&sources).unwrap().refresh;
    assert_eq!((refresh.page_size, refresh.max_attempts, refresh.small_lane_workers), (4, 3, 2));
}

#[test]
fn a_named_file_must_exist() {
    let sources = Sources { file: Some("nowhere.toml".into()), ..Sources::default() };
    assert!(refusal(Config::load(&sources)).contains("`nowhere.toml` cannot be read"));
}

#[test]
fn an_unknown_key_is_named_with_its_place_and_the_nearest_key() {
    for (variable, parts) in [
        ("PERMDEX__HTTP__LISTNE", ["`http.listne`", "did you mean `http.listen`?"]),
        ("PERMDEX__LISTEN", ["`listen`", "did you mean `http.listen`?"]),
        ("PERMDEX__NONSENSE", ["`nonsense`", "no such key"]),
        ("PERMDEX__HTTP", ["`http`", "is a section"]),
        ("PERMDEX__HTTP__LISTEN__PORT", ["`http.listen`", "nothing goes below"]),
        ("PERMDEX__HTTP____LISTEN", ["`http.`", "no such key"]),
        ("PERMDEX__CLUSTERS__EU__DATABASE__URI", ["`clusters.eu.database.uri`", "`clusters.eu.database.url`?"]),
        ("PERMDEX__CLUSTERS__EU__URL", ["`clusters.eu.url`", "no such key"]),
        ("PERMDEX__CLUSTERS__DEFAULT__DATABASE__URL", ["`clusters.default`", "top level"]),
    ] {
        let refusal = refusal(environment(&[(variable, "1")]));
        for part in parts.iter().chain([&variable]) {
            assert!(refusal.contains(part), "{variable}: {refusal}");
        }
    }
    let refusal = refusal(file("[auth]\nhs256_secrte = \"x\"\n[clusters.Eu.index]\nname = \"x\"\n"));
    for part in ["permdex.toml): no such key: did you mean `auth.hs256_secret`?", "`clusters.Eu`"] {
        assert!(refusal.contains(part), "{refusal}");
    }
}

#[test]
fn a_bad_value_is_named_with_its_key_and_place() {
    for (variable, value, parts) in [
        ("PERMDEX__HTTP__LISTEN", "localhost", ["`http.listen`", "`localhost` is not an IP address with a port"]),
        ("PERMDEX__HTTP__MAX_CONNECTIONS", "many", ["`http.max_connections`", "many"]),
        ("PERMDEX__HTTP__MAX_CONNECTIONS", "0", ["`http.max_connections`", "1 to 1000000"]),
        ("PERMDEX__HTTP__MAX_CONNECTIONS", "-1", ["`http.max_connections`", "-1"]),
        ("PERMDEX__REFRESH__LEASE", "1mo", ["`refresh.lease`", "months or years"]),
        ("PERMDEX__REFRESH__LEASE", "30", ["`refresh.lease`", "`30s`, `5m`"]),
        ("PERMDEX__REFRESH__HEARTBEAT", "29s", ["`refresh.heartbeat`", "to 10s"]),
        ("PERMDEX__REFRESH__WAIT_TIMEOUT", "2m", ["`http.request_timeout`", "longer than `refresh.wait_timeout`"]),
        ("PERMDEX__INDEX__ENGINE", "lucene", ["`index.engine`", "`embedded`, `elasticsearch`"]),
        ("PERMDEX__INDEX__ENGINE", "elasticsearch", ["`index.url`", "is needed"]),
        ("PERMDEX__INDEX__URL", "http://u:p@host", ["`index.url`", "without credentials"]),
        ("PERMDEX__INDEX__NAME", "Permdex", ["`index.name`", "a-z"]),
        ("PERMDEX__INDEX__USERNAME", "u", ["`index.username`", "go together"]),
        ("PERMDEX__LOG__FILTER", "permdex=loud", ["`log.filter`", "is not a filter"]),
        ("PERMDEX__AUTH__SUBJECT_CLAIM", "exp", ["`auth.subject_claim`", "another claim"]),
        ("PERMDEX__DATABASE__FALLBACK_CONCURRENCY", "21", ["`database.fallback_concurrency`", "1 to 20"]),
    ] {
        let refusal = refusal(environment(&[(variable, value)]));
        for part in parts {
            assert!(refusal.contains(part), "{variable}={value}: {refusal}");
        }
    }
    assert!(refusal(environment(&[("PERMDEX__INDEX__NAME", "")])).contains("(PERMDEX__INDEX__NAME)"));
}

#[test]
fn no_refusal_repeats_a_secret() {
    let secret = "k3ep-this";
    for result in [
        file(&format!("[auth]\nhs256_secret = \"{secret}\"\n")),
        file(&format!("[auth]\nhs256_secret = \"{secret}\n")),
        file(&format!("[auth]\nhs256_secret = [\"{secret}\"]\n")),
        file(&format!("[database]\nurl = \"{secret}\"\n")),
        file("[index]\npassword = 31337\n"),
    ] {
        let error = result.expect_err("must be refused");
        for text in [error.to_string(), format!("{error:?}")] {
            assert!(!text.contains(secret) && !text.contains("31337"), "{text}");
        }
    }
}

#[test]
fn neither_debug_nor_the_masked_form_shows_a_secret() {
    let config = environment(&[
        ("PERMDEX__DATABASE__URL", &format!("postgres://u:{SECRET}@db/p")),
        ("PERMDEX__INDEX__API_KEY", SECRET),
        ("PERMDEX__CLUSTERS__EU__DATABASE__URL", &format!("postgres://v:{SECRET}@db/q")),
        ("PERMDEX__AUTH__HS256_SECRET", SECRET),
    ])
    .unwrap();
    assert!(!format!("{config:?}").contains(SECRET));
    let masked = config.render_masked();
    assert!(!masked.contains(SECRET));
    assert_eq!(masked.matches("= \"***\"").count(), 5, "{masked}");
}

#[test]
fn the_masked_form_reads_back() {
    let text = Config::built_in().unwrap().render_masked();
    assert_eq!(file(&text).unwrap().render_masked(), text);
    let odd = file("data_dir = \"a \\\"b\\\" \\\\ \\u007F ü\"\n").unwrap();
    assert_eq!(file(&odd.render_masked()).unwrap().data_dir, odd.data_dir);
}

#[test]
fn a_cluster_takes_over_what_it_leaves_out_but_neither_database_nor_index_name() {
    let config = file(
        "[database]\nurl = \"postgres://a/p\"\nmax_connections = 50\n[index]\nengine = \"elasticsearch\"\nurl = [\"http://e:9200\"]\n\
         [clusters.eu.database]\nurl = \"postgres://b/p\"\n",
    )
    .unwrap();
    let all = config.storage_clusters();
    assert_eq!(all.keys().collect::<Vec<_>>(), ["default", "eu"]);
    assert_eq!(all["eu"].database.max_connections, 50);
    assert_eq!(all["eu"].index.url, ["http://e:9200"]);
    assert_eq!(all["eu"].index.name, "eu-permdex-users");
    assert_eq!(all["default"].index.name, "permdex-users");
}

#[test]
fn credentials_go_to_the_elasticsearch_that_they_are_for() {
    let top = "[index]\nengine = \"elasticsearch\"\nurl = \"http://e:9200\"\napi_key = \"secret\"\n";
    for (own, api_key, username) in [
        ("shards = 2", Some("secret"), None),
        ("url = \"http://other:9200\"", None, None),
        ("username = \"u\"\npassword = \"p\"", None, Some("u")),
        ("url = \"http://other:9200\"\napi_key = \"own\"", Some("own"), None),
    ] {
        let index = file(&format!("{top}[clusters.eu.index]\n{own}\n")).unwrap().clusters["eu"].index.clone();
        let key = index.api_key.as_ref().map(|key| key.expose_secret().to_owned());
        assert_eq!((key.as_deref(), index.username.as_deref()), (api_key, username), "{own}");
    }
}

#[test]
fn other_databases_and_other_servers_are_no_mistake() {
    for other in ["postgres://a/q", "postgres://a:5433/p", "postgres://b/p", "postgres:///p?host=/run/pg"] {
        let text = format!(
            "[database]\nurl = \"postgres://a/p\"\n[clusters.eu.database]\nurl = \"{other}\"\n\
             [clusters.us.database]\nurl = \"postgres://c/p\"\n"
        );
        let config = file(&text).unwrap();
        let places: Vec<_> =
            config.other_places().into_iter().map(|place| (place.key("index.name"), place.data_dir)).collect();
        assert_eq!(places[0].0, "clusters.eu.index.name");
        assert!(places[0].1.ends_with("clusters/eu") && places[1].1.ends_with("clusters/us"), "{places:?}");
        assert_eq!(config.default_place().key("index.name"), "index.name");
    }
}

#[test]
fn two_clusters_never_share_tables_or_documents() {
    let top = "[database]\nurl = \"postgres://a/p\"\n[index]\nengine = \"elasticsearch\"\nurl = \"http://e:9200\"\n";
    for (cluster, part) in [
        ("[clusters.eu.index]\nshards = 2\n", "`clusters.eu.database.url` (taken over from the top level): is needed"),
        ("[clusters.eu.database]\nurl = \"postgres://a/p\"\n", "is that of the cluster `default`"),
        // Spelled otherwise, and still the same.
        (
            "[clusters.eu.database]\nurl = \"postgresql://u:p@A:5432/p?sslmode=require\"\n",
            "is that of the cluster `default`",
        ),
        (
            "[clusters.eu.database]\nurl = \"postgres://b/p\"\n[clusters.us.database]\nurl = \"postgres://u@b/p\"\n",
            "`clusters.us.database.url`",
        ),
        (
            "[clusters.eu.database]\nurl = \"postgres://b/p\"\n[clusters.eu.index]\nname = \"permdex-users-v1\"\n",
            "`clusters.eu.index.name`",
        ),
    ] {
        let refusal = refusal(file(&format!("{top}{cluster}")));
        assert!(refusal.contains(part), "{refusal}");
    }
}
