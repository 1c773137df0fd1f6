//! The files in `examples/`, as they are.

use crate::site::{Site, example};

async fn lives_and_goes(name: &str, status: u16) {
    let (mut site, file) = (Site::new(11), example(name));
    site.reach(&file).await;
    assert_eq!(site.answers(&file).await.status, status, "{name}");
    site.destroy(&file).await;
}

#[tokio::test(start_paused = true)]
async fn a_small_moodle_lives_and_goes() {
    lives_and_goes("moodle-small.toml", 303).await;
}

#[tokio::test(start_paused = true)]
async fn a_full_moodle_lives_and_goes() {
    lives_and_goes("moodle-full.toml", 303).await;
}

#[tokio::test(start_paused = true)]
async fn wordpress_lives_and_goes() {
    lives_and_goes("wordpress.toml", 200).await;
}

#[tokio::test(start_paused = true)]
async fn drupal_lives_and_goes() {
    lives_and_goes("drupal.toml", 200).await;
}

#[tokio::test(start_paused = true)]
async fn joomla_lives_and_goes() {
    lives_and_goes("joomla.toml", 200).await;
}
