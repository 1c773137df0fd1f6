//! The files in `examples/`.

use moodle_stack::server::versions::Application;

use super::read;

#[expect(clippy::disallowed_methods, reason = "the test reads the workspace's examples")]
fn example(name: &str) -> String {
    let path = test_support::workspace_root().join("examples").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn nothing_is_wrong_with_any_example() {
    let all = [
        ("moodle-small.toml", Application::Moodle),
        ("moodle-full.toml", Application::Moodle),
        ("wordpress.toml", Application::WordPress),
        ("drupal.toml", Application::Drupal),
        ("joomla.toml", Application::Joomla),
    ];
    for (name, application) in all {
        let (file, config, diagnostics) = read(&example(name));
        assert!(diagnostics.as_slice().is_empty(), "{name}: {}", diagnostics.render(&file));
        assert_eq!(config.site.application, application, "{name}");
        assert_eq!(config.cloud.region.as_deref(), Some("eu-frankfurt-1"), "{name}");
    }
}

#[test]
fn the_full_example_has_three_servers_high_availability_and_two_replicas() {
    let (_, config, _) = read(&example("moodle-full.toml"));
    let (servers, database) = (&config.servers, &config.database);
    assert_eq!((servers.count, database.high_availability, database.replicas), (3, true, 2));
}
